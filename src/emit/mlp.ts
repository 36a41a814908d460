/** Without this file the half of a block that works on each token alone would be written once per family. */
import type { GatedExpertsSpec, JoinedExpertsSpec } from "./expert_specs.ts";
import { mixture } from "./experts.ts";
import { ints, node, nodes, scalar, weight, type Graph } from "./graph.ts";
import { linear } from "./linear.ts";
import { pairedElements, pairedExpert, partsOfPair } from "./paired_experts.ts";
import { product } from "./product.ts";
import type { Activation, LearnedActivation, LinearSpec, MlpSpec, TensorRef } from "./specs.ts";

/** x·σ(x). */
export function silu(graph: Graph, path: string, x: string): string {
  return nodes(graph, path, { op: "QuickGelu", domain: "com.microsoft", inputs: [x], attributes: { alpha: 1 } }, 1)[0] as string;
}

/**
 * silu x·σ(x), onnxruntime's QuickGelu with α = 1 (its docs/ContribOperators.md): one pass over a matrix that no cache holds instead of two, with the
 * same bits · gelu x·Φ(x) · gelu_tanh its approximation 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks & Gimpel 2016, arXiv 1606.08415;
 * transformers' `gelu_new` and `gelu_pytorch_tanh`) · relu max(x, 0) · relu2 its square (So et al. 2021, arXiv 2109.08668) · xielu
 * α₊x² + βx above 0 and α₋(eˣ − 1 − x) + βx up to it (Huang & Schlag 2024, arXiv 2411.13010).
 */
export function activated(graph: Graph, path: string, x: string, activation: Activation | LearnedActivation): string {
  if (typeof activation !== "string") return xielu(graph, `${path}/xielu`, x, activation);
  switch (activation) {
    case "silu":
      return silu(graph, `${path}/silu`, x);
    case "gelu":
      return node(graph, `${path}/gelu`, "Gelu", [x]);
    case "gelu_tanh":
      return nodes(graph, `${path}/gelu`, { op: "FastGelu", domain: "com.microsoft", inputs: [x] }, 1)[0] as string;
    case "relu":
      return node(graph, `${path}/relu`, "Relu", [x]);
    case "relu2": {
      const above = node(graph, `${path}/relu`, "Relu", [x]);
      return node(graph, `${path}/relu2`, "Mul", [above, above]);
    }
    default:
      return activation satisfies never;
  }
}

/**
 * As transformers' `XIELUActivation`, whose exponents end at `epsilon`. eˣ − 1 is 2t / (1 − t) with t = tanh(x / 2), which has the digits near 0 that a
 * difference from 1 has not.
 */
function xielu(graph: Graph, path: string, x: string, { alphaPositive, alphaNegative, beta, epsilon }: LearnedActivation): string {
  const at = (name: string): string => `${path}/${name}`;
  const soft = (name: string, ref: TensorRef): string => node(graph, at(name), "Softplus", [weight(graph, at(`${name}/stored`), ref)]);
  const [linearPart, end] = [weight(graph, at("beta"), beta), weight(graph, at("epsilon"), epsilon)];
  const rising = soft("alpha_positive", alphaPositive);
  const falling = node(graph, at("alpha_negative"), "Add", [soft("alpha_negative/soft", alphaNegative), linearPart]);
  const above = node(graph, at("above"), "Relu", [x]);
  const square = node(graph, at("square"), "Mul", [node(graph, at("above/scaled"), "Mul", [above, rising]), above]);
  // The smaller of x and its end, which no device here has an operator for; above 0 something near it, which is not looked at.
  const over = node(graph, at("over"), "Relu", [node(graph, at("beyond"), "Sub", [x, end])]);
  const tanh = node(graph, at("tanh"), "Tanh", [node(graph, at("half"), "Mul", [node(graph, at("exponent"), "Sub", [x, over]), scalar(graph, 0.5)])]);
  const less = node(graph, at("exponential"), "Div", [node(graph, at("tanh/twice"), "Add", [tanh, tanh]), node(graph, at("tanh/rest"), "Sub", [scalar(graph, 1), tanh])]);
  const curve = node(graph, at("curve"), "Mul", [node(graph, at("bent"), "Sub", [less, x]), falling]);
  const side = node(graph, at("side"), "Where", [node(graph, at("positive"), "Greater", [x, scalar(graph, 0)]), square, curve]);
  return node(graph, path, "Add", [side, node(graph, at("line"), "Mul", [x, linearPart])]);
}

/** σ(w · x) of each row, [n, 1]. */
function gateOf(graph: Graph, path: string, x: string, ref: TensorRef): string {
  return node(graph, path, "Sigmoid", [product(graph, `${path}/product`, x, weight(graph, `${path}/weight`, ref), 1, "out_in")]);
}

/** x [n, d] → [n, d]. Gated: down(act(gate x) ∘ up x) (Shazeer 2020, arXiv 2002.05202); plain: down(act(up x)); experts: a weighted sum of some gated ones. */
export function mlp(graph: Graph, path: string, x: string, spec: MlpSpec): string {
  switch (spec.kind) {
    case "gated": {
      const act = activated(graph, path, linear(graph, `${path}/gate`, x, spec.gate), spec.activation);
      const opened = node(graph, `${path}/product`, "Mul", [act, linear(graph, `${path}/up`, x, spec.up)]);
      return linear(graph, `${path}/down`, opened, spec.down);
    }
    case "plain":
      return linear(graph, `${path}/down`, activated(graph, path, linear(graph, `${path}/up`, x, spec.up), spec.activation), spec.down);
    case "experts": {
      if ("pairs" in spec) return mixture(graph, path, x, spec, spec.pairs.map(partsOfPair), pairedExpert(spec));
      if ("joined" in spec) return node(graph, path, "Add", [joined(graph, `${path}/chosen`, x, spec), sharedOf(graph, `${path}/shared`, x, spec.shared)]);
      if (spec.shared === null) return chosen(graph, path, x, spec);
      const both = [chosen(graph, `${path}/chosen`, x, spec), sharedOf(graph, `${path}/shared`, x, spec.shared)];
      if (spec.shared.averaged !== true) return node(graph, path, "Add", both);
      return node(graph, path, "Mul", [node(graph, `${path}/both`, "Add", both), scalar(graph, 0.5)]);
    }
    default:
      return spec satisfies never;
  }
}

/** What the MLP of all tokens adds, times its gate where it has one. */
function sharedOf(graph: Graph, path: string, x: string, { mlp: spec, gate }: NonNullable<GatedExpertsSpec["shared"]>): string {
  const made = mlp(graph, path, x, spec);
  return gate === null ? made : node(graph, `${path}/share`, "Mul", [gateOf(graph, `${path}_gate`, x, gate), made]);
}

/** What gated experts make of x [T, d], each token's chosen by what the router reads. */
export function chosen(graph: Graph, path: string, x: string, spec: GatedExpertsSpec, routerInput = x): string {
  return mixture(graph, path, x, spec, spec.experts.map(({ gate, up, down }) => ({ gate, up, down })), (inner, own, rows, part) => {
    const width = spec.experts[0]!.gate.shape[0] as number;
    const times = (name: string, value: string, columns: number): string => product(inner, `${own}/${name}`, value, part(name), columns, "out_in");
    const act = activated(inner, own, times("gate", rows, width), spec.activation);
    return times("down", node(inner, `${own}/product`, "Mul", [act, times("up", rows, width)]), spec.experts[0]!.down.shape[0] as number);
  }, routerInput);
}

/** The same of experts whose gate and what it opens are columns of one map. */
function joined(graph: Graph, path: string, x: string, spec: JoinedExpertsSpec): string {
  return mixture(graph, path, x, spec, spec.joined.map(({ gateUp, down }) => ({ gate_up: gateUp, down })), (inner, own, rows, part) => {
    const [width, d] = spec.joined[0]!.down.shape as readonly [number, number];
    const both = product(inner, `${own}/gate_up`, rows, part("gate_up"), 2 * width, "in_out");
    const [gate, up] = nodes(inner, `${own}/apart`, { op: "Split", inputs: [both, ints(inner, width, width)], attributes: { axis: 1 } }, 2) as readonly [string, string];
    return product(inner, `${own}/down`, node(inner, `${own}/product`, "Mul", [activated(inner, own, gate, spec.activation), up]), part("down"), d, "in_out");
  });
}

/** The maps that every token goes through whole: of experts the router, and an MLP beside them. */
export function mapsOf(spec: MlpSpec): readonly LinearSpec[] {
  switch (spec.kind) {
    case "gated":
      return [spec.gate, spec.up, spec.down];
    case "plain":
      return [spec.up, spec.down];
    case "experts":
      return [spec.router, ...("pairs" in spec || spec.shared === null ? [] : mapsOf(spec.shared.mlp))];
    default:
      return spec satisfies never;
  }
}

/** Weights that one token is multiplied with: of experts those of the router, and of as many as a token takes. */
export function weightsOfToken(spec: MlpSpec): number {
  const sum = (refs: readonly TensorRef[]): number => refs.reduce((total, { shape }) => total + shape.reduce((product, dim) => product * dim, 1), 0);
  const maps = sum(mapsOf(spec).map(({ weight: ref }) => ref));
  if (spec.kind !== "experts") return maps;
  if ("pairs" in spec) return maps + spec.perToken * pairedElements(spec.pairs[0]!);
  if ("joined" in spec) return maps + sum(spec.joined.slice(0, spec.perToken).flatMap(({ gateUp, down }) => [gateUp, down]));
  return maps + sum(spec.shared?.gate == null ? [] : [spec.shared.gate]) + sum(spec.experts.slice(0, spec.perToken).flatMap(({ gate, up, down }) => [gate, up, down]));
}
