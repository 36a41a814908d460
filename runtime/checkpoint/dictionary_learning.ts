/** Without this file the SAEs of the dictionary_learning package could not be read. */
import type { HookPlace, SaeKind, SaeSpec } from "../../src/emit/sae_specs.ts";
import { optional, section, size, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { parseHookName } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { configOf, weightsOf, type SaeFolder } from "./sae_folder.ts";
import { decoderOf, encoderOf, find, inverse, maybe, normsOf, PLAIN, refuseConvention, requireK, thresholds, widths, type Weights } from "./weights.ts";

interface Dictionary {
  readonly kind: SaeKind;
  /** What is subtracted from x before the encoder, and added behind the decoder. */
  readonly shift: string | null;
  readonly decoderBias: string;
}

/** `dictionary.py`, `trainers/top_k.py`, `trainers/batch_top_k.py`, `trainers/matryoshka_batch_top_k.py` of dictionary_learning 0.1.0. */
const CLASSES: Readonly<Record<string, Dictionary>> = {
  AutoEncoder: { kind: "standard", shift: "bias", decoderBias: "bias" },
  AutoEncoderNew: { kind: "standard", shift: null, decoderBias: "decoder.bias" },
  GatedAutoEncoder: { kind: "gated", shift: "decoder_bias", decoderBias: "decoder_bias" },
  JumpReluAutoEncoder: { kind: "jumprelu", shift: null, decoderBias: "b_dec" },
  AutoEncoderTopK: { kind: "topk", shift: "b_dec", decoderBias: "b_dec" },
  BatchTopKSAE: { kind: "jumprelu", shift: "b_dec", decoderBias: "b_dec" },
  MatryoshkaBatchTopKSAE: { kind: "jumprelu", shift: "b_dec", decoderBias: "b_dec" },
};

/**
 * `config.json` with a section `trainer` and `ae.safetensors` or `ae.pt`. Linear layers are encoder.weight [m, d] and decoder.weight [d, m],
 * parameters W_enc [d, m] and W_dec [m, d]. publisher: as the package's `load_dictionary`, which brings the decoder vectors of an AutoEncoder
 * to norm 1; saelens: as sae_lens' importer, which does not.
 */
export async function readDictionaryLearning(folder: SaeFolder): Promise<SaeSpec | null> {
  if (!folder.names.has("config.json") || !(folder.names.has("ae.safetensors") || folder.names.has("ae.pt"))) return null;
  const convention = folder.options.convention ?? "publisher";
  refuseConvention(folder.path, "dictionary_learning", convention, ["publisher", "saelens"]);
  const config = await configOf(folder, "config.json");
  const trainer = section(config, "trainer");
  if (trainer === null) throw new CheckpointError("invalid-config", `\`trainer\` in ${config.file} is missing`, { help: "download the file again" });
  const name = word(trainer, "dict_class");
  const dictionary = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (dictionary === undefined) throw new CheckpointError("unsupported-architecture", `\`dict_class\` in ${config.file} is ${JSON.stringify(name)}`, { notes: [`supported: ${Object.keys(CLASSES).join(", ")}`] });
  const weights = await weightsOf(folder, ["ae.safetensors", "ae.pt"], "a dictionary_learning folder holds config.json and ae.pt");
  return spec({ config, trainer, name, dictionary, weights, convention });
}

interface Found {
  readonly config: Config & { readonly bytes: Uint8Array };
  readonly trainer: Config;
  readonly name: string;
  readonly dictionary: Dictionary;
  readonly weights: Weights;
  readonly convention: SaeSpec["convention"];
}

async function spec({ config, trainer, name, dictionary: { kind, shift, decoderBias }, weights, convention }: Found): Promise<SaeSpec> {
  const layout = maybe(weights, "W_enc") === null ? "out_in" : "in_out";
  const encoder = find(weights, "W_enc", "encoder.weight");
  const { dIn, dSae } = widths(encoder, layout);
  for (const [key, found] of [["activation_dim", dIn], ["dict_size", dSae]] as const) {
    if (optional(trainer, key) !== null && size(trainer, key) !== found) throw new CheckpointError("shape-mismatch", `\`${key}\` in ${config.file} is ${size(trainer, key)}, and \`${encoder.name}\` has shape [${encoder.shape.join(", ")}]`, { help: "use files that belong together: download the whole folder again" });
  }
  const decoder = find(weights, "W_dec", "decoder.weight");
  const norms = name === "AutoEncoder" && convention === "publisher" ? notOne(await normsOf(decoder, layout, dSae, dIn)) : null;
  const bias = await readVector(find(weights, decoderBias), dIn);
  const perFeature = (...names: readonly string[]): Promise<Float32Array> => readVector(find(weights, ...names), dSae);
  const hook = place(trainer);
  const model = optional(trainer, "lm_name");
  return {
    ...PLAIN,
    kind,
    digest: await digest([config.bytes, convention], weights.files),
    dIn,
    dSae,
    ...encoderOf(encoder, layout, dIn, dSae),
    ...decoderOf(decoder, layout, { dIn, dSae }, { dOut: dIn, bias, scale: norms === null ? null : inverse(norms) }),
    inputShift: shift === null ? null : bias,
    bias: await (kind === "gated" ? perFeature("mag_bias") : perFeature("b_enc", "encoder.bias")),
    preScale: norms === null ? null : Float32Array.from(norms),
    threshold: kind === "jumprelu" ? await thresholds(find(weights, "threshold"), dSae, false, name === "JumpReluAutoEncoder" ? "rectified" : "refused") : null,
    k: kind === "topk" ? requireK(size(trainer, "k"), dSae, config.file) : null,
    gateBias: kind === "gated" ? await perFeature("gate_bias") : null,
    magnitudeScale: kind === "gated" ? (await perFeature("r_mag")).map(Math.exp) : null,
    ...hook,
    convention,
    modelName: typeof model === "string" ? model : null,
    format: "dictionary_learning",
    notes: weights.notes,
  };
}

/** `normalize_decoder` leaves norms alone that torch.allclose takes for 1. */
function notOne(norms: Float64Array): Float64Array | null {
  return norms.every((norm) => Math.abs(norm - 1) <= 1e-8 + 1e-5) ? null : norms;
}

/**
 * `submodule_name` names the module where there is one (`resid_post_layer_8`, `mlp_out_layer_3`); without it the package's runs read the residual
 * (sae_lens takes it so too). What is read of MLP and attention is what these modules give out, before any norm that a model has behind them.
 */
function place(trainer: Config): HookPlace & Pick<SaeSpec, "module"> {
  const layer = optional(trainer, "layer");
  if (typeof layer !== "number" || !Number.isInteger(layer) || layer < 0) throw new CheckpointError("invalid-config", `\`layer\` in ${trainer.file} is ${JSON.stringify(layer)}; it must be a whole number of at least 0`, { help: "download the file again, or correct that key" });
  const submodule = optional(trainer, "submodule_name");
  const at = (hook: string, module: string | null = null): HookPlace & Pick<SaeSpec, "module"> => ({ ...parseHookName(`blocks.${layer}.${hook}`), module });
  if (typeof submodule !== "string") return at("hook_resid_post");
  const other = /^resid_(pre|mid)(_|$)/.exec(submodule)?.[1];
  if (other !== undefined) return at(`hook_resid_${other}`);
  if (/^resid(_post)?(_|$)/.test(submodule)) return at("hook_resid_post");
  if (/^(mlp|mlp_out)(_|$)/.test(submodule)) return at("hook_mlp_out", "mlp");
  if (/^(attn|attention|attn_out)(_|$)/.test(submodule)) return at("hook_attn_out", "self_attn|attention|attn");
  return { ...at(submodule), hook: null };
}
