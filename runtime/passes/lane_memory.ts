/** Without this file nobody would know how much memory a batch takes before it is run. */
import { convColumns } from "../../src/emit/delta.ts";
import type { ExpertLinear, ExpertsSpec } from "../../src/emit/expert_specs.ts";
import { keptTensors } from "../../src/emit/mixer.ts";
import { elementsOf } from "../../src/emit/paired_experts.ts";
import type { AttentionSpec, ConvolutionSpec, DeltaSpec } from "../../src/emit/attention_specs.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { BlockSpec, DecoderSpec, LinearSpec, MlpSpec, TensorRef } from "../../src/emit/specs.ts";
import { expertsIn, mapsOfBlock } from "../../src/emit/block.ts";
import { cacheWidth, headsIn } from "../../src/emit/attention.ts";
import { CPU } from "../../src/emit/target.ts";
import { blocksOf, widthIn } from "../../src/ops/hook.ts";
import type { Edit } from "../../src/ops/edit.ts";
import type { Tap } from "../../src/ops/op.ts";
import { MOST_ACTIVE } from "../engine/batching.ts";
import { tileOf } from "../../src/emit/encode.ts";
import type { Tiling } from "../../src/emit/graph.ts";
import { headWidth, vocabularyTile } from "../../src/emit/head.ts";
import { tilesOf } from "../../src/emit/linear.ts";
import { rowsAtOnce } from "../kernels/softmax.ts";
import { positionsFor } from "../../src/emit/rope.ts";

/** A pass as memory sees it. */
export interface Shapes {
  readonly model: DecoderSpec;
  readonly blocks: number;
  readonly taps: readonly { readonly tap: Tap; readonly width: number; readonly sae: SaeSpec | null }[];
  /** true: what comes next is predicted of the wanted rows. */
  readonly head?: true;
  /** SAEs that edit the stream; those whose features compete are computed whole, for every token. */
  readonly editors?: readonly SaeSpec[];
}

/** One batch: padded tokens in all, padded tokens of one text, wanted rows. */
export interface BatchShape {
  readonly tokens: number;
  readonly longest: number;
  readonly rows: number;
}

const F32 = 4;
/** Node, the runtime's library and an open session, before the first batch: 75 to 95 MB measured; and what the heap keeps of small tensors. */
const LANE_BASE = 150e6;
/** By how much more than the tensors themselves is taken: blocks that are let go of and not given back. Measured between 0.7 and 1.2 (`bench/memory`). */
const SLACK = 1.25;
/** What an operator's node, its names and its constants take, as loaded and as planned. */
const PER_NODE = 12e3;
const NODES_PER_BLOCK = 60;
/** More of them where the MLP is a mixture of experts: those of the loop, which are there once, and of the sum over as many as a token takes. */
const nodesOfExperts = ({ perToken }: ExpertsSpec): number => 60 + 5 * perToken;
/** Lists of places and their orders: numbers of eight bytes, as they are made and as they are sorted. */
const PER_PLACE = 80;
/** A triple of an active feature as int64, int64 and float32, compared, joined, narrowed, and in the reply. */
const PER_TRIPLE = 80;

/**
 * Anonymous bytes that one process of the CPU needs at most for a batch: the largest set of tensors that are alive together, which is in
 * attention, in an MLP or in an encoder. Weights are mapped from their files and not counted, but for the float32 copies of those stored narrower. `parts`: that a product may be cut in.
 */
export function laneBytes(shapes: Shapes, batch: BatchShape, parts = 1): number {
  return bytesOf(shapes, batch, { parts, tiling: "wide" });
}

/** How large weights are cut. */
interface Cut {
  readonly parts: number;
  readonly tiling: Tiling;
}

function bytesOf({ model, blocks, taps, editors = [], head }: Shapes, batch: BatchShape, cut: Cut): number {
  const stream = batch.tokens * model.hiddenSize * F32;
  const inBlocks = model.blocks.slice(0, blocks).reduce((most, block) => Math.max(most, Math.max(attentionBytes(model, block, batch), mlpBytes(block.mlp, batch.tokens), besideBytes(block, batch.tokens, model.hiddenSize)) + castBytes(block, cut)), 0);
  const inTaps = taps.reduce((most, { sae, width }) => Math.max(most, batch.rows * width * F32 + (sae === null ? 0 : encoderBytes(sae, batch.rows))), 0);
  const inEdits = editors.reduce((most, sae) => Math.max(most, 3 * stream + (sae.kind === "topk" || sae.kind === "groupmax" ? encoderBytes(sae, batch.tokens) : 0)), 0);
  // Dense taps stay until the batch is done, and once more in the reply.
  const answers = taps.reduce((sum, { sae, width }) => sum + (sae === null ? 2 * batch.rows * width * F32 : 0), 0);
  const nodes = model.blocks.slice(0, blocks).reduce((sum, block) => {
    const mixture = expertsIn(block);
    return sum + NODES_PER_BLOCK + nodesOfTiles(block, cut) + (mixture === null ? 0 : nodesOfExperts(mixture));
  }, 0);
  return Math.round(LANE_BASE + PER_NODE * nodes + saeVectors(taps) + placesBytes(model, batch.longest) + SLACK * (3 * stream + told(model, batch.tokens) + Math.max(inBlocks, inTaps, inEdits, head === true ? headBytes(model, batch.rows, cut) : 0) + answers));
}

/**
 * The same for a batch of continuations: prompts of `tokens` are read at a time, `rows` go on together, and the longest text has `length` tokens at its end. Keys and values
 * are there as they were and as a step makes them; what was let go of is not given back at once. Measured: up to 3.1 times what is kept (`bench/memory`).
 */
export function continuingBytes(shapes: Shapes, batch: BatchShape & { readonly length: number }, parts = 1): number {
  return Math.round(bytesOf({ ...shapes, head: true }, batch, { parts, tiling: "cached" }) + KEPT_SLACK * batch.rows * keptBytes(shapes.model, batch.length));
}

const KEPT_SLACK = 3.2;

/** What is kept of a text of `length` tokens. */
export function keptBytes(model: DecoderSpec, length: number): number {
  const numbers = (dims: readonly (string | number)[]): number => dims.slice(1).reduce<number>((size, dim) => size * (typeof dim === "number" ? dim : length), 1);
  return F32 * model.blocks.reduce((sum, block) => sum + keptTensors(model, block).reduce((size, { past }) => size + numbers(past), 0), 0);
}

/** Rows behind the last norm, the logits of those that are taken together, by tiles of the vocabulary and joined, and a tile of the matrix. */
function headBytes(model: DecoderSpec, rows: number, { parts, tiling }: Cut): number {
  const together = Math.max(2, Math.min(rows, rowsAtOnce(model.vocabulary)));
  const head = model.lmHead ?? model.embed;
  return F32 * (2 * rows * model.hiddenSize + 2 * together * model.vocabulary) + 2 * castOf(head, vocabularyTile(head, { ...CPU, parts }, tiling) * headWidth(model));
}

/** What blocks are told beside the stream: the embedding is kept for it, and rows of the table, as stored and in float32, and what one block takes. */
function told({ layerInputs, hiddenSize }: DecoderSpec, tokens: number): number {
  if (layerInputs === undefined) return 0;
  return F32 * tokens * (hiddenSize + 1.5 * layerInputs.table.shape[1]! + 4 * layerInputs.norm.shape[0]!);
}

/** Positions that are computed travel inside the graph: in its bytes, and as the session's own copy. */
function placesBytes(model: DecoderSpec, longest: number): number {
  return model.positions !== null && "kind" in model.positions ? 3 * F32 * positionsFor(model, longest) * model.hiddenSize : 0;
}

/** Small vectors of an SAE travel inside the graph: in its bytes, and as the session's own copy. */
function saeVectors(taps: Shapes["taps"]): number {
  return taps.reduce((sum, { sae }) => sum + (sae === null ? 0 : 3 * F32 * [sae.bias, sae.preScale, sae.threshold, sae.gateBias, sae.magnitudeScale, sae.outputScale].reduce((n, vector) => n + (vector?.length ?? 0), 0)), 0);
}

/** Queries, keys and values, once as made and once turned, the scores of all heads over all keys, and what is mixed. */
function attentionBytes(model: DecoderSpec, { attention }: BlockSpec, batch: BatchShape): number {
  return F32 * numbersOf(model, attention, batch);
}

function numbersOf(model: DecoderSpec, attention: BlockSpec["attention"], batch: BatchShape): number {
  switch (attention.kind) {
    case "softmax":
      return softmaxNumbers(model, attention, batch);
    case "delta":
      return deltaNumbers(attention, batch);
    case "convolution":
      return convolutionNumbers(attention, batch);
    default:
      return attention satisfies never;
  }
}

function softmaxNumbers(model: DecoderSpec, spec: AttentionSpec, { tokens, longest }: BatchShape): number {
  const { qkv } = spec;
  const { heads, kvHeads, headDim } = headsIn(model, spec);
  const columns = (heads + 2 * kvHeads) * headDim;
  const width = cacheWidth(model, spec);
  const laid = (heads + 2 * kvHeads) * width;
  const gates = qkv.kind === "gated" || spec.gate !== undefined ? 2 * heads * headDim : 0;
  // What keys and values are made of is written out for each head, put in order and filled up: once more as much.
  const times = qkv.kind === "latent" ? 2 : 1;
  // Where a text is cut in runs, what is added to scores of all heads is there for all blocks.
  const added = spec.chunk === undefined ? 0 : 2;
  const sharpened = spec.sharpening === undefined ? 0 : heads * width;
  return tokens * (times * columns + laid + heads * width + gates + sharpened) + tokens * longest * (heads + added);
}

/** What goes into the convolution, its shifted products, and queries and keys once more for the heads that share them; and the matrices of each text. */
function deltaNumbers(spec: DeltaSpec, { tokens, longest }: BatchShape): number {
  const { valueHeads, keyDim, valueDim, kernel, maps } = spec;
  const columns = convColumns(spec);
  const inConvolution = (kernel + 3) * columns;
  const inRecurrence = columns + valueHeads * (4 * keyDim + 4 * valueDim);
  // Gates that come of the same product as all the rest wait until the end.
  const waiting = maps.kind === "apart" ? 0 : valueHeads * valueDim;
  return tokens * (Math.max(inConvolution, inRecurrence) + waiting) + Math.ceil(tokens / Math.max(1, longest)) * 2 * valueHeads * keyDim * valueDim;
}

/** What is opened, and what waits to open what comes of it; what goes into the convolution and its shifted products. */
function convolutionNumbers({ kernels }: ConvolutionSpec, { tokens }: BatchShape): number {
  const [columns, , kernel] = kernels.weight.shape as readonly [number, number, number];
  return tokens * columns * (3 + kernel + 3);
}

/** Experts beside an MLP, and of that what it gave, the stream and the router's reading of it. */
function besideBytes({ beside }: BlockSpec, tokens: number, d: number): number {
  return beside === undefined ? 0 : expertsBytes(beside.experts, tokens) + 4 * F32 * tokens * d;
}

/** Gate, its activation, their product with up, and its like before it is let go. */
function mlpBytes(mlp: MlpSpec, tokens: number): number {
  if (mlp.kind === "experts") return Math.max(expertsBytes(mlp, tokens), "pairs" in mlp || mlp.shared === null ? 0 : F32 * tokens * outputsOf(mlp.shared.mlp.down) + mlpBytes(mlp.shared.mlp, tokens));
  const inner = outputsOf(mlp.up);
  const alive = mlp.kind === "gated" ? 4 : 3;
  return F32 * tokens * inner * alive;
}

/**
 * What all experts of all tokens gave, with a row more for each, twice when it is put together; and in the loop rows of one expert, of all tokens where
 * they agree, with what is between its maps and its answer twice, and its weights: cut out of the file, cast, and the next one's.
 */
function expertsBytes(mlp: ExpertsSpec, tokens: number): number {
  const { router, perToken } = mlp;
  const [count, d] = router.weight.shape as readonly [number, number];
  const [width, columns] = inLoopOf(mlp);
  const made = (tokens * perToken + count) * d;
  const inLoop = (tokens + 1) * (3 * d + columns * width);
  const weights = weightsInLoop(mlp);
  return F32 * (made + Math.max(made + 3 * tokens * d, inLoop) + 3 * tokens * count) + tokens * perToken * PER_PLACE + weights;
}

/** Columns of an expert, and how many such there are of each row at a time: gates and ups that come of one map are taken apart, and pairs of them before they are clamped. */
function inLoopOf(mlp: ExpertsSpec): readonly [number, number] {
  if ("pairs" in mlp) return [mlp.pairs[0]!.gateUp.bias.shape[0]! / 2, 8];
  return "joined" in mlp ? [mlp.joined[0]!.down.shape[0]!, 6] : [mlp.experts[0]!.up.shape[0]!, 4];
}

/** Weights of an expert that are there at a time. */
function weightsInLoop(mlp: ExpertsSpec): number {
  if ("pairs" in mlp) return Math.max(...[mlp.pairs[0]!.gateUp, mlp.pairs[0]!.down].map(mapBytes));
  return "joined" in mlp ? cutBytes(mlp.joined[0]!.gateUp) + cutBytes(mlp.joined[0]!.down) : 2 * cutBytes(mlp.experts[0]!.up);
}

/** A weight of an expert as it is cut out of the file, and its float32 copy. */
function cutBytes({ length, dtype, shape }: TensorRef): number {
  return length + (dtype === "f32" ? 0 : F32 * shape.reduce((product, dim) => product * dim, 1));
}

/** Packed numbers: their bytes, two of these an index, and what they stand for twice, before and after it is multiplied by its power of two. The next ones wait until they are used. */
function mapBytes(map: ExpertLinear): number {
  if ("weight" in map) return 2 * cutBytes(map.weight);
  return map.blocks.length * (1 + F32 / 2) + map.scales.length * (1 + 2 * F32) + 2 * F32 * elementsOf(map);
}

const outputsOf = ({ weight, layout }: LinearSpec): number => weight.shape[layout === "out_in" ? 0 : 1]!;

/** The largest float32 copy of a weight: a tile of it where it is large; and the next one's, which is made while it is still there. */
function castBytes(block: BlockSpec, { parts, tiling }: Cut): number {
  return mapsOfBlock(block).reduce((most, linear) => Math.max(most, castOf(linear.weight, tilesOf(linear, parts, tiling).elements)), 0) * 2;
}

/** A cast and a product for each tile. */
function nodesOfTiles(block: BlockSpec, { parts, tiling }: Cut): number {
  return mapsOfBlock(block).reduce((sum, linear) => sum + 2 * (tilesOf(linear, parts, tiling).count - 1), 0);
}

function castOf({ dtype }: TensorRef, elements: number): number {
  return dtype === "f32" ? 0 : elements * (F32 + (dtype === "f64" ? 8 : 2));
}

/** Features that may be active in a row, of all taps. */
export function featuresOfRow(saes: readonly (SaeSpec | null)[]): number {
  return saes.reduce((sum, sae) => sum + (sae === null ? 0 : Math.min(sae.dSae, sae.k ?? sae.dSae)), 0);
}

/** Bytes of one active feature beyond those that `laneBytes` reckons with: dense up to 90 measured, screened up to 126; and of the reply in this process 20. */
const PER_ACTIVE = 150;

/** Active features that a batch of `rows` rows has room for in a process that has `spare` bytes more than `laneBytes`. */
export function roomOf(rows: number, spare: number): number {
  return Math.round(Math.max(rows * MOST_ACTIVE, (rows * MOST_ACTIVE * PER_TRIPLE * SLACK + Math.max(0, spare)) / PER_ACTIVE));
}

/** Anonymous bytes of a process that encodes so many rows, as `laneBytes`. */
export function encodingBytes(sae: SaeSpec, rows: number): number {
  return Math.round(LANE_BASE + SLACK * (rows * sae.dIn * F32 + encoderBytes(sae, rows)));
}

/** One tile of features: its columns of the encoder where they must be cast or cut out, values, comparisons, and the triples of dense rows. */
function encoderBytes(sae: SaeSpec, rows: number): number {
  const tile = Math.min(tileOf(sae.dIn, "cpu"), sae.dSae);
  const cut = sae.encoderLayout === "in_out" && sae.dSae > tile ? F32 : 0;
  const weights = sae.dIn * tile * (sae.encoder.dtype === "f32" ? cut : F32 + (sae.encoder.dtype === "f64" ? 8 : 2));
  // Topk looks at all features of a row at once.
  const values = sae.kind === "topk" ? rows * sae.dSae * F32 * 2 : rows * tile * (2 * F32 + 3);
  return weights + values + rows * Math.min(sae.dSae, MOST_ACTIVE) * PER_TRIPLE;
}

export function shapesOf(model: DecoderSpec, taps: readonly Tap[], blocks: number | null, saeOf: (sae: NonNullable<Tap["sae"]>) => SaeSpec, edits: readonly Edit[] = []): Shapes {
  return {
    ...(edits.length === 0 ? {} : { editors: edits.map(({ sae }) => saeOf(sae)) }),
    model,
    blocks: blocksOf({ blocks, taps }),
    taps: taps.map((tap) => {
      const fact = model.hooks[tap.hook];
      return { tap, width: fact.state === "absent" ? model.hiddenSize : widthIn(fact, tap.layer), sae: tap.sae === null ? null : saeOf(tap.sae) };
    }),
  };
}
