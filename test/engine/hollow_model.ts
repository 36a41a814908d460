/** Without this file memory could be measured on small models only: a Llama, or a hybrid, of any shape whose weights are zeros that take no room on the disk. */
import { mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExpertLinear, ExpertsSpec, GatedExpertsSpec } from "../../src/emit/expert_specs.ts";
import type { LatentSpec } from "../../src/emit/attention_specs.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { BesideSpec, BlockSpec, DecoderSpec, LinearSpec, NormSpec, PackedRef, StoredType, TensorRef } from "../../src/emit/specs.ts";
import { convolvingSpec, hybridSpec, type DeltaSizes } from "../emit/hybrid_spec.ts";
import { llamaSpec } from "../emit/llama_spec.ts";

export interface HollowShape {
  readonly hidden: number;
  readonly mlp: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly layers: number;
  readonly dtype: StoredType;
  readonly features: number;
  /** Share of the features that are active in every row. */
  readonly active: number;
  /** Makes a hybrid of it, as `hybridSpec` says. */
  readonly delta?: DeltaSizes;
  /** Makes one with convolutions over so many tokens, as `convolvingSpec` says. */
  readonly convolution?: number;
  /** MLPs of `mlp` columns that each block has, and how many a token takes; without contents all tokens take the first. */
  readonly experts?: { readonly count: number; readonly perToken: number; /** In four bits. */ readonly packed?: true; /** Beside MLPs of four times as many columns, as in Gemma 4. */ readonly beside?: true; /** As in Llama 4, with one of the same width that all tokens take. */ readonly joined?: true };
  /** Columns of what each block is told of a token beside the stream, as in Gemma 4. */
  readonly told?: number;
  /** Texts are seen in runs of so many tokens, as in Llama 4. */
  readonly chunk?: number;
  /** Nothing turns, and keys have a column for each head that shares them, of what is added to its scores, as in Falcon. */
  readonly rising?: true;
  /** Keys and values of all heads are made of so many numbers, as in DeepSeek; `headDim` is then the width of a query, half of it turned, and half of it the width of a value. */
  readonly rank?: number;
}

export interface HollowModel {
  readonly spec: DecoderSpec;
  readonly sae: SaeSpec;
  readonly remove: () => void;
}

export function hollowModel({ hidden, mlp, heads, kvHeads, headDim, layers, dtype, features, active, delta, convolution, experts, told, rank, rising, chunk }: HollowShape): HollowModel {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "saeq-hollow-")));
  const file = join(folder, "weights.bin");
  let offset = 0;
  const tensor = (...shape: readonly number[]): TensorRef => {
    const length = shape.reduce((product, n) => product * n, 1) * (dtype === "f32" ? 4 : 2);
    offset += length;
    return { file, offset: offset - length, length, dtype, shape };
  };
  const columns = experts?.beside === true ? 4 * mlp : mlp;
  const block = () => ({ ln1: tensor(hidden), q: tensor(heads * headDim, hidden), k: tensor(kvHeads * headDim, hidden), v: tensor(kvHeads * headDim, hidden), o: tensor(hidden, heads * headDim), ln2: tensor(hidden), gate: tensor(columns, hidden), up: tensor(columns, hidden), down: tensor(hidden, columns) });
  const dense = llamaSpec(
    { digest: `hollow ${hidden} ${layers} ${dtype}`, hiddenSize: hidden, heads, kvHeads, headDim, context: 8192 },
    { embed: tensor(1000, hidden), blocks: Array.from({ length: layers }, block), finalNorm: tensor(hidden) },
  );
  const bytes = (kind: PackedRef["dtype"], ...shape: readonly number[]): PackedRef => {
    const length = shape.reduce((product, n) => product * n, 1);
    offset += length;
    return { file, offset: offset - length, length, dtype: kind, shape };
  };
  const packed = (out: number, into: number): ExpertLinear => ({ blocks: bytes("e2m1", out, into / 32, 16), scales: bytes("e8m0", out, into / 32), bias: tensor(out) });
  const linear = (...shape: readonly [number, number]): LinearSpec => ({ weight: tensor(...shape), layout: "out_in", bias: null });
  const norm = (width: number): NormSpec => ({ weight: tensor(width), bias: null });
  const gated = ({ count, perToken }: NonNullable<HollowShape["experts"]>): GatedExpertsSpec => ({
    kind: "experts", perToken, router: linear(count, hidden), activation: "silu", normalized: true, shared: null,
    experts: Array.from({ length: count }, () => ({ down: tensor(hidden, mlp), gate: tensor(mlp, hidden), up: tensor(mlp, hidden) })),
  });
  const paired = ({ count, perToken }: NonNullable<HollowShape["experts"]>): ExpertsSpec => ({
    kind: "experts", perToken, router: linear(count, hidden), alpha: 1.702, limit: 7, pairs: Array.from({ length: count }, () => ({ gateUp: packed(2 * mlp, hidden), down: packed(hidden, mlp) })),
  });
  const joined = ({ count, perToken }: NonNullable<HollowShape["experts"]>): ExpertsSpec => ({
    kind: "experts", perToken, router: linear(count, hidden), activation: "silu", joined: Array.from({ length: count }, () => ({ gateUp: tensor(hidden, 2 * mlp), down: tensor(mlp, hidden) })),
    shared: { mlp: { kind: "gated", activation: "silu", gate: linear(mlp, hidden), up: linear(mlp, hidden), down: linear(hidden, mlp) }, gate: null },
  });
  const beside = (sizes: NonNullable<HollowShape["experts"]>): BesideSpec => ({ mlpNorm: norm(hidden), norm: norm(hidden), outputNorm: norm(hidden), routerWeight: tensor(hidden), routerFactor: hidden ** -0.5, experts: gated(sizes) });
  const withExperts = (block: BlockSpec): BlockSpec => {
    if (experts === undefined) return block;
    return experts.beside === true ? { ...block, beside: beside(experts) } : { ...block, mlp: experts.packed === true ? paired(experts) : experts.joined === true ? joined(experts) : gated(experts) };
  };
  const withTold = (model: DecoderSpec, width: number): DecoderSpec => ({
    ...model,
    layerInputs: { table: tensor(1000, layers * width), tableFactor: 1, fromFactor: 1, norm: tensor(width) },
    blocks: model.blocks.map((block) => ({ ...block, layerInput: { from: linear(width, hidden), gate: linear(width, hidden), back: linear(hidden, width), norm: norm(hidden), activation: "silu" } })),
  });
  const withLatent = (block: BlockSpec): BlockSpec => {
    if (rank === undefined || block.attention.kind !== "softmax") return block;
    const half = headDim / 2;
    const qkv: LatentSpec = { kind: "latent", q: linear(heads * headDim, hidden), qLatent: null, down: linear(rank + half, hidden), norm: tensor(rank), up: linear(heads * headDim, rank), plain: half, turned: half, valueDim: half, epsilon: 1e-6 };
    return { ...block, attention: { ...block.attention, qkv, o: linear(hidden, heads * half), rope: { theta: 10000, dimensions: half, scaling: { kind: "none" } } } };
  };
  const inRuns = (block: BlockSpec): BlockSpec => (chunk === undefined || block.attention.kind !== "softmax" ? block : { ...block, attention: { ...block.attention, chunk } });
  const withRises = (block: BlockSpec): BlockSpec => (rising !== true || block.attention.kind !== "softmax" ? block : { ...block, attention: { ...block.attention, rope: null, slopes: new Array<number>(heads).fill(1 / 16), roundedSlopes: true } });
  const sparseOrNot = { ...dense, blocks: dense.blocks.map(withExperts).map(withLatent).map(withRises).map(inRuns) };
  const softmax = told === undefined ? sparseOrNot : withTold(sparseOrNot, told);
  const tensors = { matrix: tensor, vector: (shape: readonly number[]): TensorRef => tensor(...shape) };
  const spec = delta !== undefined ? hybridSpec(softmax, delta, tensors) : convolution !== undefined ? convolvingSpec(softmax, convolution, tensors) : softmax;
  const sae: SaeSpec = {
    kind: "standard", digest: `hollow ${features}`, dIn: hidden, dSae: features, encoder: tensor(features, hidden), encoderLayout: "out_in", decoder: null, noDecoder: "hollow", normalize: "none", inputShift: null,
    // Spread over all tiles.
    bias: Float32Array.from({ length: features }, (_, i) => (((i * 7919) % 1000) / 1000 < active ? 1 : -1)),
    preScale: null, threshold: null, k: null, gateBias: null, magnitudeScale: null, outputScale: null, module: null, hookOut: null, convention: "saelens", modelName: null, prependBos: false, format: "sae_lens", notes: [], layer: layers - 1, hook: "resid_post", hookName: "",
  };
  writeFileSync(file, "");
  truncateSync(file, offset);
  return { spec, sae, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
