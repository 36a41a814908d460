/**
 * Without this file candidates could be computed only where a processor's order of adding is known (`lane_pairs.ts`).
 *
 * The graph that computes all features densely is run over gathered columns, so that values, comparisons and ties are its own. Rows whose candidates
 * are alike share a run.
 */
import * as ort from "onnxruntime-node";
import { fewestFeatures } from "../../src/emit/encode.ts";
import { commonFeatures, groupRows } from "../kernels/row_groups.ts";
import { byRow, type Candidates } from "../kernels/screen.ts";
import { addFound, type Found } from "./found_features.ts";
import type { Screen } from "./lane_screening.ts";
import { narrow } from "./narrow.ts";

/** Compute the candidates of rows `block` of x [·, d]. */
export async function computeColumns({ sae, chosen, parts }: Screen, x: Float32Array, block: Uint32Array, candidates: Candidates, found: Found): Promise<void> {
  const { dIn: d, dSae: m } = sae;
  const lists = byRow(candidates);
  for (const list of lists) found.candidates += list.length;
  const least = Math.max(fewestFeatures(parts), candidates.k);
  const compute = async (rows: Uint32Array, features: Uint32Array): Promise<void> => {
    found.computed += rows.length * features.length;
    await computeRows(await chosen(), x, d, rows.map((n) => block[n]!), features, found);
  };
  const kept = Uint32Array.from(lists.keys()).filter((n) => candidates.givenUp[n] === 0 && lists[n]!.length > 0);
  // The k largest of a row are chosen among all its candidates: those of topk stay together.
  const common = sae.kind === "topk" ? new Uint32Array(0) : commonFeatures(kept, lists, m, least);
  if (common.length > 0) await compute(kept, common);
  const isCommon = new Uint8Array(m);
  for (const feature of common) isCommon[feature] = 1;
  const rest = lists.map((list) => list.filter((feature) => isCommon[feature] === 0));
  for (const { rows, features } of groupRows(kept.filter((n) => rest[n]!.length > 0), rest, m, least)) await compute(rows, features);
}

/** Compute rows of x: of `features` alone (ascending, enough of them), or of all with the dense graph. */
export async function computeRows(session: ort.InferenceSession, x: Float32Array, d: number, rows: Uint32Array, features: Uint32Array | null, found: Found): Promise<void> {
  // One row alone takes another kernel and gives other bits.
  const fed = Math.max(2, rows.length);
  const inputs = new Float32Array(fed * d);
  for (let n = 0; n < fed; n++) {
    const row = rows[Math.min(n, rows.length - 1)]!;
    inputs.set(x.subarray(row * d, (row + 1) * d), n * d);
  }
  const outputs = await session.run({
    shifted: new ort.Tensor("float32", inputs, [fed, d]),
    ...(features === null ? {} : { at: new ort.Tensor("int64", BigInt64Array.from(features, BigInt), [features.length]) }),
  });
  const row = narrow(outputs["tap0_row"]!.data as BigInt64Array);
  const feature = narrow(outputs["tap0_feature"]!.data as BigInt64Array);
  const value = outputs["tap0_value"]!.data as Float32Array;
  let entry = 0;
  rows.forEach((at, n) => {
    const first = entry;
    while (entry < row.length && row[entry] === n) entry++;
    addFound(found, at, feature.slice(first, entry), value.slice(first, entry));
  });
}
