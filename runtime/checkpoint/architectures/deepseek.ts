/** Without this file DeepSeek V2 and V3, and Moonlight, GLM 4.7 Flash, Youtu and MiniCPM 3, which attend as these do, could not be read. */
import type { AttentionSpec, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, number, optional, positive, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { biasedExperts, groupsOf, sharedExperts } from "./biased_experts.ts";
import { mixtureOf } from "./experts.ts";
import { contradiction, layerCount, linear, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { contextWithin } from "./longrope.ts";
import { sparseLayers } from "./mlp_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { requireWholeTurn, ropeOf, ropeType, saidOfPositions } from "./rope.ts";

/** Defaults of transformers 5.24 (`models/{deepseek_v2,deepseek_v3,glm4_moe_lite,youtu,minicpm3}/configuration_*.py`). */
const DEFAULTS: Readonly<Record<string, JsonObject>> = {
  deepseek_v2: {
    vocab_size: 102400, hidden_size: 4096, intermediate_size: 11008, moe_intermediate_size: 1407, num_hidden_layers: 32, num_attention_heads: 32, hidden_act: "silu",
    kv_lora_rank: 512, q_lora_rank: 1536, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128, first_k_dense_replace: 0,
    n_routed_experts: 64, n_shared_experts: 2, topk_method: "greedy", routed_scaling_factor: 1,
    max_position_embeddings: 2048, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
  },
  deepseek_v3: {
    vocab_size: 129280, hidden_size: 7168, intermediate_size: 18432, moe_intermediate_size: 2048, num_hidden_layers: 61, num_attention_heads: 128, hidden_act: "silu",
    kv_lora_rank: 512, q_lora_rank: 1536, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128, first_k_dense_replace: 3,
    n_routed_experts: 256, n_shared_experts: 1, num_experts_per_tok: 8, n_group: 8, topk_group: 4, norm_topk_prob: true, routed_scaling_factor: 2.5, rope_interleave: true,
    max_position_embeddings: 4096, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false,
  },
  glm4_moe_lite: {
    vocab_size: 154880, hidden_size: 2048, intermediate_size: 10240, moe_intermediate_size: 1536, num_hidden_layers: 47, num_attention_heads: 20, hidden_act: "silu",
    kv_lora_rank: 512, q_lora_rank: 768, qk_nope_head_dim: 192, qk_rope_head_dim: 64, v_head_dim: 256, mlp_layer_types: null,
    n_routed_experts: 64, n_shared_experts: 1, num_experts_per_tok: 4, n_group: 1, topk_group: 1, norm_topk_prob: true, routed_scaling_factor: 1.8, rope_interleave: true,
    max_position_embeddings: 202752, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false,
  },
  youtu: {
    vocab_size: 128256, hidden_size: 2048, intermediate_size: 6144, num_hidden_layers: 32, num_attention_heads: 16, hidden_act: "silu",
    kv_lora_rank: 512, q_lora_rank: 1536, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128, rope_interleave: true,
    max_position_embeddings: 131072, rms_norm_eps: 1e-6, tie_word_embeddings: true, attention_bias: false,
  },
  minicpm3: {
    vocab_size: 73448, hidden_size: 2560, intermediate_size: 6400, num_hidden_layers: 62, num_attention_heads: 40, hidden_act: "silu",
    kv_lora_rank: 256, q_lora_rank: 768, qk_nope_head_dim: 64, qk_rope_head_dim: 32, scale_emb: 12, scale_depth: 1.4, dim_model_base: 256,
    max_position_embeddings: 32768, rms_norm_eps: 1e-5, tie_word_embeddings: true, attention_bias: false, mlp_bias: false,
  },
};
/** Those whose layers have one MLP each. */
const DENSE: readonly string[] = ["youtu", "minicpm3"];
/** Of the norms inside of attention, whatever `rms_norm_eps` says. */
const EPSILON = 1e-6;

export const deepseek: Family = { types: Object.keys(DEFAULTS), embedding: "embed_tokens.weight", read };

/** Arithmetic of `models/{deepseek_v2,deepseek_v3,glm4_moe_lite,youtu,minicpm3}/modeling_*.py`. */
function read(given: Source): Decoder {
  const type = word(given.config, "model_type");
  const source = withDefaults(given, DEFAULTS[type] as JsonObject);
  const { config } = source;
  const heads = size(config, "num_attention_heads");
  if (optional(config, "num_key_value_heads") !== null && size(config, "num_key_value_heads") !== heads) throw contradiction(config, "num_key_value_heads", `and each of the ${heads} heads has keys of its own`);
  const shape: Heads = { hiddenSize: size(config, "hidden_size"), heads, kvHeads: heads, headDim: size(config, "v_head_dim", type === "minicpm3" ? size(config, "hidden_size") / heads : null) };
  if (type === "glm4_moe_lite") requireTurned(config);
  const sparse = choosingLayers(config, type, layerCount(config));
  const rope = positionsOf(config, type);
  const around = rmsDecoder(source, shape);
  return {
    ...around,
    context: contextWithin(rope, around.context),
    ...(type === "minicpm3" ? factorsOf(config) : {}),
    blocks: sparse.map((chooses, layer) => blockOf(source, type, shape, rope, chooses, layer)),
    hooks: hookFacts(shape, DENSE.includes(type) ? LLAMA_MODULES : { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

/** What turns is as wide as a head to transformers, whatever `head_dim` says; pairs of neighbours unless it is said, but of a MiniCPM 3 never. */
function positionsOf(config: Config, type: string): RopeSpec {
  const context = size(config, "max_position_embeddings");
  const said = saidOfPositions(config);
  const longrope = type === "minicpm3" && said !== null ? { longrope: { original: size(said, "original_max_position_embeddings", context) } } : {};
  const turned = ropeOf(config, size(config, "qk_rope_head_dim"), { theta: 10_000, partial: null, context, ...longrope });
  return type === "deepseek_v2" || (type !== "minicpm3" && flag(config, "rope_interleave", true)) ? { ...turned, interleaved: true } : turned;
}

/** Of what a MiniCPM 3 puts into its stream and makes of it; a key that is null leaves its factor 1. */
function factorsOf(config: Config): Partial<Pick<Decoder, "embedScale" | "residualScale" | "logitScale">> {
  const factor = (key: string, of: (value: number) => number): number => (optional(config, key) === null ? 1 : of(positive(config, key)));
  const residualScale = factor("scale_depth", (depth) => depth / Math.sqrt(layerCount(config)));
  const logitScale = factor("dim_model_base", (base) => base / size(config, "hidden_size"));
  return { embedScale: positive(config, "scale_emb"), ...(residualScale === 1 ? {} : { residualScale }), ...(logitScale === 1 ? {} : { logitScale }) };
}

/** `head_dim` stands for `qk_rope_head_dim` there (`attribute_map`), and a part of it cannot turn alone. */
function requireTurned(config: Config): void {
  const turned = size(config, "qk_rope_head_dim");
  if (optional(config, "head_dim") !== null && size(config, "head_dim") !== turned) throw contradiction(config, "head_dim", `and \`qk_rope_head_dim\` is ${turned}`);
  requireWholeTurn(config);
}

/** Which layers have experts. */
function choosingLayers(config: Config, type: string, layers: number): readonly boolean[] {
  if (DENSE.includes(type)) return new Array<boolean>(layers).fill(false);
  if (type === "glm4_moe_lite") return sparseLayers(config, layers, 1);
  const first = sizeOrNone(config, "first_k_dense_replace");
  return Array.from({ length: layers }, (_, layer) => layer >= first);
}

function blockOf(source: Source, type: string, shape: Heads, rope: RopeSpec, chooses: boolean, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const at = `layers.${layer}.mlp`;
  const mlp = (): BlockSpec["mlp"] => gatedMlp(source, at, d, { activation: activationOf(config, "hidden_act", "silu"), bias: (type === "deepseek_v2" || type === "minicpm3") && flag(config, "mlp_bias", false) });
  return preNormed(source, layer, d, { attention: attentionOf(source, shape, rope, `layers.${layer}.self_attn`), mlp: !chooses ? mlp() : type === "deepseek_v2" ? softExperts(source, at, d) : biasedExperts(source, at, d) });
}

function attentionOf(source: Source, { hiddenSize: d, heads, headDim: valueDim }: Heads, rope: RopeSpec, at: string): AttentionSpec {
  const { config } = source;
  const [plain, turned, rank] = [size(config, "qk_nope_head_dim"), size(config, "qk_rope_head_dim"), size(config, "kv_lora_rank")];
  const bias = flag(config, "attention_bias", false);
  const width = plain + turned;
  const asked = optional(config, "q_lora_rank") === null ? null : size(config, "q_lora_rank");
  return {
    kind: "softmax",
    qkv: {
      kind: "latent",
      q: asked === null ? linear(source, `${at}.q_proj`, heads * width, d, false) : linear(source, `${at}.q_b_proj`, heads * width, asked, false),
      qLatent: asked === null ? null : { down: linear(source, `${at}.q_a_proj`, asked, d, bias), norm: source.tensor(`${at}.q_a_layernorm.weight`, [asked]) },
      down: linear(source, `${at}.kv_a_proj_with_mqa`, rank + turned, d, bias),
      norm: source.tensor(`${at}.kv_a_layernorm.weight`, [rank]),
      up: linear(source, `${at}.kv_b_proj`, heads * (plain + valueDim), rank, false),
      plain,
      turned,
      valueDim,
      epsilon: EPSILON,
    },
    o: linear(source, `${at}.o_proj`, d, heads * valueDim, bias),
    own: { kvHeads: heads, headDim: Math.max(width, valueDim) },
    qNorm: null,
    kNorm: null,
    rope,
    window: null,
    scale: scaleOf(config) / Math.sqrt(width),
  };
}

/** Where positions are scaled, and `mscale_all_dim` says so, scores are as well (`yarn_apply_mscale`). */
function scaleOf(config: Config): number {
  const given = saidOfPositions(config);
  if (given === null || ropeType(given) === "default") return 1;
  const weight = number(given, "mscale_all_dim");
  if (weight === 0) return 1;
  const factor = positive(given, "factor");
  return factor <= 1 ? 1 : (0.1 * weight * Math.log(factor) + 1) ** 2;
}

/** Experts of the second generation: by the softmax of scores, in groups where `topk_method` says so, and never over their sum. */
function softExperts(source: Source, at: string, d: number): GatedExpertsSpec {
  const { config } = source;
  const method = word(config, "topk_method", "greedy");
  if (method !== "greedy" && method !== "group_limited_greedy") throw unsupported(config, "topk_method", "computed are greedy and group_limited_greedy");
  const { n_group: _groups, topk_group: _chosen, ...own } = config.value;
  const { count, perToken, groups, groupsPerToken } = groupsOf(named(method === "greedy" ? { ...config, value: own } : config), 1);
  const width = size(config, "moe_intermediate_size");
  const activation = activationOf(config, "hidden_act", "silu");
  const bias = flag(config, "mlp_bias", false);
  const mixture = mixtureOf(source, at, d, { count, perToken, width, activation, normalized: false, choosing: { kind: "biased", shares: "softmax", bias: null, groups, groupsPerToken, bestOfGroup: 1, leastSum: 1e-20, factor: positive(config, "routed_scaling_factor", 1) } });
  return { ...mixture, shared: sizeOrNone(config, "n_shared_experts") === 0 ? null : sharedExperts(source, at, d, { width: width * size(config, "n_shared_experts"), activation, bias }) };
}

/** `num_experts` stands for `n_routed_experts` where it is there (`attribute_map`). */
function named(config: Config): Config {
  const count = optional(config, "num_experts");
  return count === null ? config : { ...config, value: { ...config.value, n_routed_experts: count } };
}
