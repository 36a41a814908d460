/** Without this file what the head of a model says of all rows of a batch would not be given to their documents. */
import type { Predictions } from "../kernels/softmax.ts";
import type { Outputs } from "./protocol.ts";

/** Of each document, whose rows are `rowStart[i]` … `rowStart[i + 1]`; rows beyond the last are there for company and vanish. */
export function predicted(outputs: Outputs, rowStart: Uint32Array): readonly Predictions[] {
  const { ids, ranks, logits, log_probabilities: logs } = outputs;
  if (ids?.type !== "int32" || ranks?.type !== "int32" || logits?.type !== "float32" || logs?.type !== "float64") throw new Error("a head gives predictions");
  const width = ids.dims[1]!;
  return Array.from(rowStart.subarray(1), (end, part) => {
    const [from, to] = [rowStart[part]! * width, end * width];
    return { ids: ids.data.slice(from, to), ranks: ranks.data.slice(from, to), logits: logits.data.slice(from, to), logProbabilities: logs.data.slice(from, to) };
  });
}
