/** Without this file XGLM, whose positions are sines and cosines, could not be read. */
import { flag, optional, size, sizeOrNone, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { contradiction, layerCount, normOf, unsupported, withDefaults, withKeys, type Decoder, type Family, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { OFFSET, optBlock, OPT_MODULES } from "./opt.ts";

/** transformers 5.24 `models/xglm/modeling_xglm.py`, `configuration_xglm.py`: OPT's blocks behind an embedding that is scaled. */
export const xglm: Family = { types: ["xglm"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 256008, max_position_embeddings: 2048, d_model: 1024, ffn_dim: 4096, num_layers: 24, attention_heads: 16, activation_function: "gelu", scale_embedding: true, pad_token_id: 1, tie_word_embeddings: true,
};
/** Keys that stand for its own (`attribute_map`). */
const KEYS = { hidden_size: "d_model", num_attention_heads: "attention_heads", num_hidden_layers: "num_layers" };

function read(given: Source): Decoder {
  const source = withKeys(withDefaults(given, DEFAULTS), KEYS);
  const { config } = source;
  if (flag(config, "add_cross_attention", false)) throw unsupported(config, "add_cross_attention", "a text is all that is read");
  const shape = headsOf(config);
  const { hiddenSize } = shape;
  const vocabulary = size(config, "vocab_size");
  return {
    architecture: "xglm",
    ...shape,
    // `nn.LayerNorm` of torch with its own epsilon.
    norm: { kind: "layer", epsilon: 1e-5, offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings"),
    embed: source.tensor("embed_tokens.weight", [vocabulary, hiddenSize]),
    embedScale: flag(config, "scale_embedding", true) ? Math.fround(Math.sqrt(hiddenSize)) : null,
    // The row of the padding token's number is nothing, whichever place has that number.
    positions: { kind: "sinusoids", first: OFFSET, nothing: optional(config, "pad_token_id") === null ? null : sizeOrNone(config, "pad_token_id") },
    blocks: Array.from({ length: layerCount(config, "num_layers") }, (_, layer) => optBlock(source, shape, layer, { mlpSize: size(config, "ffn_dim"), activation: "activation_function", bias: true, before: true, normOf: (name) => normOf(source, name, hiddenSize, true) })),
    finalNorm: normOf(source, "layer_norm", hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { ...OPT_MODULES, block: "model.layers.{layer}" }),
  };
}

/** Heads share the stream evenly, and have keys of their own. */
function headsOf(config: Config): Heads {
  const [hiddenSize, heads] = [size(config, "d_model"), size(config, "attention_heads")];
  if (hiddenSize % heads !== 0) throw contradiction(config, "d_model", `which ${heads} heads do not divide`);
  if (hiddenSize < 4) throw unsupported(config, "d_model", "sines and cosines need four columns");
  return { hiddenSize, heads, kvHeads: heads, headDim: hiddenSize / heads };
}
