/** Without this file the transcoders that circuit-tracer reads (mwhanna, mntss) could not be read. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { parseHookName } from "./hook_name.ts";
import { readVector } from "./numbers.ts";
import { openFile, requireFile } from "./real_path.ts";
import { weightsOf, type SaeFolder } from "./sae_folder.ts";
import { decoderOf, encoderOf, find, maybe, PLAIN, refuseConvention, thresholds, widths, type Weights } from "./weights.ts";

const LAYER = /^layer_(\d+)\.safetensors$/;
const ENCODER = /^W_enc_(\d+)\.safetensors$/;

/**
 * One layer of a set of transcoders: `layer_<n>.safetensors` with W_enc [m, d], W_dec [m, d], b_enc, b_dec, and, as they are, W_skip [d, d] and
 * `activation_function.threshold`; or of a cross-layer transcoder: `W_enc_<n>.safetensors` with W_enc_<n>, b_enc_<n>, b_dec_<n> and, as it is,
 * threshold_<n> (circuit-tracer 0.5.0 `single_layer_transcoder.py`, `cross_layer_transcoder.py`). `config.yaml` names the hooks of all layers;
 * the repositories of mwhanna that have none are known by name (sae_lens 6.54 `get_mwhanna_transcoder_config_from_hf`).
 */
export async function readCircuitTracer(folder: SaeFolder): Promise<SaeSpec | null> {
  const single = chosen(folder, LAYER);
  const cross = single === null ? chosen(folder, ENCODER) : null;
  const found = single ?? cross;
  if (found === null) return null;
  const described = folder.names.has("config.yaml") ? await configured(folder) : single === null ? null : publishedAs(folder.place);
  if (described === null) return null;
  refuseConvention(folder.path, "circuit-tracer", folder.options.convention ?? "publisher", ["publisher"]);
  const { text } = described;
  const place = parseHookName(`blocks.${found.layer}.${described.input}`);
  const hookOut = parseHookName(`blocks.${found.layer}.${described.output}`);
  const weights = await weightsOf(folder, [found.name], "download the whole folder again");
  const suffix = single === null ? `_${found.layer}` : "";
  const encoder = find(weights, `W_enc${suffix}`);
  const { dIn, dSae } = widths(encoder, "out_in");
  const threshold = maybe(weights, single === null ? `threshold${suffix}` : "activation_function.threshold");
  const bars = threshold === null ? null : await thresholds(threshold, dSae, false);
  return {
    ...PLAIN,
    kind: bars === null ? "standard" : "jumprelu",
    digest: await digest([text, found.name], weights.files),
    dIn,
    dSae,
    ...encoderOf(encoder, "out_in", dIn, dSae),
    ...(single === null ? { decoder: null, noDecoder: "a layer of a cross-layer transcoder writes to every later layer" } : await decoded(weights, dIn, dSae)),
    bias: await readVector(find(weights, `b_enc${suffix}`), dSae),
    threshold: bars,
    ...place,
    hookOut,
    convention: "publisher",
    modelName: described.model,
    format: "circuit_tracer",
    notes: weights.notes,
  };
}

interface Described {
  readonly text: string;
  readonly input: string;
  readonly output: string;
  readonly model: string;
}

async function configured(folder: SaeFolder): Promise<Described> {
  const file = await requireFile(folder.path, "config.yaml", "a set of transcoders holds config.yaml");
  const text = await start(file);
  const model = yamlWord(text, "model_name", file);
  const output = yamlWord(text, "feature_output_hook", file);
  // What comes out of the MLP is what is added to the stream, except where a norm stands between (Gemma).
  return { text, input: yamlWord(text, "feature_input_hook", file), output: output === "mlp.hook_out" && !/gemma/i.test(model) ? "hook_mlp_out" : output, model };
}

function publishedAs(place: string): Described | null {
  const size = /mwhanna\/qwen3-(\d+(?:\.\d+)?)b/.exec(place)?.[1];
  return size === undefined ? null : { text: "", input: "mlp.hook_in", output: "hook_mlp_out", model: `Qwen/Qwen3-${size}B` };
}

async function decoded(weights: Weights, dIn: number, dSae: number): Promise<Pick<SaeSpec, "decoder" | "noDecoder">> {
  const skip = maybe(weights, "W_skip");
  return decoderOf(find(weights, "W_dec"), "in_out", { dIn, dSae }, { dOut: dIn, bias: await readVector(find(weights, "b_dec"), dIn), skip: skip === null ? null : { tensor: skip, layout: "out_in" } });
}

/** The layer that was asked for, or the only one there is. */
function chosen(folder: SaeFolder, pattern: RegExp): { readonly name: string; readonly layer: number } | null {
  const { file } = folder.options;
  const names = [...folder.names].filter((name) => pattern.test(name) && (file === null || name === file));
  if (names.length === 0) return null;
  if (names.length > 1) {
    throw new CheckpointError("unsupported-sae-format", `${folder.path} holds ${names.length} layers of transcoders`, { notes: [names.slice(0, 8).join(", ")], help: `name one of them: set sae "${folder.path}/${names[0]}"` });
  }
  const name = names[0] as string;
  return { name, layer: Number(pattern.exec(name)?.[1]) };
}

const MOST = 65_536;

async function start(file: string): Promise<string> {
  const handle = await openFile(file);
  try {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(MOST), 0, MOST, 0);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** A plain word at the top level of a YAML file. These files hold nothing else under the keys that are asked for; anything more is refused, not guessed. */
function yamlWord(text: string, key: string, file: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith(`${key}:`));
  const value = /^[\w_]+:\s*(?:"([^"\\]*)"|'([^']*)'|([\w./-]+))\s*(?:#.*)?$/.exec(lines[0] ?? "");
  const word = value?.[1] ?? value?.[2] ?? value?.[3];
  if (lines.length === 1 && word !== undefined && word !== "") return word;
  throw new CheckpointError("invalid-config", `\`${key}\` in ${file} is ${lines.length === 0 ? "missing" : lines.length > 1 ? "there twice" : "not one plain word"}`, { help: "download the file again, or correct that key" });
}
