/** Without this file each graph that predicts tokens would multiply by the vocabulary in its own way. */
import { createGraph, input, node, output, scalar, weight, weightRows, type Graph, type Tiling } from "./graph.ts";
import { columnsInCache, linear } from "./linear.ts";
import { lowered } from "./lowering/lower.ts";
import { norm } from "./norm.ts";
import { oneOfMany, product, unshaped } from "./product.ts";
import type { DecoderSpec, EmittedGraph, TensorRef } from "./specs.ts";
import type { Target } from "./target.ts";

/** Columns of the vocabulary product at a time: bounds the float32 copy of the matrix. */
const VOCABULARY_TILE = 8192;
/** Tiles of it at most where its copy is to stay in the processor's caches: there is one such matrix. */
const MOST_TILES = 512;

/** Columns of a head [vocabulary, in] that are multiplied at a time. */
export function vocabularyTile({ dtype, shape }: TensorRef, { provider, parts = 1 }: Target, tiling: Tiling): number {
  const [out, inner] = shape as readonly [number, number];
  return Math.min(out, VOCABULARY_TILE, provider === "cpu" && tiling === "cached" && dtype !== "f32" ? columnsInCache(inner, out, parts, MOST_TILES) : out);
}

/** Normed rows f32 [n, d], n ≥ 2 → logits f32 [n, vocabulary], bias, factor and all, before they are capped. */
export function vocabulary(graph: Graph, model: DecoderSpec, normed: string): string {
  const head = model.lmHead ?? model.embed;
  const tile = vocabularyTile(head, graph.target, graph.tiling);
  const times = tile < model.vocabulary ? oneOfMany : product;
  const rows = tile < model.vocabulary ? unshaped(graph, normed, head.shape[1]!) : normed;
  const logits = Array.from({ length: Math.ceil(model.vocabulary / tile) }, (_, at) => {
    const path = `/lm_head/tile${at}`;
    const [start, end] = [at * tile, Math.min((at + 1) * tile, model.vocabulary)];
    return times(graph, path, rows, weightRows(graph, `${path}/weight`, head, start, end), end - start, "out_in");
  });
  const all = logits.length === 1 ? (logits[0] as string) : node(graph, "/lm_head", "Concat", logits, { axis: 1 });
  const biased = model.lmHeadBias === null ? all : node(graph, "/lm_head/biased", "Add", [all, weight(graph, "/lm_head/bias", model.lmHeadBias)]);
  return model.logitScale === undefined ? biased : node(graph, "/lm_head/scaled", "Mul", [biased, scalar(graph, model.logitScale)]);
}

/** Columns of what the head multiplies. */
export function headWidth({ hiddenSize, headMap }: DecoderSpec): number {
  return headMap?.weight.shape[0] ?? hiddenSize;
}

/** The stream at the end of the blocks f32 [n, d] → what the head multiplies, f32 [n, its width]. */
export function hiddenOf(graph: Graph, model: DecoderSpec, x: string): string {
  const normed = model.finalNorm === null ? x : norm(graph, "/norm", x, model.norm, model.finalNorm, model.hiddenSize);
  return model.headMap === undefined ? normed : linear(graph, "/head_map", normed, model.headMap);
}

/** The head by itself: feed `hidden` f32 [N, its width], N ≥ 2, rows behind the last norm → `logits` f32 [N, vocabulary], before they are capped. */
export function emitHead(model: DecoderSpec, target?: Target): EmittedGraph {
  return lowered(headGraph(model, target), 0);
}

/** The same before it becomes bytes. */
export function headGraph(model: DecoderSpec, target?: Target): Graph {
  const graph = createGraph("head", target);
  output(graph, "logits", vocabulary(graph, model, input(graph, "hidden", "f32", ["N", headWidth(model)])), "f32", ["N", model.vocabulary]);
  return graph;
}
