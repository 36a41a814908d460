/** Without this file memory could be measured on small models only: a Llama, or a hybrid, of any shape whose weights are zeros that take no room on the disk. */
import { mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExpertLinear, ExpertsSpec } from "../../src/emit/expert_specs.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec, PackedRef, StoredType, TensorRef } from "../../src/emit/specs.ts";
import { hybridSpec, type DeltaSizes } from "../emit/hybrid_spec.ts";
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
  /** MLPs of `mlp` columns that each block has, and how many a token takes; without contents all tokens take the first. */
  readonly experts?: { readonly count: number; readonly perToken: number; /** In four bits. */ readonly packed?: true };
}

export interface HollowModel {
  readonly spec: DecoderSpec;
  readonly sae: SaeSpec;
  readonly remove: () => void;
}

export function hollowModel({ hidden, mlp, heads, kvHeads, headDim, layers, dtype, features, active, delta, experts }: HollowShape): HollowModel {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "saeq-hollow-")));
  const file = join(folder, "weights.bin");
  let offset = 0;
  const tensor = (...shape: readonly number[]): TensorRef => {
    const length = shape.reduce((product, n) => product * n, 1) * (dtype === "f32" ? 4 : 2);
    offset += length;
    return { file, offset: offset - length, length, dtype, shape };
  };
  const block = () => ({ ln1: tensor(hidden), q: tensor(heads * headDim, hidden), k: tensor(kvHeads * headDim, hidden), v: tensor(kvHeads * headDim, hidden), o: tensor(hidden, heads * headDim), ln2: tensor(hidden), gate: tensor(mlp, hidden), up: tensor(mlp, hidden), down: tensor(hidden, mlp) });
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
  const sparse = ({ count, perToken, packed: four }: NonNullable<HollowShape["experts"]>): ExpertsSpec => {
    const common = { kind: "experts", perToken, router: { weight: tensor(count, hidden), layout: "out_in", bias: null } } as const;
    if (four === true) return { ...common, alpha: 1.702, limit: 7, pairs: Array.from({ length: count }, () => ({ gateUp: packed(2 * mlp, hidden), down: packed(hidden, mlp) })) };
    return { ...common, activation: "silu", normalized: true, shared: null, experts: Array.from({ length: count }, () => ({ down: tensor(hidden, mlp), gate: tensor(mlp, hidden), up: tensor(mlp, hidden) })) };
  };
  const sparseOrNot = experts === undefined ? dense : { ...dense, blocks: dense.blocks.map((each) => ({ ...each, mlp: sparse(experts) })) };
  const spec = delta === undefined ? sparseOrNot : hybridSpec(sparseOrNot, delta, { matrix: tensor, vector: (shape) => tensor(...shape) });
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
