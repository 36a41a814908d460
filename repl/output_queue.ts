/** Without this file what is shown could overtake what was shown before it, and one drawing that fails could end the program. */
import { createTurns } from "../runtime/turns.ts";

/** Work on the output, one piece after another. */
export interface OutputQueue {
  add(work: () => void | Promise<void>): void;
  /** A result: left out where the run was stopped and many wait. */
  addResult(work: () => void | Promise<void>): void;
  /** Wait for all of it; throws what the first failed piece threw. The others are done all the same. How many results were left out. */
  done(): Promise<number>;
}

/** So many results are shown all the same when a run is stopped: they were there before. */
const FEW = 20;

export function createOutputQueue(signal: AbortSignal): OutputQueue {
  const turns = createTurns();
  let last: Promise<void> = Promise.resolve();
  let failed: { readonly error: unknown } | null = null;
  let queued = 0;
  let waiting = 0;
  let left = 0;
  const add = (work: () => void | Promise<void>): void => {
    queued++;
    // The last of them is shown with what comes after it: no frame stands between a result and the prompt.
    last = last.then(() => (queued > 1 ? turns.between() : null)).then(work).catch((error: unknown) => void (failed ??= { error })).finally(() => void queued--);
  };
  return {
    add,
    addResult: (work) => {
      waiting++;
      add(() => {
        waiting--;
        if (!signal.aborted || waiting < FEW) return work();
        left++;
      });
    },
    done: async () => {
      await last;
      if (failed !== null) throw failed.error;
      return left;
    },
  };
}
