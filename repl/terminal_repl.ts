/** Without this file the REPL's state, its effects and Ink would not be joined: the REPL for a real terminal. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { createElement as h } from "react";
import { render } from "ink";
import { isComplete } from "../grammar/parse.ts";
import { visible } from "../grammar/visible.ts";
import type { Dialogue } from "./dialogue.ts";
import { editOutside } from "./editor.ts";
import { watchFunctionKeys } from "./function_keys.ts";
import { highlight } from "./highlight.ts";
import { appendHistory, distinct, loadHistory } from "./history.ts";
import { pageOutside } from "./pager.ts";
import { initialState, update, type Effect, type Happening, type Outside, type State } from "./state.ts";
import { sayBug } from "./talk.ts";
import type { Look } from "./terminal.ts";
import { App, type Store } from "./views/app.ts";
import { layOut } from "./views/layout.ts";
import { promptEdges } from "./views/prompt.ts";
import { watchWidth } from "./views/reflow.ts";

/** What the REPL stands on. */
export interface ReplOptions {
  readonly dialogue: Dialogue;
  readonly look: (columns: number) => Look;
  readonly history: string | null;
  readonly cwd: string;
  readonly greeting: string;
  /** Typed for the user before the first prompt. */
  readonly code: string | null;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Whether the terminal marks pastes; where it does not, Enter right behind a character is part of one. */
  readonly brackets?: boolean;
  /** Called when the first prompt is on screen. */
  readonly onPainted?: () => void;
  /** For tests: each frame is written whole. */
  readonly debug?: boolean;
}

/** A statement of more lines than this stays on screen with this many from its beginning and its end. */
const MOST_ECHOED = 200;
const ECHOED_AT_ENDS = 10;

/** Run the REPL until it is left; the exit code. */
export async function runRepl(options: ReplOptions): Promise<number> {
  const { dialogue, stdout } = options;
  const look = (): Look => options.look(stdout.columns ?? 80);
  const know = { isComplete, complete: dialogue.offer };
  const listeners = new Set<() => void>();
  let state: State = initialState(distinct(loadHistory(options.history)), look().color, options.brackets ?? true);
  let abort = new AbortController();
  let historyWorks = true;
  const functions = watchFunctionKeys(options.stdin);
  const width = watchWidth(stdout, process.env, () => state.outside === null);
  let writeAbove = async (_bytes: string): Promise<void> => undefined;

  const tell = (happening: Happening): void => {
    const step = update(state, happening, know);
    state = step.state;
    for (const listener of listeners) listener();
    for (const effect of step.effects) perform(effect);
  };
  const print = (text: string): void => tell({ on: "print", text });
  const store: Store = {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell,
  };

  async function run(text: string): Promise<void> {
    const started = Date.now();
    abort = new AbortController();
    print(echo(text, look()));
    const answer = await dialogue.submit(text, {
      signal: abort.signal,
      print,
      onProgress: (event) => tell({ on: "progress", event }),
      onLong: () => tell({ on: "long" }),
      // Nothing of it is seen, so it may stand anywhere between two frames.
      send: (sequence) => void stdout.write(sequence),
      image: (sequence) => writeAbove(sequence),
    });
    const saved = appendHistory(options.history, { text, time: started, cwd: options.cwd, ok: answer.ok, ms: Date.now() - started });
    if (!saved && historyWorks) {
      historyWorks = false;
      print("note: history cannot be written; it lasts for this session only");
    }
    if (answer.exit) app.unmount();
    else tell({ on: "done", repair: answer.repair, insert: null, now: Date.now() });
    if (answer.edit !== null) tell({ on: "outside", outside: { open: "editor", text: answer.edit } });
  }

  /** While a program outside has the terminal; what went wrong is told, and the line is as it was. */
  async function outside(wanted: Outside): Promise<string | null> {
    return handedOver(wanted).catch((error: unknown) => (print(sayBug(error, look())), null));
  }

  async function handedOver(wanted: Outside): Promise<string | null> {
    // Ink takes its listener away but Node reads on, and keys meant for the other program would be lost in between. Pausing works once the listener is gone.
    await nextTurn();
    options.stdin.pause();
    if (wanted.open === "editor") {
      const edited = await editOutside(wanted.text);
      if ("text" in edited) return edited.text;
      print(`note: ${visible(edited.why)}`);
      return null;
    }
    const text = await dialogue.page();
    if (text !== null && !(await pageOutside(text))) print("note: there is no pager here; install less, or set PAGER");
    return null;
  }

  function perform(effect: Effect): void {
    switch (effect.do) {
      case "run":
        void run(effect.text);
        return;
      case "help":
        print(dialogue.help(effect.word));
        return;
      case "cancel":
        abort.abort();
        return;
      case "kill":
        abort.abort();
        dialogue.killEngine();
        return;
      case "exit":
        app.unmount();
        return;
      case "redraw":
        stdout.write("\x1b[H\x1b[J");
        app.clear();
        app.rerender(node);
        return;
      default:
        effect satisfies never;
    }
  }

  const signature = (text: string, caret: number): string | null => (text === "" ? null : dialogue.complete(text, caret).signature);
  const node = h(App, { store, look: options.look, highlight, signature, diagnose: dialogue.diagnose, outside, onWriter: (write) => void (writeAbove = write), onLaidOut: width.laidOut, functionKey: functions.next });
  if (options.greeting !== "") print(options.greeting);
  const app = render(node, {
    stdin: options.stdin,
    stdout,
    stderr: options.stderr,
    exitOnCtrlC: false,
    incrementalRendering: true,
    maxFps: 15,
    patchConsole: options.debug !== true,
    interactive: true,
    onRender: width.drawn,
    // Tells Shift-Enter from Enter where the terminal can; others never answer the question.
    kittyKeyboard: { mode: "auto", flags: ["disambiguateEscapeCodes"] },
    debug: options.debug === true,
  });
  void app.waitUntilRenderFlush().then(options.onPainted);
  void dialogue.ready.then(() => tell({ on: "ready" }));
  if (options.code !== null) {
    tell({ on: "intent", intent: { want: "edit", edit: { do: "set", text: options.code } }, now: Date.now() });
    tell({ on: "intent", intent: { want: "enter" }, now: Date.now() });
  }
  let code = 0;
  const { promise: hungUp, resolve: letGo } = Promise.withResolvers<void>();
  const hangUp = (): void => {
    code = 143;
    app.unmount();
    // A terminal that is gone never says that the last of it was drawn.
    letGo();
  };
  // Keys send no signals in raw mode: this one comes from outside, or from the keyboard while another program has the terminal.
  const interrupt = (): void => {
    if (state.outside === null) tell({ on: "intent", intent: { want: "interrupt" }, now: Date.now() });
  };
  process.once("SIGTERM", hangUp).once("SIGHUP", hangUp).on("SIGINT", interrupt);
  // The keys of a terminal that is gone end before its signal comes, and then nothing is left to wait for.
  options.stdin.once("end", hangUp).once("close", hangUp);
  try {
    await Promise.race([app.waitUntilExit(), hungUp]);
  } finally {
    process.off("SIGTERM", hangUp).off("SIGHUP", hangUp).off("SIGINT", interrupt);
    options.stdin.off("end", hangUp).off("close", hangUp);
    functions.stop();
    width.stop();
    abort.abort();
    await dialogue.close();
  }
  return code;
}

/** The statement as it stays on screen above its results. */
function echo(whole: string, look: Look): string {
  const lines = whole.split("\n");
  // Of a paste of thousands of lines the beginning and the end: to colour and wrap all of them would take seconds in which nothing else happens.
  const text = lines.length <= MOST_ECHOED ? whole : [...lines.slice(0, ECHOED_AT_ENDS), `# … ${lines.length - 2 * ECHOED_AT_ENDS} more lines`, ...lines.slice(-ECHOED_AT_ENDS)].join("\n");
  return layOut(highlight(text), -1, { ...promptEdges(look), width: look.width, color: look.color }).rows.join("\n");
}
