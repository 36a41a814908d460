/**
 * Without this file each candidate's weights would be fetched, widened and turned for a product that only few tokens want.
 *
 * Each pair of a token and a candidate is computed by itself (`kernels/pair_products.ts`), and weights are fetched once for all tokens of some blocks.
 */
import * as ort from "onnxruntime-node";
import { activeRow } from "../kernels/active_value.ts";
import type { PairProducts } from "../kernels/pair_products.ts";
import { keptPairs, type Candidates } from "../kernels/screen.ts";
import type { Found } from "./found_features.ts";
import type { Screen } from "./lane_screening.ts";

/** A block of rows, ascending, and what they may have. */
export interface ScreenedBlock {
  readonly rows: Uint32Array;
  readonly candidates: Candidates;
}

/** Compute the candidates of blocks of rows of x [·, d]; `pairs` has room for as many rows as they have together. Rows that it cannot answer are given up. */
export async function computePairs({ sae, rows: weightRows }: Screen, pairs: PairProducts, x: Float32Array, blocks: readonly ScreenedBlock[], found: Found): Promise<void> {
  const { dIn: d } = sae;
  let inputs = 0;
  const kept = blocks.map(({ rows, candidates }) => {
    const first = inputs;
    for (const row of rows) pairs.put(inputs++, x.subarray(row * d, (row + 1) * d));
    return { candidates, first, rows, pairs: keptPairs(candidates) };
  });
  const { feature, input, order } = byFeature(kept, sae.dSae);
  const products = new Float32Array(order.length);
  const rows = await weightRows();
  const at = new BigInt64Array(pairs.features);
  let taken = 0;
  const take = (): void => {
    for (const value of pairs.take()) products[order[taken++]!] = value;
  };
  for (let first = 0; first < order.length; ) {
    // As many features as there is room for, and all their pairs.
    let features = 0;
    let last = -1;
    let end = first;
    for (; end < order.length; end++) {
      const next = feature[order[end]!]!;
      if (next === last) continue;
      if (features === pairs.features) break;
      at[features++] = BigInt(next);
      last = next;
    }
    await rows.run({ at: new ort.Tensor("int64", at.subarray(0, features), [features]) }, { rows: roomFor(pairs, features, d) });
    pairs.arrange(features);
    let place = -1;
    last = -1;
    for (let pair = first; pair < end; pair++) {
      const wanted = order[pair]!;
      const next = feature[wanted]!;
      if (next !== last) place++;
      last = next;
      if (pairs.isFull()) take();
      pairs.add(input[wanted]!, place, sae.kind === "gated" ? 0 : sae.bias[next]!);
    }
    take();
    first = end;
  }
  found.candidates += order.length;
  found.computed += order.length;
  let before = 0;
  for (const block of kept) {
    keep(sae, block, products.subarray(before, before + block.pairs.length), found);
    before += block.pairs.length;
  }
}

interface KeptBlock extends ScreenedBlock {
  /** Which of all rows its first one is. */
  readonly first: number;
  readonly pairs: Uint32Array;
}

/** Features and inputs of all pairs, block by block, and the order in which pairs of one feature lie together. */
function byFeature(blocks: readonly KeptBlock[], dSae: number): { readonly feature: Uint32Array; readonly input: Uint32Array; readonly order: Uint32Array } {
  const count = blocks.reduce((sum, { pairs }) => sum + pairs.length, 0);
  const [feature, input, order] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  const next = new Uint32Array(dSae + 1);
  let at = 0;
  for (const { candidates, first, pairs } of blocks) {
    for (const pair of pairs) {
      feature[at] = candidates.feature[pair]!;
      input[at] = first + candidates.row[pair]!;
      next[feature[at]! + 1]!++;
      at++;
    }
  }
  for (let j = 0; j < dSae; j++) next[j + 1]! += next[j]!;
  for (let i = 0; i < count; i++) order[next[feature[i]!]!++] = i;
  return { feature, input, order };
}

/** What a block's rows have, of the products of its pairs. */
function keep(sae: Screen["sae"], { rows, candidates, pairs }: KeptBlock, products: Float32Array, found: Found): void {
  const lists = Array.from(rows, () => ({ features: [] as number[], products: [] as number[] }));
  pairs.forEach((pair, i) => {
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
    found.features[rows[n]!] = features;
    found.values[rows[n]!] = values;
  });
}

/** The first rows of where weights are looked for, for the graph to write them to. */
function roomFor({ weights, stored }: PairProducts, features: number, d: number): ort.Tensor {
  if (stored === "f32") return new ort.Tensor("float32", (weights as Float32Array).subarray(0, features * d), [features, d]);
  return new ort.Tensor("uint8", new Uint8Array(weights.buffer, weights.byteOffset, 2 * features * d), [features, 2 * d]);
}
