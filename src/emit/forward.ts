/** Without this file there would be no fused graph from token ids to activations. */
import { blocksNeeded, HOOKS, widthIn, type Hook } from "../ops/hook.ts";
import { block, blockFlops, choosesExperts } from "./block.ts";
import { editsOf } from "./edit.ts";
import { encodeTap, shiftedTap } from "./encode.ts";
import { createGraph, input, ints, node, output, type Graph } from "./graph.ts";
import { layerInputs } from "./layer_inputs.ts";
import { lowered } from "./lowering/lower.ts";
import { centred, normalized } from "./norm.ts";
import { withoutValueBias } from "./value_bias.ts";
import { paddedAs } from "./padding.ts";
import { embedding, shared } from "./positions.ts";
import { withScreens } from "./screen.ts";
import type { DecoderSpec, Editing, EmittedGraph, GraphTap } from "./specs.ts";
import type { Target } from "./target.ts";

export interface ForwardOptions {
  /** Blocks to compute, at least as many as the taps need; null: all of the model. */
  readonly blocks: number | null;
  /** Gather the wanted rows inside the last block (after attention) instead of at the hook. */
  readonly slice: boolean;
  /** What is done to the model; of edits behind the highest tap there is nothing in the graph. */
  readonly editing?: Editing;
  /** Tokens of the longest document; `positionsFor` says how long a document may be that is not foreseen. */
  readonly longest?: number;
  /** Where it will run; the CPU in float32 where not said. */
  readonly target?: Target;
}

/**
 * The model up to its highest tap, and every tap read at the wanted positions.
 *
 * Feeds: B documents padded on the right to S tokens, S as `paddedLength` says: at other lengths attention gives other bits (measured at 65,
 * 129 … rows of 32-wide heads, and by the width of a head and the size of the processor's cache). N ≥ 2: one row takes another kernel.
 *   input_ids int64 [B, S]   padding may be any valid id: attention is causal, so no real token sees it
 *   layout    int64 [3]      B, S, -1
 *   lengths   int32 [B]      S for every document
 *   total     int32 [1]      S; real tokens at most `positionsFor(model, longest)`
 *   wanted    int64 [N]      row numbers b·S + position
 *   edited_i  f32 [B, S]     for each window of edits (`windowsOf`): 1 where a token lies in it, 0 elsewhere; of edits behind the highest tap there is none
 * Outputs for tap i, rows numbered 0…N−1 in the order of `wanted`: `tap{i}_dense` f32 [N, width of the hook], `tap{i}_shifted` f32 [N, d], or triples sorted by row, then
 * feature: `tap{i}_row` int64, `tap{i}_feature` int64, `tap{i}_value` f32 > 0 (NaN where the arithmetic gave NaN).
 * Where `blocks` asks for more than the taps need, `rest` f32 [1, d] keeps the further blocks alive.
 */
export function emitForward(model: DecoderSpec, taps: readonly GraphTap[], options: ForwardOptions): EmittedGraph {
  const graph = lowered(forwardGraph(model, taps, options), blockFlops(model, blockCount(model, taps, options)));
  const screened = taps.flatMap(({ sae, screened }, tap) => (sae === null || screened !== true ? [] : [{ tap, sae }]));
  if (screened.length > 0 && graph.target !== undefined && graph.target.provider !== "cpu") throw new Error("features are screened on the CPU only");
  const sparse = choosesExperts(model, blockCount(model, taps, options));
  return withScreens({ ...graph, ...paddedAs(model), ...(sparse ? { experts: true } : {}) }, screened);
}

function blockCount(model: DecoderSpec, taps: readonly GraphTap[], options: ForwardOptions): number {
  const needed = Math.max(0, ...taps.map(blocksNeeded));
  const count = options.blocks ?? model.blocks.length;
  if (taps.length === 0) throw new Error("a forward graph needs a tap");
  if (needed > count || count > model.blocks.length) throw new Error(`taps need ${needed} blocks of ${count} asked and ${model.blocks.length} there are`);
  return count;
}

function widthOf(model: DecoderSpec, { layer, hook }: GraphTap): number {
  const fact = model.hooks[hook];
  if (fact.state === "absent") throw new Error(`a ${model.architecture} has no ${hook}: ${fact.why}`);
  return widthIn(fact, layer);
}

/** The same before it becomes bytes: for goldens and `explain`. */
export function forwardGraph(model: DecoderSpec, taps: readonly GraphTap[], options: ForwardOptions): Graph {
  const graph = createGraph("forward", options.target);
  const count = blockCount(model, taps, options);
  const last = Math.max(...taps.map(blocksNeeded));
  const gatherInside = options.slice && count === last && count > 0;
  const ids = input(graph, "input_ids", "i64", ["B", "S"]);
  const common = shared(graph, model, options.longest);
  const wanted = input(graph, "wanted", "i64", ["N"]);
  const edits = editsOf(graph, model, ids, options.editing);
  const rows = (path: string, x: string): string => node(graph, path, "Gather", [x, wanted], { axis: 0 });

  /** Tap `index` with its rows, read from `value` where `chosen` says it lies. */
  const tapAt = (chosen: (tap: GraphTap) => boolean, value: string, gathered: boolean): void => {
    taps.forEach((tap, index) => {
      if (!chosen(tap)) return;
      const path = `/taps/${index}`;
      const width = widthOf(model, tap);
      const at = gathered ? value : rows(`${path}/rows`, value);
      const read = tap.hook === "ln1_normalized" ? normalized(graph, `${path}/normalized_input`, at, model.norm, width) : at;
      const plain = tap.folded !== undefined && tap.hook === "z" ? withoutValueBias(graph, `${path}/folded`, read, model, model.blocks[tap.layer]!, tap.folded) : read;
      const hooked = tap.centred === true ? centred(graph, `${path}/centred`, plain, width) : plain;
      if (tap.sae === null) output(graph, `tap${index}_dense`, hooked, "f32", ["N", width]);
      else if (tap.screened === true) shiftedTap(graph, index, tap.sae, hooked);
      else encodeTap(graph, index, tap.sae, hooked, tap.features);
    });
  };
  /** Hooks of the stream between blocks: what goes into block `done`, and what that block goes on with. Nothing is changed that nobody reads. */
  const between = (done: number, x: string): string => {
    const gathered = gatherInside && done === last;
    const read = done < count || taps.some((tap) => tap.layer === done);
    const stream = read ? edits.of(done, "resid_pre", x, gathered ? rows : null) : x;
    tapAt((tap) => blocksNeeded(tap) === done && tap.layer === done, stream, gathered);
    return stream;
  };

  const embedded = embedding(graph, model, ids, common);
  const inputs = layerInputs(graph, model, ids, embedded);
  let x = between(0, embedded);
  for (const [layer, spec] of model.blocks.slice(0, count).entries()) {
    const inside = taps.filter((tap) => tap.layer === layer && blocksNeeded(tap) === layer + 1).map(({ hook }) => hook);
    const gathered = gatherInside && layer === count - 1;
    const ends = layer === count - 1 && count === last && !taps.some((tap) => tap.layer === count);
    const { x: after } = block(graph, `/layers.${layer}`, model, spec, common, x, {
      past: null,
      inputs,
      gather: gathered ? rows : (_, value) => value,
      wanted: (hook) => inside.includes(hook) || edits.at(layer, hook),
      read: (hook, value) => {
        const changed = edits.of(layer, hook, value, gathered ? rows : null);
        tapAt((tap) => tap.layer === layer && tap.hook === hook, changed, gathered);
        return changed;
      },
      until: ends ? HOOKS[Math.max(...inside.map((hook) => HOOKS.indexOf(hook)))] as Hook : "resid_post",
    });
    if (after === null) return graph;
    x = between(layer + 1, after);
  }
  if (count > last) output(graph, "rest", node(graph, "/rest", "Gather", [x, ints(graph, 0)], { axis: 0 }), "f32", [1, model.hiddenSize]);
  return graph;
}
