/** Without this file Falcon could not be read. */
import type { AttentionSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, sizeUnder, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { slopesOf } from "./bloom.ts";
import { contradiction, layerCount, linear, normOf, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { ropeOf } from "./rope.ts";

export const falcon: Family = { types: ["falcon"], embedding: "word_embeddings.weight", read };

/** How a block knows where tokens stand. */
type Placed = Pick<AttentionSpec, "rope" | "slopes" | "roundedSlopes">;

/** How the halves of a block stand to one another, and what their norms are called; `ln2` null: the MLP reads what attention reads. */
interface Layout {
  readonly parallel: boolean;
  readonly ln1: string;
  readonly ln2: string | null;
}

/**
 * transformers 5.24 `models/falcon/modeling_falcon.py`, `configuration_falcon.py`. With `alibi` nothing turns, and what tokens stand apart is added to scores, once, as
 * its usual implementation of attention does it (`sdpa`); its `eager` one adds it twice.
 */
function read(source: Source): Decoder {
  const { config } = source;
  const shape = shapeOf(config);
  const layout = layoutOf(config);
  const placed: Placed = flag(config, "alibi", false) ? { rope: null, slopes: slopesOf(shape.heads), roundedSlopes: true } : { rope: ropeOf(config, shape.headDim, { theta: 10000, partial: null, context: 2048 }) };
  const vocabulary = size(config, "vocab_size", 65024);
  const layers = layerCount({ ...config, value: { num_hidden_layers: 32, ...config.value } });
  return {
    architecture: "falcon",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_epsilon", 1e-5), offset: 0 },
    softcap: null,
    residual: layout.parallel ? "parallel" : "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", 2048),
    embed: source.tensor("word_embeddings.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, layout, placed, layer)),
    finalNorm: normOf(source, "ln_f", shape.hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "transformer.h.{layer}", ...layout, o: "self_attention.dense", attentionOut: "self_attention.dense", mlpOut: "mlp.dense_4h_to_h" }),
  };
}

/** `num_kv_heads` counts in the new architecture; in the old one heads have keys and values of their own, or all have the same. */
function shapeOf(config: Config): Heads {
  const hiddenSize = sizeUnder(config, "hidden_size", "n_embed", 4544);
  const { head_dim: _width, num_key_value_heads: _kv, ...own } = config.value;
  const heads = size(config, "num_attention_heads", 71);
  const said = size(config, "num_kv_heads", heads);
  const grouped = flag(config, "new_decoder_architecture", false);
  const apart = !grouped && !flag(config, "multi_query", true);
  const kvHeads = grouped || apart ? said : 1;
  if (apart && kvHeads !== heads) throw contradiction(config, "num_kv_heads", `and without \`new_decoder_architecture\` or \`multi_query\` each of the ${heads} heads has keys of its own`);
  if (heads % kvHeads !== 0) throw contradiction(config, "num_kv_heads", `which does not divide the ${heads} heads`);
  if (hiddenSize % heads !== 0) throw contradiction(config, "hidden_size", `which ${heads} heads do not divide`);
  return headsOf({ ...config, value: { ...own, hidden_size: hiddenSize, num_attention_heads: heads, num_key_value_heads: kvHeads } });
}

/** Of the switches together transformers computes four kinds of blocks, and fails in the others for want of a norm. */
function layoutOf(config: Config): Layout {
  const [grouped, parallel] = [flag(config, "new_decoder_architecture", false), flag(config, "parallel_attn", true)];
  const norms = optional(config, "num_ln_in_parallel_attn") === null ? null : size(config, "num_ln_in_parallel_attn");
  if (!parallel) {
    if (grouped) throw contradiction(config, "parallel_attn", "and blocks of the new architecture are parallel");
    return { parallel, ln1: "input_layernorm", ln2: "post_attention_layernorm" };
  }
  if (grouped && (norms ?? 2) > 2) throw contradiction(config, "num_ln_in_parallel_attn", "and a block has one norm or two");
  if (!grouped && norms === 2) throw contradiction(config, "num_ln_in_parallel_attn", "and only blocks of the new architecture have two norms side by side");
  return grouped && norms !== 1 ? { parallel, ln1: "ln_attn", ln2: "ln_mlp" } : { parallel, ln1: "input_layernorm", ln2: null };
}

function blockOf(source: Source, { hiddenSize: d, kvHeads, headDim }: Heads, { ln1, ln2 }: Layout, placed: Placed, layer: number): BlockSpec {
  const at = `h.${layer}`;
  const mlpSize = size(source.config, "ffn_hidden_size", 4 * d);
  const bias = flag(source.config, "bias", false);
  return {
    ln1: normOf(source, `${at}.${ln1}`, d, true),
    attention: {
      kind: "softmax",
      qkv: { kind: "per_head", all: linear(source, `${at}.self_attention.query_key_value`, d + 2 * kvHeads * headDim, d, bias) },
      o: linear(source, `${at}.self_attention.dense`, d, d, bias),
      qNorm: null,
      kNorm: null,
      ...placed,
      window: null,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: ln2 === null ? null : normOf(source, `${at}.${ln2}`, d, true),
    mlp: { kind: "plain", activation: activationOf(source.config, "activation", "gelu"), up: linear(source, `${at}.mlp.dense_h_to_4h`, mlpSize, d, bias), down: linear(source, `${at}.mlp.dense_4h_to_h`, d, mlpSize, bias) },
    mlpPostNorm: null,
  };
}
