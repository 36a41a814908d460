/** Without this file StableLM could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, TensorRef } from "../../../src/emit/specs.ts";
import { flag, positive, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { layerCount, normOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { evenHeads, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/stablelm/configuration_stablelm.py`, `modeling_stablelm.py`). */
export const stablelm: Family = { types: ["stablelm"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 50304, hidden_size: 2560, intermediate_size: 6912, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 32, hidden_act: "silu",
  max_position_embeddings: 4096, layer_norm_eps: 1e-5, tie_word_embeddings: false, use_qkv_bias: false, qk_layernorm: false, use_parallel_residual: false,
};

/** Side by side, attention and MLP read what one norm gives. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = evenHeads(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: { key: "partial_rotary_factor", fallback: 0.25 }, context: size(config, "max_position_embeddings") });
  const parallel = flag(config, "use_parallel_residual", false);
  return {
    architecture: "stablelm",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_eps"), offset: 0 },
    ...aroundBlocks(source, shape.hiddenSize),
    residual: parallel ? "parallel" : "sequential",
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, parallel, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, true),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, ln2: parallel ? null : LLAMA_MODULES.ln2, parallel }),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, parallel: boolean, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const { hiddenSize: d, heads, kvHeads, headDim } = shape;
  const normed = flag(config, "qk_layernorm", false);
  const headNorms = (name: string, count: number): readonly TensorRef[] | null => (normed ? Array.from({ length: count }, (_, head) => source.tensor(`${at}.self_attn.${name}.norms.${head}.weight`, [headDim])) : null);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, true),
    attention: selfAttention(source, layer, shape, { bias: flag(config, "use_qkv_bias", false), outputBias: false, qNorm: headNorms("q_layernorm", heads), kNorm: headNorms("k_layernorm", kvHeads), rope, window: null }),
    attentionPostNorm: null,
    ln2: parallel ? null : normOf(source, `${at}.post_attention_layernorm`, d, true),
    mlp: gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
    mlpPostNorm: null,
  };
}
