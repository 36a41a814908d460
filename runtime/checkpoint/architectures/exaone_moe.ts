/** Without this file K-EXAONE, whose norms stand before attention and experts, and which turns nothing where everything is seen, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { size, sizeOrNone } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { biasedExperts } from "./biased_experts.ts";
import { kindsOf } from "./exaone4.ts";
import { withDefaults, withKeys, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { windows } from "./layer_kinds.ts";
import { sparseLayers } from "./mlp_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/exaone_moe/configuration_exaone_moe.py`, `modeling_exaone_moe.py`). */
export const exaoneMoe: Family = { types: ["exaone_moe"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 102400, hidden_size: 4096, intermediate_size: 16384, moe_intermediate_size: 1024, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 32, hidden_act: "silu",
  num_experts: 64, num_shared_experts: 1, num_experts_per_tok: 8, n_group: 1, topk_group: 1, first_k_dense_replace: 1, norm_topk_prob: true, routed_scaling_factor: 2.5,
  max_position_embeddings: 2048, rms_norm_eps: 1e-5, tie_word_embeddings: false, sliding_window: 4096, sliding_window_pattern: 4,
};
/** What its config calls the numbers of experts, and what they are called where DeepSeek's are read. */
const KEYS = { num_experts: "n_routed_experts", num_shared_experts: "n_shared_experts" };

function read(given: Source): Decoder {
  const source = withKeys(withDefaults(given, DEFAULTS), KEYS);
  const { config } = source;
  const shape = headsOf(config);
  // Whatever kinds of layers there are, its config class wants a width.
  size(config, "sliding_window");
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") });
  const kinds = kindsOf(config, true);
  const seen = windows(config, kinds);
  const sparse = sparseLayers(config, kinds.length, sizeOrNone(config, "first_k_dense_replace"));
  return {
    ...rmsDecoder(source, shape),
    blocks: kinds.map((kind, layer) => blockOf(source, shape, { rope: kind === "sliding_attention" ? rope : null, window: seen[layer] ?? null, chooses: sparse[layer] as boolean }, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

interface Layer {
  readonly rope: RopeSpec | null;
  readonly window: number | null;
  readonly chooses: boolean;
}

function blockOf(source: Source, shape: Heads, { rope, window, chooses }: Layer, layer: number): BlockSpec {
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias: false, outputBias: false, qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), rope, window }),
    mlp: chooses ? biasedExperts(source, `${at}.mlp`, d) : gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(source.config, "hidden_act", "silu"), bias: false }),
  });
}
