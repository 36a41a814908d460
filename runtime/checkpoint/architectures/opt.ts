/** Without this file OPT, and Galactica which is of its kind, could not be read. */
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, size } from "../config.ts";
import { activationOf } from "./activation.ts";
import { contradiction, layerCount, linear, normOf, rowsOfTensor, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts, type BlockModules } from "./hook_modules.ts";

export const opt: Family = { types: ["opt"], embedding: "embed_tokens.weight", read };

/** Rows of the table of positions before the one of a text's first token (`OPTLearnedPositionalEmbedding`). */
export const OFFSET = 2;

/** Where hooks are; what is normed is what attention and MLP read, or, in OPT 350m, the stream behind each of them. */
export const OPT_MODULES: BlockModules = { block: "model.decoder.layers.{layer}", ln1: "self_attn_layer_norm", ln2: "final_layer_norm", o: "self_attn.out_proj", attentionOut: "self_attn.out_proj", mlpIn: "fc1", mlpOut: "fc2", parallel: false };

/** transformers 5.24 `models/opt/modeling_opt.py`, `configuration_opt.py`. */
function read(source: Source): Decoder {
  const { config } = source;
  const { head_dim: _width, num_key_value_heads: _kv, ...own } = config.value;
  const shape = headsOf({ ...config, value: { hidden_size: 768, ...own } }, null, null, 12);
  if (shape.heads * shape.headDim !== shape.hiddenSize) throw contradiction(config, "hidden_size", `which ${shape.heads} heads do not divide`);
  const width = size(config, "word_embed_proj_dim", shape.hiddenSize);
  const before = flag(config, "do_layer_norm_before", true);
  const finalNormed = before && !flag(config, "_remove_final_layer_norm", false);
  const context = size(config, "max_position_embeddings", 2048);
  const vocabulary = size(config, "vocab_size", 50272);
  const layers = layerCount({ ...config, value: { num_hidden_layers: 12, ...config.value } });
  return {
    architecture: "opt",
    ...shape,
    // `nn.LayerNorm` of torch with its own epsilon.
    norm: { kind: "layer", epsilon: 1e-5, offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context,
    embed: source.tensor("embed_tokens.weight", [vocabulary, width]),
    ...mapsOf(source, shape.hiddenSize, width),
    embedScale: null,
    positions: rowsOfTensor(source.tensor("embed_positions.weight", [context + OFFSET, shape.hiddenSize]), OFFSET, context + OFFSET),
    blocks: Array.from({ length: layers }, (_, layer) => optBlock(source, shape, layer, { mlpSize: size(config, "ffn_dim", 3072), activation: "activation_function", bias: flag(config, "enable_bias", true), before, normOf: (name) => ownNorm(source, name, shape.hiddenSize) })),
    finalNorm: finalNormed ? ownNorm(source, "final_layer_norm", shape.hiddenSize) : null,
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, width]),
    lmHeadBias: null,
    hooks: hookFacts(shape, before ? OPT_MODULES : { ...OPT_MODULES, ln1: null, ln2: null, streamNormedBy: { attention: "self_attn_layer_norm", mlp: "final_layer_norm" } }),
  };
}

/** From an embedding of another width than the stream's, and to it; its head is as wide. */
function mapsOf(source: Source, d: number, width: number): Pick<Decoder, "embedMap" | "headMap"> {
  return width === d ? {} : { embedMap: linear(source, "project_in", d, width, false), headMap: linear(source, "project_out", width, d, false) };
}

/** Larger Galacticas have norms without weights and biases. */
function ownNorm(source: Source, name: string, d: number): NormSpec {
  return flag(source.config, "layer_norm_elementwise_affine", true) ? normOf(source, name, d, true) : { weight: null, bias: null };
}

/** How the blocks of a family that has OPT's differ. */
interface Blocks {
  readonly mlpSize: number;
  /** The key of its activation. */
  readonly activation: string;
  readonly bias: boolean;
  /** false: the stream itself is normed, behind attention and MLP. */
  readonly before: boolean;
  readonly normOf: (name: string) => NormSpec;
}

export function optBlock(source: Source, { hiddenSize: d, headDim }: Heads, layer: number, { mlpSize, activation, bias, before, normOf: norm }: Blocks): BlockSpec {
  const at = `layers.${layer}`;
  const part = (name: string): ReturnType<typeof linear> => linear(source, `${at}.self_attn.${name}_proj`, d, d, bias);
  const [first, second] = [norm(`${at}.self_attn_layer_norm`), norm(`${at}.final_layer_norm`)];
  return {
    ln1: before ? first : null,
    attention: { kind: "softmax", qkv: { kind: "separate", q: part("q"), k: part("k"), v: part("v") }, o: part("out"), qNorm: null, kNorm: null, rope: null, window: null, scale: 1 / Math.sqrt(headDim) },
    attentionPostNorm: null,
    ln2: before ? second : null,
    mlp: { kind: "plain", activation: activationOf(source.config, activation, "relu"), up: linear(source, `${at}.fc1`, mlpSize, d, bias), down: linear(source, `${at}.fc2`, d, mlpSize, bias) },
    mlpPostNorm: null,
    ...(before ? {} : { streamNorms: { attention: first, mlp: second } }),
  };
}
