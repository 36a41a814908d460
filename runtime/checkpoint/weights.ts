/** Without this file each reader of SAEs would look tensors up, check thresholds and describe decoders in a way of its own. */
import type { HookPlace, Layout, SaeDecoder, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { TensorRef } from "../../src/emit/specs.ts";
import { CheckpointError } from "./error.ts";
import { decoderNorms, readVector } from "./numbers.ts";
import { tensorRef, type TensorEntry, type TensorFile } from "./safetensors.ts";

/** The tensors of one SAE, from however many files. */
export interface Weights {
  readonly files: readonly TensorFile[];
  /** What reading them had to say. */
  readonly notes: readonly string[];
}

/** The tensor of the first of these names; `missing-tensor` names what was looked for and what is there. */
export function find(weights: Weights, ...names: readonly string[]): TensorEntry {
  const found = maybe(weights, ...names);
  if (found !== null) return found;
  const there = weights.files.flatMap(({ tensors }) => [...tensors.keys()]);
  throw new CheckpointError("missing-tensor", `tensor ${names.map((name) => `\`${name}\``).join(" or ")} is not in ${weights.files.map(({ file }) => file).join(", ")}`, {
    notes: [`there: ${there.slice(0, 20).join(", ") || "nothing"}${there.length > 20 ? ` and ${there.length - 20} more` : ""}`],
    help: "use files that belong together: download the whole folder again",
  });
}

export function maybe(weights: Weights, ...names: readonly string[]): TensorEntry | null {
  for (const name of names) {
    for (const { tensors } of weights.files) {
      const found = tensors.get(name);
      if (found !== undefined) return found;
    }
  }
  return null;
}

/** d and m as the encoder's shape gives them, for formats whose config leaves them out. */
export function widths(encoder: TensorEntry, layout: Layout): { readonly dIn: number; readonly dSae: number } {
  const [rows, columns] = encoder.shape;
  if (encoder.shape.length !== 2 || rows === undefined || columns === undefined || rows === 0 || columns === 0) {
    throw new CheckpointError("shape-mismatch", `tensor \`${encoder.name}\` of ${encoder.file} has shape [${encoder.shape.join(", ")}]; an encoder is a matrix`, { help: "use files that belong together: download the whole folder again" });
  }
  return layout === "in_out" ? { dIn: rows, dSae: columns } : { dIn: columns, dSae: rows };
}

/** The matrix inputs → outputs where it lies. An entry that is stored by columns is the other layout of the same matrix. */
function matrix(tensor: TensorEntry, layout: Layout, inputs: number, outputs: number): { readonly weight: TensorRef; readonly layout: Layout } {
  const shape = layout === "in_out" ? [inputs, outputs] : [outputs, inputs];
  if (tensor.columnMajor !== true) return { weight: tensorRef(tensor, shape), layout };
  tensorRef(tensor, shape);
  const turned = layout === "in_out" ? "out_in" : "in_out";
  return { weight: tensorRef({ ...tensor, shape: shape.toReversed() }, shape.toReversed()), layout: turned };
}

/** Encoder and its layout, as `SaeSpec` wants them. */
export function encoderOf(tensor: TensorEntry, layout: Layout, dIn: number, dSae: number): Pick<SaeSpec, "encoder" | "encoderLayout"> {
  const found = matrix(tensor, layout, dIn, dSae);
  return { encoder: found.weight, encoderLayout: found.layout };
}

interface DecoderParts {
  readonly dOut: number;
  readonly scale?: Float32Array | null;
  readonly bias: Float32Array | null;
  readonly skip?: { readonly tensor: TensorEntry; readonly layout: Layout } | null;
}

export function decoderOf(tensor: TensorEntry, layout: Layout, { dIn, dSae }: { readonly dIn: number; readonly dSae: number }, parts: DecoderParts): Pick<SaeSpec, "decoder" | "noDecoder"> {
  const skip = parts.skip ?? null;
  const decoder: SaeDecoder = {
    ...matrix(tensor, layout, dSae, parts.dOut),
    dOut: parts.dOut,
    scale: parts.scale ?? null,
    bias: parts.bias,
    skip: skip === null ? null : matrix(skip.tensor, skip.layout, dIn, parts.dOut),
  };
  return { decoder, noDecoder: "" };
}

/** Decoder norms of either layout, however the file orders the numbers. */
export function normsOf(tensor: TensorEntry, layout: Layout, dSae: number, dOut: number): Promise<Float64Array> {
  const { layout: stored } = matrix(tensor, layout, dSae, dOut);
  return decoderNorms(tensor.columnMajor === true ? { ...tensor, shape: tensor.shape.toReversed() } : tensor, stored, dSae, dOut);
}

/** Below 0: `rectified`, where a feature's value is relu(x) behind the threshold; `refused`, where it is x and would be negative. */
export type Below = "rectified" | "refused";

/**
 * Thresholds of a jumprelu SAE: one each, and finite. A scalar stands for all. relu(x) above a threshold below 0 is relu(x): there the threshold is 0,
 * and a feature is active where it is positive (sae_lens `saes/jumprelu_sae.py`, `encode`).
 */
export async function thresholds(tensor: TensorEntry, dSae: number, log: boolean, below: Below = "refused"): Promise<Float32Array> {
  const scalar = tensor.shape.length === 0 || (tensor.shape.length === 1 && tensor.shape[0] === 1 && dSae > 1);
  const stored = scalar ? await readVector({ ...tensor, shape: [1] }, 1) : await readVector(tensor, dSae);
  const raised = below === "rectified" ? stored.map((value) => Math.max(value, 0)) : stored;
  const values = log ? stored.map(Math.exp) : raised;
  const bad = values.findIndex((value) => !(value >= 0 && Number.isFinite(value)));
  if (bad >= 0) {
    throw new CheckpointError("invalid-tensor", `tensor \`${tensor.name}\` of ${tensor.file} holds ${String(stored[bad])} at index ${bad}, and a threshold is a number of at least 0`, {
      notes: stored[bad] === -1 ? ["a threshold of -1 is the mark of one that was never trained"] : [],
      help: "download the file again, or ask its publisher",
    });
  }
  return scalar ? new Float32Array(dSae).fill(values[0] as number) : values;
}

/** What an SAE without any peculiarity leaves empty. */
export const PLAIN = {
  normalize: "none",
  inputShift: null,
  preScale: null,
  threshold: null,
  k: null,
  gateBias: null,
  magnitudeScale: null,
  outputScale: null,
  hookOut: null,
  module: null,
  prependBos: true,
} as const;

/** Where a transcoder writes; null where in and out are one. */
export function outPlace(place: HookPlace, out: HookPlace): HookPlace | null {
  return out.hookName === place.hookName ? null : out;
}

export const inverse = (values: Float64Array | Float32Array): Float32Array => Float32Array.from(values, (value) => 1 / value);
export const filled = (count: number, value: number): Float32Array => new Float32Array(count).fill(value);

/** k of a topk SAE, at most its width: the k largest of fewer features are not defined. */
export function requireK(k: number, dSae: number, where: string): number {
  if (Number.isInteger(k) && k >= 1 && k <= dSae) return k;
  throw new CheckpointError("invalid-config", `\`k\` in ${where} is ${k}, but the SAE has ${dSae} features`, { help: "download the file again, or correct that key" });
}

/** A convention that means nothing for a format. */
export function refuseConvention(folder: string, format: string, convention: string, allowed: readonly string[]): void {
  if (allowed.includes(convention)) return;
  throw new CheckpointError("convention-not-applicable", `${folder} is in the format of ${format}, which has no convention \`${convention}\``, { help: `set convention ${allowed[0]}` });
}
