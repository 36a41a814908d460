/** Without this file long work on rows would hear no Ctrl-C and draw no progress until it is done. */
import { setImmediate as othersTurn } from "node:timers/promises";

/** How long work may hold up all else, in milliseconds: a tenth of a second is noticed. */
const TURN_MS = 40;
/** How many questions the clock is looked at once for. */
const QUESTIONS = 64;
/** Milliseconds between two reports. */
const REPORT_MS = 100;

/** The turns of one piece of work among what the process does besides: signals, keys, drawings, what the engine answers. */
export interface Turns {
  /** Whether the others have waited long enough. Cheap: asked at every row. */
  readonly due: () => boolean;
  /** Let the others go on; `share` of all is done, where that is known. @throws AbortError where the work was cancelled meanwhile */
  readonly pass: (share?: number) => Promise<void>;
  /** The same between parts that may take long themselves: looks at the clock each time, and is null where nobody has waited for long. */
  readonly between: (share?: number) => Promise<void> | null;
}

/** Turns for work that `signal` cancels. `onPass` hears now and then of the share that is done, null where nobody knows; `now`: a clock in milliseconds. */
export function createTurns(signal?: AbortSignal, onPass: (share: number | null) => void = () => {}, now: () => number = () => performance.now()): Turns {
  let asked = 0;
  let since = now();
  let reported = since;
  const pass = async (share?: number): Promise<void> => {
    if (now() - reported > REPORT_MS) {
      reported = now();
      onPass(share ?? null);
    }
    await othersTurn();
    signal?.throwIfAborted();
    since = now();
  };
  return {
    due: () => ++asked % QUESTIONS === 0 && now() - since > TURN_MS,
    pass,
    between: (share) => (now() - since > TURN_MS ? pass(share) : null),
  };
}
