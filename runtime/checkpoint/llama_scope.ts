/** Without this file the SAEs of Llama Scope could not be read, nor its three live conventions told apart. */
import { join } from "node:path";
import type { Convention, SaeSpec } from "../../src/emit/specs.ts";
import { flag, optional, positive, section, size, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { parseHookName } from "./hook_name.ts";
import { decoderNorms, readVector } from "./numbers.ts";
import { findFile, requireFile } from "./real_path.ts";
import { readSafetensors, tensorRef, type TensorEntry } from "./safetensors.ts";
import { readJsonObject } from "./strict_json.ts";

/** How a convention folds into h = x·W + bias, pre = h ∘ preScale, active where pre > threshold. */
interface Folded {
  readonly preScale: Float32Array | null;
  readonly threshold: Float32Array;
}

/**
 * `hyperparams.json` and `checkpoints/final.safetensors` of fnlp/Llama3_1-8B-Base-LX{R,A,M}-{8,32}x: encoder.weight [m, d], encoder.bias [m],
 * decoder.weight [d, m], decoder.bias [d]. Only jumprelu with one threshold and dataset-wise normalisation was published.
 */
export async function readLlamaScope(folder: string, convention: Convention): Promise<SaeSpec> {
  const file = await requireFile(folder, "hyperparams.json", "a Llama Scope folder holds hyperparams.json and checkpoints/final.safetensors");
  const { bytes, value } = await readJsonObject(file);
  const config = { file, value };
  const weights = await readSafetensors(await requireFile(join(folder, "checkpoints"), "final.safetensors", "download the folder `checkpoints` as well"));
  requireSupported(config);
  const dIn = size(config, "d_model");
  const dSae = size(config, "d_sae");
  const find = (name: string): TensorEntry => {
    const tensor = weights.tensors.get(name);
    if (tensor === undefined) throw new CheckpointError("missing-tensor", `tensor \`${name}\` is not in ${weights.file}`, { help: "use files that belong together: download the whole folder again" });
    return tensor;
  };
  const averages = section(config, "dataset_average_activation_norm");
  if (averages === null) throw new CheckpointError("invalid-config", `\`dataset_average_activation_norm\` in ${file} is missing`, { help: "download the file again" });
  /** √d over the average norm: what the weights were trained to see is s·x. */
  const s = Math.sqrt(dIn) / positive(averages, "in");
  const decoder = find("decoder.weight");
  const norms = convention === "saelens" ? null : await decoderNorms(decoder, "out_in", dSae, dIn);
  const stored = await readVector(find("encoder.bias"), dSae);
  const hookName = word(config, "hook_point_in");
  return {
    kind: "jumprelu",
    digest: await digest([bytes, convention], [weights]),
    dIn,
    dSae,
    encoder: tensorRef(find("encoder.weight"), [dSae, dIn]),
    encoderLayout: "out_in",
    decoder: tensorRef(decoder, [dIn, dSae]),
    decoderLayout: "out_in",
    normalize: "none",
    inputShift: null,
    // All three conventions share x·w + b/s; they differ in what multiplies it and in what it is compared with.
    bias: stored.map((bias) => bias / s),
    ...folded(config, convention, s, norms, dSae),
    k: null,
    gateBias: null,
    magnitudeScale: null,
    outputScale: null,
    ...parseHookName(hookName),
    hookName,
    convention,
    modelName: await modelName(folder),
    prependBos: true,
    format: "llama_scope",
  };
}

/**
 * T is the published scalar, s = √d / average norm, n the decoder norms, g = x·w + b/s:
 *   openmoss     f = n·g where n·g > T                 (Language-Model-SAEs at release, `sae.py` from_config and encode; n only with sparsity_include_decoder_norm)
 *   saelens      f = s·g where s·g > s·T               (sae_lens ≥ 5.10.3, `get_llama_scope_config_from_hf` and `fold_activation_norm_scaling_factor`)
 *   neuronpedia  f = n·g where n·g > n·T               (the same after `fold_W_dec_norm`; the first fold has divided W_dec by s, so its norms are n/s)
 */
function folded(config: Config, convention: Convention, s: number, norms: Float64Array | null, dSae: number): Folded {
  const T = positive(config, "jump_relu_threshold");
  const all = (value: number): Float32Array => new Float32Array(dSae).fill(value);
  switch (convention) {
    case "openmoss":
      return { preScale: flag(config, "sparsity_include_decoder_norm", true) && norms !== null ? Float32Array.from(norms) : null, threshold: all(T) };
    case "saelens":
      return { preScale: all(s), threshold: all(T * s) };
    case "neuronpedia": {
      if (norms === null) throw new Error("the neuronpedia convention needs decoder norms");
      return { preScale: Float32Array.from(norms), threshold: Float32Array.from(norms, (norm) => norm * T) };
    }
    default:
      return convention satisfies never;
  }
}

function requireSupported(config: Config): void {
  const wanted = (key: string, allowed: readonly (string | boolean | null)[]): void => {
    const value = optional(config, key);
    if (allowed.includes(value as string | boolean | null)) return;
    throw new CheckpointError("unsupported-sae", `\`${key}\` in ${config.file} is ${JSON.stringify(value)}`, { notes: [`supported: ${allowed.filter((item) => item !== null).join(", ")}`] });
  };
  wanted("act_fn", ["jumprelu"]);
  wanted("norm_activation", ["dataset-wise"]);
  wanted("apply_decoder_bias_to_pre_encoder", [false, null]);
  wanted("use_glu_encoder", [false, null]);
}

async function modelName(folder: string): Promise<string | null> {
  const file = await findFile(folder, "lm_config.json");
  const name = file === null ? null : optional({ file, value: (await readJsonObject(file)).value }, "model_name");
  return typeof name === "string" ? name : null;
}
