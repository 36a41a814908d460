/** Without this file no test could say what a broken checkpoint does to a session. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCREEN_WEIGHTS } from "../../runtime/passes/encode_choice.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { ownFolder } from "../house/own_folder.ts";

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** float32 safetensors bytes. */
export function safetensors(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  return withHeader(JSON.stringify(header), Object.values(tensors).map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)));
}

/** safetensors bytes with a header of any kind. */
export function withHeader(header: string, parts: readonly Uint8Array[]): Uint8Array {
  const text = Buffer.from(header);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, ...parts]);
}

/** A small deterministic series: enough for weights whose values do not matter. */
function series(count: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * scale);
}

/** A JumpReLU SAE folder in sae_lens' layout; `change` edits the config or the weights. */
export function saeFolder(options: { readonly dIn?: number; readonly dSae?: number; readonly hook?: string; readonly change?: (weights: Record<string, Tensor>, config: Record<string, unknown>) => void } = {}): string {
  const dIn = options.dIn ?? 192;
  const dSae = options.dSae ?? 64;
  const path = ownFolder("saeq-sae-");
  const weights: Record<string, Tensor> = {
    W_enc: { shape: [dIn, dSae], values: series(dIn * dSae, 0.1) },
    W_dec: { shape: [dSae, dIn], values: series(dIn * dSae, 0.1) },
    b_enc: { shape: [dSae], values: new Float32Array(dSae) },
    b_dec: { shape: [dIn], values: new Float32Array(dIn) },
    threshold: { shape: [dSae], values: new Float32Array(dSae).fill(0.5) },
  };
  const config: Record<string, unknown> = {
    architecture: "jumprelu", d_in: dIn, d_sae: dSae, dtype: "float32", apply_b_dec_to_input: false, normalize_activations: "none", reshape_activations: "none",
    metadata: { sae_lens_version: "6.54.12", hook_name: options.hook ?? "blocks.7.hook_resid_post", prepend_bos: true },
  };
  options.change?.(weights, config);
  writeFileSync(join(path, "cfg.json"), JSON.stringify(config));
  writeFileSync(join(path, "sae_weights.safetensors"), safetensors(weights));
  return path;
}

/** A copy of the shipped model with its config and weight bytes changed. */
export function modelFolder(change: { readonly config?: (config: Record<string, unknown>) => void; readonly weights?: (bytes: Buffer) => Uint8Array }): string {
  const path = ownFolder("saeq-model-");
  mkdirSync(path, { recursive: true });
  cpSync(join(EXAMPLES, "kjv", "model"), path, { recursive: true });
  const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
  change.config?.(config);
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  if (change.weights !== undefined) writeFileSync(join(path, "model.safetensors"), change.weights(readFileSync(join(path, "model.safetensors"))));
  return path;
}

/** A folder of the shipped SAE among features that never fire, so many that it counts as large. */
export function largeSae(): string {
  const bytes = readFileSync(join(EXAMPLES, "kjv/sae/sae_weights.safetensors"));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }>;
  const of = (name: string): Float32Array => {
    const { shape, dtype, data_offsets: [from] } = header[name]!;
    const numbers = new Uint32Array(shape.reduce((product, n) => product * n, 1));
    // bfloat16 is the upper half of float32.
    numbers.forEach((_, i) => (numbers[i] = dtype === "BF16" ? bytes.readUInt16LE(8 + length + from + 2 * i) << 16 : bytes.readUInt32LE(8 + length + from + 4 * i)));
    return new Float32Array(numbers.buffer);
  };
  const [dIn, own] = header["W_enc"]!.shape as [number, number];
  const dSae = Math.ceil(SCREEN_WEIGHTS / dIn / own) * own;
  const encoder = new Float32Array(dIn * dSae);
  const decoder = new Float32Array(dIn * dSae);
  const [small, smallDecoder] = [of("W_enc"), of("W_dec")];
  for (let row = 0; row < dIn; row++) encoder.set(small.subarray(row * own, (row + 1) * own), row * dSae);
  decoder.set(smallDecoder);
  const padded = (name: string, rest: number): Tensor => ({ shape: [dSae], values: Float32Array.from({ length: dSae }, ((values) => (_: unknown, i: number) => values[i] ?? rest)(of(name))) });
  const path = ownFolder("saeq-sae-");
  writeFileSync(join(path, "sae_weights.safetensors"), safetensors({
    W_enc: { shape: [dIn, dSae], values: encoder }, W_dec: { shape: [dSae, dIn], values: decoder }, b_enc: padded("b_enc", -1e6), b_dec: { shape: [dIn], values: of("b_dec") },
    ...(header["threshold"] === undefined ? {} : { threshold: padded("threshold", 1) }),
  }));
  writeFileSync(join(path, "cfg.json"), JSON.stringify({ ...(JSON.parse(readFileSync(join(EXAMPLES, "kjv/sae/cfg.json"), "utf8")) as object), d_sae: dSae }));
  return path;
}
