/** Without this file residuals that were kept could not be encoded by another SAE without the model. */
import { activeRows } from "./active_rows.ts";
import { batchesAhead, budget, cut, MOST_ROWS, MOST_TOKENS, observe } from "./batching.ts";
import type { Pace } from "./batching.ts";
import { deal } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import type { PreparedGraph } from "./encoders.ts";
import { concatenate } from "../kernels/csr.ts";
import type { CsrPart } from "../kernels/csr.ts";
import type { JobLimits, JobOptions, TapOutput } from "./port.ts";
import { tellScreened } from "./screened_counts.ts";
import type { Lane } from "./supervisor.ts";

interface EncodeJob {
  readonly graph: PreparedGraph;
  readonly onScreened: JobOptions["onScreened"];
  /** [rows, width] */
  readonly residual: Float32Array;
  readonly width: number;
  readonly halt: Halt;
  readonly limits: JobLimits | undefined;
  readonly active: Map<string, number>;
}

/** Rows of residuals through an encoder alone. */
export async function encodeOn(lanes: readonly Lane[], pace: Pace, { graph, residual, width, halt, onScreened, limits = { lanes: lanes.length, tokens: MOST_TOKENS, rows: MOST_ROWS }, active }: EncodeJob): Promise<TapOutput> {
  const rows = residual.length / width;
  const parts: { readonly from: number; readonly part: CsrPart }[] = [];
  const within = activeRows(limits, active);
  let from = 0;
  await deal(lanes, halt, (lane) => {
    if (from === rows) return null;
    const first = from;
    const count = Math.min(rows - first, Math.floor(budget(pace, { total: rows, left: rows - first }, lanes.length, within.most())));
    from += count;
    const values = residual.subarray(first * width, (first + count) * width);
    // One row alone takes another kernel and gives other bits.
    const fed = count > 1 ? values : Float32Array.from({ length: 2 * width }, (_, i) => values[i % width]!);
    return lane.run(graph, { residual: { type: "float32", data: fed, dims: [fed.length / width, width] } }).then(({ outputs, ms }) => {
      observe(pace, count, ms);
      within.saw(outputs, count);
      tellScreened(outputs, 0, onScreened);
      const [part] = cut(outputs, 0, Uint32Array.of(0, count));
      if (part?.kind !== "sparse") throw new Error("an encode graph gives triples");
      parts.push({ from: first, part });
    });
  }, batchesAhead(lanes.length));
  if (from < rows) throw halt.reason();
  parts.sort((a, b) => a.from - b.from);
  const { indptr, indices, values } = concatenate(parts.map(({ part }) => part), 0);
  return { kind: "sparse", indptr, indices, values };
}
