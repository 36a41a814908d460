/** Without this file Phi-1, 1.5 and 2 could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size } from "../config.ts";
import { activationOf } from "./activation.ts";
import { layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { ropeOf } from "./rope.ts";

export const phi: Family = { types: ["phi"], embedding: "embed_tokens.weight", read };

/** transformers 5.24 `models/phi/modeling_phi.py`: one norm before both halves of a parallel block. */
function read(source: Source): Decoder {
  const { config } = source;
  if (flag(config, "qk_layernorm", false)) throw unsupported(config, "qk_layernorm", "norms of queries and keys with a bias are not computed");
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10000, partial: { key: "partial_rotary_factor", fallback: 0.5 }, context: 2048 });
  const vocabulary = size(config, "vocab_size", 51200);
  const tied = flag(config, "tie_word_embeddings", false);
  return {
    architecture: "phi",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_eps", 1e-5), offset: 0 },
    softcap: null,
    residual: "parallel",
    vocabulary,
    context: size(config, "max_position_embeddings", 2048),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    finalNorm: normOf(source, "final_layernorm", shape.hiddenSize, true),
    lmHead: tied ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: source.head(["lm_head.bias"], [vocabulary]),
    hooks: hookFacts(shape, { block: "model.layers.{layer}", ln1: "input_layernorm", ln2: null, o: "self_attn.dense", attentionOut: "self_attn.dense", mlpOut: "mlp.fc2", parallel: true }),
  };
}

function blockOf(source: Source, { hiddenSize: d, heads, kvHeads, headDim }: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const mlpSize = size(source.config, "intermediate_size");
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.self_attn.${name}_proj`, width, d, true);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, true),
    attention: {
      kind: "softmax",
      qkv: { kind: "separate", q: part("q", heads * headDim), k: part("k", kvHeads * headDim), v: part("v", kvHeads * headDim) },
      o: linear(source, `${at}.self_attn.dense`, d, heads * headDim, true),
      qNorm: null,
      kNorm: null,
      rope,
      window: null,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: null,
    mlp: { kind: "plain", activation: activationOf(source.config, "hidden_act", "gelu_new"), up: linear(source, `${at}.mlp.fc1`, mlpSize, d, true), down: linear(source, `${at}.mlp.fc2`, d, mlpSize, true) },
    mlpPostNorm: null,
  };
}
