/**
 * Without this file every feature of every token would be computed in float32, to find that nearly all are silent.
 *
 * Runs in the engine's process. Rows are taken in blocks: quantised, multiplied with the quantised encoder tile by tile, screened
 * (`kernels/screen.ts`), and the candidates computed by the graph that computes all features densely, over gathered columns. Its
 * values, comparisons and ties are those of the dense graph, bit for bit; rows without a useful bound go through the dense graph itself.
 */
import * as ort from "onnxruntime-node";
import { emitChosen, emitFeatures, FEWEST_COLUMNS } from "../../src/emit/encode.ts";
import { emitProduct, PRODUCT_FEATURES } from "../../src/emit/screen.ts";
import type { QuantizedEncoder, SaeSpec } from "../../src/emit/specs.ts";
import { quantize } from "../kernels/eight_bits.ts";
import { commonFeatures, groupRows } from "../kernels/row_groups.ts";
import { floorsOf, gamma, tiny, type Floors } from "../kernels/floors.ts";
import { byRow, noCandidates, screenTile, type RowBounds } from "../kernels/screen.ts";
import { outlyingDimensions } from "../kernels/outliers.ts";
import { narrow } from "./narrow.ts";

/** Rows of one product: more share its weights' way from memory, fewer have bounds closer to each other. */
const BLOCK_ROWS = 256;
/** Rows of one dense run: bounds [rows, 8192] values. */
const DENSE_ROWS = 1024;
/** Above this norm products may overflow float32: such rows and features are not bounded. */
const LARGEST_NORM = 2 ** 60;

export interface Screen {
  readonly sae: SaeSpec;
  readonly encoder: QuantizedEncoder;
  readonly floors: Floors;
  readonly product: (start: number, end: number, outliers: boolean) => Promise<ort.InferenceSession>;
  readonly chosen: () => Promise<ort.InferenceSession>;
  readonly dense: () => Promise<ort.InferenceSession>;
  readonly release: () => Promise<void>;
}

export interface Triples {
  readonly row: Int32Array;
  readonly feature: Int32Array;
  readonly value: Float32Array;
  /** Rows, pairs that the bound could not exclude, values computed for them, rows computed densely. */
  readonly counts: Int32Array;
}

/** Sessions are opened when first needed, by `open`, and stay until `release`. */
export function openScreen(sae: SaeSpec, encoder: QuantizedEncoder, open: (bytes: Uint8Array) => Promise<ort.InferenceSession>): Screen {
  const sessions = new Map<string, Promise<ort.InferenceSession>>();
  const once = (key: string, emit: () => { readonly bytes: Uint8Array }): Promise<ort.InferenceSession> => {
    const known = sessions.get(key) ?? open(emit().bytes);
    sessions.set(key, known);
    return known;
  };
  return {
    sae,
    encoder,
    floors: floorsOf(sae),
    product: (start, end, outliers) => once(`${start} ${outliers}`, () => emitProduct(encoder, start, end, outliers)),
    chosen: () => once("chosen", () => emitChosen(sae, encoder.rows)),
    dense: () => once("dense", () => emitFeatures(sae)),
    release: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

/** Encoder inputs x f32 [N, d] → triples sorted by row, then feature. `exact`: whether this processor's eight-bit product is. */
export async function screenRows(screen: Screen, x: Float32Array, exact: boolean): Promise<Triples> {
  const d = screen.sae.dIn;
  const rows = x.length / d;
  const found: Found = { features: new Array<Int32Array>(rows).fill(NONE), values: new Array<Float32Array>(rows).fill(NOTHING), candidates: 0, computed: 0 };
  const dense: number[] = [];
  const sizes = squaredSizes(x, d);
  const bySize = Uint32Array.from(sizes.keys()).sort((a, b) => sizes[a]! - sizes[b]! || a - b);
  const usable = exact && screen.sae.kind !== "groupmax" && d <= 65_536 && screen.sae.dSae >= Math.max(FEWEST_COLUMNS, screen.sae.k ?? 0);
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const block = bySize.subarray(from, from + BLOCK_ROWS).toSorted();
    if (usable) dense.push(...(await screenBlock(screen, x, sizes, block, found)));
    else dense.push(...block);
  }
  dense.sort((a, b) => a - b);
  for (let from = 0; from < dense.length; from += DENSE_ROWS) await run(await screen.dense(), x, d, Uint32Array.from(dense.slice(from, from + DENSE_ROWS)), null, found);
  return joined(found, rows, dense.length);
}

interface Found {
  readonly features: Int32Array[];
  readonly values: Float32Array[];
  candidates: number;
  computed: number;
}

const NONE = new Int32Array(0);
const NOTHING = new Float32Array(0);

/** ‖x‖² of every row: rows of one size share one bound. */
function squaredSizes(x: Float32Array, d: number): Float64Array {
  const sizes = new Float64Array(x.length / d);
  for (let n = 0; n < sizes.length; n++) {
    let squares = 0;
    for (let i = n * d; i < (n + 1) * d; i++) squares += x[i]! * x[i]!;
    sizes[n] = squares;
  }
  return sizes;
}

/** Screen and compute rows `block` of x; returns those that only the dense graph can answer. */
async function screenBlock(screen: Screen, x: Float32Array, sizes: Float64Array, block: Uint32Array, found: Found): Promise<readonly number[]> {
  const { sae, encoder, floors } = screen;
  const { dIn: d, dSae: m } = sae;
  const outliers = outlyingDimensions(x, d, sizes, block);
  const stride = Math.ceil(block.length / 4) * 4;
  const levels = new Int8Array(d * stride);
  const bounds = rowBounds(x, d, block, outliers, levels, stride);
  const candidates = noCandidates(block.length, Math.max(FEWEST_COLUMNS, Math.floor(m / 24)), sae.kind === "topk" ? Math.min(sae.k!, m) : null);
  bounds.unbounded.forEach((n) => (candidates.givenUp[n] = 1));
  const feeds: Record<string, ort.Tensor> = { x: new ort.Tensor("int8", levels, [d, stride]) };
  if (outliers.length > 0) {
    const values = new Float32Array(outliers.length * stride);
    outliers.forEach((dim, o) => block.forEach((row, n) => (values[o * stride + n] = x[row * d + dim]!)));
    feeds["dims"] = new ort.Tensor("int64", BigInt64Array.from(outliers, BigInt), [outliers.length]);
    feeds["values"] = new ort.Tensor("float32", values, [outliers.length, stride]);
  }
  for (let start = 0; start < m; start += PRODUCT_FEATURES) {
    if (candidates.givenUp.every((gone) => gone === 1)) break;
    const session = await screen.product(start, Math.min(m, start + PRODUCT_FEATURES), outliers.length > 0);
    const { product, outlier } = await session.run(feeds);
    screenTile(product!.data as Int32Array, (outlier?.data as Float32Array | undefined) ?? null, stride, start, encoder, floors, bounds, candidates);
  }
  const lists = byRow(candidates);
  for (const list of lists) found.candidates += list.length;
  const least = Math.max(FEWEST_COLUMNS, candidates.k);
  const compute = async (rows: Uint32Array, features: Uint32Array): Promise<void> => {
    found.computed += rows.length * features.length;
    await run(await screen.chosen(), x, d, rows.map((n) => block[n]!), features, found);
  };
  const kept = Uint32Array.from(lists.keys()).filter((n) => candidates.givenUp[n] === 0 && lists[n]!.length > 0);
  // The k largest of a row are chosen among all its candidates: those of topk stay together.
  const common = sae.kind === "topk" ? new Uint32Array(0) : commonFeatures(kept, lists, m, least);
  if (common.length > 0) await compute(kept, common);
  const isCommon = new Uint8Array(m);
  for (const feature of common) isCommon[feature] = 1;
  const rest = lists.map((list) => list.filter((feature) => isCommon[feature] === 0));
  for (const { rows, features } of groupRows(kept.filter((n) => rest[n]!.length > 0), rest, m, least)) await compute(rows, features);
  return Array.from(block).filter((_, n) => candidates.givenUp[n] === 1);
}

/** Rows quantised before they become columns: their cells of one dimension share a cache line. */
const BAND = 16;

/** Rows [some, d] → columns `first` … of [d, stride]. */
function turn(rows: Int8Array, d: number, columns: Int8Array, stride: number, first: number, some: number): void {
  for (let i = 0; i < d; i++) for (let n = 0, to = i * stride + first; n < some; n++, to++) columns[to] = rows[n * d + i]!;
}

interface Quantized extends RowBounds {
  readonly unbounded: readonly number[];
}

function rowBounds(x: Float32Array, d: number, block: Uint32Array, outliers: readonly number[], levels: Int8Array, stride: number): Quantized {
  const count = block.length;
  const made = { count, scale: new Float64Array(stride), perNorm: new Float64Array(count), perError: new Float64Array(count), constant: new Float64Array(count), unbounded: [] as number[] };
  const skip = outliers.length === 0 ? null : new Uint8Array(d);
  for (const dim of outliers) skip![dim] = 1;
  const turned = new Int8Array(d * BAND);
  block.forEach((row, n) => {
    const { scale, norm, kept, error } = quantize(x, row * d, d, turned, (n % BAND) * d, 0, skip);
    if (n % BAND === BAND - 1 || n === count - 1) turn(turned, d, levels, stride, n - (n % BAND), (n % BAND) + 1);
    if (!(norm < LARGEST_NORM)) made.unbounded.push(n);
    made.scale[n] = scale;
    made.perNorm[n] = error + gamma(d) * norm + tiny(d);
    made.perError[n] = kept;
    made.constant[n] = tiny(d) * (1 + norm);
  });
  return made;
}

/** Compute rows of x: of `features` alone (ascending, enough of them), or of all with the dense graph. */
async function run(session: ort.InferenceSession, x: Float32Array, d: number, rows: Uint32Array, features: Uint32Array | null, found: Found): Promise<void> {
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
    add(found, at, feature.slice(first, entry), value.slice(first, entry));
  });
}

/** A row's features in order; two runs of one row never share a feature that is active, but padding may repeat it. */
function add(found: Found, row: number, features: Int32Array, values: Float32Array): void {
  const [before, old] = [found.features[row]!, found.values[row]!];
  if (before.length === 0) {
    found.features[row] = features;
    found.values[row] = values;
    return;
  }
  const length = before.length + features.length;
  const made = { features: new Int32Array(length), values: new Float32Array(length) };
  let to = 0;
  for (let a = 0, b = 0; a < before.length || b < features.length; to++) {
    const first = b === features.length || (a < before.length && before[a]! <= features[b]!);
    made.features[to] = first ? before[a]! : features[b]!;
    made.values[to] = first ? old[a]! : values[b]!;
    if (first && b < features.length && before[a] === features[b]) b++;
    if (first) a++;
    else b++;
  }
  found.features[row] = made.features.subarray(0, to);
  found.values[row] = made.values.subarray(0, to);
}

function joined({ features, values, candidates, computed }: Found, rows: number, dense: number): Triples {
  const entries = features.reduce((sum, list) => sum + list.length, 0);
  const made = { row: new Int32Array(entries), feature: new Int32Array(entries), value: new Float32Array(entries), counts: Int32Array.of(rows, candidates, computed, dense) };
  let at = 0;
  for (let n = 0; n < rows; n++) {
    made.row.fill(n, at, at + features[n]!.length);
    made.feature.set(features[n]!, at);
    made.value.set(values[n]!, at);
    at += features[n]!.length;
  }
  return made;
}
