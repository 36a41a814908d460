/** Without this file nothing would be on screen: the one component that reads keys and shows the live region. */
import { createElement as h, useEffect, useRef, useSyncExternalStore, type ReactNode } from "react";
import { Box, Static, Text, useApp, useCursor, useInput, usePaste, useStdin, useWindowSize } from "ink";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { MOST_TYPED, PAUSE_MS } from "../findings.ts";
import { functionKeys } from "../function_keys.ts";
import { intents, intentsOfFunction } from "../keys.ts";
import type { Happening, Outside, State } from "../state.ts";
import type { Look } from "../terminal.ts";
import type { Part } from "./layout.ts";
import { lineParts } from "./line_parts.ts";
import { Rows } from "./rows.ts";
import { screen } from "./screen.ts";

/** Where the state lives: outside React, so that it can be driven and tested without. */
export interface Store {
  readonly state: () => State;
  readonly subscribe: (listener: () => void) => () => void;
  readonly tell: (happening: Happening) => void;
}

/** What the app shows and asks; `look` is asked again for each frame, since the window may have changed. */
export interface AppProps {
  readonly store: Store;
  readonly look: (columns: number) => Look;
  readonly highlight: (text: string) => readonly Part[];
  readonly signature: (text: string, caret: number) => string | null;
  /** The mistakes in a text; asked only while nobody types. */
  readonly diagnose: (text: string) => readonly Diagnostic[];
  /** Let a program outside have the terminal; what it did to the line, or null. */
  readonly outside: (outside: Outside) => Promise<string | null>;
}

/** The REPL on a terminal. */
export function App({ store, look, highlight, signature, diagnose, outside }: AppProps): ReactNode {
  const state = useSyncExternalStore(store.subscribe, store.state);
  const { columns, rows } = useWindowSize();
  const { setCursorPosition } = useCursor();
  useKeys(store);
  useOutside(store, state.outside, outside);
  useFindings(store, state, diagnose);

  const running = state.running !== null;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => store.tell({ on: "tick", now: Date.now() }), 500);
    return () => clearInterval(timer);
  }, [running, store]);
  useEffect(() => {
    // Printed blocks stay as empty stubs: Static counts them, and a long session must not hold their text.
    for (const block of state.blocks) block.text = "";
  }, [state.blocks]);

  const shown = look(columns);
  const seen = lineParts(state, highlight);
  const usage = state.search === null && seen.whole ? signature(state.line.text, state.line.caret) : null;
  const view = screen(state, seen.parts, seen.caret, usage, shown, rows);
  setCursorPosition(view.caret);
  return [
    h(Static<(typeof state.blocks)[number]>, { key: "printed", items: [...state.blocks], children: (block, i) => h(Text, { key: i }, block.text) }),
    h(Box, { key: "live", flexDirection: "column" }, h(Rows, { rows: view.status }), h(Rows, { rows: view.prompt }), h(Rows, { rows: view.below })),
  ];
}

/** Keys and pastes become happenings. */
function useKeys(store: Store): void {
  const { stdin } = useStdin();
  const functions = useRef<string[]>([]);
  useEffect(() => {
    // Ink tells no function key from another: what came is noted before Ink reads it, and taken when Ink has an input without a name.
    const note = (chunk: Buffer | string): void => void (functions.current = [...functionKeys(chunk.toString())]);
    stdin.on("data", note);
    return () => void stdin.off("data", note);
  }, [stdin]);
  useInput((input, key) => {
    const unnamed = input === "" && !Object.values(key).some((flag) => flag === true);
    const wanted = unnamed ? intentsOfFunction(functions.current.shift() ?? "") : intents(input, key);
    for (const intent of wanted) store.tell({ on: "intent", intent, now: Date.now() });
  });
  usePaste((text) => store.tell({ on: "paste", text }));
}

/** Editor and pager: a program outside has the terminal until it is done. */
function useOutside(store: Store, wanted: Outside | null, open: AppProps["outside"]): void {
  const { suspendTerminal } = useApp();
  useEffect(() => {
    if (wanted === null) return;
    let text: string | null = null;
    const give = async (): Promise<void> => {
      text = await open(wanted);
    };
    void suspendTerminal(give).finally(() => {
      store.tell({ on: "outside", outside: null });
      if (text !== null) store.tell({ on: "intent", intent: { want: "edit", edit: { do: "set", text } }, now: Date.now() });
    });
  }, [wanted, store, open, suspendTerminal]);
}

/** Look for mistakes when nobody has typed for a while; longer when that was slow the last time. */
function useFindings(store: Store, { line, running, search }: State, diagnose: AppProps["diagnose"]): void {
  const pause = useRef(PAUSE_MS);
  const { text } = line;
  useEffect(() => {
    if (running !== null || search !== null || text.trim() === "" || text.length > MOST_TYPED) return;
    const timer = setTimeout(() => {
      const started = performance.now();
      const diagnostics = diagnose(text);
      pause.current = Math.max(PAUSE_MS, 10 * (performance.now() - started));
      store.tell({ on: "findings", text, diagnostics });
    }, pause.current);
    return () => clearTimeout(timer);
  }, [line, text, running, search, store, diagnose]);
}
