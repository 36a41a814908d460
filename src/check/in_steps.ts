/** Without this file whoever compiles a long script could do nothing else until it is done. */

/** Work that may be left between its steps, and gives something in the end. */
export type Steps<T> = Generator<void, T>;

/** All steps, one after another. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
