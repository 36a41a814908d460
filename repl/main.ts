/** Without this file the command line would start nothing: argv in, exit code out. */
import { visible } from "../grammar/visible.ts";
import type { CreateSession } from "../runtime/session/session_port.ts";
import { parseArguments } from "./arguments.ts";
import { type Options, type Request } from "./request.ts";
import { packageVersion } from "../runtime/package_root.ts";
import { FlagError } from "./flag_error.ts";
import { endOnSignals } from "./interrupts.ts";
import { look } from "./terminal.ts";
import type { Shop } from "./subcommands/shop.ts";

/** What tests replace. */
export interface Replacements {
  readonly createSession?: CreateSession;
}

/** Do what the command line says. Engines and terminals are loaded only by the commands that need them. */
export async function main(argv: readonly string[], replace: Replacements = {}): Promise<void> {
  quietWhenClosed();
  const piped = process.stdin.isTTY !== true;
  const request = parseArguments(argv, { version: packageVersion(), piped });
  const code = request.kind === "say" ? say(request) : await performHere(request, argv, replace).catch(refused);
  await leave(code);
}

async function performHere(request: Exclude<Request, { kind: "say" }>, argv: readonly string[], replace: Replacements): Promise<number> {
  const cwd = currentFolder();
  // A REPL and a language server have more to say to signals.
  if (request.kind !== "repl" && request.kind !== "lsp") endOnSignals((word) => void process.stderr.write(`${word}\n`));
  if (cwd !== null) return perform(request, shopFor(request.options, cwd, argv, replace));
  process.stderr.write("error: the folder that saeq was started in is not there any more; go to another one: cd ~\n");
  return 2;
}

/** Null where it was removed. */
function currentFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

function shopFor(options: Options, cwd: string, argv: readonly string[], replace: Replacements): Shop {
  return {
    argv,
    cwd,
    options,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    dataLook: look(process.stdout, process.env, options),
    talkLook: look(process.stderr, process.env, options),
    createSession: async (wanted) => (replace.createSession ?? (await import("../runtime/session/session.ts")).createSession)(wanted),
  };
}

/** Do what was asked; the exit code. */
export async function perform(request: Exclude<Request, { kind: "say" }>, shop: Shop): Promise<number> {
  switch (request.kind) {
    case "repl":
      return (await import("./subcommands/repl.ts")).startRepl(request, shop);
    case "run":
      return (await import("./subcommands/run.ts")).runScript(request, shop);
    case "eval":
      return (await import("./subcommands/eval.ts")).evaluate(request, shop);
    case "check":
      return (await import("./subcommands/check.ts")).checkFiles(request, shop);
    case "explain":
      return (await import("./subcommands/explain.ts")).explain(request, shop);
    case "sae":
      return (await import("./subcommands/sae.ts")).sae(request, shop);
    case "export":
      return (await import("./subcommands/export.ts")).exportScript(request, shop);
    case "parity":
      return (await import("./subcommands/parity.ts")).parity(request, shop);
    case "doc":
      return (await import("./subcommands/doc.ts")).doc(request, shop);
    case "fmt":
      return (await import("./subcommands/fmt.ts")).format(request, shop);
    case "lint":
      return (await import("./subcommands/lint.ts")).lintFiles(request, shop);
    case "test":
      return (await import("./subcommands/test.ts")).testFiles(request, shop);
    case "lock":
      return (await import("./subcommands/lock.ts")).lock(request, shop);
    case "bundle":
      return (await import("./subcommands/bundle.ts")).bundle(request, shop);
    case "verify":
      return (await import("./subcommands/verify.ts")).verify(request, shop);
    case "info":
      return (await import("./subcommands/info.ts")).info(request, shop);
    case "cache":
      return (await import("./subcommands/cache.ts")).cache(request, shop);
    case "completions":
      return (await import("./subcommands/completions.ts")).completions(request, shop);
    case "lsp":
      return (await import("./subcommands/lsp.ts")).startLanguageServer(request, shop);
    case "doctor":
      return (await import("./subcommands/doctor.ts")).doctor(request, shop);
    default:
      return request satisfies never;
  }
}

function refused(error: unknown): number {
  if (!(error instanceof FlagError)) throw error;
  process.stderr.write(`error: ${visible(error.message)}\n`);
  return 2;
}

function say(request: Extract<Request, { kind: "say" }>): number {
  (request.exitCode === 0 ? process.stdout : process.stderr).write(visible(request.text, { keepNewlines: true }));
  return request.exitCode;
}

/** A reader that has seen enough (`| head`) is no error of ours, and nor is a terminal that was closed, or a full disk behind `>`. */
function quietWhenClosed(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(141);
      // A terminal that was closed.
      if (error.code === "EIO" && stream.isTTY) process.exit(143);
      if (error.syscall !== "write") throw error;
      const why = error.code === "ENOSPC" || error.code === "EDQUOT" ? "the disk is full" : "the system refused it";
      if (stream === process.stdout) process.stderr.write(`error: the output could not be written (${error.code}): ${why}, and what was written before is not all of it\n`);
      process.exit(1);
    });
  }
}

/** End when everything written has left the process; an engine or timer left over must not keep it. */
async function leave(code: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // Where nothing waits nothing is written: only what was written before may have met a full disk.
    await new Promise<void>((done) => void (stream.writableLength > 0 ? stream.write("", () => done()) : setImmediate(done)));
  }
  process.exit(code);
}
