/**
 * Without this file each candidate's weights would be fetched, widened and turned for a product that only few tokens want.
 *
 * Each pair of a token and a candidate is computed by itself (`kernels/pair_products.ts`), and weights are fetched once for all tokens of a block.
 */
import * as ort from "onnxruntime-node";
import { activeRow } from "../kernels/active_value.ts";
import type { PairProducts } from "../kernels/pair_products.ts";
import { keptPairs, type Candidates } from "../kernels/screen.ts";
import type { Found } from "./found_features.ts";
import type { Screen } from "./lane_screening.ts";

/** Compute the candidates of rows `block` of x [·, d]; `pairs` has room for as many rows. Rows that it cannot answer are given up. */
export async function computePairs({ sae, rows: weightRows }: Screen, pairs: PairProducts, x: Float32Array, block: Uint32Array, candidates: Candidates, found: Found): Promise<void> {
  const { dIn: d } = sae;
  block.forEach((row, n) => pairs.put(n, x.subarray(row * d, (row + 1) * d)));
  const kept = keptPairs(candidates);
  const products = new Float32Array(kept.length);
  const rows = await weightRows();
  const at = new BigInt64Array(pairs.features);
  let taken = 0;
  const take = (): void => {
    const values = pairs.take();
    products.set(values, taken);
    taken += values.length;
  };
  for (let first = 0; first < kept.length; ) {
    // As many features as there is room for, and all their pairs.
    let features = 0;
    let last = -1;
    let end = first;
    for (; end < kept.length; end++) {
      const feature = candidates.feature[kept[end]!]!;
      if (feature === last) continue;
      if (features === pairs.features) break;
      at[features++] = BigInt(feature);
      last = feature;
    }
    await rows.run({ at: new ort.Tensor("int64", at.subarray(0, features), [features]) }, { rows: roomFor(pairs, features, d) });
    pairs.arrange(features);
    let place = -1;
    last = -1;
    for (let pair = first; pair < end; pair++) {
      const feature = candidates.feature[kept[pair]!]!;
      if (feature !== last) place++;
      last = feature;
      if (pairs.isFull()) take();
      pairs.add(candidates.row[kept[pair]!]!, place, sae.kind === "gated" ? 0 : sae.bias[feature]!);
    }
    take();
    first = end;
  }
  found.candidates += kept.length;
  found.computed += kept.length;
  const lists = Array.from(block, () => ({ features: [] as number[], products: [] as number[] }));
  kept.forEach((pair, i) => {
    const list = lists[candidates.row[pair]!]!;
    list.features.push(candidates.feature[pair]!);
    list.products.push(products[i]!);
  });
  lists.forEach((list, n) => {
    if (list.features.length === 0) return;
    // The order of what is no number is the graph's own.
    if (sae.kind === "topk" && list.products.some(Number.isNaN)) {
      candidates.givenUp[n] = 1;
      return;
    }
    const { features, values } = activeRow(sae, list.features, list.products);
    found.features[block[n]!] = features;
    found.values[block[n]!] = values;
  });
}

/** The first rows of where weights are looked for, for the graph to write them to. */
function roomFor({ weights, stored }: PairProducts, features: number, d: number): ort.Tensor {
  if (stored === "f32") return new ort.Tensor("float32", (weights as Float32Array).subarray(0, features * d), [features, d]);
  return new ort.Tensor("uint8", new Uint8Array(weights.buffer, weights.byteOffset, 2 * features * d), [features, 2 * d]);
}
