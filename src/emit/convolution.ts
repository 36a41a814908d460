/** Without this file layers that mix the last few tokens of a text would each shift and add them in their own way. */
import { ints, node, weight, type Graph } from "./graph.ts";
import { linear } from "./linear.ts";
import type { Shared } from "./positions.ts";
import type { ConvolutionSpec, Kernels } from "./attention_specs.ts";

const END = 2 ** 31 - 1;

/**
 * x [B, S, columns] → its causal convolution, each column along its text, and the last kernel − 1 inputs [B, kernel − 1, columns], which later tokens need. A sum of
 * shifted products: each token is computed alike, wherever it stands.
 */
export function convolved(graph: Graph, path: string, { weight: ref, bias }: Kernels, x: string, past: string | null): { readonly made: string; readonly window: string } {
  const [columns, , kernel] = ref.shape as readonly [number, number, number];
  const before = kernel - 1;
  const from = past === null ? node(graph, `${path}/from_start`, "Pad", [x, ints(graph, 0, before, 0, 0, 0, 0)]) : node(graph, `${path}/from_past`, "Concat", [past, x], { axis: 1 });
  const taps = node(graph, `${path}/taps`, "Transpose", [node(graph, `${path}/kernels`, "Reshape", [weight(graph, `${path}/weight`, ref), ints(graph, columns, kernel)])], { perm: [1, 0] });
  const cut = (name: string, start: number, end: number): string => node(graph, `${path}/${name}`, "Slice", [from, ints(graph, start), ints(graph, end), ints(graph, 1)]);
  const products = Array.from({ length: kernel }, (_, at) => {
    const shifted = cut(`shifted${at}`, at, at === before ? END : at - before);
    return node(graph, `${path}/product${at}`, "Mul", [shifted, node(graph, `${path}/tap${at}`, "Gather", [taps, ints(graph, at)], { axis: 0 })]);
  });
  const sum = products.slice(1).reduce((left, right, at) => node(graph, `${path}/sum${at}`, "Add", [left, right]), products[0] as string);
  return { made: bias === null ? sum : node(graph, `${path}/biased`, "Add", [sum, weight(graph, `${path}/bias`, bias)]), window: cut("window", -before, END) };
}

/**
 * A gated short convolution in the place of attention, without the output projection: normed x [T, d] → [T, d], and the last kernel − 1 of what it convolves.
 *   b, c, h = x·W;  c ∘ conv(b ∘ h)
 * As transformers' `Lfm2ShortConv`.
 */
export function gatedConvolution(graph: Graph, path: string, spec: ConvolutionSpec, common: Shared, x: string, past: string | null): { readonly mixed: string; readonly present: string } {
  const d = spec.kernels.weight.shape[0] as number;
  const all = linear(graph, `${path}/in`, x, spec.in);
  const part = (name: string, at: number): string => node(graph, `${path}/${name}`, "Slice", [all, ints(graph, at * d), ints(graph, (at + 1) * d), ints(graph, 1)]);
  const opened = node(graph, `${path}/opened`, "Mul", [part("b", 0), part("h", 2)]);
  const { made, window } = convolved(graph, `${path}/conv`, spec.kernels, node(graph, `${path}/opened/documents`, "Reshape", [opened, common.layout]), past);
  const rows = node(graph, `${path}/conv/rows`, "Reshape", [made, ints(graph, -1, d)]);
  return { mixed: node(graph, `${path}/mixed`, "Mul", [part("c", 1), rows]), present: window };
}
