/** Without this file nobody could see beside which features a feature's decoder direction lies, or which tokens it speaks for. */
import { constant, createGraph, finish, input, ints, node, nodes, output, scalar, stored, type Graph } from "./graph.ts";
import { headWidth } from "./head.ts";
import { linear } from "./linear.ts";
import { centred, factor } from "./norm.ts";
import { fewestColumns, product, rowSum } from "./product.ts";
import type { Layout, SaeDecoder, SaeSpec } from "./sae_specs.ts";
import type { DecoderSpec, EmittedGraph, TensorRef } from "./specs.ts";
import type { Target } from "./target.ts";

/** Columns at a time at most. */
const MOST_COLUMNS = 8192;
/** Elements of a part of the matrix in float32 at most: 32 MiB. */
const MOST_ELEMENTS = 2 ** 23;
/** Numbers of a part's products at most: 32 MiB. */
const MOST_PRODUCTS = 2 ** 23;
/** Numbers that a part gives at most: they are put in order between two answers, while nobody else is heard. */
const MOST_GIVEN = 2 ** 16;
/** A square below which a length is no number to divide by: the smallest that float32 has without losing digits. */
const LEAST_SQUARE = 2 ** -126;

/** Stands for the cosine of a direction without a length; every cosine is above it. */
export const NO_COSINE = -2;

/** A graph that ranks the columns of a matrix for each of some features, `columns` of `all` in a call from the one that is fed. */
export interface RankingGraph {
  readonly graph: EmittedGraph;
  readonly columns: number;
  readonly all: number;
  /** Features of a call at most. */
  readonly rows: number;
  /** For each list of the graph (`tap0`, `tap1`) whether the largest come first. */
  readonly largest: readonly boolean[];
}

/** What the graphs have in common: how much of a matrix [all, width] they take at a time. */
function extent(all: number, width: number, count: number, { parts = 1 }: Target): Pick<RankingGraph, "all" | "columns" | "rows"> {
  // Never so few that their products would be summed in another way than those of the other calls.
  const columns = Math.min(all, Math.max(fewestColumns(parts), Math.min(MOST_COLUMNS, Math.floor(MOST_ELEMENTS / width / 16) * 16)));
  return { all, columns, rows: Math.max(2, Math.min(1024, Math.floor(MOST_PRODUCTS / columns), Math.floor(MOST_GIVEN / count))) };
}

/** Rows `start` … `start + count` of what a matrix has along `axis`, in float32; only they are read. */
function part(graph: Graph, path: string, whole: string, ref: TensorRef, { axis, start, count }: { readonly axis: 0 | 1; readonly start: string; readonly count: number }): string {
  const end = node(graph, `${path}/end`, "Add", [start, ints(graph, count)]);
  return widened(graph, path, node(graph, `${path}/stored`, "Slice", [stored(graph, whole, ref), start, end, ints(graph, axis)]), ref);
}

const widened = (graph: Graph, path: string, from: string, { dtype }: TensorRef): string => (dtype === "f32" ? from : node(graph, path, "Cast", [from], { to: 1 }));

/** The decoder's rows of the features int64 [N], as they are stored → f32 [N, dOut]. */
function directions(graph: Graph, { weight: ref, layout }: SaeDecoder, feature: string): string {
  const picked = node(graph, "/direction/stored", "Gather", [stored(graph, "/decoder", ref), feature], { axis: layout === "in_out" ? 0 : 1 });
  const wide = widened(graph, "/direction/wide", picked, ref);
  return layout === "in_out" ? wide : node(graph, "/direction", "Transpose", [wide], { perm: [1, 0] });
}

/** The `count` best of scores f32 [N, columns], ties to the lower column → `tap{index}_value` f32 and `tap{index}_id` int64 [N, count], the number in the whole matrix. */
function best(graph: Graph, index: number, scores: string, { count, largest, start }: { readonly count: number; readonly largest: boolean; readonly start: string }): void {
  const [value, at] = nodes(graph, `/best${index}`, { op: "TopK", inputs: [scores, ints(graph, count)], attributes: { axis: 1, largest: largest ? 1 : 0, sorted: 1 } }, 2) as [string, string];
  output(graph, `tap${index}_value`, value, "f32", ["N", count]);
  output(graph, `tap${index}_id`, node(graph, `/best${index}/id`, "Add", [at, start]), "i64", ["N", count]);
}

function decoderOf(sae: SaeSpec): SaeDecoder {
  if (sae.decoder === null) throw new Error(`an SAE without a decoder: ${sae.noDecoder}`);
  return sae.decoder;
}

/** Which axis of a matrix holds what is ranked, and how the product reads it. */
const along = (layout: Layout): { readonly axis: 0 | 1; readonly as: Layout } => (layout === "in_out" ? { axis: 0, as: "out_in" } : { axis: 1, as: "in_out" });

/**
 * The features whose decoder directions make the smallest angle with those of N ≥ 2 features. Feeds: `feature` int64 [N], `column` int64 [1]. `tap0`: the
 * cosine, and the feature, itself among them; `NO_COSINE` where either has no length.
 */
export function emitSimilar(sae: SaeSpec, count: number, target?: Target): RankingGraph {
  const decoder = decoderOf(sae);
  const graph = createGraph("similar", target);
  const size = extent(sae.dSae, decoder.dOut, count, graph.target);
  const feature = input(graph, "feature", "i64", ["N"]);
  const start = input(graph, "column", "i64", [1]);
  const { axis, as } = along(decoder.layout);
  const own = directions(graph, decoder, feature);
  const others = part(graph, "/others", "/decoder", decoder.weight, { axis, start, count: size.columns });
  const dots = product(graph, "/dots", own, others, size.columns, as);
  const ownSquare = rowSum(graph, "/own/square", node(graph, "/own/squares", "Mul", [own, own]), decoder.dOut);
  const ones = constant(graph, "f32", [2, decoder.dOut], new Float32Array(2 * decoder.dOut).fill(1));
  const both = product(graph, "/others/square/both", ones, node(graph, "/others/squares", "Mul", [others, others]), size.columns, as);
  const otherSquare = node(graph, "/others/square", "Slice", [both, ints(graph, 0), ints(graph, 1), ints(graph, 0)]);
  const lengths = node(graph, "/lengths", "Mul", [node(graph, "/own/length", "Sqrt", [ownSquare]), node(graph, "/others/length", "Sqrt", [otherSquare])]);
  const cosine = node(graph, "/cosine", "Clip", [node(graph, "/quotient", "Div", [dots, lengths]), scalar(graph, -1), scalar(graph, 1)]);
  const long = (name: string, square: string): string => node(graph, name, "Greater", [square, scalar(graph, LEAST_SQUARE)]);
  const known = node(graph, "/known", "And", [long("/own/long", ownSquare), long("/others/long", otherSquare)]);
  const scores = node(graph, "/scores", "Where", [known, cosine, scalar(graph, NO_COSINE)]);
  best(graph, 0, scores, { count: Math.min(count, size.columns), largest: true, start });
  return { graph: finish(graph, 2 * size.columns * decoder.dOut), ...size, largest: [true] };
}

/** By what a direction is multiplied on its way to the logits, besides the final norm. */
function wayFactor({ hook, hookOut }: SaeSpec, { residualScale = 1, logitScale = 1 }: DecoderSpec): number {
  const written = hookOut === null ? hook : hookOut.hook;
  return (written === "attn_out" || written === "mlp_out" ? residualScale : 1) * logitScale;
}

/** What `emitPromotes` is asked for. */
export interface PromotedTokens {
  /** Tokens on a side. */
  readonly count: number;
  /** One list for each: whether the tokens whose logits rise most are wanted, or those whose logits fall most. */
  readonly largest: readonly boolean[];
  /** The direction times the unembedding alone. */
  readonly raw: boolean;
}

/**
 * What one unit of each of N ≥ 2 features adds to the logits, on the straight way from the residual stream to the output and before the final norm divides by
 * the size of its input ("logit lens", nostalgebraist 2020, of a decoder direction): Σ_d δ_d · (w_d + offset) · U_vd, with δ the decoder's row in the scale
 * of its convention, less its mean over d where the norm is a LayerNorm. It is W_dec · W_U of a HookedTransformer that was loaded with `fold_ln` and without
 * `center_unembed` (transformer_lens `weight_processing.py`), which takes their mean over all tokens off. Logits' bias and cap are left out; factors of the way are
 * not: that of the logits, and that of what attention and MLP add where the SAE writes there.
 * With `raw`: Σ_d δ_d · U_vd, W_dec · W_U of a model loaded without processing.
 *
 * Feeds: `feature` int64 [N], `column` int64 [1]. `tap{i}`: the weights and ids of tokens.
 */
export function emitPromotes(sae: SaeSpec, model: DecoderSpec, { count, largest, raw }: PromotedTokens, target?: Target): RankingGraph {
  const decoder = decoderOf(sae);
  const graph = createGraph("promotes", target);
  const size = extent(model.vocabulary, headWidth(model), count, graph.target);
  const feature = input(graph, "feature", "i64", ["N"]);
  const start = input(graph, "column", "i64", [1]);
  let x = directions(graph, decoder, feature);
  if (decoder.scale !== null) {
    const scale = node(graph, "/scale", "Gather", [constant(graph, "f32", [sae.dSae, 1], decoder.scale), feature], { axis: 0 });
    x = node(graph, "/scaled", "Mul", [x, scale]);
  }
  if (!raw) {
    if (model.norm.kind === "layer" && model.finalNorm !== null) x = centred(graph, "/centred", x, model.hiddenSize);
    const ref = model.finalNorm?.weight ?? null;
    if (ref !== null) x = node(graph, "/normed", "Mul", [x, factor(graph, "/norm/weight", ref, model.norm.offset)]);
    const along = wayFactor(sae, model);
    if (along !== 1) x = node(graph, "/way", "Mul", [x, scalar(graph, along)]);
  }
  if (model.headMap !== undefined) x = linear(graph, "/head_map", x, model.headMap);
  const head = model.lmHead ?? model.embed;
  const logits = product(graph, "/logits", x, part(graph, "/lm_head/part", "/lm_head", head, { axis: 0, start, count: size.columns }), size.columns, "out_in");
  largest.forEach((each, index) => best(graph, index, logits, { count: Math.min(count, size.columns), largest: each, start }));
  return { graph: finish(graph, 2 * size.columns * headWidth(model)), ...size, largest };
}
