/** Without this file there would be no eight-bit product to tell which features may be active at all. */
import { createHash } from "node:crypto";
import { shiftedTap } from "./encode.ts";
import { constant, createGraph, finish, input, node, output, stored, storedBytes } from "./graph.ts";
import type { QuantizedEncoder, SaeSpec } from "./sae_specs.ts";
import type { EmittedGraph, ScreenedTap, TensorRef } from "./specs.ts";
import type { Target } from "./target.ts";

/** An SAE by itself up to its product, the rest being the engine's: feed `residual` f32 [N, d] with N ≥ 2 → `tap0_shifted`. */
export function emitScreened(sae: SaeSpec, target?: Target): EmittedGraph {
  const graph = createGraph("screened", target);
  shiftedTap(graph, 0, sae, input(graph, "residual", "f32", ["N", sae.dIn]));
  return withScreens(finish(graph, 0), [{ tap: 0, sae }]);
}

/** The graph with what its screened taps need, and a key of both: graphs of SAEs that differ only behind the encoder's input are equal. */
export function withScreens(graph: EmittedGraph, screened: readonly ScreenedTap[]): EmittedGraph {
  if (screened.length === 0) return graph;
  const hash = createHash("sha256").update(graph.key);
  for (const { tap, sae } of screened) {
    const vectors = [sae.bias, sae.preScale, sae.threshold, sae.gateBias, sae.magnitudeScale, sae.outputScale];
    hash.update(JSON.stringify([tap, sae.kind, sae.k, sae.dSae, sae.encoder, vectors.map((vector) => vector?.length ?? null)]));
    for (const vector of vectors) if (vector !== null) hash.update(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }
  return { ...graph, key: hash.digest("hex"), screened };
}

/** Features of one product: with 256 rows its int32 result is 4 MiB, and stays in the processor's last cache (measured: 1.5× faster than 16,384). */
export const PRODUCT_FEATURES = 4096;

/**
 * Levels of features `start`…`end` times inputs: feed `x` int8 [d, N] → `product` int32 [features, N] = Σ_i (level_ji − 128) · x_in, exact
 * where d ≤ 65,536. Weights are the left factor, as they lie in the file, so nothing is transposed or copied.
 * `outliers`: feed `dims` int64 [O] and `values` f32 [O, N] too → `outlier` f32 [features, N] = Σ_i w_ji · values_in over those dimensions.
 */
export function emitProduct(encoder: QuantizedEncoder, start: number, end: number, outliers: boolean): EmittedGraph {
  const graph = createGraph("product");
  const d = encoder.rows.shape[1] as number;
  const x = input(graph, "x", "i8", [d, "N"]);
  const levels = storedBytes(graph, "/levels", "u8", encoder.levels.file, encoder.levels.offset + start * d, [end - start, d]);
  output(graph, "product", node(graph, "/product", "MatMulInteger", [levels, x, constant(graph, "u8", [], [128])]), "i32", [end - start, "N"]);
  if (outliers) {
    const dims = input(graph, "dims", "i64", ["O"]);
    const values = input(graph, "values", "f32", ["O", "N"]);
    const { rows } = encoder;
    const bytes = rows.length / (rows.shape[0] as number);
    const part = stored(graph, "/rows", { ...rows, offset: rows.offset + start * bytes, length: (end - start) * bytes, shape: [end - start, d] });
    const columns = node(graph, "/outlier/columns", "Gather", [part, dims], { axis: 1 });
    const wide = rows.dtype === "f32" ? columns : node(graph, "/outlier/weight", "Cast", [columns], { to: 1 });
    output(graph, "outlier", node(graph, "/outlier", "Gemm", [wide, values]), "f32", [end - start, "N"]);
  }
  return finish(graph, 0);
}

/**
 * Whether this processor's eight-bit product is exact: feed nothing → `sums` int32 [32, 16]. Where it adds pairs of products in 16 bits
 * that saturate (x86 without VNNI), 255 · 127 twice is not 64,770.
 */
export function emitExactness(depth: number): EmittedGraph {
  const graph = createGraph("exactness");
  const x = input(graph, "x", "i8", [depth, 16]);
  const levels = constant(graph, "u8", [32, depth], new Uint8Array(32 * depth).fill(255));
  output(graph, "sums", node(graph, "/sums", "MatMulInteger", [levels, x, constant(graph, "u8", [], [0])]), "i32", [32, 16]);
  return finish(graph, 0);
}

/** Rows of an encoder [m, d]: feed `at` int64 [U] → `rows` [U, d], float32, or as `bf16` is stored where `raw`: its bytes, uint8 [U, 2 · d]. */
export function emitRows(encoder: TensorRef, raw: boolean): EmittedGraph {
  const graph = createGraph("rows");
  const [m, d] = encoder.shape as readonly [number, number];
  const at = input(graph, "at", "i64", ["U"]);
  if (raw) {
    const bytes = storedBytes(graph, "/whole", "u8", encoder.file, encoder.offset, [m, 2 * d]);
    output(graph, "rows", node(graph, "/rows", "Gather", [bytes, at], { axis: 0 }), "u8", ["U", 2 * d]);
    return finish(graph, 0);
  }
  const gathered = node(graph, "/gathered", "Gather", [stored(graph, "/whole", encoder), at], { axis: 0 });
  output(graph, "rows", encoder.dtype === "f32" ? gathered : node(graph, "/rows", "Cast", [gathered], { to: 1 }), "f32", ["U", d]);
  return finish(graph, 0);
}

/** The products that encoders are made of: feed `x` f32 [N, d], `w` f32 [U, d], `bias` f32 [U] → `product` and `biased` f32 [N, U]. */
export function emitProducts(d: number): EmittedGraph {
  const graph = createGraph("products");
  const [x, w, bias] = [input(graph, "x", "f32", ["N", d]), input(graph, "w", "f32", ["U", d]), input(graph, "bias", "f32", ["U"])];
  output(graph, "product", node(graph, "/product", "Gemm", [x, w], { transB: 1 }), "f32", ["N", "U"]);
  output(graph, "biased", node(graph, "/biased", "Gemm", [x, w, bias], { transB: 1 }), "f32", ["N", "U"]);
  return finish(graph, 0);
}

/** A product of `size` features with inputs of `size` dimensions, to be timed: `x` f32 [N, size], or with `eightBits` int8 [size, N]. */
export function emitSpeed(size: number, eightBits: boolean): EmittedGraph {
  const graph = createGraph("speed");
  const x = input(graph, "x", eightBits ? "i8" : "f32", eightBits ? [size, "N"] : ["N", size]);
  const weights = constant(graph, eightBits ? "u8" : "f32", [size, size], new Uint8Array(size * size).fill(1));
  const product = eightBits ? node(graph, "/y", "MatMulInteger", [weights, x, constant(graph, "u8", [], [128])]) : node(graph, "/y", "Gemm", [x, weights], { transB: 1 });
  output(graph, "y", product, eightBits ? "i32" : "f32", eightBits ? [size, "N"] : ["N", size]);
  return finish(graph, 0);
}
