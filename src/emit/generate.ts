/** Without this file the model could be read but could not continue a text. */
import { afterAttention, attention, blockFlops, cacheWidth, embedding, rmsNorm, shared, type Cache } from "./block.ts";
import { constant, createGraph, finish, input, node, output, stored, weightRows, type Graph } from "./graph.ts";
import type { DecoderSpec, EmittedGraph } from "./specs.ts";

/** Columns of the vocabulary product at a time: bounds the float32 copy of the matrix. */
const TILE = 8192;

/**
 * One step of greedy decoding.
 *
 * Feeds (B prompts of one length, B ≥ 2: repeat a single prompt, one row alone takes another kernel; P tokens already in the cache, T new ones):
 *   input_ids int64 [B, T]   the prompt (P = 0), then one token a step
 *   layout    int64 [3]      B, T, -1
 *   lengths   int32 [B]      P + T, the same for all
 *   total     int32 [1]      P + T; at most `maxPositions(model)`
 *   past_key_{i}, past_value_{i} f32 [B, kvHeads, P, cacheWidth(model)], P = 0 at first
 * Outputs: `next` int64 [B], the most likely next id (ties to the lower id), and `present_key_{i}`, `present_value_{i}` with P + T tokens.
 */
export function emitGenerate(model: DecoderSpec): EmittedGraph {
  return finish(generateGraph(model), blockFlops(model, model.blocks.length) + 2 * model.vocabulary * model.hiddenSize);
}

/** The same before it becomes bytes. */
export function generateGraph(model: DecoderSpec): Graph {
  const graph = createGraph("generate");
  const ids = input(graph, "input_ids", "i64", ["B", "T"]);
  const common = shared(graph, model);
  const width = cacheWidth(model);
  /** [B·T, w] → the last token of each prompt [B, w]. */
  const lastRows = (path: string, x: string): string => {
    const documents = node(graph, `${path}/documents`, "Reshape", [x, common.layout]);
    return node(graph, path, "Gather", [documents, constant(graph, "i64", [], [-1])], { axis: 1 });
  };

  let x = embedding(graph, model, ids, stored(graph, "/embed/table", model.embed));
  model.blocks.forEach((block, layer) => {
    const path = `/layers.${layer}`;
    const dims = ["B", model.kvHeads, "P", width];
    const past: Cache = { key: input(graph, `past_key_${layer}`, "f32", dims), value: input(graph, `past_value_${layer}`, "f32", dims) };
    const { mixed, present } = attention(graph, `${path}/attn`, model, block, common, x, past);
    const grown = ["B", model.kvHeads, "P+T", width];
    output(graph, `present_key_${layer}`, present.key, "f32", grown);
    output(graph, `present_value_${layer}`, present.value, "f32", grown);
    x = layer === model.blocks.length - 1
      ? afterAttention(graph, path, model, block, lastRows(`${path}/rows`, x), lastRows(`${path}/mixed_rows`, mixed))
      : afterAttention(graph, path, model, block, x, mixed);
  });

  const normed = rmsNorm(graph, "/norm", x, model.finalNorm, model.rmsEpsilon);
  const head = model.lmHead ?? model.embed;
  const logits = Array.from({ length: Math.ceil(model.vocabulary / TILE) }, (_, at) => {
    const path = `/lm_head/tile${at}`;
    const part = weightRows(graph, `${path}/weight`, head, at * TILE, Math.min((at + 1) * TILE, model.vocabulary));
    return node(graph, path, "Gemm", [normed, part], { transB: 1 });
  });
  const all = logits.length === 1 ? (logits[0] as string) : node(graph, "/lm_head", "Concat", logits, { axis: 1 });
  output(graph, "next", node(graph, "/next", "ArgMax", [all], { axis: 1, keepdims: 0, select_last_index: 0 }), "i64", ["B"]);
  return graph;
}
