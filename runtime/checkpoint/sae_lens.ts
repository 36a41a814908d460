/** Without this file SAEs saved by sae_lens, of any version, could not be read. */
import type { Convention, SaeKind, SaeSpec } from "../../src/emit/specs.ts";
import { flag, optional, section, size, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { parseHookName } from "./hook_name.ts";
import { decoderNorms, readVector } from "./numbers.ts";
import { requireFile } from "./real_path.ts";
import { readSafetensors, tensorRef, type TensorEntry } from "./safetensors.ts";
import { readJsonObject, type Json } from "./strict_json.ts";

const KINDS: readonly SaeKind[] = ["standard", "jumprelu", "topk", "gated"];
const NORMALIZATIONS: readonly SaeSpec["normalize"][] = ["none", "layer_norm", "constant_norm_rescale"];

/** The config with every key at the top level, whichever version wrote it. */
interface Settings {
  readonly config: Config;
  readonly metadata: Config;
  readonly kind: SaeKind;
  readonly normalize: SaeSpec["normalize"];
}

/**
 * `cfg.json` and `sae_weights.safetensors`. Tensors are in `x @ W` orientation: W_enc [d, m], W_dec [m, d].
 * `saelens` encodes as the package does after loading; `neuronpedia` folds the decoder norms first (`saes/sae.py` `fold_W_dec_norm`).
 */
export async function readSaeLens(folder: string, convention: Convention): Promise<SaeSpec> {
  if (convention === "openmoss") {
    throw new CheckpointError("convention-not-applicable", `${folder} is in sae_lens format; the convention openmoss belongs to Llama Scope`, { help: "use convention saelens or neuronpedia" });
  }
  const file = await requireFile(folder, "cfg.json", "an SAE folder holds cfg.json and sae_weights.safetensors");
  const { bytes, value } = await readJsonObject(file);
  const settings = migrated({ file, value });
  const weights = await readSafetensors(await requireFile(folder, "sae_weights.safetensors", "an SAE folder holds cfg.json and sae_weights.safetensors"));
  return spec(settings, weights.tensors, convention, await digest([bytes, convention], [weights]));
}

/**
 * Rules of sae_lens 6.54 `loading/pretrained_sae_loaders.py`: `handle_config_defaulting` decides by `sae_lens_version` whether a config is older
 * than 6.0, `handle_pre_6_0_config` renames keys, fills defaults and turns an old `activation_fn` of topk into the architecture.
 */
function migrated(config: Config): Settings {
  const metadata = section(config, "metadata");
  const version = word(config, "sae_lens_version", metadata === null ? "" : word(metadata, "sae_lens_version", ""));
  const old = !/^([6-9]|\d\d)/.test(version);
  const renamed = old ? renameOld(config) : config;
  const kind = old && oldTopK(renamed) !== null ? "topk" : word(renamed, "architecture", "standard");
  refuseUnread(renamed);
  return { config: renamed, metadata: old ? renamed : (metadata ?? renamed), kind: supportedKind(renamed, kind), normalize: normalization(renamed) };
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

function refuseUnread(config: Config): void {
  const refuse = (key: string): never => {
    throw new CheckpointError("unsupported-sae", `\`${key}\` in ${config.file} is ${JSON.stringify(optional(config, key))}`, { notes: ["supported: ReLU and topk, on whole activations"], help: 'set sae "…" to one of these' });
  };
  // hook_z: heads side by side, as saeq reads that hook anyway.
  if (!["none", "hook_z", null].includes(optional(config, "reshape_activations") as string | null)) refuse("reshape_activations");
  if (optional(config, "hook_head_index") !== null) refuse("hook_head_index");
  if (![null, "relu", "topk"].includes(optional(config, "activation_fn") as string | null)) refuse("activation_fn");
}

function supportedKind(config: Config, architecture: string): SaeKind {
  const kind = KINDS.find((name) => name === architecture);
  if (kind !== undefined) return kind;
  throw new CheckpointError("unsupported-architecture", `${config.file} describes a \`${architecture}\` SAE`, {
    notes: [`supported: ${KINDS.join(", ")}`],
    help: /batchtopk/.test(architecture) ? "save it for inference with sae_lens (`save_inference_model`): it becomes a jumprelu SAE" : "",
  });
}

function normalization(config: Config): SaeSpec["normalize"] {
  const given = optional(config, "normalize_activations") ?? "none";
  const name = given === false ? "none" : given === true ? "expected_average_only_in" : given;
  const known = NORMALIZATIONS.find((item) => item === name);
  if (known !== undefined) return known;
  if (name === "expected_average_only_in" || name === "covariance_whitening") {
    throw new CheckpointError("unfolded-normalization", `\`normalize_activations\` in ${config.file} is \`${name}\`, and the factors are not in the file`, {
      notes: ["sae_lens would encode unscaled activations without a word"],
      help: "fold the normalisation into the weights with sae_lens (`fold_activation_norm_scaling_factor`) and save the SAE again",
    });
  }
  throw new CheckpointError("invalid-config", `\`normalize_activations\` in ${config.file} is ${JSON.stringify(given)}`, { notes: [`known: ${NORMALIZATIONS.join(", ")}`] });
}

async function spec({ config, metadata, kind, normalize }: Settings, tensors: ReadonlyMap<string, TensorEntry>, convention: Convention, fingerprint: string): Promise<SaeSpec> {
  const dIn = size(config, "d_in");
  const dSae = size(config, "d_sae");
  const find = (name: string): TensorEntry => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new CheckpointError("missing-tensor", `tensor \`${name}\` of a ${kind} SAE is not in the file`, { notes: [`asked for by ${config.file}`], help: "use files that belong together: download the whole folder again" });
    return tensor;
  };
  const perFeature = (name: string): Promise<Float32Array> => readVector(find(name), dSae);
  await refuseScaling(config, tensors);

  const decoder = find("W_dec");
  const rescale = kind === "topk" && flag(config, "rescale_acts_by_decoder_norm", false);
  const fold = convention === "neuronpedia";
  if (fold && kind === "topk" && !rescale) {
    throw new CheckpointError("convention-not-applicable", `${config.file} describes a topk SAE whose activations are not rescaled by decoder norms; folding them would change which features are the k largest`, { help: "use convention saelens" });
  }
  const norms = rescale || fold ? await decoderNorms(decoder, "in_out", dSae, dIn) : null;
  const byNorm = (vector: Float32Array): Float32Array => (fold && norms !== null ? vector.map((value, at) => value * (norms[at] as number)) : vector);
  const hookName = word(metadata, "hook_name", "");
  const { layer, hook } = parseHookName(hookName);
  const oldLayer = optional(metadata, "hook_layer");
  const modelName = optional(metadata, "model_name");

  return {
    kind,
    digest: fingerprint,
    dIn,
    dSae,
    encoder: tensorRef(find("W_enc"), [dIn, dSae]),
    encoderLayout: "in_out",
    decoder: tensorRef(decoder, [dSae, dIn]),
    decoderLayout: "in_out",
    normalize,
    inputShift: flag(config, "apply_b_dec_to_input", true) ? await readVector(find("b_dec"), dIn) : null,
    bias: await perFeature(kind === "gated" ? "b_mag" : "b_enc"),
    // The gate compares with 0, which no positive factor changes: a folded gated SAE is scaled at its output.
    preScale: norms === null || kind === "gated" ? null : Float32Array.from(norms),
    threshold: kind === "jumprelu" ? byNorm(await thresholds(tensors, perFeature)) : null,
    k: kind === "topk" ? topKOf(config, dSae) : null,
    gateBias: kind === "gated" ? await perFeature("b_gate") : null,
    magnitudeScale: kind === "gated" ? (await perFeature("r_mag")).map(Math.exp) : null,
    outputScale: norms !== null && kind === "gated" ? Float32Array.from(norms) : null,
    layer: layer ?? (Number.isInteger(oldLayer) ? (oldLayer as number) : null),
    hook,
    hookName,
    ...(readsCentred(metadata) ? { centred: true } : {}),
    convention,
    modelName: typeof modelName === "string" ? modelName : null,
    prependBos: flag(metadata, "prepend_bos", true),
    format: "sae_lens",
  };
}

/** sae_lens hands `model_from_pretrained_kwargs` to TransformerLens when it loads the model (`load_model.py`). */
function readsCentred(metadata: Config): boolean {
  const options = section(metadata, "model_from_pretrained_kwargs");
  return options !== null && flag(options, "center_writing_weights", false);
}

/** Old training checkpoints hold the logarithm (`saes/jumprelu_sae.py` `process_state_dict_for_loading`). */
async function thresholds(tensors: ReadonlyMap<string, TensorEntry>, perFeature: (name: string) => Promise<Float32Array>): Promise<Float32Array> {
  if (!tensors.has("threshold") && tensors.has("log_threshold")) return (await perFeature("log_threshold")).map(Math.exp);
  return perFeature("threshold");
}

/** `scaling_factor` is dropped by sae_lens when it is all ones and an error otherwise (`read_sae_components_from_disk`). */
async function refuseScaling(config: Config, tensors: ReadonlyMap<string, TensorEntry>): Promise<void> {
  const tensor = tensors.get("scaling_factor");
  if (tensor === undefined) return;
  const factors = await readVector(tensor, size(config, "d_sae"));
  if (factors.every((factor) => Math.abs(factor - 1) <= 1e-5)) return;
  throw new CheckpointError("unsupported-sae", `the SAE of ${config.file} has finetuned scaling factors, which are not computed`, { help: 'set sae "…" to one without them' });
}

/** k of a topk SAE, at most its width: the k largest of fewer features are not defined. */
function topKOf(config: Config, dSae: number): number {
  const k = oldTopK(config) ?? size(config, "k");
  if (k > dSae) throw new CheckpointError("invalid-config", `\`k\` in ${config.file} is ${k}, but the SAE has ${dSae} features`);
  return k;
}
