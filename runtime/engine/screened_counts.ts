/** Without this file what screening left out would be told of documents and of residuals in two ways. */
import type { JobOptions } from "./port.ts";
import type { Outputs } from "./protocol.ts";

/** Counts of `tap` in a reply, told to whoever asks. */
export function tellScreened(outputs: Outputs, tap: number, tell: JobOptions["onScreened"]): void {
  const counts = outputs[`tap${tap}_counts`]?.data;
  if (counts === undefined || tell === undefined) return;
  const [rows, candidates, computed, dense] = Array.from(counts as Int32Array) as [number, number, number, number];
  tell(tap, { rows, candidates, computed, dense });
}
