/** Without this file the SAEs and transcoders of Gemma Scope 2 (Gemma 3) could not be read. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { flag, optional, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { foldNorms } from "./fold_norms.ts";
import { parseModulePath } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { configOf, weightsOf, type SaeFolder } from "./sae_folder.ts";
import type { TensorEntry } from "./safetensors.ts";
import { decoderOf, encoderOf, find, maybe, normsOf, PLAIN, refuseConvention, thresholds, widths } from "./weights.ts";

/**
 * `config.json` and `params.safetensors` of google/gemma-scope-2-{270m,1b,4b,12b,27b}-{pt,it}: w_enc [d, m], w_dec [m, dOut], b_enc, b_dec,
 * threshold, affine_skip_connection [d, dOut] (sae_lens 6.54 `gemma_3_sae_huggingface_loader`). Places are the transformers modules that the
 * config names: for what a transcoder reads (`mlp.hook_in` here), sae_lens writes `hook_mlp_in`, under which TransformerLens has another activation.
 * A layer of a cross-layer transcoder has w_dec [m, layers, dOut]: its features are read, it decodes to no single place.
 */
export async function readGemmaScope2(folder: SaeFolder): Promise<SaeSpec | null> {
  if (!folder.names.has("params.safetensors")) return null;
  const convention = folder.options.convention ?? "publisher";
  refuseConvention(folder.path, "Gemma Scope 2", convention, ["publisher", "saelens", "neuronpedia"]);
  const config = folder.names.has("config.json") ? await configOf(folder, "config.json") : inferred(folder);
  if (word(config, "architecture", "jump_relu") !== "jump_relu") {
    throw new CheckpointError("unsupported-architecture", `\`architecture\` in ${config.file} is ${JSON.stringify(optional(config, "architecture"))}`, { notes: ["supported: jump_relu"] });
  }
  const weights = await weightsOf(folder, ["params.safetensors"], "a Gemma Scope 2 folder holds config.json and params.safetensors");
  const { dIn, dSae } = widths(find(weights, "w_enc"), "in_out");
  const decoder = find(weights, "w_dec");
  const place = parseModulePath(word(config, "hf_hook_point_in"));
  const named = optional(config, "hf_hook_point_out");
  const hookOut = named === null || named === "" || named === word(config, "hf_hook_point_in") ? null : parseModulePath(word(config, "hf_hook_point_out"));
  const affine = maybe(weights, "affine_skip_connection");
  if (flag(config, "affine_connection", false)) find(weights, "affine_skip_connection");
  const model = word(config, "model_name", "");
  const described = await decoded(decoder, dIn, dSae, affine, () => find(weights, "b_dec"));
  const spec: SaeSpec = {
    ...PLAIN,
    ...described,
    kind: "jumprelu",
    digest: await digest([config.bytes, convention], weights.files),
    dIn,
    dSae,
    ...encoderOf(find(weights, "w_enc"), "in_out", dIn, dSae),
    bias: await readVector(find(weights, "b_enc"), dSae),
    threshold: await thresholds(find(weights, "threshold"), dSae, false, "rectified"),
    ...place,
    hookOut: hookOut ?? (described.decoder === null ? { layer: null, hook: null, hookName: "" } : null),
    convention,
    modelName: model === "" ? null : model,
    format: "gemma_scope_2",
    notes: weights.notes,
  };
  if (convention !== "neuronpedia") return spec;
  if (spec.decoder === null) throw new CheckpointError("convention-not-applicable", `${folder.path} holds a layer of a cross-layer transcoder, whose decoder has no single norm`, { help: "set convention publisher" });
  return foldNorms(spec, await normsOf(decoder, "in_out", dSae, spec.decoder.dOut));
}

async function decoded(decoder: TensorEntry, dIn: number, dSae: number, affine: TensorEntry | null, bias: () => TensorEntry): Promise<Pick<SaeSpec, "decoder" | "noDecoder">> {
  if (decoder.shape.length === 3) return { decoder: null, noDecoder: "a layer of a cross-layer transcoder writes to every later layer" };
  const dOut = decoder.shape[1] ?? 0;
  return decoderOf(decoder, "in_out", { dIn, dSae }, { dOut, bias: await readVector(bias(), dOut), skip: affine === null ? null : { tensor: affine, layout: "in_out" } });
}

/** Places by the published path, where the repository has no config (sae_lens `_infer_gemma_3_raw_cfg_dict`). */
function inferred(folder: SaeFolder): Config & { readonly bytes: Uint8Array } {
  const layer = /layer_(\d+)/.exec(folder.place)?.[1];
  const model = /gemma-scope-2-(\w+-\w+)/.exec(folder.place)?.[1];
  const part = /transcoder|clt|resid_post|attn_out|mlp_out/.exec(folder.place)?.[0];
  if (layer === undefined || part === undefined) {
    throw new CheckpointError("invalid-config", `${folder.path} has no config.json, and its path does not say which activations it reads`, { help: "download config.json as well, or keep the folders as they were published: resid_post/layer_13_width_16k_l0_medium" });
  }
  const inside = `model.layers.${layer}`;
  const places: Readonly<Record<string, readonly [string, string | null]>> = {
    transcoder: [`${inside}.pre_feedforward_layernorm.output`, `${inside}.post_feedforward_layernorm.output`],
    clt: [`${inside}.pre_feedforward_layernorm.output`, `${inside}.post_feedforward_layernorm.output`],
    resid_post: [`${inside}.output`, null],
    attn_out: [`${inside}.self_attn.o_proj.input`, null],
    mlp_out: [`${inside}.post_feedforward_layernorm.output`, null],
  };
  const [from, to] = places[part] as readonly [string, string | null];
  const value = { architecture: "jump_relu", model_name: model === undefined ? "" : `google/gemma-3-${model}`, hf_hook_point_in: from, hf_hook_point_out: to, affine_connection: /affine/.test(folder.place) };
  return { file: folder.path, value, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}

