/** Without this file the Ink REPL and the plain one would each run queries, dot commands and help in their own way. */
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { visible } from "../grammar/visible.ts";
import { nearest } from "../src/check/suggest.ts";
import { counted } from "../runtime/counted.ts";
import type { Completion, Outcome, ProgressEvent, Session, SessionEvent, Source } from "../runtime/session/session_port.ts";
import type { Command, Reply, Scene, View } from "./commands/command.ts";
import { commands } from "./commands/mod.ts";
import { completeCommand } from "./complete_command.ts";
import { withFiles } from "./complete_files.ts";
import type { Success } from "./journal.ts";
import { meantCommand } from "./meant_command.ts";
import { createOutputQueue } from "./output_queue.ts";
import { duration } from "./progress.ts";
import { isLong, showResult, showWhole } from "./show.ts";
import { applyFix, cancelled, say, sayBug, sayMistake } from "./talk.ts";
import { paint, type Look } from "./terminal.ts";
import { openTranscript, type Transcript } from "./transcript.ts";

/** Where a dialogue prints and what it may be told meanwhile. */
export interface Turn {
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly onProgress: (event: ProgressEvent) => void;
  /** The last result is longer than what was printed of it: `page` gives the whole. */
  readonly onLong?: () => void;
  /** Bytes for the terminal itself, which show nothing. */
  readonly send?: (sequence: string) => void;
  /** A picture, where it cannot be painted over. */
  readonly image?: (sequence: string) => Promise<void>;
}

/** What came of one text. */
export interface Answer {
  readonly ok: boolean;
  readonly exit: boolean;
  /** The text with the fix of its first mistake put in. */
  readonly repair: string | null;
  /** A text to open in the user's editor. */
  readonly edit: string | null;
}

export interface Dialogue {
  submit(text: string, turn: Turn): Promise<Answer>;
  /** Quick, for each key. */
  complete(text: string, offset: number): Completion;
  /** The same with names of files, for Tab; null as long as the language is not loaded. */
  offer(text: string, offset: number): Completion | null;
  /** Resolves when the language is loaded, also when that failed: then the first query says why. */
  readonly ready: Promise<void>;
  /** The mistakes in a text that stands on the line; [] where there are none or it is no query. */
  diagnose(text: string): readonly Diagnostic[];
  /** All rows and columns of the last result, for a pager; null before the first. */
  page(): Promise<string | null>;
  help(word: string): string;
  killEngine(): void;
  close(): Promise<void>;
}

export interface DialogueOptions {
  readonly open: () => Promise<Session>;
  readonly look: () => Look;
  readonly cwd: string;
  /** `set` pairs given as flags. */
  readonly settings: Readonly<Record<string, string>>;
  readonly view: View;
}

const nothing: Completion = { from: 0, to: 0, items: [], signature: null };

/** Open a session for people. The prompt need not wait for it: only the first query does. */
export function openDialogue(options: DialogueOptions): Dialogue {
  const { look } = options;
  let journal: Success[] = [];
  let last: Extract<SessionEvent, { kind: "result" }> | null = null;
  let transcript: Transcript | null = null;
  let view = options.view;
  let session: Session | null = null;
  let began = options.settings;
  let opening = start();

  function start(): Promise<Session> {
    const promise = options.open();
    promise.then((opened) => {
      session = opened;
      const { seed } = opened.settings();
      began = { ...options.settings, ...(seed === undefined || seed === "" ? {} : { seed }) };
    }, () => undefined);
    return promise;
  }

  /** Print, and write it down where a log is kept. */
  function logged(turn: Turn): Turn {
    return {
      ...turn,
      print(text) {
        turn.print(text);
        if (transcript?.add(text) !== false) return;
        transcript = null;
        turn.print("note: the log cannot be written any more and is closed");
      },
    };
  }

  async function submit(text: string, plainTurn: Turn): Promise<Answer> {
    const turn = logged(plainTurn);
    transcript?.add(`saeq> ${text.replaceAll("\n", "\n  ... ")}`);
    try {
      const opened = await opening;
      if (/^\s*\?/.test(text)) return answerHelp(text.trim().replace(/^\?+\s*/, ""), turn);
      if (/^\s*\./.test(text)) return await command(text.trim(), opened, turn);
      const meant = meantCommand(text.trim(), opened);
      if (meant !== null) return await command(meant, opened, turn);
      return await query({ name: "repl", text }, opened, turn);
    } catch (error) {
      turn.print(sayBug(error, look()));
      return { ok: false, exit: false, repair: null, edit: null };
    }
  }

  function answerHelp(word: string, turn: Turn): Answer {
    turn.print(help(word));
    return plainAnswer(true);
  }

  async function query(source: Source, opened: Session, turn: Turn): Promise<Answer> {
    const output = createOutputQueue(turn.signal);
    let done: ProgressEvent | null = null;
    const started = Date.now();
    const before = last;
    const onEvent = (event: SessionEvent): void => {
      if (event.kind === "progress") {
        done = event;
        turn.onProgress(event);
      } else if (event.kind === "result") {
        if (event.index > 0) last = event;
        if (!event.display.quiet) output.addResult(() => present(event, turn));
      } else output.add(() => turn.print(say(event, look())));
    };
    const outcome = await opened.run(source, { signal: turn.signal, onEvent });
    const unseen = await output.done();
    if (unseen > 0) turn.print(`note: ${counted(unseen, "more result")} not printed`);
    const ok = outcome.exitCode === 0 && !outcome.cancelled;
    // What was named before something failed is named: only what took effect is written down, and all of it.
    if (outcome.ran !== undefined) journal = [...journal, { text: source.text, ran: outcome.ran }];
    if (last !== null && last !== before && isLong(last.value, look())) turn.onLong?.();
    if (outcome.cancelled && outcome.diagnostics.length === 0) turn.print(cancelled(done));
    else if (view.time) turn.print(`took ${duration(Date.now() - started)}`);
    return { ok, exit: false, repair: repairOf(source.text, outcome), edit: null };
  }

  async function present(event: Extract<SessionEvent, { kind: "result" }>, turn: Turn): Promise<void> {
    const { value } = event;
    const way = view.graphics ?? "off";
    if (way !== "off" && view.mode === "table" && turn.image !== undefined && (value.kind === "plot" || value.kind === "chart")) {
      try {
        const { picture } = await import("./graphics.ts");
        const image = await picture(value, way, look().width);
        turn.print(paint("faint", visible(event.header), look().color));
        return await turn.image(image);
      } catch (error) {
        view = { ...view, graphics: "off" };
        turn.print(`note: plots are drawn with characters: ${visible(error instanceof Error ? error.message : String(error)).slice(0, 200)}`);
      }
    }
    turn.print(await showResult(event, view, look()));
  }

  async function command(text: string, opened: Session, turn: Turn): Promise<Answer> {
    const [name = ""] = text.split(/\s/, 1);
    const found = commands.find((one) => one.name === name);
    if (found === undefined) return mistake(unknown(name, commands), turn);
    const scene: Scene = { session: opened, view, journal, last: last?.value ?? null, look: look(), env: process.env, cwd: options.cwd, settings: began, commands };
    return act(await found.run(text.slice(name.length).trim(), scene), opened, turn);
  }

  async function act(reply: Reply, opened: Session, turn: Turn): Promise<Answer> {
    switch (reply.then) {
      case "say":
        turn.print(visible(reply.text, { keepNewlines: true }));
        return plainAnswer(true);
      case "mistake":
        return mistake(reply.text, turn);
      case "view":
        view = reply.view;
        turn.print(reply.text);
        return plainAnswer(true);
      case "run":
        if (reply.echo === true) turn.print(paint("faint", visible(reply.text, { keepNewlines: true }), look().color));
        return query({ name: reply.name, text: reply.text }, opened, turn);
      case "exit":
        return { ok: true, exit: true, repair: null, edit: null };
      case "edit":
        return { ok: true, exit: false, repair: null, edit: reply.text };
      case "send":
        if (turn.send === undefined) return mistake("this terminal has no clipboard that saeq can reach", turn);
        turn.send(reply.sequence);
        turn.print(reply.text);
        return plainAnswer(true);
      case "log":
        return log(reply.file, turn);
      case "cancel":
        turn.print("nothing is running");
        return plainAnswer(true);
      case "reset":
        await opened.close();
        journal = [];
        last = null;
        opening = start();
        await opening;
        turn.print("a new session: names, results and settings are gone");
        return plainAnswer(true);
      default:
        return reply satisfies never;
    }
  }

  function log(file: string | null, turn: Turn): Answer {
    const open = transcript !== null;
    transcript?.close();
    transcript = null;
    if (file === null) {
      turn.print(open ? "the log is closed" : "no log is kept");
      return plainAnswer(true);
    }
    try {
      transcript = openTranscript(file);
    } catch (error) {
      return mistake(`could not write ${file}: ${error instanceof Error ? error.message : String(error)}`, turn);
    }
    turn.print("what is typed and shown from now on is written down; `.log off` ends it");
    return plainAnswer(true);
  }

  function complete(text: string, offset: number, listing: boolean): Completion {
    try {
      if (/^\s*\./.test(text)) return completeCommand(text, offset, commands, { cwd: options.cwd, checkpoints: session?.checkpoints?.() ?? [], listing });
      const found = session?.complete(text, offset) ?? nothing;
      return listing ? withFiles(found, text, offset, options.cwd) : found;
    } catch {
      // A key press must never end the session; the same text will fail aloud when it is run.
      return nothing;
    }
  }

  function mistake(text: string, turn: Turn): Answer {
    turn.print(sayMistake(visible(text), look()));
    return plainAnswer(false);
  }

  function help(word: string): string {
    if (word === "") return "`?word` explains a stage, setting or error code; `.help` lists commands";
    const text = session?.help(word) ?? null;
    return visible(text ?? `no help for \`${word}\``, { keepNewlines: true });
  }

  return {
    submit,
    help,
    complete: (text, offset) => complete(text, offset, false),
    offer: (text, offset) => (session === null && !/^\s*\./.test(text) ? null : complete(text, offset, true)),
    ready: opening.then(() => undefined, () => undefined),
    diagnose(text) {
      try {
        return session === null || /^\s*([.?]|$)/.test(text) || meantCommand(text.trim(), session) !== null ? [] : (session.diagnose?.(text) ?? []);
      } catch {
        return [];
      }
    },
    page: async () => (last === null ? null : showWhole(last, look())),
    killEngine: () => session?.killEngine(),
    async close() {
      transcript?.close();
      await (await opening.catch(() => null))?.close();
    },
  };
}

function plainAnswer(ok: boolean): Answer {
  return { ok, exit: false, repair: null, edit: null };
}

function repairOf(text: string, outcome: Outcome): string | null {
  const fix = outcome.diagnostics.find((one) => one.severity === "error")?.fix;
  return fix === undefined ? null : applyFix(text, fix);
}

function unknown(name: string, known: readonly Command[]): string {
  const guess = nearest(name, known.map((one) => one.name));
  return `no command \`${name}\`${guess === null ? "; `.help` lists them" : `; did you mean \`${guess}\`?`}`;
}
