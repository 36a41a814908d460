/** Without this file what the later families with experts say in their configs, and what is taken where they say nothing, would be tried on people first. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import type { AttentionSpec } from "../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../src/emit/expert_specs.ts";
import type { BlockSpec } from "../../src/emit/specs.ts";
import { changed, failure, type Change } from "./changed_model.ts";

/** What is set in a fixture's config; undefined: nothing is said. */
const says = (values: Record<string, unknown>): Change => ({ config: (config) => ({ ...config, ...values }) });

const REFUSED: readonly (readonly [string, string, Change, string, RegExp])[] = [
  ["more experts for a token of Hunyuan than there are", "hunyuan_moe_published", says({ moe_topk: 6 }), "invalid-config", /moe_topk.*5 experts/],
  ["a layer of Hunyuan that says no number of experts", "hunyuan_moe_published", says({ moe_topk: [2] }), "invalid-config", /moe_topk.*layer 1 has none/],
  ["experts of each layer in other numbers in Hunyuan", "hunyuan_moe_published", says({ num_experts: [5, 5] }), "invalid-config", /num_experts/],
  ["no MLP beside the experts of Hunyuan", "hunyuan_moe_published", { name: (name) => name.replace("shared_mlp", "other") }, "missing-tensor", /layers\.0\.mlp\.shared_mlp\.gate_proj/],
  ["a part that turns in Solar Open", "solar_open_plain", says({ partial_rotary_factor: 0.5 }), "unsupported-config", /partial_rotary_factor.*transformers fails/],
  ["norms of queries in Solar Open", "solar_open_plain", says({ use_qk_norm: true }), "unsupported-config", /use_qk_norm/],
  ["heads of another width in Solar Open", "solar_open_groups", says({ head_dim: undefined }), "shape-mismatch", /q_proj.*\[24, 16\].*\[256, 16\]/],
  ["a choice without its bias in Solar Open", "solar_open_groups", { name: (name) => name.replace("e_score_correction_bias", "other") }, "missing-tensor", /layers\.0\.mlp\.gate\.e_score_correction_bias/],
  ["heads that do not fill Sarvam's one tensor", "sarvam_moe_published", says({ num_key_value_heads: 4 }), "shape-mismatch", /attention\.query_key_value.*\[128, 24\].*\[192, 24\]/],
  ["a choice without its bias in Sarvam", "sarvam_moe_published", { name: (name) => name.replace("expert_bias", "other") }, "missing-tensor", /layers\.1\.mlp\.gate\.expert_bias/],
  ["norms of queries that are not there in Sarvam", "sarvam_moe_held", says({ use_qk_norm: undefined }), "missing-tensor", /layers\.0\.self_attn\.q_norm/],
  ["a pattern in letters and no list of layers in K-EXAONE", "exaone_moe_held", says({ layer_types: undefined }), "invalid-config", /sliding_window_pattern/],
  ["windows of no width in K-EXAONE", "exaone_moe_held", says({ sliding_window: null }), "invalid-config", /sliding_window/],
  ["a kind of MLP that K-EXAONE has not", "exaone_moe_held", says({ mlp_layer_types: ["sparse", "other"] }), "invalid-config", /mlp_layer_types.*sparse and dense/],
  ["a choice without its bias in K-EXAONE", "exaone_moe_published", { name: (name) => name.replace("e_score_correction_bias", "other") }, "missing-tensor", /layers\.1\.mlp\.gate\.e_score_correction_bias/],
  ["more columns to turn than a head of MiniMax has", "minimax_m2_published", says({ rotary_dim: 32 }), "invalid-config", /no more to turn/],
  ["a choice without its bias in MiniMax", "minimax_m2_published", { name: (name) => name.replace("e_score_correction_bias", "other") }, "missing-tensor", /layers\.0\.block_sparse_moe\.e_score_correction_bias/],
  ["eight bits in MiniMax", "minimax_m2_published", says({ quantization_config: { quant_method: "fp8" } }), "unsupported-config", /quantised weights are not read/],
  ["positions of all kinds of layers at once in Mellum", "mellum_kinds", says({ rope_parameters: { rope_type: "default", rope_theta: 10000 } }), "invalid-config", /rope_parameters.*says no `rope_theta` of sliding_attention/],
  ["a part that turns in Mellum", "mellum_kinds", says({ rope_parameters: { full_attention: { rope_type: "default", rope_theta: 500, partial_rotary_factor: 0.5 }, sliding_attention: { rope_type: "default", rope_theta: 300 } } }), "unsupported-config", /partial_rotary_factor/],
  ["another choice of experts in Cohere", "cohere2_moe_sigmoid", says({ expert_selection_fn: "sparsemax" }), "unsupported-config", /expert_selection_fn.*softmax and sigmoid/],
  ["another mean in Cohere", "cohere2_moe_dense", says({ shared_expert_combination_strategy: "product" }), "unsupported-config", /shared_expert_combination_strategy.*average and sum/],
  ["scaled positions that transformers passes over in Cohere", "cohere2_moe_plain", says({ rope_scaling: { rope_type: "linear", factor: 2 } }), "unsupported-config", /rope_scaling.*passes over this/],
  ["experts in groups that transformers passes over in Trinity", "afmoe_published", says({ n_group: 2 }), "unsupported-config", /n_group.*passes over this/],
  ["another choice of experts in Trinity", "afmoe_published", says({ score_func: "softmax" }), "unsupported-config", /score_func.*passes over this/],
  ["shares that are not divided by their sum in Trinity", "afmoe_published", says({ route_norm: false }), "unsupported-config", /route_norm/],
  ["heads without gates in Trinity", "afmoe_published", { name: (name) => name.replace("self_attn.gate_proj", "self_attn.other") }, "missing-tensor", /layers\.0\.self_attn\.gate_proj/],
  ["a choice without its bias in Trinity", "afmoe_held", { name: (name) => name.replace("expert_bias", "other") }, "missing-tensor", /layers\.0\.mlp\.expert_bias/],
  ["heads that are not opened in Laguna", "laguna_published", says({ gating: false }), "unsupported-config", /gating.*per-head and per-element/],
  ["columns that are opened one by one, and are not there, in Laguna", "laguna_published", says({ gating: "per-element" }), "shape-mismatch", /g_proj.*\[4, 24\].*\[64, 24\]/],
  ["shares that multiply what experts read in Laguna", "laguna_held", says({ moe_apply_router_weight_on_input: true }), "unsupported-config", /moe_apply_router_weight_on_input/],
  ["heads of too few layers in Laguna", "laguna_published", says({ num_attention_heads_per_layer: [4, 6] }), "invalid-config", /2 entries for 3 layers/],
  ["heads that those of keys do not divide in Laguna", "laguna_published", says({ num_attention_heads_per_layer: [4, 5, 2] }), "invalid-config", /the 2 heads of keys divide/],
  ["positions of one kind of layers that are not said in Laguna", "laguna_published", says({ rope_parameters: { full_attention: { rope_theta: 500 } } }), "invalid-config", /says no `rope_theta` of sliding_attention/],
  ["windows of no width in Cohere", "cohere2_moe_plain", says({ sliding_window: null }), "invalid-config", /sliding_window/],
];

for (const [what, name, change, code, wanted] of REFUSED) {
  test(`a model with ${what} is ${code}`, async () => {
    const error = await failure(changed(name, change));
    assert.is(error.code, code, error.message);
    assert.match(error.message, wanted);
  });
}

const blocksOf = async (name: string, values: Record<string, unknown> = {}): Promise<readonly BlockSpec[]> => (await readModel(changed(name, says(values)))).spec.blocks;
const looksOf = async (name: string, values: Record<string, unknown> = {}): Promise<readonly unknown[]> => (await blocksOf(name, values)).map(({ attention, mlp }) => [(attention as AttentionSpec).window, (attention as AttentionSpec).rope?.theta ?? null, mlp.kind]);

test("which layers see a window, turn, and have experts is as the config says, or its class", async () => {
  assert.equal(await looksOf("exaone_moe_published", { layer_types: undefined, mlp_layer_types: undefined }), [[12, 10_000, "gated"], [null, null, "experts"], [12, 10_000, "experts"]]);
  assert.equal(await looksOf("exaone_moe_held"), [[null, null, "experts"], [9, 10_000, "gated"]]);
  assert.equal(await looksOf("sarvam_moe_published", { rope_parameters: undefined }), [[null, 8_000_000, "gated"], [null, 8_000_000, "experts"], [null, 8_000_000, "experts"]]);
  assert.equal(await looksOf("solar_open_groups", { rope_parameters: undefined, first_k_dense_replace: 1 }), [[null, 1_000_000, "experts"], [null, 1_000_000, "experts"]]);
  assert.equal(await looksOf("mellum_kinds"), [[12, 300, "gated"], [null, 10_000, "experts"], [12, 300, "experts"]]);
  assert.equal(await looksOf("mellum_plain", { layer_types: undefined }), [[null, 500_000, "experts"], [null, 500_000, "experts"]]);
  assert.equal(await looksOf("afmoe_published", { layer_types: undefined }), [[12, 10_000, "gated"], [null, null, "experts"], [12, 10_000, "experts"]]);
  assert.equal(await looksOf("laguna_published"), [[null, 10_000, "gated"], [12, 300, "experts"], [12, 300, "experts"]]);
  assert.equal(await looksOf("laguna_held", { mlp_layer_types: ["sparse", "dense"] }), [[null, 500_000, "experts"], [null, 500_000, "gated"]]);
  assert.equal(await looksOf("cohere2_moe_dense"), [[null, 10_000, "gated"], [12, 10_000, "experts"], [12, 10_000, "experts"], [null, null, "experts"]]);
  assert.equal(await looksOf("cohere2_moe_dense", { prefix_dense_sliding_window_pattern: 2, sliding_window_pattern: 2 }), [[12, 10_000, "gated"], [12, 10_000, "experts"], [null, null, "experts"], [12, 10_000, "experts"]]);
});

test("as many columns turn as the config says, in one word or another", async () => {
  const turned = async (values: Record<string, unknown>): Promise<unknown> => ((await blocksOf("minimax_m2_published", values))[0]!.attention as AttentionSpec).rope!.dimensions;
  assert.equal(await Promise.all([{}, { rotary_dim: undefined }, { rotary_dim: 4 }, { rotary_dim: 4, partial_rotary_factor: 0.5 }].map(turned)), [6, 16, 4, 8]);
});

test("experts are chosen and weighed as the config says", async () => {
  const mixtureOf = async (name: string, layer: number, values: Record<string, unknown> = {}): Promise<GatedExpertsSpec> => (await blocksOf(name, values))[layer]!.mlp as GatedExpertsSpec;
  const { spec } = await readModel(changed("laguna_published", {}));
  assert.equal(spec.hooks.z.state === "present" && (spec.hooks.z as { readonly widths?: readonly number[] }).widths, [64, 96, 32]);
  assert.is((await mixtureOf("hunyuan_moe_published", 0)).perToken, 3);
  assert.is((await mixtureOf("hunyuan_moe_published", 1)).perToken, 2);
  assert.is((await mixtureOf("hunyuan_moe_held", 1, { num_experts_per_tok: undefined, moe_topk: undefined })).perToken, 1);
  assert.is((await mixtureOf("cohere2_moe_dense", 1)).shared?.averaged, true);
  assert.is((await mixtureOf("cohere2_moe_dense", 1, { shared_expert_combination_strategy: "sum" })).shared?.averaged, undefined);
  assert.is((await mixtureOf("cohere2_moe_plain", 0, { num_shared_experts: 0 })).shared, null);
});

test.run();
