/** Without this file SAEs trained on heads without their value biases (`fold_value_biases` of TransformerLens) would read other numbers than they were trained on. */
import type { Folded } from "../ops/hook.ts";
import { headsIn, partsOfGroup, projected, type HeadsOfBlock } from "./attention.ts";
import { ints, node, nodes, weight, type Graph } from "./graph.ts";
import type { QkvSpec } from "./attention_specs.ts";
import type { BlockSpec, DecoderSpec, TensorRef } from "./specs.ts";

/**
 * z [n, heads·dh] minus the value bias of each head: attention weights add up to one where there are no sinks, so it is in every row. `with_norm`: minus what the bias of
 * the norm before becomes of it as well, which `fold_ln` makes part of the value bias. As it is where there are no biases.
 */
export function withoutValueBias(graph: Graph, path: string, z: string, model: DecoderSpec, { attention, ln1 }: BlockSpec, how: Folded): string {
  // A norm of values leaves another part of the bias in each row, and a block that looks at another's has none: nothing is folded there.
  if (attention.kind !== "softmax" || attention.valueNorm === true || attention.qkv.kind === "queries") return z;
  const { qkv } = attention;
  const shape = headsIn(model, attention);
  const { heads, kvHeads, headDim } = shape;
  const own = how === "with_norm" && ln1 !== null && ln1.bias !== null ? valueOf(graph, path, model.hiddenSize, shape, qkv, weight(graph, `${path}/norm_bias`, ln1.bias)) : valueBias(graph, path, shape, qkv);
  if (own === null) return z;
  const perHead = node(graph, `${path}/per_head`, "Reshape", [own, ints(graph, kvHeads, headDim)]);
  // Heads that share keys and values share their bias.
  const sharers = Array.from({ length: heads }, (_, head) => Math.floor((head * kvHeads) / heads));
  const shared = heads === kvHeads ? perHead : node(graph, `${path}/shared`, "Gather", [perHead, ints(graph, ...sharers)], { axis: 0 });
  return node(graph, path, "Sub", [z, node(graph, `${path}/row`, "Reshape", [shared, ints(graph, 1, heads * headDim)])]);
}

/** The biases of all key-value heads, in any shape; null where there are none. */
function valueBias(graph: Graph, path: string, shape: HeadsOfBlock, qkv: QkvSpec): string | null {
  const { heads, kvHeads, headDim } = shape;
  const bias = biasOfValues(qkv);
  if (bias === null) return null;
  const whole = weight(graph, `${path}/bias`, bias);
  const third = (all: string, sizes: readonly number[], axis: number): string => nodes(graph, `${path}/split`, { op: "Split", inputs: [all, ints(graph, ...sizes)], attributes: { axis } }, 3)[2] as string;
  switch (qkv.kind) {
    case "separate":
    case "gated":
    case "keys":
    case "queries":
    case "latent":
      return whole;
    case "thirds":
      return third(whole, [heads * headDim, kvHeads * headDim, kvHeads * headDim], 0);
    case "per_head": {
      const sizes = partsOfGroup(shape);
      return third(node(graph, `${path}/heads`, "Reshape", [whole, ints(graph, -1, sizes[0] + sizes[1] + sizes[2])]), sizes, 1);
    }
    case "shards": {
      const columns = (heads * headDim) / qkv.count;
      // Values are the second part of each.
      return nodes(graph, `${path}/split`, { op: "Split", inputs: [node(graph, `${path}/shards`, "Reshape", [whole, ints(graph, -1, 3 * columns)]), ints(graph, columns, columns, columns)], attributes: { axis: 1 } }, 3)[1] as string;
    }
    default:
      return qkv satisfies never;
  }
}

/** The bias of what values are made of; null where there is none. */
export function biasOfValues(qkv: QkvSpec): TensorRef | null {
  switch (qkv.kind) {
    case "thirds":
    case "per_head":
    case "shards":
      return qkv.all.bias;
    case "keys":
      return qkv.k.bias;
    case "queries":
      return null;
    // Values have none: what they are made of is normed between.
    case "latent":
      return qkv.up.bias;
    default:
      return qkv.v.bias;
  }
}

/** The values that a vector [d] gives, its bias added: all key-value heads. Two equal rows, since one would take another kernel. */
function valueOf(graph: Graph, path: string, hiddenSize: number, shape: HeadsOfBlock, qkv: QkvSpec, vector: string): string {
  const { kvHeads, headDim } = shape;
  const row = node(graph, `${path}/norm_row`, "Reshape", [vector, ints(graph, 1, hiddenSize)]);
  const { v: value } = projected(graph, `${path}/projected`, shape, qkv, node(graph, `${path}/norm_rows`, "Concat", [row, row], { axis: 0 }));
  return node(graph, `${path}/value`, "Gather", [node(graph, `${path}/values`, "Reshape", [value!, ints(graph, 2, kvHeads * headDim)]), ints(graph, 0)], { axis: 0 });
}
