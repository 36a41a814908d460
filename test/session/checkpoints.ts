/** Without this file no test could say what a broken checkpoint does to a session. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXAMPLES } from "../../runtime/shipped.ts";

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
  const path = mkdtempSync(join(tmpdir(), "saeq-sae-"));
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
  const path = mkdtempSync(join(tmpdir(), "saeq-model-"));
  mkdirSync(path, { recursive: true });
  cpSync(join(EXAMPLES, "kjv", "model"), path, { recursive: true });
  const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
  change.config?.(config);
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  if (change.weights !== undefined) writeFileSync(join(path, "model.safetensors"), change.weights(readFileSync(join(path, "model.safetensors"))));
  return path;
}
