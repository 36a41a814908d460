/** Without this file Ctrl-C would kill a run together with what it had already computed. */
import { TWICE_MS } from "./state.ts";

export interface Interrupts {
  /** Whether the run was told to end by SIGTERM or a lost terminal. */
  hungUp(): boolean;
  stop(): void;
}

/** Work that hears signals itself just now. */
let listening = 0;

/** What a command does with signals where nothing of it has to be brought to an end: a word, and it is over. Files half written go with the process. */
export function endOnSignals(say: (text: string) => void): void {
  const end = (code: number, word: string) => (): void => {
    if (listening > 0) return;
    say(word);
    process.exit(code);
  };
  const hangUp = end(143, "stopped by a signal");
  process.on("SIGINT", end(130, "cancelled")).on("SIGTERM", hangUp).on("SIGHUP", hangUp);
}

/** Ctrl-C asks once, the second within two seconds insists; SIGTERM and SIGHUP ask and give five seconds. */
export function watchInterrupts(on: { readonly first: () => void; readonly second: () => void; readonly hangUp: () => void }): Interrupts {
  let last: number | null = null;
  let hungUp = false;
  const interrupt = (): void => {
    const now = Date.now();
    if (last !== null && now - last <= TWICE_MS) on.second();
    else on.first();
    last = now;
  };
  const hangUp = (): void => {
    if (hungUp) return;
    hungUp = true;
    on.hangUp();
    setTimeout(() => process.exit(143), 5000).unref();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", hangUp).on("SIGHUP", hangUp);
  listening++;
  let stopped = false;
  return {
    hungUp: () => hungUp,
    stop: () => {
      if (stopped) return;
      stopped = true;
      listening--;
      process.off("SIGINT", interrupt).off("SIGTERM", hangUp).off("SIGHUP", hangUp);
    },
  };
}
