/** Without this file keys, pauses and programs outside would be wired into the one component that draws. */
import { useEffect, useRef } from "react";
import { useApp, useInput, usePaste, useStdout } from "ink";
import { MOST_TYPED, PAUSE_MS } from "../findings.ts";
import { intents, intentsOfFunction } from "../keys.ts";
import type { Outside, State } from "../state.ts";
import type { AppProps, Store } from "./app.ts";

/** Keys and pastes become happenings. */
export function useKeys(store: Store, functionKey: AppProps["functionKey"]): void {
  useInput((input, key) => {
    // Ink tells no function key from another: it hands on each as an input without a name.
    const unnamed = input === "" && !Object.values(key).some((flag) => flag === true);
    for (const intent of unnamed ? intentsOfFunction(functionKey()) : intents(input, key)) store.tell({ on: "intent", intent, now: Date.now() });
  });
  usePaste((text) => store.tell({ on: "paste", text }));
}

/** Editor and pager: a program outside has the terminal until it is done. */
export function useOutside(store: Store, wanted: Outside | null, open: AppProps["outside"]): void {
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

/** Rows below which a frame is drawn again, so that what the shell wrote meanwhile stays. */
const ROOM = "\n\n\n";

/** After `kill -STOP` and `fg` the shell has had the terminal, and left it as it likes it: it is taken again as after a program outside. */
export function useContinued(outside: Outside | null): void {
  const { suspendTerminal } = useApp();
  const { stdout } = useStdout();
  useEffect(() => {
    if (outside !== null) return;
    const take = (): void => {
      stdout.write(ROOM);
      // Somebody else has it just now, and gives it back.
      suspendTerminal(async () => {}).catch(() => {});
    };
    process.on("SIGCONT", take);
    return () => void process.off("SIGCONT", take);
  }, [outside, stdout, suspendTerminal]);
}

/** Look for mistakes when nobody has typed for a while; longer when that was slow the last time. */
export function useFindings(store: Store, { line, running, search }: State, diagnose: AppProps["diagnose"]): void {
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

/** Hand out a way to write above the live region. */
export function useWriter(onWriter: AppProps["onWriter"]): void {
  const { write } = useStdout();
  const { waitUntilRenderFlush } = useApp();
  useEffect(() => {
    onWriter(async (bytes) => {
      // What was printed before stands above it.
      await waitUntilRenderFlush();
      write(bytes);
    });
  }, [onWriter, write, waitUntilRenderFlush]);
}
