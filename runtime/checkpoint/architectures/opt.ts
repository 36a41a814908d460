/** Without this file OPT, and Galactica which is of its kind, could not be read. */
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, size } from "../config.ts";
import { activationOf } from "./activation.ts";
import { contradiction, layerCount, linear, normOf, rowsOfTensor, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const opt: Family = { types: ["opt"], embedding: "embed_tokens.weight", read };

/** Rows of the table of positions before the one of a text's first token (`OPTLearnedPositionalEmbedding`). */
const OFFSET = 2;

/** transformers 5.24 `models/opt/modeling_opt.py`, `configuration_opt.py`. */
function read(source: Source): Decoder {
  const { config } = source;
  if (!flag(config, "do_layer_norm_before", true)) throw unsupported(config, "do_layer_norm_before", "norms of the stream itself, behind attention and MLP, are not computed");
  if (flag(config, "_remove_final_layer_norm", false)) throw unsupported(config, "_remove_final_layer_norm", "a model without a norm before its head is not computed");
  const { head_dim: _width, num_key_value_heads: _kv, ...own } = config.value;
  const shape = headsOf({ ...config, value: { hidden_size: 768, ...own } }, null, null, 12);
  if (shape.heads * shape.headDim !== shape.hiddenSize) throw contradiction(config, "hidden_size", `which ${shape.heads} heads do not divide`);
  if (size(config, "word_embed_proj_dim", shape.hiddenSize) !== shape.hiddenSize) throw unsupported(config, "word_embed_proj_dim", `an embedding of another width than the stream's ${shape.hiddenSize} is not computed`);
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
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: rowsOfTensor(source.tensor("embed_positions.weight", [context + OFFSET, shape.hiddenSize]), OFFSET, context + OFFSET),
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, layer)),
    finalNorm: ownNorm(source, "final_layer_norm", shape.hiddenSize),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "model.decoder.layers.{layer}", ln1: "self_attn_layer_norm", ln2: "final_layer_norm", o: "self_attn.out_proj", attentionOut: "self_attn.out_proj", mlpIn: "fc1", mlpOut: "fc2", parallel: false }),
  };
}

/** Larger Galacticas have norms without weights and biases. */
function ownNorm(source: Source, name: string, d: number): NormSpec {
  return flag(source.config, "layer_norm_elementwise_affine", true) ? normOf(source, name, d, true) : { weight: null, bias: null };
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const mlpSize = size(source.config, "ffn_dim", 3072);
  const bias = flag(source.config, "enable_bias", true);
  const part = (name: string): ReturnType<typeof linear> => linear(source, `${at}.self_attn.${name}_proj`, d, d, bias);
  return {
    ln1: ownNorm(source, `${at}.self_attn_layer_norm`, d),
    attention: { kind: "softmax", qkv: { kind: "separate", q: part("q"), k: part("k"), v: part("v") }, o: part("out"), qNorm: null, kNorm: null, rope: null, window: null, scale: 1 / Math.sqrt(headDim) },
    attentionPostNorm: null,
    ln2: ownNorm(source, `${at}.final_layer_norm`, d),
    mlp: { kind: "plain", activation: activationOf(source.config, "activation_function", "relu"), up: linear(source, `${at}.fc1`, mlpSize, d, bias), down: linear(source, `${at}.fc2`, d, mlpSize, bias) },
    mlpPostNorm: null,
  };
}
