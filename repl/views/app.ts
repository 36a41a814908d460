/** Without this file nothing would be on screen: the one component that reads keys and shows the live region. */
import { createElement as h, useEffect, useSyncExternalStore, type ReactNode } from "react";
import { Box, Static, Text, useApp, useCursor, useInput, usePaste, useWindowSize } from "ink";
import { intents } from "../keys.ts";
import type { Happening, State } from "../state.ts";
import type { Look } from "../terminal.ts";
import { excerpt, type Part } from "./layout.ts";
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
  /** Edit a text in the user's own editor, which has the terminal meanwhile; null when that came to nothing. */
  readonly edit: (text: string) => Promise<string | null>;
}

/** The REPL on a terminal. */
export function App({ store, look, highlight, signature, edit }: AppProps): ReactNode {
  const state = useSyncExternalStore(store.subscribe, store.state);
  const { columns, rows } = useWindowSize();
  const { setCursorPosition } = useCursor();
  const { suspendTerminal } = useApp();

  const editElsewhere = async (): Promise<void> => {
    let text: string | null = null;
    await suspendTerminal(async () => {
      text = await edit(store.state().line.text);
    });
    if (text !== null) store.tell({ on: "intent", intent: { want: "edit", edit: { do: "set", text } }, now: Date.now() });
  };
  useInput((input, key) => {
    for (const intent of intents(input, key)) {
      if (intent.want === "editor") void editElsewhere();
      else store.tell({ on: "intent", intent, now: Date.now() });
    }
  });
  usePaste((text) => store.tell({ on: "paste", text }));

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
  const { text, caret } = state.line;
  const seen = excerpt(text, caret);
  const usage = state.search === null && seen.text === text ? signature(text, caret) : null;
  const view = screen(state, highlight(seen.text), seen.caret, usage, shown, rows);
  setCursorPosition(view.caret);
  return [
    h(Static<(typeof state.blocks)[number]>, { key: "printed", items: [...state.blocks], children: (block, i) => h(Text, { key: i }, block.text) }),
    h(Box, { key: "live", flexDirection: "column" }, h(Rows, { rows: view.status }), h(Rows, { rows: view.prompt }), h(Rows, { rows: view.below })),
  ];
}
