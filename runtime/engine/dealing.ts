/** Without this file each kind of job would share out its work, stop and count in its own way. */
import type { Progress } from "./port.ts";
import type { Lane } from "./supervisor.ts";

/** What may end a job early: a cancel by its asker, or the end of the whole engine. */
export interface Halt {
  readonly signal: AbortSignal;
  /** The error of a job that ended early: a cancel is an AbortError, whatever ended the engine afterwards. */
  readonly reason: () => unknown;
}

export function haltOf(cancel: AbortSignal, killed: AbortSignal): Halt {
  return {
    signal: AbortSignal.any([cancel, killed]),
    reason: () => (cancel.aborted ? new DOMException("The query was cancelled.", "AbortError") : killed.reason),
  };
}

/**
 * Let every lane take pieces of work until none is left: `next` starts one on the lane, or returns null. After a
 * failure or a halt nothing new is started, and what runs is waited for; then the first failure is thrown. On a halt
 * it is asked to end as well, which only some providers can. A lane has up to `ahead` pieces that wait behind the one it
 * works on, once its first is done: a session that cannot be opened is tried once.
 */
export async function deal(lanes: readonly Lane[], halt: Halt, next: (lane: Lane) => Promise<void> | null, ahead = 0): Promise<void> {
  let failed = false;
  let failure: unknown;
  const one = async (lane: Lane): Promise<boolean> => {
    if (failed || halt.signal.aborted) return false;
    const piece = next(lane);
    if (piece === null) return false;
    try {
      await piece;
    } catch (error) {
      if (!failed) failure = error;
      failed = true;
    }
    return true;
  };
  const others = async (lane: Lane): Promise<void> => {
    while (await one(lane));
  };
  const work = async (lane: Lane): Promise<void> => {
    if (await one(lane)) await Promise.all(Array.from({ length: 1 + ahead }, () => others(lane)));
  };
  const stop = (): void => {
    for (const lane of lanes) lane.stop();
  };
  halt.signal.addEventListener("abort", stop, { once: true });
  await Promise.all(lanes.map(work));
  halt.signal.removeEventListener("abort", stop);
  if (failed) throw halt.signal.aborted ? halt.reason() : failure;
}

/** Adds up finished documents and tokens and tells the total so far; tells zero at once. */
export function counter(totalDocuments: number, totalTokens: number, tell: (progress: Progress) => void): (documents: number, tokens: number) => void {
  let documents = 0;
  let tokens = 0;
  tell({ documents, totalDocuments, tokens, totalTokens });
  return (moreDocuments, moreTokens) => {
    if (moreDocuments === 0 && moreTokens === 0) return;
    documents += moreDocuments;
    tokens += moreTokens;
    tell({ documents, totalDocuments, tokens, totalTokens });
  };
}
