/** Without this file there would be no fused graph from token ids to activations. */
import { afterAttention, attention, blockFlops, embedding, shared } from "./block.ts";
import { encodeTap } from "./encode.ts";
import { createGraph, finish, input, ints, node, output, stored, type Graph } from "./graph.ts";
import type { DecoderSpec, EmittedGraph, GraphTap } from "./specs.ts";

export interface ForwardOptions {
  /** Blocks to compute, at least as many as the taps need; null: all of the model. */
  readonly blocks: number | null;
  /** Gather the wanted rows inside the last block (after attention) instead of at the hook. */
  readonly slice: boolean;
}

/** Blocks done when the hook is reached: the smallest count that a tap can be read from. */
export function blocksNeeded(tap: Pick<GraphTap, "layer" | "hook">): number {
  return tap.hook === "resid_pre" ? tap.layer : tap.layer + 1;
}

/**
 * The model up to its highest tap, and every tap read at the wanted positions.
 *
 * Feeds: B documents padded on the right to S tokens. S is even: attention works in blocks of an even number of rows, and a block of one
 * row would take another kernel and give other bits (measured at 65, 129 … rows of 32-wide heads). N ≥ 2 for the same reason.
 *   input_ids int64 [B, S]   padding may be any valid id: attention is causal, so no real token sees it
 *   layout    int64 [3]      B, S, -1
 *   lengths   int32 [B]      S for every document
 *   total     int32 [1]      S; real tokens at most `maxPositions(model)`
 *   wanted    int64 [N]      row numbers b·S + position
 * Outputs for tap i, rows numbered 0…N−1 in the order of `wanted`: `tap{i}_dense` f32 [N, d], or triples sorted by row, then feature:
 * `tap{i}_row` int64, `tap{i}_feature` int64, `tap{i}_value` f32 > 0 (NaN where the arithmetic gave NaN).
 * Where `blocks` asks for more than the taps need, `rest` f32 [1, d] keeps the further blocks alive.
 */
export function emitForward(model: DecoderSpec, taps: readonly GraphTap[], options: ForwardOptions): EmittedGraph {
  return finish(forwardGraph(model, taps, options), blockFlops(model, blockCount(model, taps, options)));
}

function blockCount(model: DecoderSpec, taps: readonly GraphTap[], options: ForwardOptions): number {
  const needed = Math.max(0, ...taps.map(blocksNeeded));
  const count = options.blocks ?? model.blocks.length;
  if (taps.length === 0) throw new Error("a forward graph needs a tap");
  if (needed > count || count > model.blocks.length) throw new Error(`taps need ${needed} blocks of ${count} asked and ${model.blocks.length} there are`);
  return count;
}

/** The same before it becomes bytes: for goldens and `explain`. */
export function forwardGraph(model: DecoderSpec, taps: readonly GraphTap[], options: ForwardOptions): Graph {
  const graph = createGraph("forward");
  const count = blockCount(model, taps, options);
  const last = Math.max(...taps.map(blocksNeeded));
  const gatherInside = options.slice && count === last && count > 0;
  const ids = input(graph, "input_ids", "i64", ["B", "S"]);
  const common = shared(graph, model);
  const wanted = input(graph, "wanted", "i64", ["N"]);
  const rows = (path: string, x: string): string => node(graph, path, "Gather", [x, wanted], { axis: 0 });

  let x = embedding(graph, model, ids, stored(graph, "/embed/table", model.embed));
  const read = (done: number, residual: string): void => {
    taps.forEach((tap, index) => {
      if (blocksNeeded(tap) !== done) return;
      const path = `/taps/${index}`;
      const hooked = gatherInside && done === last ? residual : rows(`${path}/rows`, residual);
      if (tap.sae === null) output(graph, `tap${index}_dense`, hooked, "f32", ["N", model.hiddenSize]);
      else encodeTap(graph, index, tap.sae, hooked);
    });
  };

  read(0, x);
  model.blocks.slice(0, count).forEach((block, layer) => {
    const path = `/layers.${layer}`;
    const { mixed } = attention(graph, `${path}/attn`, model, block, common, x, null);
    x = gatherInside && layer === count - 1
      ? afterAttention(graph, path, model, block, rows(`${path}/rows`, x), rows(`${path}/mixed_rows`, mixed))
      : afterAttention(graph, path, model, block, x, mixed);
    read(layer + 1, x);
  });
  if (count > last) output(graph, "rest", node(graph, "/rest", "Gather", [x, ints(graph, 0)], { axis: 0 }), "f32", [1, model.hiddenSize]);
  return graph;
}
