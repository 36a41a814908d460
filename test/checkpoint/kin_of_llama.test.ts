/** Without this file what Llama's kin say in their configs, and what is taken where they say nothing, would be tried on people first. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import type { AttentionSpec } from "../../src/emit/attention_specs.ts";
import { HOOKS } from "../../src/ops/hook.ts";
import { changed, failure, fixtures, type Change } from "./changed_model.ts";

/** What is set in a fixture's config; undefined: nothing is said. */
const says = (values: Record<string, unknown>): Change => ({ config: (config) => ({ ...config, ...values }) });

const REFUSED: readonly (readonly [string, string, Change, string, RegExp])[] = [
  ["biases that are not there in Seed-OSS", "seed_oss_biased", says({ attention_bias: undefined }), "missing-tensor", /layers\.0\.self_attn\.q_proj\.bias/],
  ["heads of another width in Seed-OSS", "seed_oss_plain", says({ head_dim: undefined }), "shape-mismatch", /q_proj.*\[64, 32\].*\[512, 32\]/],
  ["an activation that nobody computes in Arcee's", "arcee_plain", says({ hidden_act: "mish" }), "unsupported-config", /hidden_act.*relu2/],
  ["angles that depend on the length in Arcee's", "arcee_plain", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, factor: 2 } }), "unsupported-config", /longrope/],
  ["heads that do not fill the stream of a Helium", "helium_plain", says({ head_dim: 16 }), "shape-mismatch", /q_proj/],
  ["biases that are not there in ERNIE", "ernie4_5_plain", says({ use_bias: true }), "missing-tensor", /q_proj\.bias/],
  ["a head of its own that is not there in ERNIE", "ernie4_5_plain", { ...says({ head_dim: 16, num_key_value_heads: 3 }) }, "invalid-config", /num_key_value_heads/],
  ["an odd number of columns to turn in Nemotron", "nemotron_ignoring", says({ partial_rotary_factor: 0.4 }), "unsupported-config", /turns 3 of the 8 columns of a head \(`partial_rotary_factor` is 0\.4\)/],
  ["norms without a bias in Nemotron", "nemotron_plain", { name: (name) => name.replace("post_attention_layernorm.bias", "other") }, "missing-tensor", /post_attention_layernorm\.bias/],
  ["a kind of layer that EXAONE has not", "exaone4_ignoring", says({ layer_types: ["full_attention", "linear_attention"] }), "unsupported-config", /only full_attention and sliding_attention/],
  ["windows of no width in EXAONE", "exaone4_ignoring", says({ sliding_window: null }), "invalid-config", /sliding_window/],
  ["a pattern in letters, and no list of layers", "exaone4_ignoring", says({ layer_types: undefined }), "invalid-config", /sliding_window_pattern/],
  ["norms before attention in EXAONE", "exaone4_full", { name: (name) => name.replace("post_feedforward_layernorm", "input_layernorm") }, "missing-tensor", /post_feedforward_layernorm/],
  ["an activation without its numbers in Apertus", "apertus_plain", { name: (name) => name.replace("act_fn.beta", "act_fn.other") }, "missing-tensor", /layers\.0\.mlp\.act_fn\.beta/],
  ["an activation that nobody computes in Apertus", "apertus_relu2", says({ hidden_act: "mish" }), "unsupported-config", /hidden_act/],
  ["numbers of an activation that are not there in Apertus", "apertus_relu2", says({ hidden_act: undefined }), "missing-tensor", /act_fn\.alpha_p/],
  ["clipped values in IQuest-Coder", "iquestcoder_plain", says({ clip_qkv: 4 }), "unsupported-config", /clip_qkv/],
  ["windows in IQuest-Coder", "iquestcoder_plain", says({ use_sliding_window: true }), "unsupported-config", /use_sliding_window/],
  ["windows of no width in CWM", "cwm_layers", says({ sliding_window: null }), "invalid-config", /sliding_window/],
  ["biases that are not there in Jais 2", "jais2_unbiased", says({ mlp_bias: undefined }), "missing-tensor", /mlp\.up_proj\.bias/],
  ["norms behind attention that are not there in HyperCLOVA X", "hyperclovax_plain", says({ use_post_norm: undefined }), "missing-tensor", /layers\.0\.post_norm1\.weight/],
  ["stream times nothing in Granite with experts", "granitemoe_held", says({ residual_multiplier: 0 }), "invalid-config", /residual_multiplier/],
  ["more experts for a token than Granite has", "granitemoe_published", says({ num_experts_per_tok: 6 }), "invalid-config", /num_experts_per_tok.*5 experts/],
  ["an MLP beside the experts of another width", "granitemoeshared_shared", says({ shared_intermediate_size: 24 }), "shape-mismatch", /shared_mlp\.input_linear/],
  ["an MLP beside the experts that is not there", "granitemoeshared_none", says({ shared_intermediate_size: 8 }), "missing-tensor", /shared_mlp\.input_linear/],
  ["factors of longrope that are none in Phi-3", "phi3_longrope", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, partial_rotary_factor: 0.75, short_factor: new Array<number>(12).fill(0) } }), "invalid-config", /short_factor.*greater than 0/],
  ["positions scaled by what has no factor in Llama", "llama_dynamic", says({ rope_parameters: { rope_type: "dynamic", rope_theta: 10000 } }), "invalid-config", /`factor`/],
  ["positions scaled linearly in Phi with experts", "phimoe_longrope", says({ rope_parameters: { rope_type: "linear", factor: 2, rope_theta: 10000 } }), "unsupported-config", /rope_parameters.*as longrope or not at all/],
  ["layers of Mamba among Granite's", "granitemoehybrid_dense", says({ layer_types: ["attention", "mamba"] }), "unsupported-config", /`layer_types`.*layers of Mamba are not computed.*Granite 4\.0 350M, 1B and Micro/],
  ["layers of Mamba alone, as a Granite has where nothing is said", "granitemoehybrid_dense", says({ layer_types: undefined }), "unsupported-config", /`layer_types`.*Mamba/],
  ["too few layers in Granite", "granitemoehybrid_dense", says({ layer_types: ["attention"] }), "invalid-config", /1 entries for 2 layers/],
  ["experts that are not there in Granite", "granitemoehybrid_dense", says({ num_local_experts: undefined }), "missing-tensor", /block_sparse_moe\.router/],
  ["bases of positions for other layers in Granite", "granite_swa_bases", says({ layer_rope_theta: [500, 0] }), "invalid-config", /`layer_rope_theta`.*2 entries for 4 layers/],
  ["a base below nothing in Granite", "granite_swa_bases", says({ layer_rope_theta: [500, -1, 0, 0] }), "invalid-config", /`layer_rope_theta`.*0 for a layer that turns nothing/],
  ["windows of no width in Granite", "granite_swa_layers", says({ sliding_window: null }), "invalid-config", /sliding_window/],
  ["attention without its sinks in Granite", "granite_swa_layers", { name: (name) => name.replace("self_attn.sinks", "self_attn.other") }, "missing-tensor", /layers\.0\.self_attn\.sinks/],
  ["heads in parts that do not divide CodeGen", "codegen_plain", says({ n_embd: 54, n_head: 2 }), "invalid-config", /n_embd.* divided by 4/],
  ["columns that turn and are not said in CodeGen", "codegen_plain", says({ rotary_dim: null }), "unsupported-config", /rotary_dim/],
  ["heads that do not divide MPT", "mpt_plain", says({ n_heads: 3 }), "invalid-config", /3 heads do not divide/],
  ["learned positions in MPT", "mpt_plain", says({ attn_config: { alibi: false } }), "unsupported-config", /`alibi` .*passes over/],
  ["other slopes in MPT", "mpt_plain", says({ attn_config: { alibi_bias_max: 16 } }), "unsupported-config", /`alibi_bias_max`/],
  ["norms of queries in MPT", "mpt_plain", says({ attn_config: { qk_ln: true } }), "unsupported-config", /`qk_ln`/],
  ["texts that see ahead in MPT", "mpt_plain", says({ attn_config: { prefix_lm: true } }), "unsupported-config", /`prefix_lm`/],
  ["one key for all heads in MPT", "mpt_plain", says({ attn_config: { attn_type: "multiquery_attention" } }), "unsupported-config", /`attn_type`/],
  ["biases in MPT", "mpt_plain", says({ no_bias: false }), "unsupported-config", /`no_bias`/],
  ["scaled logits in MPT", "mpt_plain", says({ logit_scale: 0.5 }), "unsupported-config", /`logit_scale`/],
  ["factors for other pairs in Phi with experts", "phimoe_published", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, short_factor: [1], long_factor: [1], short_mscale: 1 } }), "invalid-config", /short_factor.*1 numbers for 4 pairs/],
  ["scaled positions in Phi with experts", "phimoe_published", says({ rope_parameters: { rope_type: "linear", factor: 2, rope_theta: 10000 } }), "unsupported-config", /rope_parameters/],
  ["one expert in Phi", "phimoe_published", says({ num_local_experts: 1 }), "invalid-config", /num_local_experts.* takes two/],
  ["no number of experts in dots", "dots1_plain", says({ n_routed_experts: undefined }), "invalid-config", /n_routed_experts/],
  ["no number of shared experts in dots", "dots1_plain", says({ n_shared_experts: undefined }), "invalid-config", /n_shared_experts/],
  ["groups of unlike size in dots", "dots1_groups", says({ n_group: 5 }), "invalid-config", /n_group.*12 experts/],
  ["groups of one expert in dots", "dots1_groups", says({ n_group: 12 }), "invalid-config", /n_group/],
  ["more groups than there are in dots", "dots1_groups", says({ topk_group: 5 }), "invalid-config", /topk_group.*4 groups/],
  ["fewer experts in the groups of a token than it takes", "dots1_groups", says({ topk_group: 1, num_experts_per_tok: 4 }), "invalid-config", /num_experts_per_tok.* 3 experts to choose from/],
  ["a choice without its bias in GLM", "glm4_moe_plain", { name: (name) => name.replace("e_score_correction_bias", "other") }, "missing-tensor", /layers\.1\.mlp\.gate\.e_score_correction_bias/],
  ["norms of queries that are not there in GLM with experts", "glm4_moe_plain", says({ use_qk_norm: true }), "missing-tensor", /q_norm/],
  ["more experts for a token than ERNIE has", "ernie4_5_moe_plain", says({ moe_k: 7 }), "invalid-config", /moe_k.*6 experts/],
  ["a choice without its bias in ERNIE", "ernie4_5_moe_plain", { name: (name) => name.replace("e_score_correction_bias", "other") }, "missing-tensor", /e_score_correction_bias/],
  ["experts of another number in FlexOlmo", "flex_olmo_shares", says({ num_experts: 5 }), "shape-mismatch", /gate/],
  ["angles that depend on the length in Hunyuan", "hunyuan_plain", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, factor: 2 } }), "unsupported-config", /longrope/],
  ["a base stretched by less than nothing in Hunyuan", "hunyuan_alpha", says({ rope_scaling: { type: "dynamic", alpha: -1 } }), "invalid-config", /alpha/],
  ["norms of queries that are not there in Hunyuan", "hunyuan_plain", { name: (name) => name.replace("query_layernorm", "q_norm") }, "missing-tensor", /layers\.0\.self_attn\.query_layernorm\.weight/],
  ["logits capped by nothing in nanochat", "nanochat_capped", says({ final_logit_softcapping: 0 }), "invalid-config", /final_logit_softcapping/],
  ["an odd number of columns in a head of nanochat", "nanochat_plain", says({ head_dim: 5 }), "unsupported-config", /turns 5 of the 5/],
  ["keys that its heads share in DeepSeek", "deepseek_v3_dense", says({ num_key_value_heads: 1 }), "invalid-config", /num_key_value_heads.*3 heads/],
  ["numbers for keys and values of another count in DeepSeek", "deepseek_v3_dense", says({ kv_lora_rank: 12 }), "shape-mismatch", /kv_a_proj_with_mqa/],
  ["queries by way of fewer numbers that are not there in DeepSeek", "deepseek_v3_dense", says({ q_lora_rank: undefined }), "missing-tensor", /q_b_proj/],
  ["another choice of experts in DeepSeek V2", "deepseek_v2_groups", says({ topk_method: "noaux_tc" }), "unsupported-config", /topk_method.*group_limited_greedy/],
  ["no number of experts for a token in DeepSeek V2", "deepseek_v2_groups", says({ num_experts_per_tok: null }), "invalid-config", /num_experts_per_tok/],
  ["groups of unlike size in DeepSeek V2", "deepseek_v2_groups", says({ n_group: 3 }), "invalid-config", /n_group.*8 experts/],
  ["a choice without its bias in DeepSeek V3", "deepseek_v3_groups", { name: (name) => name.replace("e_score_correction_bias", "other") }, "missing-tensor", /e_score_correction_bias/],
  ["eight bits in DeepSeek V3", "deepseek_v3_groups", says({ quantization_config: { quant_method: "fp8" } }), "unsupported-config", /quantised weights are not read/],
  ["angles that depend on the length in DeepSeek", "deepseek_v3_dense", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, factor: 2 } }), "unsupported-config", /longrope/],
  ["a part that turns in GLM 4.7 Flash", "glm4_moe_lite_plain", says({ rope_parameters: { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 0.5 } }), "unsupported-config", /partial_rotary_factor/],
  ["heads that contradict what turns in GLM 4.7 Flash", "glm4_moe_lite_plain", says({ head_dim: 20 }), "invalid-config", /head_dim.*`qk_rope_head_dim` is 8/],
  ["a kind of MLP that GLM 4.7 Flash has not", "glm4_moe_lite_layers", says({ mlp_layer_types: ["sparse", "other"] }), "invalid-config", /mlp_layer_types.*sparse and dense/],
  ["too short a list of MLPs in GLM 4.7 Flash", "glm4_moe_lite_layers", says({ mlp_layer_types: ["sparse"] }), "invalid-config", /1 entries for 2 layers/],
  ["layers that are not there in EXAONE 3", "exaone_published", says({ num_layers: undefined }), "missing-tensor", /h\.2\./],
  ["biases that are not there in EXAONE 3", "exaone_published", says({ attention_bias: true }), "missing-tensor", /h\.0\.attn\.attention\.q_proj\.bias/],
  ["norms behind attention that are not there in Gemma 2", "vaultgemma_capped", says({ model_type: "gemma2" }), "missing-tensor", /post_attention_layernorm/],
];

for (const [what, name, change, code, wanted] of REFUSED) {
  test(`a model with ${what} is ${code}`, async () => {
    const error = await failure(changed(name, change));
    assert.is(error.code, code, error.message);
    assert.match(error.message, wanted);
  });
}

const attentions = async (name: string, change: Change): Promise<readonly AttentionSpec[]> => (await readModel(changed(name, change))).spec.blocks.map(({ attention }) => attention as AttentionSpec);

test("EXAONE 4 looks through a window and turns in all but every fourth layer where nothing else is said, and in all of them where there is no window", async () => {
  const said = await attentions("exaone4_ignoring", says({ layer_types: undefined, sliding_window_pattern: undefined, sliding_window: undefined }));
  assert.equal(said.map(({ window, rope }) => [window, rope !== null]), [[4096, true], [4096, true]]);
  const every = await attentions("exaone4_hybrid", says({ layer_types: null, sliding_window_pattern: 2 }));
  assert.equal(every.map(({ window, rope }) => [window, rope !== null]), [[12, true], [null, false], [12, true]]);
  const whole = await attentions("exaone4_full", says({ layer_types: null }));
  assert.equal(whole.map(({ window, rope }) => [window, rope !== null]), [[null, true], [null, true]]);
});

test("where nothing is said of positions, each family has those of its own config class", async () => {
  const silent = says({ rope_parameters: undefined, rope_theta: undefined, rope_scaling: undefined, partial_rotary_factor: undefined });
  const ropes = await Promise.all(["seed_oss_plain", "arcee_plain", "helium_plain", "ernie4_5_plain", "nemotron_plain", "exaone4_hybrid", "apertus_plain", "cwm_pattern", "phimoe_published", "glm4_moe_plain", "ernie4_5_moe_plain", "flex_olmo_plain", "jais2_plain", "hunyuan_plain", "nanochat_plain", "exaone_held", "deepseek_v2_groups", "deepseek_v3_groups", "internlm3_plain", "minicpm3_plain", "persimmon_plain", "neox_japanese_plain", "granite_swa_layers", "hunyuan_moe_published", "minimax_m2_held", "cohere2_moe_plain"].map(async (name) => (await attentions(name, silent))[0]!.rope));
  assert.equal(ropes.map((rope) => [rope!.theta, rope!.dimensions, rope!.interleaved === true, rope!.scaling.kind]), [
    [10_000, 16, false, "none"],
    [10_000, 8, false, "none"],
    [100_000, 8, true, "none"],
    [500_000, 16, true, "none"],
    [10_000, 8, false, "none"],
    [10_000, 8, false, "none"],
    [12_000_000, 8, false, "llama3"],
    [1_000_000, 8, false, "llama3"],
    [1_000_000, 8, false, "none"],
    [10_000, 8, false, "none"],
    [500_000, 8, true, "none"],
    [500_000, 8, false, "none"],
    [10_000, 8, false, "none"],
    [10_000, 16, false, "none"],
    [10_000, 8, false, "none"],
    [500_000, 24, false, "none"],
    [10_000, 8, true, "none"],
    [10_000, 8, true, "none"],
    [10_000, 16, false, "none"],
    [10_000, 8, false, "none"],
    [10_000, 8, false, "none"],
    [10_000, 16, false, "none"],
    [10_000, 24, false, "none"],
    [10_000, 16, false, "none"],
    [5_000_000, 12, false, "none"],
    [10_000, 8, true, "none"],
  ]);
});

test("a Granite with windows looks through them in three layers of four, and turns each by a base of its own", async () => {
  const looks = async (values: Record<string, unknown>): Promise<readonly unknown[]> => (await attentions("granite_swa_bases", says(values))).map(({ window, rope }) => [window, rope?.theta ?? null]);
  assert.equal(await looks({ layer_types: undefined }), [[null, null], [9, 300], [9, 10_000], [9, 300]]);
  assert.equal(await looks({ layer_rope_theta: null, sliding_window: undefined, layer_types: ["full_attention", "full_attention", "sliding_attention", "full_attention"] }), [[null, 10_000], [null, 10_000], [128, 10_000], [null, 10_000]]);
  const hybrid = await Promise.all(["granitemoehybrid_dense", "granitemoehybrid_experts"].map(async (name) => (await attentions(name, {})).map(({ rope }) => rope !== null)));
  assert.equal(hybrid, [[true, true], [false, false]]);
});

test("the context of a model that turns long texts otherwise ends where it does, and that of one that only stretches its base does not", async () => {
  const contextOf = async (name: string, values: Record<string, unknown> = {}): Promise<number> => (await readModel(changed(name, says(values)))).spec.context;
  assert.is(await contextOf("phi3_longrope"), 160);
  assert.is(await contextOf("phi3_longrope", { original_max_position_embeddings: undefined }), 320);
  assert.is(await contextOf("phi3_longrope", { rope_parameters: undefined }), 320);
  assert.is(await contextOf("phimoe_longrope"), 160);
  assert.is(await contextOf("minicpm3_longrope"), 160);
  assert.is(await contextOf("llama_dynamic"), 160);
});

test("experts are in the layers that the config says, and which of them see a window", async () => {
  const kinds = async (name: string, values: Record<string, unknown>): Promise<readonly string[]> => (await readModel(changed(name, says(values)))).spec.blocks.map(({ mlp }) => mlp.kind);
  assert.equal(await kinds("dots1_plain", {}), ["gated", "experts"]);
  assert.equal(await kinds("glm4_moe_plain", { first_k_dense_replace: undefined }), ["gated", "experts"]);
  assert.equal(await kinds("glm4_moe_lite_plain", { mlp_layer_types: undefined }), ["gated", "experts"]);
  assert.equal(await kinds("glm4_moe_lite_layers", {}), ["experts", "gated"]);
  assert.equal(await kinds("ernie4_5_moe_biased", {}), ["gated", "experts", "gated"]);
  assert.equal(await kinds("ernie4_5_moe_plain", { moe_layer_end_index: undefined, moe_layer_start_index: undefined }), ["gated", "experts"]);
  const seen = async (name: string, values: Record<string, unknown>): Promise<readonly unknown[]> => (await attentions(name, says(values))).map(({ window }) => window);
  assert.equal(await seen("dots1_groups", { layer_types: undefined }), [null, 9]);
  assert.equal(await seen("dots1_groups", { layer_types: undefined, max_window_layers: 0 }), [9, 9]);
  assert.equal(await seen("dots1_groups", { layer_types: undefined, sliding_window: null }), [null, null]);
  assert.equal(await seen("cwm_pattern", { layer_types: undefined }), [null, 11, 11]);
});

test("experts are found under the names of their publishers and of transformers", async () => {
  for (const [name, type] of [["phimoe_published", "sparse_mixer"], ["phimoe_held", "sparse_mixer"], ["dots1_groups", "biased"], ["ernie4_5_moe_plain", "biased"], ["granitemoe_published", undefined], ["granitemoe_held", undefined]] as const) {
    const { mlp } = (await readModel(join(fixtures, name))).spec.blocks[1]!;
    assert.ok(mlp.kind === "experts" && "experts" in mlp && mlp.choosing?.kind === type, name);
  }
});

test("hooks of Llama's kin name their modules", async () => {
  const hooksOf = async (name: string): Promise<readonly (string | null)[]> => {
    const { hooks } = (await readModel(join(fixtures, name))).spec;
    return HOOKS.map((hook) => { const fact = hooks[hook]; return fact.state === "present" ? fact.module.replace("model.layers.{layer}", "") : null; });
  };
  assert.equal(await hooksOf("apertus_plain"), [" input", ".attention_layernorm output, before its weight and bias", ".self_attn.o_proj input", ".self_attn.o_proj output", ".feedforward_layernorm input", ".feedforward_layernorm output, before its weight and bias", ".mlp input", ".mlp.down_proj output", " output"]);
  assert.equal(await hooksOf("exaone4_hybrid"), [" input", null, ".self_attn.o_proj input", ".self_attn.o_proj output", ".mlp input", null, ".mlp input", ".mlp.down_proj output", " output"]);
  assert.equal((await hooksOf("exaone_published")).slice(3, 5), [".self_attn.o_proj output", ".post_attention_layernorm input"]);
  const { hooks: latent } = (await readModel(join(fixtures, "deepseek_v2_biased"))).spec;
  assert.is(latent.z.state === "present" && latent.z.width, 2 * 24, "values say how wide a head's output is");
  assert.equal((await hooksOf("granitemoe_held")).slice(6, 8), [".block_sparse_moe input", ".block_sparse_moe output"]);
  assert.equal((await hooksOf("granitemoeshared_shared")).slice(6, 8), [".block_sparse_moe input", ".(block_sparse_moe + shared_mlp) output"]);
  assert.equal((await hooksOf("granitemoehybrid_dense")).slice(6, 8), [".shared_mlp input", ".shared_mlp.output_linear output"]);
  assert.equal((await hooksOf("hyperclovax_normed")).slice(3, 8), [".post_norm1 output", ".post_attention_layernorm input", ".post_attention_layernorm output, before its weight and bias", ".mlp input", ".post_norm2 output"]);
  assert.equal((await hooksOf("mpt_plain")).map((fact) => fact!.replace("transformer.blocks.{layer}", "")).slice(3, 8), [".attn.out_proj output, before the module around it adds the stream", ".norm_2 input", ".norm_2 output, before its weight and bias", ".ffn input", ".ffn.down_proj output, before the module around it adds the stream"]);
});

test.run();
