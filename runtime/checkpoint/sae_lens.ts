/** Without this file SAEs saved by sae_lens, of any version, could not be read. */
import type { HookPlace, SaeKind, SaeSpec } from "../../src/emit/sae_specs.ts";
import { flag, optional, section, size, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { normedModule, parseHookName, parseModulePath } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { findFile } from "./real_path.ts";
import type { SaeFolder } from "./sae_folder.ts";
import { configOf, weightsOf } from "./sae_folder.ts";
import type { Json } from "./strict_json.ts";
import { decoderOf, encoderOf, find, maybe, normsOf, outPlace, PLAIN, refuseConvention, requireK, thresholds, type Weights } from "./weights.ts";

/** Names of architectures, with what each computes. A transcoder writes to another place than it reads. */
const ARCHITECTURES: Readonly<Record<string, { readonly kind: SaeKind; readonly transcoder?: true; readonly training?: true }>> = {
  standard: { kind: "standard" },
  jumprelu: { kind: "jumprelu" },
  topk: { kind: "topk" },
  gated: { kind: "gated" },
  // Trained with a threshold for the whole batch and saved for inference as jumprelu; a training checkpoint still says so.
  batchtopk: { kind: "jumprelu", training: true },
  matryoshka_batchtopk: { kind: "jumprelu", training: true },
  transcoder: { kind: "standard", transcoder: true },
  skip_transcoder: { kind: "standard", transcoder: true },
  jumprelu_transcoder: { kind: "jumprelu", transcoder: true },
  jumprelu_skip_transcoder: { kind: "jumprelu", transcoder: true },
};

/** Architectures that sae_lens has and that are refused, with why. */
export const REFUSED: Readonly<Record<string, string>> = {
  abstopk: "its features may be negative, and every measure here is of features that are active or not",
  matching_pursuit: "it chooses its features one after another, each from what the last one left",
  temporal: "its features depend on the tokens before, not on one residual",
};
const NORMALIZATIONS: readonly SaeSpec["normalize"][] = ["none", "layer_norm", "constant_norm_rescale"];

/** The config with every key at the top level, whichever version wrote it. */
interface Settings {
  readonly config: Config;
  readonly metadata: Config;
  readonly architecture: string;
  readonly normalize: SaeSpec["normalize"];
  /** What activations are multiplied by before they are encoded. */
  readonly factor: number;
}

/**
 * `cfg.json` and `sae_weights.safetensors`. Tensors are in `x @ W` orientation: W_enc [d, m], W_dec [m, d].
 * `saelens` encodes as the package does after loading; `neuronpedia` folds the decoder norms first (`saes/sae.py` `fold_W_dec_norm`).
 */
export async function readSaeLens(folder: SaeFolder): Promise<SaeSpec | null> {
  if (!folder.names.has("cfg.json") || folder.names.has("sae.safetensors")) return null;
  const convention = folder.options.convention ?? "saelens";
  refuseConvention(folder.path, "sae_lens", convention, ["saelens", "neuronpedia"]);
  const config = await configOf(folder, "cfg.json");
  const settings = migrated(config, { ...folder.options, normFactor: folder.options.normFactor ?? (await factorOfTraining(folder)) });
  const weights = await weightsOf(folder, ["sae_weights.safetensors"], "an SAE folder holds cfg.json and sae_weights.safetensors");
  const described = await describe(settings, weights, convention === "neuronpedia");
  return { ...described, convention, digest: await digest([config.bytes, convention, String(settings.factor), settings.normalize], weights.files), format: "sae_lens", notes: weights.notes };
}

/**
 * Rules of sae_lens 6.54 `loading/pretrained_sae_loaders.py`: `handle_config_defaulting` decides by `sae_lens_version` whether a config is older
 * than 6.0, `handle_pre_6_0_config` renames keys, fills defaults and turns an old `activation_fn` of topk into the architecture.
 */
function migrated(config: Config, { normFactor, normalize: put }: SaeFolder["options"]): Settings {
  const metadata = section(config, "metadata");
  const version = word(config, "sae_lens_version", metadata === null ? "" : word(metadata, "sae_lens_version", ""));
  const old = !/^([6-9]|\d\d)/.test(version);
  const renamed = old ? renameOld(config) : config;
  const architecture = old && oldTopK(renamed) !== null ? "topk" : word(renamed, "architecture", "standard");
  requireArchitecture(renamed, architecture);
  refuseUnread(renamed, metadata);
  const normalize = normalization(put === null ? renamed : { ...renamed, value: { ...renamed.value, normalize_activations: put } }, normFactor);
  return { config: renamed, metadata: old ? renamed : (metadata ?? renamed), architecture, ...normalize };
}

function renameOld(config: Config): Config {
  const names: Readonly<Record<string, string>> = { hook_point: "hook_name", hook_point_head_index: "hook_head_index", activation_fn_str: "activation_fn" };
  const entries = Object.entries(config.value).map(([key, value]): [string, Json] => [names[key] ?? key, value]);
  return { file: config.file, value: Object.fromEntries(entries) };
}

/** k of an old config whose activation function is topk. */
function oldTopK(config: Config): number | null {
  const kwargs = section(config, "activation_fn_kwargs");
  return optional(config, "activation_fn") === "topk" && kwargs !== null && optional(kwargs, "k") !== null ? size(kwargs, "k") : null;
}

function refuseUnread(config: Config, metadata: Config | null): void {
  const refuse = (key: string, holder: Config = config): never => {
    throw new CheckpointError("unsupported-sae", `\`${key}\` in ${config.file} is ${JSON.stringify(optional(holder, key))}`, { notes: ["supported: ReLU and topk, on whole activations"], help: 'set sae "…"' });
  };
  // Heads one after another, which is how hook_z lies in memory.
  if (!["none", "hook_z", null].includes(optional(config, "reshape_activations") as string | null)) refuse("reshape_activations");
  for (const holder of [config, metadata ?? config]) if (optional(holder, "hook_head_index") !== null) refuse("hook_head_index", holder);
  if (![null, "relu", "topk"].includes(optional(config, "activation_fn") as string | null)) refuse("activation_fn");
}

function requireArchitecture(config: Config, architecture: string): void {
  if (Object.hasOwn(ARCHITECTURES, architecture)) return;
  const why = Object.hasOwn(REFUSED, architecture) ? REFUSED[architecture] : null;
  throw new CheckpointError("unsupported-architecture", `${config.file} describes a \`${architecture}\` SAE`, {
    notes: [...(why === null ? [] : [`not computed: ${why}`]), `supported: ${Object.keys(ARCHITECTURES).join(", ")}`],
  });
}

/** What a checkpoint written during training keeps beside its weights (`training/activation_scaler.py`); the trainer folds it into those that it gives in the end. */
async function factorOfTraining(folder: SaeFolder): Promise<number | null> {
  if ((await findFile(folder.path, "activation_scaler.json")) === null) return null;
  const scaler = await configOf(folder, "activation_scaler.json");
  const factor = optional(scaler, "scaling_factor");
  if (factor === null) return null;
  if (typeof factor !== "number" || !(factor > 0 && Number.isFinite(factor))) throw new CheckpointError("invalid-config", `\`scaling_factor\` in ${scaler.file} is ${JSON.stringify(factor)}`, { help: "train on, or save the SAE with `save_inference_model`" });
  return factor;
}

/** `expected_average_only_in` is folded with the factor that a registry (sae_lens' own table) or the trainer gives; without one it would be silently wrong. */
function normalization(config: Config, normFactor: number | null): { readonly normalize: SaeSpec["normalize"]; readonly factor: number } {
  const given = optional(config, "normalize_activations") ?? "none";
  const name = given === false ? "none" : given === true ? "expected_average_only_in" : given;
  const known = NORMALIZATIONS.find((item) => item === name);
  if (known !== undefined) return { normalize: known, factor: 1 };
  if (name === "expected_average_only_in" && normFactor !== null) return { normalize: "none", factor: normFactor };
  if (name === "expected_average_only_in" || name === "covariance_whitening") {
    throw new CheckpointError("unfolded-normalization", `\`normalize_activations\` in ${config.file} is \`${name}\`, and the factors are not in the file`, {
      notes: ["sae_lens would encode unscaled activations without a word"],
      help: `fold the normalisation into the weights with sae_lens (\`${name === "covariance_whitening" ? "fold_activation_whitening" : "fold_activation_norm_scaling_factor"}\`) and save the SAE again`,
    });
  }
  throw new CheckpointError("invalid-config", `\`normalize_activations\` in ${config.file} is ${JSON.stringify(given)}`, { notes: [`known: ${NORMALIZATIONS.join(", ")}`] });
}

type Described = Omit<SaeSpec, "convention" | "digest" | "format" | "notes">;

/** Only configs from 6.0 on keep such facts in `metadata`; one that does not say its version is older, as the package has it. */
function withoutHook(config: Config): CheckpointError {
  const metadata = section(config, "metadata");
  const help = metadata !== null && word(metadata, "hook_name", "") !== "" ? 'its `metadata` has one, and is read where it says `"sae_lens_version": "6.0.0"` or later: add that to it' : "download the file again, or add that key";
  return new CheckpointError("invalid-config", `\`hook_name\` in ${config.file} is missing, and which activations the SAE reads is not guessed`, { help });
}

/**
 * With s the factor, n the decoder norms and h' = (x − b_dec/s)·W + b/s, the package's pre-activation is s·h' (`fold_activation_norm_scaling_factor`
 * has W_enc·s, W_dec/s, b_dec/s), and with decoder norms in play (n/s by then) it is n·h'.
 */
async function describe({ config, metadata, architecture, normalize, factor }: Settings, weights: Weights, fold: boolean): Promise<Described> {
  const { kind, transcoder = false, training = false } = ARCHITECTURES[architecture] as (typeof ARCHITECTURES)[string];
  const dIn = size(config, "d_in");
  const dSae = size(config, "d_sae");
  const dOut = transcoder ? size(config, "d_out", dIn) : dIn;
  if (transcoder && factor !== 1) throw new CheckpointError("unfolded-normalization", `${config.file} describes a transcoder that wants scaled activations, and its skip and output have no factor`, { help: "fold the normalisation into the weights with sae_lens and save it again" });
  const perFeature = (...names: readonly string[]): Promise<Float32Array> => readVector(find(weights, ...names), dSae);
  await refuseScaling(config, weights, dSae);

  const decoder = find(weights, "W_dec");
  const rescale = (kind === "topk" || training) && flag(config, "rescale_acts_by_decoder_norm", training);
  if (fold && kind === "topk" && !rescale) {
    throw new CheckpointError("convention-not-applicable", `${config.file} describes a topk SAE whose activations are not rescaled by decoder norms; folding them would change which features are the k largest`, { help: "use convention saelens" });
  }
  const norms = rescale || fold ? await normsOf(decoder, "in_out", dSae, dOut) : null;
  /** What a feature's value is, in decoder vectors as stored: 1 without norms, n with them. */
  const inverse = norms !== null ? Float32Array.from(norms, (norm) => 1 / norm) : factor === 1 ? null : new Float32Array(dSae).fill(1 / factor);
  const scale = norms !== null ? Float32Array.from(norms) : factor === 1 ? null : new Float32Array(dSae).fill(factor);
  const bars = kind === "jumprelu" ? await barsOf(weights, dSae, training) : null;
  const stored = await readVector(find(weights, "b_dec"), dOut);
  const bias = stored.map((value) => value / factor);
  const hookName = word(metadata, "hook_name", "");
  if (hookName === "") throw withoutHook(config);
  const place = placeOf(metadata, hookName);
  const outName = word(metadata, "hook_name_out", "");
  const oldLayer = optional(metadata, "hook_layer");
  const modelName = optional(metadata, "model_name");
  const skip = maybe(weights, "W_skip");
  if (/skip/.test(architecture)) find(weights, "W_skip");

  return {
    ...PLAIN,
    kind,
    dIn,
    dSae,
    ...encoderOf(find(weights, "W_enc"), "in_out", dIn, dSae),
    ...decoderOf(decoder, "in_out", { dIn, dSae }, { dOut, scale: inverse, bias, skip: /skip/.test(architecture) && skip !== null ? { tensor: skip, layout: "out_in" } : null }),
    normalize,
    inputShift: !transcoder && flag(config, "apply_b_dec_to_input", true) ? bias : null,
    bias: (await perFeature(kind === "gated" ? "b_mag" : "b_enc")).map((value) => (kind === "gated" ? value : value / factor)),
    // The gate compares with 0, which no positive factor changes: a folded gated SAE is scaled at its output.
    preScale: kind === "gated" ? null : scale,
    threshold: bars === null ? null : barsFor(bars, { training: training && rescale, norms: fold ? norms : null, factor }),
    k: kind === "topk" ? requireK(oldTopK(config) ?? size(config, "k"), dSae, config.file) : null,
    gateBias: kind === "gated" ? (await perFeature("b_gate")).map((value) => value / factor) : null,
    magnitudeScale: kind === "gated" ? (await perFeature("r_mag")).map((value) => Math.exp(value) * factor) : null,
    outputScale: norms !== null && kind === "gated" ? Float32Array.from(norms, (norm) => norm / factor) : null,
    ...place,
    module: ofTransformers(metadata) ? normedModule(transcoder ? outName : hookName) : null,
    layer: place.layer ?? (Number.isInteger(oldLayer) ? (oldLayer as number) : null),
    ...(processed(metadata, "center_writing_weights") ? { centred: true } : {}),
    ...(processed(metadata, "fold_value_biases") ? { folded: processed(metadata, "fold_ln") ? "with_norm" : "values" } : {}),
    hookOut: transcoder ? (outPlace(place, placeOf(metadata, outName)) ?? { layer: null, hook: null, hookName: "" }) : null,
    modelName: typeof modelName === "string" ? modelName : null,
    prependBos: flag(metadata, "prepend_bos", true),
  };
}

/** Whether the package hooks modules of transformers, by what they give out (`load_model.py` `HookedProxyLM`), and not TransformerLens' own points. */
const ofTransformers = (metadata: Config): boolean => optional(metadata, "model_class_name") === "AutoModelForCausalLM";
const placeOf = (metadata: Config, name: string): HookPlace => (ofTransformers(metadata) ? parseModulePath(name) : parseHookName(name));

/** sae_lens hands `model_from_pretrained_kwargs` to TransformerLens when it loads the model, and else has nothing of it processed (`load_model.py`). */
function processed(metadata: Config, how: "center_writing_weights" | "fold_value_biases" | "fold_ln"): boolean {
  const options = section(metadata, "model_from_pretrained_kwargs");
  return options !== null && flag(options, how, false);
}

/** Old training checkpoints hold the logarithm (`saes/jumprelu_sae.py` `process_state_dict_for_loading`), batchtopk ones a scalar. */
function barsOf(weights: Weights, dSae: number, training: boolean): Promise<Float32Array> {
  const log = maybe(weights, "threshold") === null ? maybe(weights, "log_threshold") : null;
  if (log !== null) return thresholds(log, dSae, true);
  return thresholds(training ? find(weights, "threshold", "topk_threshold") : find(weights, "threshold"), dSae, false, "rectified");
}

/** A training threshold is compared with what the norms have scaled already (`fold_activation_norm_scaling_factor`); a saved one is folded together with them. */
function barsFor(bars: Float32Array, { training, norms, factor }: { readonly training: boolean; readonly norms: Float64Array | null; readonly factor: number }): Float32Array {
  if (training) return bars.map((bar) => bar / factor);
  return norms === null ? bars : bars.map((bar, at) => (bar * (norms[at] as number)) / factor);
}

/** `scaling_factor` is dropped by sae_lens when it is all ones and an error otherwise (`read_sae_components_from_disk`). */
async function refuseScaling(config: Config, weights: Weights, dSae: number): Promise<void> {
  const tensor = maybe(weights, "scaling_factor");
  if (tensor === null) return;
  const factors = await readVector(tensor, dSae);
  if (factors.every((factor) => Math.abs(factor - 1) <= 1e-5)) return;
  throw new CheckpointError("unsupported-sae", `the SAE of ${config.file} has finetuned scaling factors, which are not computed`, { help: 'set sae "…"' });
}
