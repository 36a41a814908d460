/** Without this file figures of a whole column would hold up Ctrl-C until they are done, or be written twice: for callers that can wait, and for others. */
import type { Turns } from "../turns.ts";

/** Work in short steps, and what it gives in the end. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Rows that one step goes over: well below a millisecond where each is added up exactly. */
export const ROWS_A_STEP = 8192;

/** What the work gives, one step after the other. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same, letting others go on between two steps where they have waited. */
export async function inTurns<T>(steps: Steps<T>, turns: Turns): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await turns.between();
  }
}
