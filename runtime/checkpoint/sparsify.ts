/** Without this file the SAEs and transcoders of EleutherAI's sparsify could not be read. */
import { basename } from "node:path";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { flag, optional, size, word } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { normedModule, parseModulePath } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { configOf, weightsOf, type SaeFolder } from "./sae_folder.ts";
import { decoderOf, encoderOf, find, PLAIN, refuseConvention, requireK } from "./weights.ts";

/**
 * `cfg.json` and `sae.safetensors` in a folder named by its hookpoint (`layers.7`, `layers.7.mlp`): sparsify 1.3.3 `sparse_coder.py`.
 * encoder.weight [m, d], encoder.bias, W_dec [m, d], b_dec, W_skip [d, d]. b_dec is subtracted before the encoder unless the coder is a
 * transcoder, whatever `normalize_decoder` says (sae_lens' importer takes that key for it; the package does not). `multi_topk` and
 * `normalize_decoder` are of training only.
 */
export async function readSparsify(folder: SaeFolder): Promise<SaeSpec | null> {
  if (!folder.names.has("cfg.json") || !folder.names.has("sae.safetensors")) return null;
  refuseConvention(folder.path, "sparsify", folder.options.convention ?? "publisher", ["publisher"]);
  const config = await configOf(folder, "cfg.json");
  const weights = await weightsOf(folder, ["sae.safetensors"], "a sparsify folder holds cfg.json and sae.safetensors");
  const activation = word(config, "activation", "topk");
  if (activation !== "topk" && activation !== "groupmax") {
    throw new CheckpointError("unsupported-sae", `\`activation\` in ${config.file} is ${JSON.stringify(activation)}`, { notes: ["supported: topk, groupmax"], help: 'set sae "…"' });
  }
  if (flag(config, "signed", false)) throw new CheckpointError("unsupported-sae", `\`signed\` in ${config.file} is true: its features may be negative, and every measure here is of features that are active or not`, { help: 'set sae "…"' });
  const dIn = size(config, "d_in");
  const latents = optional(config, "num_latents") ?? 0;
  const dSae = latents === 0 ? dIn * size(config, "expansion_factor", 32) : size(config, "num_latents");
  const k = requireK(size(config, "k", 32), dSae, config.file);
  if (activation === "groupmax" && dSae % k !== 0) throw new CheckpointError("invalid-config", `\`k\` in ${config.file} is ${k}, which does not divide the ${dSae} features into equal groups`, { help: "download the file again, or correct that key" });
  const transcode = flag(config, "transcode", false);
  const bias = await readVector(find(weights, "b_dec"), dIn);
  const module = basename(folder.place);
  const place = transcode ? parseModulePath(`${module}.input`) : parseModulePath(module);
  if (!/^(embed_tokens|.*\b(layers|h)[._]\d+\b.*)$/.test(module)) {
    throw new CheckpointError("invalid-config", `the folder ${module} is not named by a hookpoint, and sparsify keeps it nowhere else`, { help: "give the folder the name it was published under, as `layers.7` or `layers.7.mlp`" });
  }
  return {
    ...PLAIN,
    kind: activation,
    digest: await digest([config.bytes, module], weights.files),
    dIn,
    dSae,
    ...encoderOf(find(weights, "encoder.weight"), "out_in", dIn, dSae),
    ...decoderOf(find(weights, "W_dec"), "in_out", { dIn, dSae }, { dOut: dIn, bias, skip: flag(config, "skip_connection", false) ? { tensor: find(weights, "W_skip"), layout: "out_in" } : null }),
    inputShift: transcode ? null : bias,
    bias: await readVector(find(weights, "encoder.bias"), dSae),
    k,
    ...place,
    module: normedModule(module),
    hookOut: transcode ? parseModulePath(module) : null,
    convention: "publisher",
    modelName: null,
    format: "sparsify",
    notes: weights.notes,
  };
}
