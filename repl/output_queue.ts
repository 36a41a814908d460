/** Without this file what is shown could overtake what was shown before it, and one drawing that fails could end the program. */

/** Work on the output, one piece after another. */
export interface OutputQueue {
  add(work: () => void | Promise<void>): void;
  /** Wait for all of it; throws what the first failed piece threw. The others are done all the same. */
  done(): Promise<void>;
}

export function createOutputQueue(): OutputQueue {
  let last: Promise<void> = Promise.resolve();
  let failed: { readonly error: unknown } | null = null;
  return {
    add: (work) => {
      last = last.then(work).catch((error: unknown) => void (failed ??= { error }));
    },
    done: async () => {
      await last;
      if (failed !== null) throw failed.error;
    },
  };
}
