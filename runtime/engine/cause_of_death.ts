/** Without this file a job whose engine has ended would end without a word of why. */
import { OR_ELSE, SMALLER } from "./faults.ts";
import { EngineError } from "./port.ts";

const AGAIN = "run it again; the engine starts anew";

/** The failure of a job whose engine was ended on purpose. */
export function stopped(): EngineError {
  return new EngineError("engine-died", "the engine was stopped", AGAIN);
}

/** How a process ended, in words for people. `tail` are the last lines that it wrote. */
export function causeOfDeath(code: number | null, signal: string | null, tail: readonly string[], wasStopped: boolean): EngineError {
  const died = (message: string, help: string, notes: readonly string[] = []): EngineError => new EngineError("engine-died", message, help, notes);
  if (wasStopped) return stopped();
  if (tail.some((line) => /bad_alloc|out of memory|allocate memory/i.test(line))) return died(`the engine ran out of memory and ended (${signal ?? `exit code ${code}`})`, SMALLER, OR_ELSE);
  const last = lastWords(tail);
  const words = last === undefined ? "" : `; its last words: ${last.trim()}`;
  switch (signal) {
    case "SIGKILL":
      return died("the engine was killed (SIGKILL): unless somebody ended it by hand, the system was out of memory", SMALLER, OR_ELSE);
    case "SIGABRT":
      return died(`the engine aborted (SIGABRT)${words}`, AGAIN);
    case "SIGBUS":
      return died("the engine could not read a weights file that it had opened (SIGBUS): the file became shorter, or its disk failed", "check the model's files, then run it again");
    case "SIGSEGV":
    case "SIGILL":
    case "SIGFPE":
      return died(`the engine crashed (${signal})${words}`, AGAIN);
    case null:
      return died(`the engine ended with exit code ${code}${words}`, AGAIN);
    default:
      return died(`the engine was ended by ${signal}`, AGAIN);
  }
}

/** What was said last, or, where Node ended with an error, that error: behind it stand the calls that led to it and Node's version. */
function lastWords(tail: readonly string[]): string | undefined {
  const last = tail.findLastIndex((line) => line.trim() !== "");
  const error = /^Node\.js v\d/.test(tail[last] ?? "") ? tail.findLast((line) => /^\w*Error\b.*: ./.test(line)) : undefined;
  return error ?? tail[last];
}
