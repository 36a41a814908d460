/** Without this file RMSNorm, LayerNorm and the centring of a residual stream would each sum their rows in another order. */
import { constant, ints, node, scalar, weight, type Graph } from "./graph.ts";
import { rowSum } from "./product.ts";
import type { HeadNormRef } from "./attention_specs.ts";
import type { NormKind, NormSpec, TensorRef } from "./specs.ts";

/** x [n, d] minus the mean of each row. */
export function centred(graph: Graph, path: string, x: string, d: number): string {
  return node(graph, path, "Sub", [x, node(graph, `${path}/mean`, "Div", [rowSum(graph, `${path}/sum`, x, d), scalar(graph, d)])]);
}

/** `w + offset` as the norm multiplies it. */
export function factor(graph: Graph, path: string, ref: TensorRef, offset: 0 | 1): string {
  const stored = weight(graph, path, ref);
  return offset === 0 ? stored : node(graph, `${path}/plus_one`, "Add", [stored, scalar(graph, 1)]);
}

/**
 * rms: x · w / sqrt(mean(x²) + ε) over the last axis (Zhang & Sennrich 2019, arXiv 1910.07467);
 * layer: the same of x − mean(x), plus b (Ba et al. 2016, arXiv 1607.06450). The variance is taken after centring: the one-pass form of
 * ONNX Runtime's LayerNormalization loses digits where the mean is large.
 */
export function norm(graph: Graph, path: string, x: string, kind: NormKind, spec: NormSpec, d: number): string {
  if (spec.weight === null) return normalized(graph, path, x, kind, d);
  const seen = kind.kind === "layer" ? centred(graph, `${path}/centred`, x, d) : x;
  const scaled = `${path}${spec.bias === null ? "" : "/scaled"}`;
  node(graph, scaled, "RMSNormalization", [seen, factor(graph, `${path}/weight`, spec.weight, kind.offset)], { axis: -1, epsilon: kind.epsilon });
  return spec.bias === null ? scaled : node(graph, path, "Add", [scaled, weight(graph, `${path}/bias`, spec.bias)]);
}

/** What TransformerLens calls `hook_normalized`: the same without weight and bias. */
export function normalized(graph: Graph, path: string, x: string, kind: NormKind, d: number): string {
  const seen = kind.kind === "layer" ? centred(graph, `${path}/centred`, x, d) : x;
  return node(graph, path, "RMSNormalization", [seen, constant(graph, "f32", [d], new Float32Array(d).fill(1))], { axis: -1, epsilon: kind.epsilon });
}

/**
 * The norm of each head, of the model's kind: x [.., heads·dh] → [T·heads, dh] (Qwen 3 and Gemma 3); with a weight [heads·dh] of all heads together → [T, heads·dh] (OLMo 2);
 * with a weight [heads, dh], of each head its own, or such weights one after another → [T, heads, dh] (Cohere, StableLM); with a bias too (Persimmon) and without a weight (nanochat) → [T·heads, dh].
 */
export function headNorm(graph: Graph, path: string, x: string, kind: NormKind, ref: HeadNormRef): string {
  if ("width" in ref) return normalized(graph, path, node(graph, `${path}/heads`, "Reshape", [x, ints(graph, -1, ref.width)]), kind, ref.width);
  if ("weight" in ref) return norm(graph, path, node(graph, `${path}/heads`, "Reshape", [x, ints(graph, -1, ref.weight.shape[0] as number)]), kind, ref, ref.weight.shape[0] as number);
  const apart = "file" in ref ? null : ref;
  const first = apart?.[0] ?? (ref as TensorRef);
  const d = first.shape.at(-1) as number;
  const heads = node(graph, `${path}/heads`, "Reshape", [x, ints(graph, -1, d)]);
  if (apart === null && first.shape.length === 1) return norm(graph, path, heads, kind, { weight: first, bias: null }, d);
  const count = apart?.length ?? (first.shape[0] as number);
  const each = node(graph, `${path}/each`, "Reshape", [normalized(graph, `${path}/normalized`, heads, kind, d), ints(graph, -1, count, d)]);
  return node(graph, path, "Mul", [each, apart === null ? factor(graph, `${path}/weight`, first, kind.offset) : factors(graph, `${path}/weight`, apart, kind.offset)]);
}

/** The factors of vectors [d], one below another. */
function factors(graph: Graph, path: string, refs: readonly TensorRef[], offset: 0 | 1): string {
  const all = node(graph, `${path}/all`, "Concat", refs.map((ref, at) => factor(graph, `${path}/${at}`, ref, offset)), { axis: 0 });
  return node(graph, path, "Reshape", [all, ints(graph, refs.length, refs[0]!.shape[0] as number)]);
}
