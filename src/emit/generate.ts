/** Without this file the model could be read but could not continue a text. */
import { block, blockFlops, choosesExperts } from "./block.ts";
import { editsOf } from "./edit.ts";
import { constant, createGraph, input, node, output, scalar, type Graph } from "./graph.ts";
import { vocabulary } from "./head.ts";
import { keptTensors } from "./mixer.ts";
import { norm } from "./norm.ts";
import { embedding, shared } from "./positions.ts";
import { lowered } from "./lowering/lower.ts";
import type { DecoderSpec, Editing, EmittedGraph } from "./specs.ts";
import type { Target } from "./target.ts";

/** What a step gives: the likeliest next id, or the logits that it is drawn from. */
export type StepOutput = "next" | "logits";

/**
 * One step of a continuation.
 *
 * Feeds (B prompts of one length, B ≥ 2: repeat a single prompt, one row alone takes another kernel; P tokens already in the cache, T new ones):
 *   input_ids int64 [B, T]   the prompt (P = 0), then one token a step
 *   layout    int64 [3]      B, T, -1
 *   lengths   int32 [B]      P + T, the same for all
 *   total     int32 [1]      P + T; at most `positionsFor(model, longest)`
 *   past_{name}_{i} f32 for each of `keptTensors(model, block)`: P = 0 at first, and zeros where it has no P
 * Outputs: `next` int64 [B], the most likely next id (ties to the lower id), or `logits` f32 [B, vocabulary], before they are capped; and `present_{name}_{i}`, the same with P + T tokens.
 */
export function emitGenerate(model: DecoderSpec, target?: Target, longest?: number, gives: StepOutput = "next", editing?: Editing): EmittedGraph {
  const graph = lowered(generateGraph(model, target, longest, gives, editing), blockFlops(model, model.blocks.length) + 2 * model.vocabulary * model.hiddenSize);
  return choosesExperts(model, model.blocks.length) ? { ...graph, experts: true } : graph;
}

/** The same before it becomes bytes. */
export function generateGraph(model: DecoderSpec, target?: Target, longest?: number, gives: StepOutput = "next", editing?: Editing): Graph {
  const graph = createGraph("generate", target);
  const ids = input(graph, "input_ids", "i64", ["B", "T"]);
  const common = shared(graph, model, longest);
  /** [B·T, w] → the last token of each prompt [B, w]. */
  const lastRows = (path: string, x: string): string => {
    const documents = node(graph, `${path}/documents`, "Reshape", [x, common.layout]);
    return node(graph, path, "Gather", [documents, constant(graph, "i64", [], [-1])], { axis: 1 });
  };

  const edits = editsOf(graph, model, ids, editing);
  let x = embedding(graph, model, ids, common);
  for (const [layer, spec] of model.blocks.entries()) {
    const kept = keptTensors(model, spec);
    const past = Object.fromEntries(kept.map(({ name, past: dims }) => [name, input(graph, `past_${name}_${layer}`, "f32", dims)]));
    const rows = layer === model.blocks.length - 1 ? lastRows : null;
    const done = block(graph, `/layers.${layer}`, model, spec, common, edits.of(layer, "resid_pre", x, null), {
      past,
      gather: rows ?? ((_, value) => value),
      wanted: (hook) => edits.at(layer, hook),
      read: (hook, value) => edits.of(layer, hook, value, rows),
      until: "resid_post",
    });
    for (const { name, present: dims } of kept) output(graph, `present_${name}_${layer}`, done.present[name] as string, "f32", dims);
    if (done.x === null) throw new Error("a block was left before its end");
    x = done.x;
  }

  const normed = norm(graph, "/norm", x, model.norm, model.finalNorm, model.hiddenSize);
  const logits = vocabulary(graph, model, normed);
  if (gives === "logits") output(graph, "logits", logits, "f32", ["B", model.vocabulary]);
  else output(graph, "next", node(graph, "/next", "ArgMax", [capped(graph, logits, model.logitCap)], { axis: 1, keepdims: 0, select_last_index: 0 }), "i64", ["B"]);
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
