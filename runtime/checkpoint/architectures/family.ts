/** Without this file every family of models would look up its tensors and sizes in its own way. */
import type { DecoderSpec, LinearSpec, NormSpec, PackedRef, TensorRef } from "../../../src/emit/specs.ts";
import { optional, size, type Config } from "../config.ts";
import { CheckpointError } from "../error.ts";
import type { JsonObject } from "../strict_json.ts";

/** What a family reads from: its config and its tensors, under names without the prefix that a file may put before them. */
export interface Source {
  readonly config: Config;
  /** The config around it, where this is the text part of a model that also sees or hears; else null. */
  readonly outer: Config | null;
  tensor(name: string, shape: readonly number[]): TensorRef;
  /** Bytes of that shape, which hold packed numbers. */
  packed(name: string, shape: readonly number[], dtype: PackedRef["dtype"]): PackedRef;
  /** Whether a tensor of that name is there: some families are kept in two ways. */
  holds(name: string): boolean;
  /** Whether a head of one of these names is there. */
  holdsHead(names: readonly string[]): boolean;
  /** Tensors of the head, which stand beside the base model and not in it; the first of the names that is there, null where none is. */
  head(names: readonly string[], shape: readonly number[]): TensorRef | null;
  /** Names of tensors of the head that were asked for and are not there. */
  readonly headless: readonly string[];
}

/** A decoder but for the fingerprint of its files. */
export type Decoder = Omit<DecoderSpec, "digest">;

/** One family: a file that says how its config and its weights become plain data. A new one is a new file and a line in the table. */
export interface Family {
  /** Values of `model_type` in config.json. */
  readonly types: readonly string[];
  /** The token embedding's name in the base model, or its names where publishers and transformers differ: where it stands tells the prefix of all names. */
  readonly embedding: string | readonly string[];
  /** `quant_method`s of its config that are computed from; absent: none. */
  readonly quantized?: readonly string[];
  /** true: it reads `per_layer_config`, by which single layers differ from what the config says of all. */
  readonly unlikeLayers?: true;
  readonly read: (source: Source) => Decoder;
}

/** The same with what the config class of transformers takes its keys to be where config.json does not say. */
export function withDefaults(source: Source, defaults: JsonObject): Source {
  return { ...source, config: { ...source.config, value: { ...defaults, ...source.config.value } } };
}

/** The same where the values of some keys stand for those of others, as transformers' `attribute_map` has it: a key, and the one that it stands for. */
export function withKeys(source: Source, keys: Readonly<Record<string, string>>): Source {
  const { config } = source;
  const meant: JsonObject = Object.fromEntries(Object.entries(keys).flatMap(([key, other]) => (optional(config, key) === null ? [] : [[other, optional(config, key)]])));
  return { ...source, config: { ...config, value: { ...config.value, ...meant } } };
}

/** A torch Linear [out, in], with a bias where the config says so. */
export function linear(source: Source, name: string, out: number, width: number, bias: boolean): LinearSpec {
  return { weight: source.tensor(`${name}.weight`, [out, width]), layout: "out_in", bias: bias ? source.tensor(`${name}.bias`, [out]) : null };
}

/** Rows `start` to `end` of a tensor, as one of its own. */
export function rowsOfTensor(ref: TensorRef, start: number, end: number): TensorRef {
  const row = ref.length / (ref.shape[0] as number);
  return { ...ref, offset: ref.offset + start * row, length: (end - start) * row, shape: [end - start, ...ref.shape.slice(1)] };
}

/** The same of a Linear: several maps that one file keeps below one another. */
export function rowsOf(spec: LinearSpec, start: number, end: number): LinearSpec {
  const part = (ref: TensorRef): TensorRef => rowsOfTensor(ref, start, end);
  return { weight: part(spec.weight), layout: "out_in", bias: spec.bias === null ? null : part(spec.bias) };
}

export function normOf(source: Source, name: string, width: number, bias: boolean): NormSpec {
  return { weight: source.tensor(`${name}.weight`, [width]), bias: bias ? source.tensor(`${name}.bias`, [width]) : null };
}

export function unsupported(config: Config, key: string, why: string): CheckpointError {
  const value = Object.hasOwn(config.value, key) ? config.value[key] : null;
  return new CheckpointError("unsupported-config", `\`${key}\` in ${config.file} is ${JSON.stringify(value)}: ${why}`, { help: 'set model "…"' });
}

export function contradiction(config: Config, key: string, why: string): CheckpointError {
  const value = Object.hasOwn(config.value, key) ? config.value[key] : null;
  return new CheckpointError("invalid-config", `\`${key}\` in ${config.file} is ${JSON.stringify(value)}, ${why}`, { help: "download the file again, or correct that key" });
}

/** A bound on the layers, so that a wrong number is an error and not a long loop. */
export function layerCount(config: Config, key = "num_hidden_layers"): number {
  const layers = size(config, key);
  if (layers > 1024) throw contradiction(config, key, "and at most 1024 are read");
  return layers;
}
