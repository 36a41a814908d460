/**
 * Without this file the features that cannot be active would have to be computed to know it.
 *
 * For an input x and a feature's weights w_j let x = s_x·q_x + e_x + x_O, where x_O holds the few outlying dimensions O, and
 * w_j = s_j·q_j + e_j, with integers q. Then, with x̂ = s_x·q_x and ŵ_j = s_j·q_j,
 *
 *   x·w_j = x_O·w_j + s_x·s_j·(q_x·q_j) + x̂·e_j + e_x·w_j,
 *
 * so by Cauchy–Schwarz  |x·w_j − x_O·w_j − s_x s_j (q_x·q_j)| ≤ ‖x̂‖‖e_j‖ + ‖e_x‖‖w_j‖. The integer product is exact: its raw sum is at most
 * 255·127·d < 2³¹ for d ≤ 65,536. x_O·w_j is summed in float32.
 *
 * What the dense kernel computes is h_j = fl(x·w_j + b_j), a float32 sum of d + 1 terms and at most d/128 + 2 partial sums, in any
 * order, fused or not: |h_j − (x·w_j + b_j)| ≤ γ·(Σ_i |x_i w_ji| + |b_j|) ≤ γ·(‖x‖‖w_j‖ + |b_j|), γ = n·u/(1 − n·u), n = 2d + 8, u = 2⁻²⁴
 * (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1 and §4.2); n is twice what is needed, which pays for the float32 sum
 * over O as well. Underflow, also where a processor flushes it, moves a sum by at most (2d + 8)·2⁻¹²⁶·(1 + max|x| + max|w|).
 * So a feature with h_j > T_j has  x_O·w_j + s_x s_j q_x·q_j + radius ≥ T_j − b_j − γ|b_j| − tiny, and one that fails this cannot be active.
 */
import type { Floors } from "./floors.ts";
import { MOST_FEATURES, TOGETHER, type ProductScan } from "./product_scan.ts";

/** What a block of rows brings to the bound, [N] each. */
export interface RowBounds {
  readonly count: number;
  /** At least as many as the product has columns. */
  readonly scale: Float64Array;
  /** ‖e_x‖ + γ‖x‖ + tiny: times ‖w_j‖. */
  readonly perNorm: Float64Array;
  /** ‖x̂‖: times ‖e_j‖. */
  readonly perError: Float64Array;
  /** Added whatever the feature: underflow. */
  readonly constant: Float64Array;
}

/** Candidates of a block of rows, growing tile by tile. A row with more than `most` is given up: it is cheaper, or only possible, densely. */
export interface Candidates {
  readonly rows: number;
  readonly most: number;
  /** Pairs in order of features, then rows. */
  row: Uint32Array;
  feature: Uint32Array;
  pairs: number;
  readonly counts: Uint32Array;
  readonly givenUp: Uint8Array;
  /** topk: the k largest lower bounds of each row as a heap [N, k], and the least of them: a floor for values. */
  readonly k: number;
  readonly heap: Float64Array;
  /** topk: upper bounds of `row`/`feature`, to drop those that fell below the final level. */
  upper: Float64Array;
  readonly level: Float64Array;
}

export function noCandidates(rows: number, most: number, k: number | null): Candidates {
  const room = rows * 64;
  return {
    rows,
    most,
    row: new Uint32Array(room),
    feature: new Uint32Array(room),
    pairs: 0,
    counts: new Uint32Array(rows),
    givenUp: new Uint8Array(rows),
    k: k ?? 0,
    heap: new Float64Array(rows * (k ?? 0)),
    upper: new Float64Array(k === null ? 0 : room),
    level: new Float64Array(rows),
  };
}

/** Scales and norms of features `start`…, as they lie in the quantised encoder. */
export interface FeatureBounds {
  readonly scale: Float32Array;
  readonly norm: Float32Array;
  readonly error: Float32Array;
}

/**
 * Add the candidates among the features of a tile, `start` … before `end`: `scan` holds their products [features, stride] with stride ≥ N, `outlier` is
 * f32 of the same shape or null. The products of a feature are first compared with one number, which few rows reach.
 */
export function screenTile(scan: ProductScan, outlier: Float32Array | null, stride: number, [start, end]: readonly [number, number], features: FeatureBounds, floors: Floors, rows: RowBounds, into: Candidates): void {
  const { products } = scan;
  const block = blockBounds(rows, into.givenUp);
  const limits = new Int32Array(MOST_FEATURES);
  for (let first = start; first < end; first += MOST_FEATURES) {
    const some = limits.subarray(0, Math.min(MOST_FEATURES, end - first));
    const level = into.k > 0 ? lowestLevel(into) : 0;
    for (let i = 0; i < some.length; i++) some[i] = outlier === null ? leastProduct(first + i, features, floors, block, level) : LEAST;
    const places = scan.find(first - start, stride, some);
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      const tileFeature = Math.floor(place / stride);
      const j = start + tileFeature;
      const n = place - tileFeature * stride;
      for (let lane = 0; lane < TOGETHER; lane++) if (products[place + lane]! >= limits[j - first]!) consider(n + lane, j, products[place + lane]!, outlier === null ? 0 : outlier[place + lane]!, features, floors, rows, into);
    }
  }
}

function lowestLevel({ level, givenUp }: Candidates): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let n = 0; n < level.length; n++) if (givenUp[n] === 0 && level[n]! < lowest) lowest = level[n]!;
  return lowest === Number.POSITIVE_INFINITY ? 0 : lowest;
}

/** The worst of a block of rows. */
interface BlockBounds {
  readonly leastScale: number;
  readonly mostScale: number;
  readonly perNorm: number;
  readonly perError: number;
  readonly constant: number;
}

function blockBounds(rows: RowBounds, givenUp: Uint8Array): BlockBounds {
  const made = { perNorm: 0, perError: 0, constant: 0, leastScale: Number.POSITIVE_INFINITY, mostScale: 0 };
  for (let n = 0; n < rows.count; n++) {
    if (givenUp[n] === 1) continue;
    made.perNorm = Math.max(made.perNorm, rows.perNorm[n]!);
    made.perError = Math.max(made.perError, rows.perError[n]!);
    made.constant = Math.max(made.constant, rows.constant[n]!);
    made.leastScale = Math.min(made.leastScale, rows.scale[n]!);
    made.mostScale = Math.max(made.mostScale, rows.scale[n]!);
  }
  return made;
}

/** The least int32: nothing is excluded. */
const LEAST = -(2 ** 31);

/** No row of the block can be a candidate of feature j where its product is below this whole number: rows of one block have scales that are alike. */
function leastProduct(j: number, features: FeatureBounds, floors: Floors, block: BlockBounds, level: number): number {
  const floor = floors.floor[j]! + floors.slope[j]! * level;
  const radius = block.perNorm * features.norm[j]! + block.perError * features.error[j]! + block.constant;
  const least = (floor - radius) / features.scale[j]!;
  // The float64 arithmetic may be off by a few units in 2⁵³ of its terms.
  const safe = least - ((Math.abs(floor) + radius) / features.scale[j]!) * 2 ** -40;
  const product = Math.floor(safe / (safe > 0 ? block.mostScale : block.leastScale)) - 1;
  // NaN: nothing can be excluded. Above all int32: everything is.
  return product > LEAST ? Math.min(product, 2 ** 31 - 1) : LEAST;
}

function consider(n: number, j: number, product: number, outlier: number, features: FeatureBounds, floors: Floors, rows: RowBounds, into: Candidates): void {
  if (n >= rows.count || into.givenUp[n] === 1) return;
  const estimate = product * (features.scale[j]! * rows.scale[n]!) + outlier;
  const radius = (rows.perNorm[n]! * features.norm[j]! + rows.perError[n]! * features.error[j]! + rows.constant[n]!) * (1 + 2 ** -30) + Math.abs(estimate) * 2 ** -40;
  const reach = estimate + radius - floors.floor[j]!;
  // Asked as "not below", so that what cannot be bounded is computed.
  if (reach < floors.slope[j]! * into.level[n]!) return;
  if (into.counts[n] === into.most) {
    into.givenUp[n] = 1;
    return;
  }
  into.counts[n] = into.counts[n]! + 1;
  if (into.pairs === into.row.length) grow(into);
  into.row[into.pairs] = n;
  into.feature[into.pairs] = j;
  if (into.k > 0) {
    into.upper[into.pairs] = floors.slope[j]! > 0 ? reach / floors.slope[j]! : Number.POSITIVE_INFINITY;
    raise(n, (estimate - radius + floors.base[j]!) * floors.lowScale[j]!, into);
  }
  into.pairs++;
}

/** A lower bound of one more value of row n: the row's level is the k-th largest. Levels start at 0, below which nothing is active. */
function raise(n: number, low: number, into: Candidates): void {
  const { heap, k } = into;
  const root = n * k;
  if (!(low > heap[root]!)) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= k) break;
    if (child + 1 < k && heap[root + child + 1]! < heap[root + child]!) child++;
    if (heap[root + child]! >= low) break;
    heap[root + at] = heap[root + child]!;
    at = child;
  }
  heap[root + at] = low;
  into.level[n] = heap[root]!;
}

function grow(into: Candidates): void {
  const wider = <T extends Uint32Array | Float64Array>(old: T, make: (length: number) => T): T => {
    const made = make(old.length * 2);
    made.set(old);
    return made;
  };
  into.row = wider(into.row, (length) => new Uint32Array(length));
  into.feature = wider(into.feature, (length) => new Uint32Array(length));
  if (into.k > 0) into.upper = wider(into.upper, (length) => new Float64Array(length));
}

/** Which pairs are left, ascending: not of rows given up, and of topk only what reaches the row's final level. In order of features, then rows. */
export function keptPairs({ pairs, row, givenUp, k, upper, level }: Candidates): Uint32Array {
  const kept = new Uint32Array(pairs);
  let count = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const n = row[pair]!;
    if (givenUp[n] === 1 || (k > 0 && upper[pair]! < level[n]!)) continue;
    kept[count++] = pair;
  }
  return kept.subarray(0, count);
}

/** The same row by row, ascending: [N] lists. */
export function byRow(candidates: Candidates): readonly Uint32Array[] {
  const { rows, row, feature } = candidates;
  const kept = keptPairs(candidates);
  const counts = new Uint32Array(rows);
  for (const pair of kept) counts[row[pair]!]!++;
  const lists = Array.from(counts, (count) => new Uint32Array(count));
  counts.fill(0);
  for (const pair of kept) lists[row[pair]!]![counts[row[pair]!]!++] = feature[pair]!;
  return lists;
}
