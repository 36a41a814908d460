/** Without this file screen readers, dumb terminals and logs would get a screen that repaints itself. */
import { createInterface, type Interface } from "node:readline";
import { isComplete } from "../grammar/parse.ts";
import { visible } from "../grammar/visible.ts";
import type { ProgressEvent } from "../runtime/session/session_port.ts";
import type { Dialogue } from "./dialogue.ts";
import { counted } from "../runtime/counted.ts";
import { editOutside } from "./editor.ts";
import { appendHistory } from "./history.ts";
import { TWICE_MS } from "./state.ts";
import { typedLines } from "./typed_lines.ts";

export interface PlainOptions {
  readonly dialogue: Dialogue;
  readonly history: string | null;
  readonly cwd: string;
  readonly greeting: string;
  readonly code: string | null;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  /** Bytes for a terminal, where there is one. */
  readonly send?: (sequence: string) => void;
}

/** A REPL that only ever adds lines: the terminal does echo and editing. The exit code. */
export async function runPlain(options: PlainOptions): Promise<number> {
  const { dialogue, stdout } = options;
  const print = (text: string): void => void stdout.write(`${text}\n`);
  const lines = createInterface({ input: options.stdin, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  // Made before anything is awaited: lines that come early wait in it.
  const typed = typedLines(lines);
  const piped = !("isTTY" in options.stdin && options.stdin.isTTY === true);
  let stopped = false;
  let pending = "";
  let offered: readonly string[] = [];
  // What was completed is gone on with on the same line.
  let open = false;
  const begin = (): void => {
    pending = "";
    offered = [];
    open = false;
  };
  const interrupts = watchInterrupts(dialogue, lines, {
    running: () => {
      // The lines behind the one that runs belong to the same paste, or to the same file.
      const left = typed.leave();
      stopped ||= piped;
      if (left > 0) print(`note: ${counted(left, "more line")} not run`);
      if (piped) lines.close();
    },
    idle: () => {
      begin();
      stdout.write("\nCtrl-D leaves, and so does Ctrl-C again\nsaeq> ");
    },
  });
  if (options.greeting !== "") print(options.greeting);
  let exit = false;

  const submit = async (text: string): Promise<void> => {
    const started = Date.now();
    const signal = interrupts.begin();
    const answer = await dialogue.submit(text, { signal, print, onProgress: quarters(print), ...(options.send === undefined ? {} : { send: options.send, image: async (sequence) => options.send?.(sequence) }) });
    interrupts.end();
    appendHistory(options.history, { text, time: started, cwd: options.cwd, ok: answer.ok, ms: Date.now() - started });
    if (answer.edit !== null) {
      const edited = await editOutside(answer.edit);
      print("text" in edited ? `so far: ${visible((pending = edited.text), { keepNewlines: true })}` : `note: ${visible(edited.why)}`);
    }
    if (answer.repair !== null) print(`suggested: ${visible(answer.repair)}`);
    exit = answer.exit;
  };

  if (options.code !== null) await submit(options.code);
  if (!exit) stdout.write("saeq> ");
  for await (const line of typed) {
    if (exit) break;
    const picked = /^\d+$/.test(line) ? offered[Number(line) - 1] : undefined;
    offered = [];
    const text = picked ?? (pending === "" ? line : `${pending}${open ? "" : "\n"}${line}`);
    open = false;
    if (picked !== undefined || text.endsWith("\t")) {
      pending = text.trimEnd() === "" ? "" : text.replace(/\t+$/, "");
      open = pending !== "";
      if (picked === undefined) offered = await offer(dialogue, pending, print);
      else print(`so far: ${visible(pending)}`);
    } else if (text.trim() === "") pending = "";
    else if (!/^\s*[.?]/.test(text) && line.trim() !== "" && !isComplete(text)) pending = text;
    else {
      pending = "";
      await submit(text.replace(/\s+$/, ""));
    }
    if (exit) break;
    stdout.write(pending === "" ? "saeq> " : "  ... ");
  }
  if (!exit) stdout.write("\n");
  lines.close();
  interrupts.stop();
  await dialogue.close();
  return stopped ? 130 : 0;
}

/** Completions as a numbered list; the texts that picking one would give. */
async function offer(dialogue: Dialogue, text: string, print: (text: string) => void): Promise<readonly string[]> {
  await dialogue.ready;
  const { items, from, to, signature } = dialogue.offer(text, text.length) ?? { items: [], from: 0, to: 0, signature: null };
  if (signature !== null) print(visible(signature));
  if (items.length === 0) print("no completions");
  for (const [i, item] of items.entries()) print(`${i + 1}. ${visible(item.text)}: ${visible(item.detail)}`);
  return items.map((item) => `${text.slice(0, from)}${item.text}${text.slice(to)} `);
}

function quarters(print: (text: string) => void): (event: ProgressEvent) => void {
  let said = 0;
  let stage = "";
  return (event) => {
    if (event.stage !== stage) said = 0;
    stage = event.stage;
    const quarter = event.totalDocuments === 0 ? 0 : Math.floor((4 * event.documents) / event.totalDocuments);
    if (quarter <= said || event.elapsedMs < 300) return;
    said = quarter;
    print(`${visible(event.stage)}: ${quarter * 25} percent`);
  };
}

/** Ctrl-C ends what runs; where nothing does, it begins the line anew, as in a shell, and ends the REPL the second time. */
function watchInterrupts(dialogue: Dialogue, lines: Interface, first: { readonly running: () => void; readonly idle: () => void }): { begin(): AbortSignal; end(): void; stop(): void } {
  let running: AbortController | null = null;
  let last = 0;
  const onInterrupt = (): void => {
    const again = Date.now() - last <= TWICE_MS;
    last = Date.now();
    if (running === null) return again ? lines.close() : first.idle();
    if (running.signal.aborted && again) dialogue.killEngine();
    if (!running.signal.aborted) first.running();
    running.abort();
  };
  process.on("SIGINT", onInterrupt);
  return {
    begin() {
      running = new AbortController();
      return running.signal;
    },
    end() {
      running = null;
      last = 0;
    },
    stop: () => void process.off("SIGINT", onInterrupt),
  };
}
