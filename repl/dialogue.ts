/** Without this file the Ink REPL and the plain one would each run queries, dot commands and help in their own way. */
import type { Completion, Outcome, ProgressEvent, Session, SessionEvent, Source } from "../runtime/session_port.ts";
import { visible } from "../grammar/visible.ts";
import type { Command, Reply, Scene, View } from "./commands/command.ts";
import { commands } from "./commands/mod.ts";
import type { Success } from "./journal.ts";
import { nearest } from "./nearest.ts";
import { duration } from "./progress.ts";
import { showResult } from "./show.ts";
import { applyFix, cancelled, say, sayBug, sayMistake } from "./talk.ts";
import type { Look } from "./terminal.ts";

/** Where a dialogue prints and what it may be told meanwhile. */
export interface Turn {
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly onProgress: (event: ProgressEvent) => void;
}

/** What came of one text. */
export interface Answer {
  readonly ok: boolean;
  readonly exit: boolean;
  /** The text with the fix of its first mistake put in. */
  readonly repair: string | null;
}

export interface Dialogue {
  submit(text: string, turn: Turn): Promise<Answer>;
  complete(text: string, offset: number): Completion;
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

  async function submit(text: string, turn: Turn): Promise<Answer> {
    try {
      const opened = await opening;
      if (/^\s*\?/.test(text)) return answerHelp(text.trim().replace(/^\?+\s*/, ""), turn);
      if (/^\s*\./.test(text)) return await command(text.trim(), opened, turn);
      return await query({ name: "repl", text }, opened, turn);
    } catch (error) {
      turn.print(sayBug(error, look()));
      return { ok: false, exit: false, repair: null };
    }
  }

  function answerHelp(word: string, turn: Turn): Answer {
    turn.print(help(word));
    return plainAnswer(true);
  }

  async function query(source: Source, opened: Session, turn: Turn): Promise<Answer> {
    const results: number[] = [];
    const shown: Promise<void>[] = [];
    let done: ProgressEvent | null = null;
    const started = Date.now();
    const onEvent = (event: SessionEvent): void => {
      if (event.kind === "progress") {
        done = event;
        turn.onProgress(event);
      } else if (event.kind === "result") {
        results.push(event.index);
        if (!event.display.quiet) shown.push(chain(shown.at(-1), async () => turn.print(await showResult(event, view, look(), opened.settings()))));
      } else shown.push(chain(shown.at(-1), async () => turn.print(say(event, look()))));
    };
    const outcome = await opened.run(source, { signal: turn.signal, onEvent });
    await Promise.all(shown);
    const ok = outcome.exitCode === 0 && !outcome.cancelled;
    if (ok) journal = [...journal, { text: source.text, results }];
    if (outcome.cancelled && outcome.diagnostics.length === 0) turn.print(cancelled(done));
    else if (view.time) turn.print(`took ${duration(Date.now() - started)}`);
    return { ok, exit: false, repair: repairOf(source.text, outcome) };
  }

  async function command(text: string, opened: Session, turn: Turn): Promise<Answer> {
    const [name = ""] = text.split(/\s/, 1);
    const found = commands.find((one) => one.name === name);
    if (found === undefined) return mistake(unknown(name, commands), turn);
    const scene: Scene = { session: opened, view, journal, cwd: options.cwd, settings: began, commands };
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
        return query({ name: reply.name, text: reply.text }, opened, turn);
      case "exit":
        return { ok: true, exit: true, repair: null };
      case "cancel":
        turn.print("nothing is running");
        return plainAnswer(true);
      case "reset":
        await opened.close();
        journal = [];
        opening = start();
        await opening;
        turn.print("a new session: names, results and settings are gone");
        return plainAnswer(true);
      default:
        return reply satisfies never;
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
    complete(text, offset) {
      if (/^\s*\./.test(text)) return completeCommand(text, offset);
      try {
        return session?.complete(text, offset) ?? nothing;
      } catch {
        // A key press must never end the session; the same text will fail aloud when it is run.
        return nothing;
      }
    },
    killEngine: () => session?.killEngine(),
    async close() {
      await (await opening.catch(() => null))?.close();
    },
  };
}

function chain(before: Promise<void> | undefined, next: () => Promise<void>): Promise<void> {
  return (before ?? Promise.resolve()).then(next);
}

function plainAnswer(ok: boolean): Answer {
  return { ok, exit: false, repair: null };
}

function repairOf(text: string, outcome: Outcome): string | null {
  const fix = outcome.diagnostics.find((one) => one.severity === "error")?.fix;
  return fix === undefined ? null : applyFix(text, fix);
}

function unknown(name: string, known: readonly Command[]): string {
  const guess = nearest(name, known.map((one) => one.name));
  return `no command \`${name}\`${guess === null ? "; `.help` lists them" : `; did you mean \`${guess}\`?`}`;
}

function completeCommand(text: string, offset: number): Completion {
  const name = /^\s*(\.\w*)/.exec(text.slice(0, offset))?.[1];
  if (name === undefined || /^\s*\.\w*\s/.test(text.slice(0, offset))) return nothing;
  const items = commands.filter((one) => one.name.startsWith(name)).map((one) => ({ text: one.name, detail: one.doc, kind: "statement" as const }));
  return { from: offset - name.length, to: offset, items, signature: null };
}
