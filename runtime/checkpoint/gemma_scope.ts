/** Without this file the SAEs and transcoders of Gemma Scope (params.npz) could not be read. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { foldNorms } from "./fold_norms.ts";
import { parseHookName } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { weightsOf, type SaeFolder } from "./sae_folder.ts";
import { decoderOf, encoderOf, filled, find, normsOf, PLAIN, refuseConvention, thresholds, widths } from "./weights.ts";

interface Published {
  readonly model: string;
  readonly hookName: string;
  readonly hookOut: string | null;
  /** The embedding's SAEs see x·√d: W_enc/√d, W_dec·√d. */
  readonly embedding: boolean;
}

/**
 * `params.npz` of google/gemma-scope-{2b,9b,27b}-{pt,it}-{res,mlp,att,transcoders}/layer_L/width_W/average_l0_N: W_enc [d, m], W_dec [m, d],
 * b_enc, b_dec, threshold [m]; f = max(h, 0)·[h > θ], h = x·W_enc + b_enc, nothing subtracted (sae_lens 6.54 `gemma_2_sae_huggingface_loader`,
 * `get_gemma_2_transcoder_config_from_hf`). The file does not say where it reads: its published path does.
 */
export async function readGemmaScope(folder: SaeFolder): Promise<SaeSpec | null> {
  if (!folder.names.has("params.npz")) return null;
  const convention = folder.options.convention ?? "publisher";
  refuseConvention(folder.path, "Gemma Scope", convention, ["publisher", "saelens", "neuronpedia"]);
  const published = publishedAs(folder.place);
  const weights = await weightsOf(folder, ["params.npz"], "a Gemma Scope folder holds params.npz");
  const { dIn, dSae } = widths(find(weights, "W_enc", "w_enc"), "in_out");
  const decoder = find(weights, "W_dec", "w_dec");
  const bias = await readVector(find(weights, "b_enc"), dSae);
  const root = published.embedding ? Math.sqrt(dIn) : 1;
  const spec: SaeSpec = {
    ...PLAIN,
    kind: "jumprelu",
    digest: await digest([published.hookName, convention], weights.files),
    dIn,
    dSae,
    ...encoderOf(find(weights, "W_enc", "w_enc"), "in_out", dIn, dSae),
    ...decoderOf(decoder, "in_out", { dIn, dSae }, { dOut: dIn, bias: await readVector(find(weights, "b_dec"), dIn), scale: published.embedding ? filled(dSae, root) : null }),
    bias: published.embedding ? bias.map((value) => value * root) : bias,
    preScale: published.embedding ? filled(dSae, 1 / root) : null,
    threshold: await thresholds(find(weights, "threshold"), dSae, false, "rectified"),
    ...parseHookName(published.hookName),
    hookOut: published.hookOut === null ? null : parseHookName(published.hookOut),
    convention,
    modelName: published.model,
    format: "gemma_scope",
    notes: weights.notes,
  };
  if (convention !== "neuronpedia") return spec;
  const norms = await normsOf(decoder, "in_out", dSae, dIn);
  return foldNorms(spec, norms.map((norm) => norm * root));
}

function publishedAs(place: string): Published {
  const release = /gemma-scope-(2b|9b|27b)-(pt|it)-(res|mlp|att|transcoders)/.exec(place);
  const layer = /layer_(\d+)/.exec(place)?.[1];
  const embedding = release?.[3] === "res" && /embedding/.test(place);
  if (release === null || (layer === undefined && !embedding)) {
    throw new CheckpointError("invalid-config", `params.npz does not say which activations it reads, and neither does its path ${place}`, {
      notes: ["its published path does: gemma-scope-2b-pt-res/layer_12/width_16k/average_l0_82"],
      help: "keep the folders as they were published, or put params.npz into folders of those names",
    });
  }
  const [, size, version, part] = release as unknown as readonly [string, string, string, string];
  const model = `google/gemma-2-${size}${version === "it" ? "-it" : ""}`;
  switch (part) {
    case "res":
      return { model, hookName: embedding ? "hook_embed" : `blocks.${layer}.hook_resid_post`, hookOut: null, embedding };
    case "mlp":
      return { model, hookName: `blocks.${layer}.hook_mlp_out`, hookOut: null, embedding };
    case "att":
      return { model, hookName: `blocks.${layer}.attn.hook_z`, hookOut: null, embedding };
    default:
      return { model, hookName: `blocks.${layer}.ln2.hook_normalized`, hookOut: `blocks.${layer}.hook_mlp_out`, embedding };
  }
}
