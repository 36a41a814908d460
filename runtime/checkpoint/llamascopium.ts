/** Without this file the SAEs of llamascopium (OpenMOSS' present package) and of Llama Scope R1 could not be read. */
import type { SaeKind, SaeSpec } from "../../src/emit/sae_specs.ts";
import { flag, optional, positive, size, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { parseHookName } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { configOf, weightsOf, type SaeFolder } from "./sae_folder.ts";
import { decoderOf, encoderOf, filled, find, inverse, maybe, normsOf, outPlace, PLAIN, refuseConvention, requireK, thresholds, type Weights } from "./weights.ts";

const KINDS: Readonly<Record<string, SaeKind>> = { relu: "standard", jumprelu: "jumprelu", topk: "topk" };

/**
 * `config.json` and `sae_weights.safetensors` of llamascopium 2.0 (`models/sparse_dictionary.py`, `models/sae.py`): W_E [d, m], b_E, W_D [m, d],
 * b_D, `activation_function.log_jumprelu_threshold`, scalars `dataset_average_activation_norm.<hook>`; or of fnlp/Llama-Scope-R1-Distill, an
 * older naming: encoder.weight [m, d], encoder.bias, decoder.weight [d, m], decoder.bias, log_jumprelu_threshold.
 * openmoss: f = act(n·h)/n with sparsity_include_decoder_norm, h = s·x·W + b, s = √d over the average norm; x̂ = (f·W_D + b_D)/s_out.
 * saelens (R1 only): f = max(h, 0)·[h > θ], whatever the config says of norms (`llama_scope_r1_distill_sae_huggingface_loader`).
 */
export async function readLlamascopium(folder: SaeFolder): Promise<SaeSpec | null> {
  if (!folder.names.has("config.json") || !(folder.names.has("sae_weights.safetensors") || folder.names.has("sae_weights.pt"))) return null;
  const config = await configOf(folder, "config.json");
  const weights = await weightsOf(folder, ["sae_weights.safetensors", "sae_weights.pt"], "a llamascopium folder holds config.json and sae_weights.safetensors");
  const r1 = maybe(weights, "encoder.weight") !== null;
  const convention = folder.options.convention ?? (r1 ? "saelens" : "openmoss");
  refuseConvention(folder.path, r1 ? "Llama Scope R1" : "llamascopium", convention, r1 ? ["saelens", "openmoss"] : ["openmoss"]);
  const kind = requireSupported(config);
  const dIn = size(config, "d_model");
  const dSae = Math.floor(dIn * positive(config, "expansion_factor"));
  const place = parseHookName(word(config, "hook_point_in"));
  const out = outPlace(place, parseHookName(word(config, "hook_point_out", place.hookName)));
  const decoder = find(weights, "W_D", "decoder.weight");
  const byNorm = convention === "openmoss" && flag(config, "sparsity_include_decoder_norm", true);
  const norms = byNorm ? await normsOf(decoder, r1 ? "out_in" : "in_out", dSae, dIn) : null;
  const perToken = optional(config, "norm_activation") === "token-wise";
  const s = await factor(config, weights, place.hookName, folder.options.normFactor);
  const sOut = out === null ? s : await factor(config, weights, out.hookName, null);
  const theta = kind === "jumprelu" ? await thresholds(find(weights, "activation_function.log_jumprelu_threshold", "log_jumprelu_threshold"), dSae, true) : null;
  const stored = await readVector(find(weights, "b_E", "encoder.bias"), dSae);
  const bias = flag(config, "use_decoder_bias", true) ? await readVector(find(weights, "b_D", "decoder.bias"), dIn) : null;
  const decodes = out === null || !perToken;
  return {
    ...PLAIN,
    kind,
    digest: await digest([config.bytes, convention, String(s)], weights.files),
    dIn,
    dSae,
    ...encoderOf(find(weights, "W_E", "encoder.weight"), r1 ? "out_in" : "in_out", dIn, dSae),
    ...(decodes
      ? decoderOf(decoder, r1 ? "out_in" : "in_out", { dIn, dSae }, { dOut: dIn, scale: sOut === 1 ? null : filled(dSae, 1 / sOut), bias: bias === null ? null : bias.map((value) => value / sOut) })
      : { decoder: null, noDecoder: "it gives back activations of norm √d, and their true norm is not known (norm_activation token-wise)" }),
    normalize: perToken ? "constant_norm_rescale" : "none",
    // h = s·(x·W + b/s), and what is compared is n·h.
    bias: stored.map((value) => value / s),
    preScale: norms !== null ? Float32Array.from(norms, (norm) => norm * s) : s === 1 ? null : filled(dSae, s),
    threshold: theta,
    k: kind === "topk" ? requireK(size(config, "top_k"), dSae, config.file) : null,
    outputScale: norms === null ? null : inverse(norms),
    ...place,
    hookOut: out,
    convention,
    modelName: null,
    format: r1 ? "llama_scope_r1" : "llamascopium",
    notes: weights.notes,
  };
}

/** √d over the average norm at a hook: in the weights, or from a registry. 1 where nothing is to be scaled. */
async function factor(config: Config, weights: Weights, hookName: string, normFactor: number | null): Promise<number> {
  if (optional(config, "norm_activation") !== "dataset-wise" && normFactor === null && optional(config, "norm_activation") !== null) return 1;
  const tensor = maybe(weights, `dataset_average_activation_norm.${hookName}`);
  if (tensor !== null) {
    const [average] = await readVector({ ...tensor, shape: [1] }, 1);
    if (average !== undefined && average > 0) return Math.sqrt(size(config, "d_model")) / average;
    throw new CheckpointError("invalid-tensor", `tensor \`${tensor.name}\` of ${tensor.file} holds ${String(average)}, and an average norm is greater than 0`, { help: "download the file again, or ask its publisher" });
  }
  if (normFactor !== null) return normFactor;
  throw new CheckpointError("unfolded-normalization", `${config.file} says that activations are scaled by their average norm, and the norm at ${hookName} is not in the weights`, {
    notes: ["encoding unscaled activations would give wrong features in silence"],
    help: "save the SAE with its norms folded in (`save_pretrained(path, fold_activation_scale=True)`), or take it from the registry",
  });
}

function requireSupported(config: Config): SaeKind {
  const refuse = (key: string, supported: string): never => {
    throw new CheckpointError("unsupported-sae", `\`${key}\` in ${config.file} is ${JSON.stringify(optional(config, key))}`, { notes: [`supported: ${supported}`], help: 'set sae "…"' });
  };
  if (!["sae", null].includes(optional(config, "sae_type") as string | null)) refuse("sae_type", "sae");
  if (flag(config, "use_glu_encoder", false)) refuse("use_glu_encoder", "false");
  if (!["dataset-wise", "token-wise", "inference", null].includes(optional(config, "norm_activation") as string | null)) refuse("norm_activation", "dataset-wise, token-wise, inference");
  const activation = word(config, "act_fn", "relu");
  const kind = Object.hasOwn(KINDS, activation) ? KINDS[activation] : undefined;
  return kind ?? refuse("act_fn", Object.keys(KINDS).join(", "));
}
