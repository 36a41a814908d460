/** Without this file the model could be read but could not continue a text. */
import { block, blockFlops, choosesExperts } from "./block.ts";
import { editsOf } from "./edit.ts";
import { createGraph, input, node, output, scalar, type Graph } from "./graph.ts";
import { hiddenOf, vocabulary } from "./head.ts";
import { keptTensors } from "./mixer.ts";
import { layerInputs } from "./layer_inputs.ts";
import { paddedAs } from "./padding.ts";
import { asksForPlaces, embedding, shared } from "./positions.ts";
import { lowered } from "./lowering/lower.ts";
import type { DecoderSpec, Editing, EmittedGraph } from "./specs.ts";
import { CPU, type Target } from "./target.ts";
import { unlikeLengths } from "./unlike_lengths.ts";

/** What a step gives: the likeliest next id, or the logits that it is drawn from. */
export type StepOutput = "next" | "logits";

/**
 * One step of a continuation.
 *
 * Feeds (B texts; P columns of the cache, T new tokens of each; B · T ≥ 2 and N ≥ 2, since one row alone takes another kernel):
 *   input_ids int64 [B, T]   prompts, padded on the right to one length (P = 0), then one token a step
 *   layout    int64 [3]      B, T, -1
 *   lengths   int32 [B]      tokens that each text has with this call; T for all in the first, where padding counts as tokens
 *   total     int32 [1]      the largest of `lengths`; at most `positionsFor(model, longest)`
 *   last      int64 [N]      rows (text · T + place) of the tokens behind which the next is wanted
 *   places    int64 [B, T]   where each token stands in its text, 0 for padding; of models with learned positions or slopes, and where attention is made of standard operators
 *   edited_i  f32 [B, T]     for each window of edits (`windowsOf`): 1 where a token lies in it, 0 elsewhere
 *   past_{name}_{i} f32 for each of `keptTensors(model, block)`: P = 0 at first, and zeros where it has no P; then total − 1. What lies behind a text's own length is never read.
 * Outputs: `next` int64 [N], the most likely next id (ties to the lower id), or `logits` f32 [N, vocabulary], before they are capped; and `present_{name}_{i}`, the same with the new tokens.
 *
 * Whether texts of unlike lengths go into one call says `unlike` (`unlike_lengths.ts`).
 */
export function emitGenerate(model: DecoderSpec, target?: Target, longest?: number, gives: StepOutput = "next", editing?: Editing): EmittedGraph {
  const graph = lowered(generateGraph(model, target, longest, gives, editing), blockFlops(model, model.blocks.length) + 2 * model.vocabulary * model.hiddenSize);
  const { calls } = unlikeLengths(model, target ?? CPU);
  return { ...graph, ...(calls === null ? {} : { unlike: calls }), ...paddedAs(model), ...(choosesExperts(model, model.blocks.length) ? { experts: true } : {}) };
}

/** The same before it becomes bytes. */
export function generateGraph(model: DecoderSpec, target?: Target, longest?: number, gives: StepOutput = "next", editing?: Editing): Graph {
  const graph = createGraph("generate", target, "cached");
  const ids = input(graph, "input_ids", "i64", ["B", "T"]);
  const begun = shared(graph, model, longest);
  const last = input(graph, "last", "i64", ["N"]);
  const common = asksForPlaces(model) ? { ...begun, fed: input(graph, "places", "i64", ["B", "T"]) } : begun;
  /** [B·T, w] → the rows that are gone on from [N, w]. */
  const lastRows = (path: string, x: string): string => node(graph, path, "Gather", [x, last], { axis: 0 });

  const edits = editsOf(graph, model, ids, editing);
  let x = embedding(graph, model, ids, common);
  const inputs = layerInputs(graph, model, ids, x);
  for (const [layer, spec] of model.blocks.entries()) {
    const kept = keptTensors(model, spec);
    const past = Object.fromEntries(kept.map(({ name, past: dims }) => [name, input(graph, `past_${name}_${layer}`, "f32", dims)]));
    const rows = layer === model.blocks.length - 1 ? lastRows : null;
    const done = block(graph, `/layers.${layer}`, model, spec, common, edits.of(layer, "resid_pre", x, null), {
      past,
      inputs,
      gather: rows ?? ((_, value) => value),
      wanted: (hook) => edits.at(layer, hook),
      read: (hook, value) => edits.of(layer, hook, value, rows),
      until: "resid_post",
    });
    for (const { name, present: dims } of kept) output(graph, `present_${name}_${layer}`, done.present[name] as string, "f32", dims);
    if (done.x === null) throw new Error("a block was left before its end");
    x = done.x;
  }

  const logits = vocabulary(graph, model, hiddenOf(graph, model, x));
  if (gives === "logits") output(graph, "logits", logits, "f32", ["N", model.vocabulary]);
  else output(graph, "next", node(graph, "/next", "ArgMax", [capped(graph, logits, model.logitCap)], { axis: 1, keepdims: 0, select_last_index: 0 }), "i64", ["N"]);
  return graph;
}

/** Logits from four times the cap on, in shares of it: below, their order is that of their caps but for ties that are as rare as those of the logits. */
const FAR = 4;

/**
 * What is as likely as the logits capped by cap · tanh(logit / cap): it grows with them, but those far above the cap become one number in float32, of
 * which the first is taken, as by torch. tanh(x) is 1 − 2 / (e²ˣ + 1) there, since the runtime's own does not become 1 where torch's does.
 */
function capped(graph: Graph, logits: string, cap: number | undefined): string {
  if (cap === undefined) return logits;
  const at = (name: string): string => `/lm_head/capped/${name}`;
  const share = node(graph, at("share"), "Div", [logits, scalar(graph, cap)]);
  const power = node(graph, at("exp"), "Exp", [node(graph, at("twice"), "Mul", [share, scalar(graph, 2)])]);
  const rest = node(graph, at("rest"), "Div", [scalar(graph, 2), node(graph, at("sum"), "Add", [power, scalar(graph, 1)])]);
  const far = node(graph, at("far"), "Sub", [scalar(graph, 1), rest]);
  // Eighths are exact, and all below what is far.
  const near = node(graph, at("near"), "Mul", [share, scalar(graph, 1 / 8)]);
  return node(graph, at("key"), "Where", [node(graph, at("is_far"), "Greater", [share, scalar(graph, FAR)]), far, near]);
}
