/** Without this file the SAEs of Llama Scope could not be read, nor its three live conventions told apart. */
import { join } from "node:path";
import type { Convention, HookPlace, SaeSpec } from "../../src/emit/sae_specs.ts";
import { flag, optional, positive, section, size, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { parseHookName } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { findFile } from "./real_path.ts";
import { configOf, weightsOf, type SaeFolder } from "./sae_folder.ts";
import { readJsonObject } from "./strict_json.ts";
import { decoderOf, encoderOf, filled, find, normsOf, outPlace, PLAIN } from "./weights.ts";

/** How a convention folds into g = x·W + b/s, pre = g ∘ preScale, active where pre > threshold. */
interface Folded {
  readonly preScale: Float32Array | null;
  readonly threshold: Float32Array;
}

/**
 * `hyperparams.json` and `checkpoints/final.safetensors` of fnlp/Llama3_1-8B-Base-LX{R,A,M,TC}-{8,32}x: encoder.weight [m, d], encoder.bias [m],
 * decoder.weight [d, m], decoder.bias [d]. Only jumprelu with one threshold and dataset-wise normalisation was published. A transcoder (TC)
 * has a factor for what it reads and another for what it writes; sae_lens knows one factor and no such release, so only `openmoss` fits it.
 * However scaled, features decode to g·W_dec·s/s_out + b_dec/s_out (Language-Model-SAEs, `standardize_parameters_of_dataset_norm`).
 */
export async function readLlamaScope(folder: SaeFolder): Promise<SaeSpec | null> {
  if (!folder.names.has("hyperparams.json")) return null;
  const convention = folder.options.convention ?? "openmoss";
  const config = await configOf(folder, "hyperparams.json");
  requireSupported(config);
  const weights = await weightsOf({ path: join(folder.path, "checkpoints") }, ["final.safetensors", "pruned.safetensors"], "download the folder `checkpoints` as well");
  const dIn = size(config, "d_model");
  const dSae = size(config, "d_sae");
  const averages = section(config, "dataset_average_activation_norm");
  if (averages === null) throw new CheckpointError("invalid-config", `\`dataset_average_activation_norm\` in ${config.file} is missing`, { help: "download the file again" });
  const place = placeOf(config);
  const out = outPlace(place, parseHookName(word(config, "hook_point_out", place.hookName)));
  if (out !== null && convention !== "openmoss") {
    throw new CheckpointError("convention-not-applicable", `${config.file} describes a transcoder, which only the convention openmoss scales rightly`, { notes: [`reads ${place.hookName}, writes ${out.hookName}`], help: "set convention openmoss" });
  }
  /** √d over the average norm: what the weights were trained to see is s·x, and what they give is s_out·y. */
  const s = Math.sqrt(dIn) / positive(averages, "in");
  const sOut = out === null ? s : Math.sqrt(dIn) / positive(averages, "out");
  const decoder = find(weights, "decoder.weight");
  const norms = convention === "saelens" ? null : await normsOf(decoder, "out_in", dSae, dIn);
  const stored = await readVector(find(weights, "encoder.bias"), dSae);
  const { preScale, threshold } = folded(config, convention, { s, sOut, norms, dSae });
  const biased = flag(config, "use_decoder_bias", true);
  return {
    ...PLAIN,
    kind: "jumprelu",
    digest: await digest([config.bytes, convention], weights.files),
    dIn,
    dSae,
    ...encoderOf(find(weights, "encoder.weight"), "out_in", dIn, dSae),
    ...decoderOf(decoder, "out_in", { dIn, dSae }, {
      dOut: dIn,
      scale: preScale === null ? (s === sOut ? null : filled(dSae, s / sOut)) : preScale.map((factor) => s / (sOut * factor)),
      bias: biased ? (await readVector(find(weights, "decoder.bias"), dIn)).map((value) => value / sOut) : null,
    }),
    // All three conventions share x·w + b/s; they differ in what multiplies it and in what it is compared with.
    bias: stored.map((bias) => bias / s),
    preScale,
    threshold,
    ...place,
    hookOut: out,
    convention,
    modelName: await modelName(folder.path),
    format: "llama_scope",
    notes: weights.notes,
  };
}

function placeOf(config: Config): HookPlace {
  return parseHookName(word(config, "hook_point_in"));
}

/**
 * T is the published scalar, s = √d / average norm, n the decoder norms, g = x·w + b/s:
 *   openmoss     f = n·g where n·g > T                 (Language-Model-SAEs at release, `sae.py` from_config and encode; n only with sparsity_include_decoder_norm;
 *                                                       of a transcoder n·s/s_out, because its decoder is scaled before its norms are taken)
 *   saelens      f = s·g where s·g > s·T               (sae_lens ≥ 5.10.3, `get_llama_scope_config_from_hf` and `fold_activation_norm_scaling_factor`)
 *   neuronpedia  f = n·g where n·g > n·T               (the same after `fold_W_dec_norm`; the first fold has divided W_dec by s, so its norms are n/s)
 */
function folded(config: Config, convention: Convention, { s, sOut, norms, dSae }: { readonly s: number; readonly sOut: number; readonly norms: Float64Array | null; readonly dSae: number }): Folded {
  const T = positive(config, "jump_relu_threshold");
  const all = (value: number): Float32Array => new Float32Array(dSae).fill(value);
  switch (convention) {
    case "openmoss":
      return { preScale: flag(config, "sparsity_include_decoder_norm", true) && norms !== null ? Float32Array.from(norms, (norm) => (norm * s) / sOut) : null, threshold: all(T) };
    case "saelens":
      return { preScale: all(s), threshold: all(T * s) };
    case "publisher":
      throw new CheckpointError("convention-not-applicable", `${config.file} is of Llama Scope, whose publisher's convention is called openmoss`, { help: "set convention openmoss" });
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
    throw new CheckpointError("unsupported-sae", `\`${key}\` in ${config.file} is ${JSON.stringify(value)}`, { notes: [`supported: ${allowed.filter((item) => item !== null).join(", ")}`], help: 'set sae "…"' });
  };
  // A topk one with a threshold became jumprelu when the package loaded it.
  wanted("act_fn", ["jumprelu", "topk"]);
  wanted("norm_activation", ["dataset-wise"]);
  wanted("apply_decoder_bias_to_pre_encoder", [false, null]);
  wanted("use_glu_encoder", [false, null]);
}

async function modelName(folder: string): Promise<string | null> {
  const file = await findFile(folder, "lm_config.json");
  const name = file === null ? null : optional({ file, value: (await readJsonObject(file)).value }, "model_name");
  return typeof name === "string" ? name : null;
}
