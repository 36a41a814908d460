/** Without this file BioGPT could not be read. */
import { flag, size, type Config } from "../config.ts";
import { contradiction, layerCount, normOf, rowsOfTensor, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { OFFSET, optBlock, OPT_MODULES } from "./opt.ts";

/** transformers 5.24 `models/biogpt/modeling_biogpt.py`, `configuration_biogpt.py`: OPT's blocks, and an embedding that is scaled. */
export const biogpt: Family = { types: ["biogpt"], embedding: "embed_tokens.weight", read };

const DEFAULTS = { vocab_size: 42384, hidden_size: 1024, num_hidden_layers: 24, num_attention_heads: 16, intermediate_size: 4096, hidden_act: "gelu", max_position_embeddings: 1024, scale_embedding: true, tie_word_embeddings: true };

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(evenly(config));
  if (shape.heads * shape.headDim !== shape.hiddenSize) throw contradiction(config, "hidden_size", `which ${shape.heads} heads do not divide`);
  const [vocabulary, context] = [size(config, "vocab_size"), size(config, "max_position_embeddings")];
  return {
    architecture: "biogpt",
    ...shape,
    // `nn.LayerNorm` of torch with its own epsilon, whatever `layer_norm_eps` says.
    norm: { kind: "layer", epsilon: 1e-5, offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context,
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: flag(config, "scale_embedding", true) ? Math.fround(Math.sqrt(shape.hiddenSize)) : null,
    positions: rowsOfTensor(source.tensor("embed_positions.weight", [context + OFFSET, shape.hiddenSize]), OFFSET, context + OFFSET),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => optBlock(source, shape, layer, { mlpSize: size(config, "intermediate_size"), activation: "hidden_act", bias: true, before: true, normOf: (name) => normOf(source, name, shape.hiddenSize, true) })),
    finalNorm: normOf(source, "layer_norm", shape.hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["output_projection.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { ...OPT_MODULES, block: "biogpt.layers.{layer}" }),
  };
}

/** Heads share the stream evenly, and have keys of their own, whatever else is said. */
function evenly(config: Config): Config {
  const { head_dim: _width, num_key_value_heads: _kv, ...own } = config.value;
  return { ...config, value: own };
}
