/** Without this file the model could be read inside and not at its end, where it says what comes next. */
import { block, blockFlops, choosesExperts } from "./block.ts";
import { editsOf } from "./edit.ts";
import { createGraph, input, node, output, type Graph } from "./graph.ts";
import { emitHead, headWidth, hiddenOf } from "./head.ts";
import { layerInputs } from "./layer_inputs.ts";
import { lowered } from "./lowering/lower.ts";
import { paddedAs } from "./padding.ts";
import { embedding, shared } from "./positions.ts";
import type { DecoderSpec, Editing, EmittedGraph } from "./specs.ts";
import type { Target } from "./target.ts";

/**
 * The whole model at the wanted positions, up to its last norm; its head is a graph of its own (`head`), so that the engine can take rows times
 * vocabulary in parts that memory holds, whatever the length of a text.
 *
 * Feeds: as `emitForward`. Output: `hidden` f32 [N, width of the head], rows in the order of `wanted`.
 */
export function emitPredict(model: DecoderSpec, target?: Target, longest?: number, editing?: Editing): EmittedGraph {
  const body = lowered(predictGraph(model, target, longest, editing), blockFlops(model, model.blocks.length));
  const head = emitHead(model, target);
  if (head.tail !== undefined) throw new Error("a head is one graph");
  return {
    ...body,
    key: `${body.key}+${head.key}`,
    mappedBytes: body.mappedBytes + (model.lmHead === null ? 0 : head.mappedBytes),
    operators: body.operators + head.operators,
    head: { bytes: head.bytes, width: headWidth(model), vocabulary: model.vocabulary, cap: model.logitCap ?? null },
    ...paddedAs(model),
    ...(choosesExperts(model, model.blocks.length) ? { experts: true } : {}),
  };
}

/** The same without its head, before it becomes bytes. */
export function predictGraph(model: DecoderSpec, target?: Target, longest?: number, editing?: Editing): Graph {
  const graph = createGraph("predict", target);
  const ids = input(graph, "input_ids", "i64", ["B", "S"]);
  const common = shared(graph, model, longest);
  const wanted = input(graph, "wanted", "i64", ["N"]);
  const rows = (path: string, x: string): string => node(graph, path, "Gather", [x, wanted], { axis: 0 });
  const edits = editsOf(graph, model, ids, editing);
  let x = embedding(graph, model, ids, common);
  const inputs = layerInputs(graph, model, ids, x);
  for (const [layer, spec] of model.blocks.entries()) {
    const gathered = layer === model.blocks.length - 1 ? rows : null;
    const done = block(graph, `/layers.${layer}`, model, spec, common, edits.of(layer, "resid_pre", x, null), {
      past: null,
      inputs,
      gather: gathered ?? ((_, value) => value),
      wanted: (hook) => edits.at(layer, hook),
      read: (hook, value) => edits.of(layer, hook, value, gathered),
      until: "resid_post",
    });
    if (done.x === null) throw new Error("a block was left before its end");
    x = done.x;
  }
  output(graph, "hidden", hiddenOf(graph, model, x), "f32", ["N", headWidth(model)]);
  return graph;
}
