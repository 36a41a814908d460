/** Without this file one NaN in a weight would turn into silently missing features. */
import { stat } from "node:fs/promises";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec, PackedRef, StoredType, TensorRef, WeightRef } from "../../src/emit/specs.ts";
import { CheckpointError } from "./error.ts";
import { createFiniteScan, type FiniteScan } from "../kernels/finite.ts";
import { CHUNK, decodeNumbers, pieces, type NumberRange } from "./numbers.ts";
import { unreadable } from "./real_path.ts";

const HEADER_NAME: Readonly<Record<StoredType, string>> = { f32: "F32", f16: "F16", bf16: "BF16", f64: "F64" };

/** Tensors found clean, by file, place and time of change: a session asks about the same ones again and again. */
const clean = new Set<string>();

/** The tensors that a forward graph of so many blocks maps; `head` adds what decoding needs. */
export function usedWeights(model: DecoderSpec, blocks: number, head: boolean): readonly WeightRef[] {
  const outside = [model.embed, ...tensorsIn(model.positions), ...tensorsIn(model.embedMap), ...tensorsIn(model.embedNorm), ...tensorsIn(model.layerInputs), ...(head ? [...tensorsIn(model.finalNorm), ...tensorsIn(model.headMap), model.lmHead, model.lmHeadBias] : [])];
  return [...outside.filter((ref) => ref !== null), ...model.blocks.slice(0, blocks).flatMap(tensorsIn)];
}

/** Every tensor somewhere inside plain data. */
function tensorsIn(value: unknown): readonly WeightRef[] {
  if (typeof value !== "object" || value === null) return [];
  return "file" in value && "offset" in value ? [value as WeightRef] : Object.values(value).flatMap(tensorsIn);
}

/** The encoder; biases and thresholds were checked when they were read. */
export function usedSaeWeights(sae: SaeSpec): readonly TensorRef[] {
  return [sae.encoder];
}

/** What decoding maps; its bias was checked when it was read. */
export function usedDecoderWeights({ decoder }: SaeSpec): readonly TensorRef[] {
  return decoder === null ? [] : [decoder.weight, ...(decoder.skip === null ? [] : [decoder.skip.weight])];
}

/** What turns a direction of the stream into logits, but for the bias. */
export function usedUnembedding({ finalNorm, headMap, lmHead, embed }: DecoderSpec): readonly TensorRef[] {
  return [finalNorm?.weight ?? null, headMap?.weight ?? null, lmHead ?? embed].filter((ref) => ref !== null);
}

/**
 * Throws `nonfinite-weights` for the first tensor that holds NaN or an infinity, with the count and the first index.
 * Reads every byte once and remembers clean tensors for as long as their file does not change.
 */
export async function requireFinite(tensors: readonly WeightRef[], signal?: AbortSignal): Promise<void> {
  for (const ref of tensors) {
    const { mtimeNs, ino, size } = await stat(ref.file, { bigint: true }).catch((error: unknown) => Promise.reject(unreadable(ref.file, error)));
    const key = `${ref.file}:${ino}:${mtimeNs}:${size}:${ref.offset}:${ref.length}`;
    if (clean.has(key)) continue;
    await scan(ref, signal);
    clean.add(key);
  }
}

/** One buffer for all tensors: they are looked through one after another. */
let finite: FiniteScan | null = null;

async function scan(ref: WeightRef, signal: AbortSignal | undefined): Promise<void> {
  // All sixteen numbers of four bits are finite.
  if (ref.dtype === "e2m1") return;
  if (ref.dtype === "e8m0") return await scanExponents(ref, signal);
  const { dtype } = ref;
  const range: NumberRange = { name: "", file: ref.file, dtype: HEADER_NAME[dtype], offset: ref.offset, length: ref.length };
  const own = takeScan();
  try {
    for await (const bytes of pieces(range, own.buffer)) {
      signal?.throwIfAborted();
      if (bytes.buffer !== own.buffer.buffer) own.buffer.set(bytes);
      if (own.holdsNonFinite(bytes.length, dtype)) return await report(range, ref);
    }
  } finally {
    finite = own;
  }
}

/** From here on exponents are NaN, or make an infinity of some number of four bits. */
const TOO_LARGE = 253;

/** Exponents are few: one for each sixteen bytes of numbers. */
async function scanExponents(ref: PackedRef, signal: AbortSignal | undefined): Promise<void> {
  let [count, first, at] = [0, -1, 0];
  for await (const bytes of pieces({ name: "", ...ref })) {
    signal?.throwIfAborted();
    for (const exponent of bytes) {
      if (exponent >= TOO_LARGE) [count, first] = [count + 1, first < 0 ? at : first];
      at += 1;
    }
  }
  if (count > 0) throw nonFinite(`${count} of ${at} exponents of packed weights are NaN or beyond float32`, ref, first);
}

/** Two searches at a time, as of a pass and its guard, have a buffer each. */
function takeScan(): FiniteScan {
  const free = finite ?? createFiniteScan(CHUNK);
  finite = null;
  return free;
}

async function report(range: NumberRange, ref: WeightRef): Promise<never> {
  let count = 0;
  let first = -1;
  let at = 0;
  for await (const bytes of pieces(range)) {
    for (const value of decodeNumbers(bytes, range.dtype)) {
      if (!Number.isFinite(value)) {
        count += 1;
        if (first < 0) first = at;
      }
      at += 1;
    }
  }
  throw nonFinite(`${count} of ${at} weights are NaN or infinite`, ref, first);
}

function nonFinite(what: string, ref: WeightRef, first: number): CheckpointError {
  return new CheckpointError("nonfinite-weights", `${what} in the tensor of shape [${ref.shape.join(", ")}] at byte ${ref.offset} of ${ref.file}`, {
    notes: [`the first is element ${first}`],
    help: "download the file again, or ask its publisher: results with it would be wrong",
  });
}
