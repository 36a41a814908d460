/** Without this file Trinity, Arcee's models with experts, whose heads are opened by gates, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { sharedExperts } from "./biased_experts.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { layerCount, linear, normOf, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows } from "./layer_kinds.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/afmoe/configuration_afmoe.py`, `modeling_afmoe.py`). */
export const afmoe: Family = { types: ["afmoe"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 200192, hidden_size: 2048, intermediate_size: 6144, moe_intermediate_size: 1408, num_hidden_layers: 32, num_dense_layers: 1, num_attention_heads: 16, num_key_value_heads: null, head_dim: 128,
  hidden_act: "silu", max_position_embeddings: 16384, rms_norm_eps: 1e-5, tie_word_embeddings: false, num_shared_experts: 2, route_scale: 1, global_attn_every_n_layers: 4, sliding_window: 1024,
  mup_enabled: false, attention_bias: false,
};
const EXPERTS = { count: 64, perToken: 6 };

/** Norms stand before and behind attention and MLP, and hooks of what these give are what they add to the stream, as in Gemma. Layers that see everything turn nothing. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  requireTrained(config);
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") });
  const every = size(config, "global_attn_every_n_layers");
  const seen = windows(config, layerKinds(config, layerCount(config), WINDOWED, (layer) => ((layer + 1) % every === 0 ? "full_attention" : "sliding_attention")));
  return {
    ...rmsDecoder(source, shape),
    embedScale: flag(config, "mup_enabled", false) ? Math.fround(Math.sqrt(shape.hiddenSize)) : null,
    blocks: seen.map((window, layer) => blockOf(source, shape, window === null ? null : rope, window, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, ln2: "pre_mlp_layernorm", attentionOut: "post_attention_layernorm", mlpOut: "post_mlp_layernorm" }),
  };
}

/** What its publisher's code reads and transformers passes over. */
function requireTrained(config: Config): void {
  const passedOver = "transformers passes over this, and so computes another model than was trained";
  for (const key of ["n_group", "topk_group"]) if (optional(config, key) !== null && size(config, key) !== 1) throw unsupported(config, key, passedOver);
  if (word(config, "score_func", "sigmoid") !== "sigmoid") throw unsupported(config, "score_func", passedOver);
  if (!flag(config, "route_norm", true)) throw unsupported(config, "route_norm", passedOver);
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec | null, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, heads, headDim } = shape;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const norm = (name: string): NormSpec => normOf(source, `${at}.${name}`, d, false);
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return {
    ln1: norm("input_layernorm"),
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), gate: { map: linear(source, `${at}.self_attn.gate_proj`, heads * headDim, d, false), activation: "sigmoid" }, rope, window }),
    attentionPostNorm: norm("post_attention_layernorm"),
    ln2: norm("pre_mlp_layernorm"),
    mlp: layer >= sizeOrNone(config, "num_dense_layers") ? expertsOf(source, `${at}.mlp`, d) : gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
    mlpPostNorm: norm("post_mlp_layernorm"),
  };
}

function expertsOf(source: Source, at: string, d: number): GatedExpertsSpec {
  const { config } = source;
  const { count, perToken } = choiceOf(config, EXPERTS);
  const width = size(config, "moe_intermediate_size");
  const activation = activationOf(config, "hidden_act", "silu");
  const mixture = mixtureOf(source, at, d, {
    count,
    perToken,
    width,
    activation,
    normalized: true,
    router: "router.gate",
    choosing: { kind: "biased", shares: "sigmoid", bias: source.tensor(`${at}.expert_bias`, [count]), groups: 1, groupsPerToken: 1, bestOfGroup: 2, leastSum: 1e-20, factor: positive(config, "route_scale", 1) },
  });
  return { ...mixture, shared: sharedExperts(source, at, d, { width: width * size(config, "num_shared_experts"), activation, bias: false }) };
}
