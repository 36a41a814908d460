/** Without this file the blocks of Gemma 4 would miss what each is told of a token beside the stream. */
import { ints, node, scalar, type Graph } from "./graph.ts";
import { linear, lookUp } from "./linear.ts";
import { activated } from "./mlp.ts";
import { headNorm, norm } from "./norm.ts";
import type { DecoderSpec, LayerInputSpec } from "./specs.ts";

/** What the inputs of all blocks are made of. */
export interface LayerInputs {
  /** The embedding [T, d], before anything is done to it. */
  readonly embedded: string;
  /** [T, blocks · w]: the tokens' rows of the table. */
  readonly rows: string;
}

/** ids int64 [B, S] and the embedding [T, d] of the same tokens; null where blocks are told nothing. */
export function layerInputs(graph: Graph, { layerInputs: spec }: DecoderSpec, ids: string, embedded: string): LayerInputs | null {
  if (spec === undefined) return null;
  return { embedded, rows: lookUp(graph, "/layer_inputs", spec.table, node(graph, "/layer_inputs/ids", "Reshape", [ids, ints(graph, -1)])) };
}

/** The input of one block, [T, w]: transformers 5.24 `modeling_gemma4.py`, `get_per_layer_inputs` and `project_per_layer_inputs`. */
export function layerInput(graph: Graph, path: string, model: DecoderSpec, layer: number, { embedded, rows }: LayerInputs): string {
  const { tableFactor, fromFactor, norm: weights } = model.layerInputs!;
  const w = weights.shape[0]!;
  const own = node(graph, `${path}/row`, "Slice", [rows, ints(graph, layer * w), ints(graph, (layer + 1) * w), ints(graph, 1)]);
  const ofToken = node(graph, `${path}/of_token`, "Mul", [own, scalar(graph, tableFactor)]);
  const projected = node(graph, `${path}/scaled`, "Mul", [linear(graph, `${path}/from`, embedded, model.blocks[layer]!.layerInput!.from), scalar(graph, fromFactor)]);
  const ofContext = headNorm(graph, `${path}/normed`, projected, model.norm, weights);
  return node(graph, path, "Mul", [node(graph, `${path}/sum`, "Add", [ofContext, ofToken]), scalar(graph, Math.fround(2 ** -0.5))]);
}

/** x [n, d] and what the block is told of the same rows [n, w] → x with what it makes of it. */
export function withLayerInput(graph: Graph, path: string, model: DecoderSpec, spec: LayerInputSpec, x: string, told: string): string {
  const gate = activated(graph, `${path}/gate/act`, linear(graph, `${path}/gate`, x, spec.gate), spec.activation);
  const back = linear(graph, `${path}/back`, node(graph, `${path}/told`, "Mul", [gate, told]), spec.back);
  return node(graph, path, "Add", [x, norm(graph, `${path}/norm`, back, model.norm, spec.norm, model.hiddenSize)]);
}
