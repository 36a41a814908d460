/** Without this file nothing would be on screen: the one component that reads keys and shows the live region. */
import { createElement as h, useEffect, useSyncExternalStore, type ReactNode } from "react";
import { Box, Static, Text, useCursor, useWindowSize } from "ink";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Happening, Outside, State } from "../state.ts";
import type { Look } from "../terminal.ts";
import { useContinued, useFindings, useKeys, useOutside, useWriter } from "./app_hooks.ts";
import type { Part } from "./layout.ts";
import { lineParts } from "./line_parts.ts";
import { Rows } from "./rows.ts";
import { screen, type Screen } from "./screen.ts";

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
  /** Which function key the last input without a name was: `f1`, or "". */
  readonly functionKey: () => string;
  /** Hears how to write bytes above the live region, which Ink then paints again. */
  readonly onWriter: (write: (bytes: string) => Promise<void>) => void;
  /** Hears what is about to be on screen. */
  readonly onLaidOut: (view: Screen) => void;
}

/** The REPL on a terminal. */
export function App({ store, look, highlight, signature, diagnose, outside, onWriter, onLaidOut, functionKey }: AppProps): ReactNode {
  const state = useSyncExternalStore(store.subscribe, store.state);
  const { columns, rows } = useWindowSize();
  const { setCursorPosition } = useCursor();
  useKeys(store, functionKey);
  useOutside(store, state.outside, outside);
  useContinued(state.outside);
  useFindings(store, state, diagnose);
  useWriter(onWriter);

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
  onLaidOut(view);
  return [
    h(Static<(typeof state.blocks)[number]>, { key: "printed", items: [...state.blocks], children: (block, i) => h(Text, { key: i }, block.text) }),
    h(Box, { key: "live", flexDirection: "column" }, h(Rows, { rows: view.status }), h(Rows, { rows: view.prompt }), h(Rows, { rows: view.below })),
  ];
}
