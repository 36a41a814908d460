/** Without this file a folder from the hub would not become a model. */
import { basename } from "node:path";
import type { BlockSpec, DecoderSpec, RopeSpec, TensorRef } from "../../src/emit/specs.ts";
import { flag, optional, positive, section, size, word, type Config } from "./config.ts";
import { digest } from "./digest.ts";
import { CheckpointError } from "./error.ts";
import { findFile, requireFile, requireFolder } from "./real_path.ts";
import { readSafetensors, refusePickle, tensorRef, type SafetensorsFile, type TensorEntry } from "./safetensors.ts";
import { readJsonObject } from "./strict_json.ts";

export interface Model {
  readonly spec: DecoderSpec;
  /** The folder's own name. */
  readonly name: string;
  /** Real path of the folder. */
  readonly folder: string;
  readonly bosId: number | null;
  /** Ids that end a text. */
  readonly eosIds: readonly number[];
}

/** Architectures that are a Llama as transformers 4.57 builds it (`models/llama/modeling_llama.py`; Mistral differs by its window only). */
const SUPPORTED = ["llama", "mistral"];

/**
 * Read a model in the hub's layout: `config.json` and `model.safetensors`, or shards with `model.safetensors.index.json`.
 * Only headers are read. Throws `CheckpointError`.
 */
export async function readModel(path: string): Promise<Model> {
  const folder = await requireFolder(path);
  const file = await requireFile(folder, "config.json", "name the folder of a model from the hub: config.json, model.safetensors, tokenizer.json");
  const { bytes, value } = await readJsonObject(file);
  const config = { file, value };
  requireSupported(config);
  const files = await weightFiles(folder);
  const tensors = new Map(files.flatMap((item) => [...item.tensors]));
  const spec = decoder(config, tensors, await digest([bytes], files));
  return { spec, name: basename(folder), folder, bosId: ids(optional(config, "bos_token_id"))[0] ?? null, eosIds: ids(optional(config, "eos_token_id")) };
}

function ids(value: unknown): readonly number[] {
  return (Array.isArray(value) ? value : [value]).filter((id): id is number => Number.isInteger(id));
}

/** Every feature of a config that would change the arithmetic and that we do not compute is refused by name. */
function requireSupported(config: Config): void {
  const type = word(config, "model_type", "");
  if (!SUPPORTED.includes(type)) {
    const architecture = optional(config, "architectures");
    throw new CheckpointError("unsupported-architecture", `${config.file} describes ${type === "" ? "no model type" : `a \`${type}\` model`}`, {
      notes: [`supported model types: ${SUPPORTED.join(", ")}`, ...(Array.isArray(architecture) ? [`architectures: ${architecture.join(", ")}`] : [])],
    });
  }
  const refuse = (key: string, why: string): never => {
    throw new CheckpointError("unsupported-config", `\`${key}\` in ${config.file} is ${JSON.stringify(optional(config, key))}: ${why}`, { help: 'set model "…" to one without it' });
  };
  if (word(config, "hidden_act", "silu") !== "silu") refuse("hidden_act", "only silu is computed");
  if (optional(config, "quantization_config") !== null) refuse("quantization_config", "quantised weights are not read; use the original checkpoint");
  if (![null, 1].includes(optional(config, "partial_rotary_factor") as number | null)) refuse("partial_rotary_factor", "only fully rotated heads are computed");
}

async function weightFiles(folder: string): Promise<readonly SafetensorsFile[]> {
  const single = await findFile(folder, "model.safetensors");
  if (single !== null) return [await readSafetensors(single)];
  const index = await findFile(folder, "model.safetensors.index.json");
  if (index === null) {
    const pickle = (await findFile(folder, "pytorch_model.bin")) ?? (await findFile(folder, "pytorch_model.bin.index.json"));
    if (pickle !== null) refusePickle("pytorch_model.bin");
    throw new CheckpointError("missing-file", `${folder} holds neither model.safetensors nor model.safetensors.index.json`);
  }
  const map = section({ file: index, value: (await readJsonObject(index)).value }, "weight_map");
  const names = [...new Set(Object.values(map?.value ?? {}))].toSorted();
  if (names.length === 0 || names.some((name) => typeof name !== "string")) throw new CheckpointError("invalid-config", `\`weight_map\` in ${index} names no files`, { help: "download the file again" });
  const files: SafetensorsFile[] = [];
  for (const name of names as string[]) files.push(await readSafetensors(await requireFile(folder, name, "a shard is missing: download the model again")));
  return files;
}

function decoder(config: Config, tensors: ReadonlyMap<string, TensorEntry>, fingerprint: string): DecoderSpec {
  const hiddenSize = size(config, "hidden_size");
  const heads = size(config, "num_attention_heads");
  const kvHeads = size(config, "num_key_value_heads", heads);
  const headDim = size(config, "head_dim", Number.isInteger(hiddenSize / heads) ? hiddenSize / heads : null);
  if (headDim % 2 !== 0) throw new CheckpointError("unsupported-config", `\`head_dim\` in ${config.file} is ${headDim}; rotary positions need an even number`, { help: 'set model "…" to one without it' });
  if (heads % kvHeads !== 0) throw new CheckpointError("invalid-config", `\`num_key_value_heads\` in ${config.file} is ${kvHeads}, which does not divide the ${heads} heads`, { help: "download the file again, or correct that key" });
  const layers = layerCount(config);
  const mlpSize = size(config, "intermediate_size");
  const vocabulary = size(config, "vocab_size");
  const find = finder(config, tensors);
  const matrix = (name: string, rows: number, columns: number): TensorRef => find(name, [rows, columns]);
  const vector = (name: string, length: number): TensorRef => find(name, [length]);
  const attentionBias = flag(config, "attention_bias", false);
  const mlpBias = flag(config, "mlp_bias", false);

  const block = (_: unknown, layer: number): BlockSpec => {
    const at = `layers.${layer}`;
    const bias = (present: boolean, name: string, length: number): TensorRef | null => (present ? vector(`${at}.${name}.bias`, length) : null);
    const weight = (name: string, rows: number, columns: number): TensorRef => matrix(`${at}.${name}.weight`, rows, columns);
    return {
      inputNorm: vector(`${at}.input_layernorm.weight`, hiddenSize),
      q: weight("self_attn.q_proj", heads * headDim, hiddenSize),
      k: weight("self_attn.k_proj", kvHeads * headDim, hiddenSize),
      v: weight("self_attn.v_proj", kvHeads * headDim, hiddenSize),
      o: weight("self_attn.o_proj", hiddenSize, heads * headDim),
      qBias: bias(attentionBias, "self_attn.q_proj", heads * headDim),
      kBias: bias(attentionBias, "self_attn.k_proj", kvHeads * headDim),
      vBias: bias(attentionBias, "self_attn.v_proj", kvHeads * headDim),
      oBias: bias(attentionBias, "self_attn.o_proj", hiddenSize),
      postNorm: vector(`${at}.post_attention_layernorm.weight`, hiddenSize),
      gate: weight("mlp.gate_proj", mlpSize, hiddenSize),
      up: weight("mlp.up_proj", mlpSize, hiddenSize),
      down: weight("mlp.down_proj", hiddenSize, mlpSize),
      gateBias: bias(mlpBias, "mlp.gate_proj", mlpSize),
      upBias: bias(mlpBias, "mlp.up_proj", mlpSize),
      downBias: bias(mlpBias, "mlp.down_proj", hiddenSize),
    };
  };

  return {
    architecture: "llama",
    digest: fingerprint,
    hiddenSize,
    heads,
    kvHeads,
    headDim,
    mlpSize,
    rmsEpsilon: positive(config, "rms_norm_eps", 1e-6),
    vocabulary,
    context: context(config),
    rope: rope(config),
    embed: matrix("embed_tokens.weight", vocabulary, hiddenSize),
    blocks: Array.from({ length: layers }, block),
    finalNorm: vector("norm.weight", hiddenSize),
    lmHead: flag(config, "tie_word_embeddings", false) ? null : matrix("lm_head.weight", vocabulary, hiddenSize),
  };
}

/** A bound on the layers, so that a wrong number is an error and not a long loop. */
function layerCount(config: Config): number {
  const layers = size(config, "num_hidden_layers");
  if (layers > 1024) throw new CheckpointError("invalid-config", `\`num_hidden_layers\` in ${config.file} is ${layers}; at most 1024 are read`, { help: "download the file again, or correct that key" });
  return layers;
}

/** Within its window a sliding-window model is a plain causal one, so the window bounds the context. */
function context(config: Config): number {
  const positions = size(config, "max_position_embeddings", 2048);
  const window = optional(config, "sliding_window");
  const used = word(config, "model_type", "") === "mistral" || flag(config, "use_sliding_window", false);
  return used && window !== null ? Math.min(positions, size(config, "sliding_window")) : positions;
}

/** Tensors of the base model carry the prefix `model.` where the file was written with a language-model head. */
function finder(config: Config, tensors: ReadonlyMap<string, TensorEntry>): (name: string, shape: readonly number[]) => TensorRef {
  const prefix = tensors.has("model.embed_tokens.weight") ? "model." : "";
  return (name, shape) => {
    const full = name.startsWith("lm_head.") ? name : `${prefix}${name}`;
    const tensor = tensors.get(full);
    if (tensor === undefined) throw new CheckpointError("missing-tensor", `tensor \`${full}\` is in none of the model's files`, { notes: [`asked for by ${config.file}`], help: "use files that belong together: download the whole folder again" });
    return tensorRef(tensor, shape);
  };
}

/** `rope_scaling` and `rope_theta` as transformers 4 writes them, or `rope_parameters` as transformers 5 does. */
function rope(config: Config): RopeSpec {
  const parameters = section(config, "rope_parameters");
  const theta = positive(parameters ?? config, "rope_theta", positive(config, "rope_theta", 10000));
  const scaling = parameters ?? section(config, "rope_scaling");
  if (scaling === null) return { theta, scaling: { kind: "none" } };
  const kind = word(scaling, "rope_type", word(scaling, "type", "default"));
  switch (kind) {
    case "default":
      return { theta, scaling: { kind: "none" } };
    case "linear":
      return { theta, scaling: { kind: "linear", factor: positive(scaling, "factor") } };
    case "llama3":
      return {
        theta,
        scaling: {
          kind: "llama3",
          factor: positive(scaling, "factor"),
          lowFreqFactor: positive(scaling, "low_freq_factor"),
          highFreqFactor: positive(scaling, "high_freq_factor"),
          originalContext: size(scaling, "original_max_position_embeddings"),
        },
      };
    default:
      throw new CheckpointError("unsupported-config", `${config.file} scales positions by \`${kind}\``, { notes: ["supported: default, linear, llama3"] });
  }
}
