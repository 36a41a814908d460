/** Without this file features would not become a residual again. */
import { TILE } from "./encode.ts";
import { constant, createGraph, finish, input, ints, node, output, scalar, weight, weightColumns, weightRows, type Graph } from "./graph.ts";
import { restored } from "./normalize.ts";
import { product } from "./product.ts";
import type { SaeDecoder, SaeSpec } from "./sae_specs.ts";
import type { EmittedGraph } from "./specs.ts";
import type { Target } from "./target.ts";

/** Rows of one call at most, so that rows × features stays below 64 MiB. */
export function decodeRows(sae: SaeSpec, most: number): number {
  return Math.max(2, Math.min(most, Math.floor((64 * 2 ** 20) / (4 * sae.dSae))));
}

/**
 * Features of N ≥ 2 rows → `tap0_dense` f32 [N, dOut]. Feeds: `residual` f32 [N, dIn], what was encoded (its norm and its skip are part of
 * some reconstructions); `place` int64 [nnz, 1], row·dSae + feature of each active feature, and `value` f32 [nnz].
 * Tiles of features are added in order, so a row's bits do not depend on how many rows there are.
 */
export function emitDecode(sae: SaeSpec, target?: Target): EmittedGraph {
  const { decoder } = sae;
  if (decoder === null) throw new Error(`an SAE without a decoder: ${sae.noDecoder}`);
  const graph = createGraph("decode", target);
  const x = input(graph, "residual", "f32", ["N", sae.dIn]);
  const place = input(graph, "place", "i64", ["nnz", 1]);
  const value = input(graph, "value", "f32", ["nnz"]);
  const features = spread(graph, sae, x, place, scaled(graph, sae, decoder, place, value));
  let sum = products(graph, sae, decoder, features);
  if (decoder.bias !== null) sum = node(graph, "/biased", "Add", [sum, constant(graph, "f32", [decoder.dOut], decoder.bias)]);
  const back = sae.hookOut === null ? restored(graph, "/restored", sae, x, sum) : sum;
  output(graph, "tap0_dense", skipped(graph, decoder, x, back), "f32", ["N", decoder.dOut]);
  return finish(graph, 2 * sae.dSae * decoder.dOut);
}

function scaled(graph: Graph, sae: SaeSpec, decoder: SaeDecoder, place: string, value: string): string {
  if (decoder.scale === null) return value;
  const flat = node(graph, "/place", "Squeeze", [place, ints(graph, 1)]);
  const feature = node(graph, "/feature", "Mod", [flat, ints(graph, sae.dSae)]);
  return node(graph, "/scaled", "Mul", [value, node(graph, "/scale", "Gather", [constant(graph, "f32", [sae.dSae], decoder.scale), feature], { axis: 0 })]);
}

/** The dense [N, dSae] of one call. */
function spread(graph: Graph, sae: SaeSpec, x: string, place: string, value: string): string {
  const rows = node(graph, "/rows", "Slice", [node(graph, "/shape", "Shape", [x]), ints(graph, 0), ints(graph, 1), ints(graph, 0)]);
  const size = node(graph, "/size", "Mul", [rows, ints(graph, sae.dSae)]);
  const zeros = node(graph, "/zeros", "Expand", [scalar(graph, 0), size]);
  return node(graph, "/features", "Reshape", [node(graph, "/flat", "ScatterND", [zeros, place, value]), ints(graph, -1, sae.dSae)]);
}

function products(graph: Graph, sae: SaeSpec, decoder: SaeDecoder, features: string): string {
  let sum: string | null = null;
  for (let start = 0; start < sae.dSae; start += TILE) {
    const end = Math.min(start + TILE, sae.dSae);
    const path = `/tile${start / TILE}`;
    const whole = start === 0 && end === sae.dSae;
    const part = whole ? features : node(graph, `${path}/features`, "Slice", [features, ints(graph, start), ints(graph, end), ints(graph, 1)]);
    const outIn = decoder.layout === "out_in";
    const matrix = !outIn
      ? weightRows(graph, `${path}/weight`, decoder.weight, start, end)
      : whole
        ? weight(graph, `${path}/weight`, decoder.weight)
        : weightColumns(graph, `${path}/weight`, "/decoder", decoder.weight, start, end);
    const made = product(graph, `${path}/product`, part, matrix, decoder.dOut, decoder.layout);
    sum = sum === null ? made : node(graph, `${path}/sum`, "Add", [sum, made]);
  }
  if (sum === null) throw new Error("an SAE has features");
  return sum;
}

function skipped(graph: Graph, { skip, dOut }: SaeDecoder, x: string, sum: string): string {
  if (skip === null) return sum;
  const straight = product(graph, "/skip/product", x, weight(graph, "/skip/weight", skip.weight), dOut, skip.layout);
  return node(graph, "/skip", "Add", [sum, straight]);
}
