/** Without this file nobody could say how long a model takes to write: a step of few rows is bound by how fast its weights are read, which products do not tell. */
import { mapsOfBlock } from "../../src/emit/block.ts";
import { tileOf } from "../../src/emit/encode.ts";
import { headWidth, vocabularyTile } from "../../src/emit/head.ts";
import { tilesOf } from "../../src/emit/linear.ts";
import { lookingFlops } from "../../src/emit/mixer.ts";
import { LARGE_MATRIX, SMALL_MATRIX } from "../../src/emit/reading.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec, EmittedGraph, TensorRef } from "../../src/emit/specs.ts";
import { CPU } from "../../src/emit/target.ts";
import type { Edit } from "../../src/ops/edit.ts";
import { guessPace } from "../engine/batching.ts";
import { readAtOnce, type Dealt } from "../engine/generation.ts";
import type { JobLimits, WritingSpeed } from "../engine/port.ts";
import type { Work } from "../execute/recording.ts";
import { keptBytes } from "../passes/lane_memory.ts";

/** What a machine does in a second, of one process while all work. */
export interface Speeds {
  /** 10⁹ float32 operations. */
  readonly gflops: number;
  readonly writing: WritingSpeed;
}

/** What is continued, and by what. */
export interface Written {
  readonly model: DecoderSpec;
  readonly graph: EmittedGraph;
  /** SAEs whose encoders every token goes through, since their features compete. */
  readonly editors: readonly SaeSpec[];
  /** Tokens are drawn from the whole vocabulary's logits; else the graph gives the likeliest. */
  readonly draws: boolean;
  readonly limits: Pick<JobLimits, "tokens">;
  readonly dealt: Dealt;
}

/** Seconds that all of it takes at most; how many batches go on, and in which steps, each of so many seconds in the middle of the texts. */
export interface WritingTime {
  readonly seconds: number;
  readonly steps: { readonly batches: number; readonly count: number; readonly seconds: number };
}

/**
 * Of each batch prompts are read as texts are, then each step takes
 *   weights · bytes / s  +  (rows − 2) · operations / s  +  rows · what is kept · bytes / s  +  rows · logits / s where tokens are drawn.
 * The first was measured with two rows, which a step has at least; what more rows cost comes on top of it, since a matrix is cast and packed first and multiplied
 * then. Batches go to whichever process is free. null: weights that are read in a way that was not measured, as experts are, of which a step reads those that its
 * tokens choose.
 */
export function timeOfWriting({ model, graph, editors, draws, limits, dealt: { lanes, together } }: Written, { run, prompts, mostRows: most }: Pick<Work, "run" | "prompts" | "mostRows">, { gflops, writing }: Speeds): WritingTime | null {
  if (run.texts === 0 || most === 0 || prompts === undefined) return { seconds: 0, steps: { batches: 0, count: 0, seconds: 0 } };
  const products = graph.experts === true ? null : secondsOf(weightsOfStep(model, editors), writing);
  if (products === null) return null;
  const operations = gflops * 1e9;
  const flops = graph.flopsPerToken + editors.reduce((sum, { dIn, dSae }) => sum + 2 * dIn * dSae, 0);
  const head = 2 * model.vocabulary * model.hiddenSize;
  const length = run.tokens / run.texts;
  const looking = (tokens: number): number => lookingFlops(model, model.blocks.length, tokens);
  // What is kept is read and written once when it grows, and read once more by the tokens that look back.
  const keeping = (tokens: number): number => (keptBytes(model, tokens) / 1e9) * (1 / writing.copied + 1 / writing.single);
  const drawing = (texts: number): number => (draws ? (texts * model.vocabulary) / writing.drawn / 1e9 : 0);
  const step = (texts: number, tokens: number): number => {
    const rows = Math.max(FEWEST_ROWS, texts);
    return products + ((rows - FEWEST_ROWS) * flops + rows * looking(tokens)) / operations + rows * keeping(tokens) + drawing(texts);
  };
  const begin = (texts: number): number => {
    const tokens = (texts / run.texts) * prompts.tokens;
    const calls = Math.max(1, Math.round(tokens / readAtOnce(guessPace(graph.flopsPerToken), limits)));
    return calls * products + (tokens * (flops - head + looking(prompts.tokens / prompts.texts)) + texts * head) / operations + drawing(texts);
  };
  const middle = length + most / 2;
  const rows = Math.min(run.texts, together(length + most));
  const free = new Array<number>(lanes).fill(0);
  for (let left = run.texts; left > 0; left -= rows) {
    const texts = Math.min(rows, left);
    const first = free.indexOf(Math.min(...free));
    free[first] = free[first]! + begin(texts) + (most - 1) * step(texts, middle);
  }
  return { seconds: Math.max(...free), steps: { batches: Math.ceil(run.texts / rows), count: most - 1, seconds: step(rows, middle) } };
}

/** A product is never given fewer. */
const FEWEST_ROWS = 2;

/** A matrix that each step reads, `tile` elements of it at a time. */
interface Matrix {
  readonly dtype: TensorRef["dtype"];
  readonly elements: number;
  readonly tile: number;
}

function weightsOfStep(model: DecoderSpec, editors: readonly SaeSpec[]): readonly Matrix[] {
  const matrix = ({ dtype, shape }: TensorRef, tile: number): Matrix => {
    const elements = shape.reduce((product, dim) => product * dim, 1);
    return { dtype, elements, tile: Math.min(elements, tile) };
  };
  const head = model.lmHead ?? model.embed;
  return [...model.blocks.flatMap(mapsOfBlock).map((linear) => matrix(linear.weight, tilesOf(linear, 1, "cached").elements)), matrix(head, vocabularyTile(head, CPU, "cached") * headWidth(model)), ...editors.map(({ encoder, dIn }) => matrix(encoder, tileOf(dIn, "cpu") * dIn))];
}

/** Seconds that two rows take; null where matrices are stored in a way that was not measured. Between the sizes that were, what an element takes grows evenly. */
function secondsOf(matrices: readonly Matrix[], { single, half, tiled }: WritingSpeed): number | null {
  const [small, large] = [SMALL_MATRIX, LARGE_MATRIX].map(([rows, columns]) => rows * columns) as [number, number];
  let seconds = 0;
  for (const { dtype, elements, tile } of matrices) {
    if (dtype === "f64") return null;
    const share = Math.max(0, Math.min(1, (tile - small) / (large - small)));
    seconds += dtype === "f32" ? (4 * elements) / single / 1e9 : (2 * elements * ((1 - share) / half + share / tiled)) / 1e9;
  }
  return seconds;
}

/** SAEs of edits whose encoders are computed whole for each token. */
export function wholeEditors(edits: readonly Edit[], saeOf: (sae: Edit["sae"]) => SaeSpec): readonly SaeSpec[] {
  return edits.filter(({ how }) => how !== "add").map(({ sae }) => saeOf(sae)).filter(({ kind }) => kind === "topk" || kind === "groupmax");
}
