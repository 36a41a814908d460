/**
 * Without this file every feature of every token would be computed in float32, to find that nearly all are silent.
 *
 * Runs in the engine's process. Rows are taken in blocks: quantised, multiplied with the quantised encoder tile by tile, screened
 * (`kernels/screen.ts`), and the candidates computed: pair by pair where this processor's order of adding is the known one, else by the graph that
 * computes all features, over gathered columns. Values, comparisons and ties are those of the dense graph, bit for bit; rows without a useful
 * bound go through the dense graph itself.
 */
import * as ort from "onnxruntime-node";
import { emitChosen, emitFeatures, fewestFeatures } from "../../src/emit/encode.ts";
import { emitProduct, emitRows, PRODUCT_FEATURES } from "../../src/emit/screen.ts";
import type { QuantizedEncoder, SaeSpec } from "../../src/emit/sae_specs.ts";
import { CPU } from "../../src/emit/target.ts";
import { quantize } from "../kernels/eight_bits.ts";
import { floorsOf, gamma, tiny, type Floors } from "../kernels/floors.ts";
import { noCandidates, screenTile, type Candidates, type RowBounds } from "../kernels/screen.ts";
import { outlyingDimensions } from "../kernels/outliers.ts";
import { openProductScan, TOGETHER, type ProductScan } from "../kernels/product_scan.ts";
import { openPairProducts, type PairProducts } from "../kernels/pair_products.ts";
import { computeColumns, computeRows } from "./lane_columns.ts";
import { computePairs, type ScreenedBlock } from "./lane_pairs.ts";
import { joined, nothingFound, type Found, type Triples } from "./found_features.ts";
import { isSameOrder } from "./lane_pair_order.ts";

/** Rows of one product: more share its weights' way from memory, fewer have bounds closer to each other. */
const BLOCK_ROWS = 256;
/** Bytes of the rows whose candidates are computed together: weights are fetched once for all of them. */
const TOGETHER_BYTES = 2 ** 24;
/** Rows of one dense run: bounds [rows, 8192] values. */
const DENSE_ROWS = 1024;
/** A candidate computed in a group of columns, or as a pair, costs as much as so many features computed densely. */
const DEAR_COLUMN = 24;
const DEAR_PAIR = 16;
/** Above this norm products may overflow float32: such rows and features are not bounded. */
const LARGEST_NORM = 2 ** 60;

export interface Screen {
  readonly sae: SaeSpec;
  readonly encoder: QuantizedEncoder;
  /** See `Opening`. */
  readonly parts: number;
  /** Rows whose candidates are computed together. */
  readonly together: number;
  readonly floors: Floors;
  /** Products of one tile's features and a block's rows are written to its memory: fresh memory would cost as much as half of the work. */
  readonly scan: ProductScan;
  readonly product: (start: number, end: number, outliers: boolean) => Promise<ort.InferenceSession>;
  /** What computes pairs with the bits of this processor's products; null: only a graph does. */
  readonly pairs: () => Promise<PairProducts | null>;
  readonly rows: () => Promise<ort.InferenceSession>;
  readonly chosen: () => Promise<ort.InferenceSession>;
  readonly dense: () => Promise<ort.InferenceSession>;
  readonly release: () => Promise<void>;
}

/** How a screen opens its graphs. */
export interface Opening {
  readonly open: (bytes: Uint8Array, threads: number) => Promise<ort.InferenceSession>;
  readonly threads: number;
  /** Parts that the runtime may cut a product of so many threads in. */
  readonly parts: number;
}

/** Sessions are opened when first needed and stay until `release`. `inPairs`: whether candidates may be computed pair by pair. `together`: of so many rows at once, a multiple of those of a product. */
export function openScreen(sae: SaeSpec, encoder: QuantizedEncoder, { open, threads, parts }: Opening, inPairs = true, together = rowsTogether(sae.dIn)): Screen {
  const target = { ...CPU, parts };
  const sessions = new Map<string, Promise<ort.InferenceSession>>();
  const once = (key: string, emit: () => { readonly bytes: Uint8Array }): Promise<ort.InferenceSession> => {
    const known = sessions.get(key);
    if (known !== undefined) return known;
    const opened = open(emit().bytes, threads);
    sessions.set(key, opened);
    // What could not be opened, for want of memory, is tried again by the next.
    opened.catch(() => sessions.delete(key));
    return opened;
  };
  // Weights in float16 are widened when they are fetched.
  const storedAs = encoder.rows.dtype === "bf16" ? "bf16" : "f32";
  let pairs: Promise<PairProducts | null> | null = null;
  const openPairs = async (): Promise<PairProducts | null> => {
    const products = inPairs ? openPairProducts(sae.dIn, together, storedAs) : null;
    return products !== null && (await isSameOrder(products, sae.dIn, (bytes) => open(bytes, 1))) ? products : null;
  };
  return {
    sae,
    encoder,
    parts,
    together,
    floors: floorsOf(sae),
    scan: openProductScan(Math.min(sae.dSae, PRODUCT_FEATURES), BLOCK_ROWS),
    product: (start, end, outliers) => once(`${start} ${outliers}`, () => emitProduct(encoder, start, end, outliers)),
    pairs: () => {
      pairs ??= openPairs();
      pairs.catch(() => (pairs = null));
      return pairs;
    },
    rows: () => once("rows", () => emitRows(encoder.rows, storedAs === "bf16")),
    chosen: () => once("chosen", () => emitChosen(sae, encoder.rows, target)),
    dense: () => once("dense", () => emitFeatures(sae, target)),
    release: async () => {
      const opened = [...sessions.values()];
      sessions.clear();
      await Promise.allSettled(opened.map(async (session) => (await session).release()));
    },
  };
}

/** Encoder inputs x f32 [N, d] → triples sorted by row, then feature. `exact`: whether this processor's eight-bit product is. */
export async function screenRows(screen: Screen, x: Float32Array, exact: boolean): Promise<Triples> {
  const d = screen.sae.dIn;
  const rows = x.length / d;
  const found = nothingFound(rows);
  const dense: number[] = [];
  const sizes = squaredSizes(x, d);
  const bySize = Uint32Array.from(sizes.keys()).sort((a, b) => sizes[a]! - sizes[b]! || a - b);
  const usable = exact && screen.sae.kind !== "groupmax" && d <= 65_536 && screen.sae.dSae >= Math.max(fewestFeatures(screen.parts), screen.sae.k ?? 0);
  for (let from = 0; from < rows; from += screen.together) {
    const some = bySize.subarray(from, from + screen.together);
    if (usable) dense.push(...(await screenSome(screen, x, sizes, some, found)));
    else dense.push(...some);
  }
  dense.sort((a, b) => a - b);
  for (let from = 0; from < dense.length; from += DENSE_ROWS) await computeRows(await screen.dense(), x, d, Uint32Array.from(dense.slice(from, from + DENSE_ROWS)), null, found);
  return joined(found, rows, dense.length);
}

/** Whole blocks of rows whose candidates are computed together. */
function rowsTogether(d: number): number {
  return Math.max(1, Math.floor(TOGETHER_BYTES / (4 * d * BLOCK_ROWS))) * BLOCK_ROWS;
}

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

/** Screen and compute these rows of x, which lie by their sizes; returns those that only the dense graph can answer. */
async function screenSome(screen: Screen, x: Float32Array, sizes: Float64Array, some: Uint32Array, found: Found): Promise<readonly number[]> {
  const pairs = await screen.pairs();
  const blocks: ScreenedBlock[] = [];
  for (let from = 0; from < some.length; from += BLOCK_ROWS) {
    const rows = some.subarray(from, from + BLOCK_ROWS).toSorted();
    blocks.push({ rows, candidates: await screenBlock(screen, x, sizes, rows, pairs === null ? DEAR_COLUMN : DEAR_PAIR) });
  }
  if (pairs !== null) await computePairs(screen, pairs, x, blocks, found);
  else for (const { rows, candidates } of blocks) await computeColumns(screen, x, rows, candidates, found);
  return blocks.flatMap(({ rows, candidates }) => Array.from(rows).filter((_, n) => candidates.givenUp[n] === 1));
}

/** What rows `block` of x, ascending, may have. `dear`: what a candidate costs, in features computed densely. */
async function screenBlock(screen: Screen, x: Float32Array, sizes: Float64Array, block: Uint32Array, dear: number): Promise<Candidates> {
  const { sae, encoder, floors } = screen;
  const { dIn: d, dSae: m } = sae;
  const outliers = outlyingDimensions(x, d, sizes, block);
  const stride = Math.ceil(block.length / TOGETHER) * TOGETHER;
  const levels = new Int8Array(d * stride);
  const bounds = rowBounds(x, d, block, outliers, levels, stride);
  const candidates = noCandidates(block.length, Math.max(fewestFeatures(screen.parts), Math.floor(m / dear)), sae.kind === "topk" ? Math.min(sae.k!, m) : null);
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
    const end = Math.min(m, start + PRODUCT_FEATURES);
    const session = await screen.product(start, end, outliers.length > 0);
    const into = new ort.Tensor("int32", screen.scan.products.subarray(0, (end - start) * stride), [end - start, stride]);
    const { outlier } = await session.run(feeds, outliers.length > 0 ? { product: into, outlier: null } : { product: into });
    screenTile(screen.scan, (outlier?.data as Float32Array | undefined) ?? null, stride, [start, end], encoder, floors, bounds, candidates);
  }
  return candidates;
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
