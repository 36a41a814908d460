/** Without this file Ctrl-C would not be heard while a long script is compiled. */
import type { Steps } from "../../src/check/in_steps.ts";
import { createTurns } from "../turns.ts";

/** Work step by step, with turns for all else in between. @throws the reason of the signal */
export async function inTurns<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  const turns = createTurns(signal);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    const waiting = turns.between();
    if (waiting !== null) await waiting;
    signal?.throwIfAborted();
  }
}
