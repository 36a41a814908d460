/** Without this file encoder and decoder could normalise a residual in two ways. */
import { node, scalar, type Graph } from "./graph.ts";
import { rowSum } from "./product.ts";
import type { SaeSpec } from "./sae_specs.ts";

/** √d over each row's norm, [N, 1]. */
function rescale(graph: Graph, path: string, x: string, d: number): string {
  const norm = node(graph, `${path}/norm`, "Sqrt", [rowSum(graph, `${path}/squares`, node(graph, `${path}/square`, "Mul", [x, x]), d)]);
  return node(graph, `${path}/factor`, "Div", [scalar(graph, Math.sqrt(d)), norm]);
}

/** Rows less their mean, with the mean and torch's std (ddof 1), [N, 1] each. */
function centre(graph: Graph, path: string, x: string, d: number): { readonly centred: string; readonly mean: string; readonly std: string } {
  const mean = node(graph, `${path}/mean`, "Div", [rowSum(graph, `${path}/sum`, x, d), scalar(graph, d)]);
  const centred = node(graph, `${path}/centred`, "Sub", [x, mean]);
  const squares = rowSum(graph, `${path}/squares`, node(graph, `${path}/square`, "Mul", [centred, centred]), d);
  return { centred, mean, std: node(graph, `${path}/std`, "Sqrt", [node(graph, `${path}/variance`, "Div", [squares, scalar(graph, d - 1)])]) };
}

/** sae_lens `saes/sae.py` `_setup_activation_normalization`: layer_norm divides by torch's std (ddof 1) + 1e-5, constant_norm_rescale brings rows to norm √d. */
export function normalized(graph: Graph, path: string, sae: SaeSpec, x: string): string {
  switch (sae.normalize) {
    case "none":
      return x;
    case "constant_norm_rescale":
      return node(graph, path, "Mul", [x, rescale(graph, path, x, sae.dIn)]);
    case "layer_norm": {
      const { centred, std } = centre(graph, path, x, sae.dIn);
      return node(graph, path, "Div", [centred, node(graph, `${path}/divisor`, "Add", [std, scalar(graph, 1e-5)])]);
    }
    default:
      return sae.normalize satisfies never;
  }
}

/** By what a change of a reconstruction has to be multiplied, [N, 1], to be a change of x: what `restored` does but for what it adds. null: by nothing. */
export function stretch(graph: Graph, path: string, sae: SaeSpec, x: string): string | null {
  switch (sae.normalize) {
    case "none":
      return null;
    case "constant_norm_rescale":
      return node(graph, path, "Div", [scalar(graph, 1), rescale(graph, path, x, sae.dIn)]);
    case "layer_norm":
      return centre(graph, path, x, sae.dIn).std;
    default:
      return sae.normalize satisfies never;
  }
}

/** The way back for a reconstruction y of x (the same function of sae_lens): times std, without the 1e-5, plus mean; or over the factor. */
export function restored(graph: Graph, path: string, sae: SaeSpec, x: string, y: string): string {
  switch (sae.normalize) {
    case "none":
      return y;
    case "constant_norm_rescale":
      return node(graph, path, "Div", [y, rescale(graph, path, x, sae.dIn)]);
    case "layer_norm": {
      const { mean, std } = centre(graph, path, x, sae.dIn);
      return node(graph, path, "Add", [node(graph, `${path}/stretched`, "Mul", [y, std]), mean]);
    }
    default:
      return sae.normalize satisfies never;
  }
}
