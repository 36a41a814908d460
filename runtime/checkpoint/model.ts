/** Without this file a folder from the hub would not become a model. */
import { basename, dirname } from "node:path";
import type { DecoderSpec } from "../../src/emit/specs.ts";
import type { Family, Source } from "./architectures/family.ts";
import { familyOf } from "./architectures/mod.ts";
import { notRead } from "./architectures/not_read.ts";
import { textPart } from "./architectures/seeing.ts";
import { optional, section, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { fewAtOnce } from "./few_at_once.ts";
import { otherFolder, otherThanFolder } from "./other_folder.ts";
import { findFile, requireFile, requireFolder } from "./real_path.ts";
import { CONVERT } from "./pickle_values.ts";
import { packedRef, readSafetensors, tensorRef, type TensorFile, type TensorEntry } from "./safetensors.ts";
import { readJsonObject } from "./strict_json.ts";
import { readTorchFile } from "./torch_file.ts";

export interface Model {
  readonly spec: DecoderSpec;
  /** The folder's own name. */
  readonly name: string;
  /** Real path of the folder. */
  readonly folder: string;
  readonly bosId: number | null;
  /** Ids that end a text which it writes, as `generation_config.json` says, or the config where that is silent: what `generate` of transformers ends at. */
  readonly eosIds: readonly number[];
  /** What was ignored, and why that is right: to be shown once. */
  readonly notes: readonly string[];
}

/**
 * Read a model in the hub's layout: `config.json` and `model.safetensors`, or shards with `model.safetensors.index.json`; where these are not there,
 * `pytorch_model.bin` and its shards, by a reader that can build nothing but tensors. Only headers are read. Throws `CheckpointError`.
 */
export async function readModel(path: string): Promise<Model> {
  const folder = await requireFolder(path).catch((error: unknown) => Promise.reject(otherThanFolder(path) ?? error));
  const file = await requireFile(folder, "config.json", "name the folder of a model from the hub: config.json, model.safetensors, tokenizer.json").catch(async (error: unknown) => Promise.reject((await otherFolder(folder)) ?? error));
  const { bytes, value } = await readJsonObject(file);
  const whole = { file, value };
  const config = textPart(whole);
  const family = supported(config, whole);
  // A fault of the config is told before one of the weights: it says what they should be.
  const files = await weightFiles(folder).catch((error: unknown) => error as CheckpointError);
  const source = sourceOf(config, config === whole ? null : whole, family, files);
  const decoder = family.read(source);
  if (!Array.isArray(files)) throw files;
  return {
    spec: { ...decoder, ...(source.headless[0] === undefined ? {} : { noHead: source.headless[0] }), digest: await digest([bytes], files) },
    name: basename(folder),
    folder,
    bosId: ids(optional(config, "bos_token_id"))[0] ?? null,
    eosIds: await ends(folder, config, whole),
    notes: optional(whole, "auto_map") === null ? [] : [`${file}: \`auto_map\` names code that comes with the model; it is not run, saeq's own ${decoder.architecture} is used`],
  };
}

async function ends(folder: string, config: Config, whole: Config): Promise<readonly number[]> {
  const file = await findFile(folder, "generation_config.json");
  const said = file === null ? [] : ids(optional({ file, value: (await readJsonObject(file)).value }, "eos_token_id"));
  return said.length > 0 ? said : [whole, config].map((each) => ids(optional(each, "eos_token_id"))).find((found) => found.length > 0) ?? [];
}

function ids(value: unknown): readonly number[] {
  return (Array.isArray(value) ? value : [value]).filter((id): id is number => Number.isInteger(id));
}

/** Every feature of a config, and of the one around it, that would change the arithmetic of any family is refused by name. */
function supported(config: Config, whole: Config): Family {
  const family = familyOf(word(config, "model_type", ""));
  if (family === undefined) throw notRead(whole, dirname(whole.file));
  for (const each of new Set([config, whole])) {
    requireReadable(each, family);
    if (family.unlikeLayers !== true && optional(each, "per_layer_config") !== null) throw new CheckpointError("unsupported-config", `\`per_layer_config\` in ${config.file} gives layers configs of their own, and all are read with one`, { help: 'set model "…"' });
  }
  return family;
}

/** Quantised weights are computed from where a family knows theirs, and refused by name elsewhere. */
function requireReadable(config: Config, family: Family): void {
  const quantized = optional(config, "quantization_config");
  if (quantized === null) return;
  const known = family.quantized ?? [];
  const method = typeof quantized === "object" && !Array.isArray(quantized) ? optional({ file: config.file, value: quantized as Config["value"] }, "quant_method") : null;
  if (typeof method === "string" && known.includes(method)) return;
  const only = known.length === 0 ? "quantised weights are not read" : `of quantised weights only ${known.join(", ")} is read`;
  throw new CheckpointError("unsupported-config", `\`quantization_config\` in ${config.file} is ${JSON.stringify(quantized)}: ${only}; use the original checkpoint`, { help: 'set model "…"' });
}

/** Names of one file of weights, and how it is read; its shards are told by an index beside them. The first that is there counts. */
const WEIGHTS: readonly (readonly [string, (file: string) => Promise<TensorFile>])[] = [["model.safetensors", readSafetensors], ["pytorch_model.bin", readTorchModel]];

async function weightFiles(folder: string): Promise<readonly TensorFile[]> {
  for (const [name, read] of WEIGHTS) {
    const single = await findFile(folder, name);
    if (single !== null) return [await read(single)];
    const index = await findFile(folder, `${name}.index.json`);
    if (index !== null) return shards(folder, index, read);
  }
  const other = await otherFolder(folder);
  if (other !== null) throw other;
  throw new CheckpointError("missing-file", `${folder} holds no weights: neither model.safetensors nor model.safetensors.index.json, nor pytorch_model.bin`, { help: "download the model's weights as well: the whole folder" });
}

/** A file of torch.save, which can hold what no other file can: tensors that are views. */
async function readTorchModel(file: string): Promise<TensorFile> {
  const found = await readTorchFile(file).catch((error: unknown) => {
    throw error instanceof CheckpointError && error.code === "unsupported-sae" ? new CheckpointError("invalid-tensor", error.message, CONVERT) : error;
  });
  const turned = [...found.tensors.values()].find(({ columnMajor }) => columnMajor === true);
  if (turned !== undefined) throw new CheckpointError("invalid-tensor", `tensor \`${turned.name}\` of ${file} is stored by columns`, CONVERT);
  return found;
}

async function shards(folder: string, index: string, read: (file: string) => Promise<TensorFile>): Promise<readonly TensorFile[]> {
  const map = section({ file: index, value: (await readJsonObject(index)).value }, "weight_map");
  const names = [...new Set(Object.values(map?.value ?? {}))].toSorted();
  if (names.length === 0 || names.some((name) => typeof name !== "string")) throw new CheckpointError("invalid-config", `\`weight_map\` in ${index} names no files`, { help: "download the file again" });
  const files: TensorFile[] = [];
  const shard = async (name: string): Promise<TensorFile> => read(await requireFile(folder, name, "a shard is missing: download the model again"));
  for await (const [, file] of fewAtOnce(names as string[], shard)) files.push(file);
  return files;
}

/** What stands before the names of the base model, depending on what the file was written from. */
const PREFIXES = ["", "model.", "transformer.", "gpt_neox.", "gpt_neox_japanese.", "biogpt.", "model.language_model.", "language_model.model.", "language_model.", "model.decoder.", "decoder."];

function sourceOf(config: Config, outer: Config | null, family: Family, files: readonly TensorFile[] | Error): Source {
  const tensors: ReadonlyMap<string, TensorEntry> = new Map(files instanceof Error ? [] : files.flatMap((file) => [...file.tensors]));
  const prefix = PREFIXES.find((each) => [family.embedding].flat().some((name) => tensors.has(`${each}${name}`))) ?? "";
  const missing = (name: string): Error =>
    files instanceof Error ? files : new CheckpointError("missing-tensor", `tensor \`${name}\` is in none of the model's files`, { notes: [`asked for by ${config.file}`], help: "use files that belong together: download the whole folder again" });
  const found = (name: string): TensorEntry => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw missing(name);
    return tensor;
  };
  const headOf = (names: readonly string[]): string | undefined => names.flatMap((name) => [name, `language_model.${name}`]).find((name) => tensors.has(name));
  const headless: string[] = [];
  return {
    config,
    outer,
    tensor: (name, shape) => tensorRef(found(`${prefix}${name}`), shape),
    packed: (name, shape, dtype) => packedRef(found(`${prefix}${name}`), shape, dtype),
    holds: (name) => tensors.has(`${prefix}${name}`),
    holdsHead: (names) => headOf(names) !== undefined,
    head: (names, shape) => {
      const there = headOf(names);
      if (there !== undefined) return tensorRef(found(there), shape);
      if (files instanceof Error) throw files;
      headless.push(names[0] as string);
      return null;
    },
    headless,
  };
}
