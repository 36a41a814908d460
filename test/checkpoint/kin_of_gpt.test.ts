/** Without this file what GPT-J and its kin say in their configs, and do not mean, would be tried on people first. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { cacheWidth } from "../../src/emit/attention.ts";
import { HOOKS } from "../../src/ops/hook.ts";
import { changed, content, failure, fixtures, type Change } from "./changed_model.ts";

/** What is set in a fixture's config; undefined: nothing is said. */
const says = (values: Record<string, unknown>): Change => ({ config: (config) => ({ ...config, ...values }) });

const REFUSED: readonly (readonly [string, string, Change, string, RegExp])[] = [
  ["columns that turn and are not said", "gptj_plain", says({ rotary_dim: null }), "unsupported-config", /rotary_dim/],
  ["more columns to turn than GPT-J's heads have", "gptj_plain", says({ rotary_dim: undefined }), "invalid-config", /rotary_dim.* a head has 16/],
  ["an odd number of columns to turn in GPT-J", "gptj_plain", says({ rotary_dim: 5 }), "unsupported-config", /turn in pairs/],
  ["norms with weights that are not there in OPT", "opt_galactica", says({ layer_norm_elementwise_affine: undefined }), "missing-tensor", /layers\.0\.self_attn_layer_norm\.weight/],
  ["an embedding of another width in OPT", "opt_plain", says({ word_embed_proj_dim: 16 }), "shape-mismatch", /embed_tokens.*\[64, 32\].*\[64, 16\]/],
  ["an embedding of another width in OPT and nothing that it goes through", "opt_behind", { name: (name) => name.replace("project_in", "other") }, "missing-tensor", /project_in\.weight/],
  ["a head of another width in OPT and nothing that goes to it", "opt_behind", { name: (name) => name.replace("project_out", "other") }, "missing-tensor", /project_out\.weight/],
  ["heads that do not divide OPT", "opt_plain", says({ num_attention_heads: 3 }), "invalid-config", /3 heads do not divide/],
  ["another context in OPT", "opt_plain", says({ max_position_embeddings: 2048 }), "shape-mismatch", /embed_positions.*\[162, 32\].*\[2050, 32\]/],
  ["angles that depend on the length in StarCoder 2", "starcoder2_plain", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, factor: 2 } }), "unsupported-config", /longrope/],
  ["a window of nothing in StarCoder 2", "starcoder2_window", says({ sliding_window: 0 }), "invalid-config", /sliding_window/],
  ["biases that are not there in StarCoder 2", "starcoder2_window", says({ use_bias: undefined }), "missing-tensor", /q_proj\.bias/],
  ["blocks of the new Falcon one half behind the other", "falcon_grouped", says({ parallel_attn: false }), "invalid-config", /parallel_attn/],
  ["three norms in a block of Falcon", "falcon_grouped", says({ num_ln_in_parallel_attn: 3 }), "invalid-config", /num_ln_in_parallel_attn/],
  ["two norms in a block of the old Falcon", "falcon_shared", says({ num_ln_in_parallel_attn: 2 }), "invalid-config", /num_ln_in_parallel_attn/],
  ["grouped keys in the old Falcon", "falcon_apart", says({ num_attention_heads: 4, num_kv_heads: 2 }), "invalid-config", /num_kv_heads.*4 heads/],
  ["one key for all heads in the old Falcon, and none shared", "falcon_apart", says({ num_kv_heads: 1 }), "invalid-config", /num_kv_heads.*2 heads/],
  ["keys that the heads of Falcon do not share evenly", "falcon_grouped", says({ num_kv_heads: 3 }), "invalid-config", /num_kv_heads/],
  ["queries and keys of other heads in Falcon", "falcon_grouped", says({ num_kv_heads: 4 }), "shape-mismatch", /query_key_value/],
  ["heads that do not divide Falcon", "falcon_apart", says({ num_attention_heads: 3, num_kv_heads: null }), "invalid-config", /3 heads do not divide/],
  ["logits times nothing in Cohere", "cohere_plain", says({ logit_scale: 0 }), "invalid-config", /logit_scale/],
  ["norms of queries that are not there in Cohere", "cohere_plain", says({ use_qk_norm: true }), "missing-tensor", /layers\.0\.self_attn\.q_norm/],
  ["norms of all heads together in Cohere", "cohere_grouped", { shape: (name, shape) => (name.endsWith("q_norm.weight") ? [64] : shape) }, "shape-mismatch", /q_norm.*\[64\].*\[4, 16\]/],
  ["angles that depend on the length in Cohere", "cohere_plain", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, factor: 2 } }), "unsupported-config", /longrope/],
  ["windows of no width in Cohere 2", "cohere2_window", says({ sliding_window: null }), "invalid-config", /sliding_window/],
  ["a kind of layer that Cohere 2 has not", "cohere2_window", says({ layer_types: ["chunked_attention", "full_attention"] }), "unsupported-config", /layer_types/],
  ["a pattern of no layers in Cohere 2", "cohere2_pattern", says({ sliding_window_pattern: 0 }), "invalid-config", /sliding_window_pattern/],
  ["another text to listen to in GPT-BigCode", "bigcode_shared", says({ add_cross_attention: true }), "unsupported-config", /add_cross_attention/],
  ["keys that the heads of GPT-BigCode do not share", "bigcode_shared", says({ multi_query: false }), "shape-mismatch", /c_attn.*\[48, 32\].*\[96, 32\]/],
  ["heads that do not divide GPT-BigCode", "bigcode_shared", says({ n_head: 3 }), "invalid-config", /3 heads do not divide/],
  ["a stream that goes on from the norm in Bloom", "bloom_plain", says({ apply_residual_connection_post_layernorm: true }), "unsupported-config", /apply_residual_connection_post_layernorm/],
  ["biases that are left out in Bloom", "bloom_plain", says({ slow_but_exact: true, pretraining_tp: 2 }), "unsupported-config", /slow_but_exact/],
  ["no norm of the embedding in Bloom", "bloom_plain", { name: (name) => name.replace("word_embeddings_layernorm", "other") }, "missing-tensor", /word_embeddings_layernorm\.weight/],
  ["heads that do not divide Bloom", "bloom_plain", says({ n_head: 3 }), "invalid-config", /3 heads do not divide/],
  ["heads that do not divide BioGPT", "biogpt_plain", says({ num_attention_heads: 3 }), "invalid-config", /3 heads do not divide/],
  ["another context in BioGPT", "biogpt_plain", says({ max_position_embeddings: undefined }), "shape-mismatch", /embed_positions.*\[162, 32\].*\[1026, 32\]/],
  ["heads that do not divide GPT-NeoX Japanese", "neox_japanese_plain", says({ num_attention_heads: 3 }), "invalid-config", /3 heads do not divide/],
  ["heads of another width in GPT-NeoX Japanese", "neox_japanese_plain", says({ head_dim: 24 }), "invalid-config", /head_dim.*2 heads of 32 columns have 16 each/],
  ["no bias in the last layer of GPT-NeoX Japanese", "neox_japanese_plain", { name: (name) => name.replace("dense_bias", "other") }, "missing-tensor", /layers\.1\.attention\.dense_bias/],
  ["an MLP of another width in GPT-NeoX Japanese", "neox_japanese_plain", says({ intermediate_multiple_size: 3 }), "shape-mismatch", /dense_h_to_4h.*\[128, 32\].*\[96, 32\]/],
  ["more to turn than a head of Persimmon has", "persimmon_plain", says({ rope_parameters: undefined, partial_rotary_factor: 1.5 }), "invalid-config", /partial_rotary_factor/],
  ["norms of queries without their biases in Persimmon", "persimmon_plain", { name: (name) => name.replace("q_layernorm.bias", "other") }, "missing-tensor", /layers\.0\.self_attn\.q_layernorm\.bias/],
  ["norms of queries that are not there in Persimmon", "persimmon_unnormed", says({ qk_layernorm: undefined }), "missing-tensor", /q_layernorm\.weight/],
  ["what another text says in XGLM", "xglm_plain", says({ add_cross_attention: true }), "unsupported-config", /add_cross_attention/],
  ["heads that do not divide XGLM", "xglm_plain", says({ attention_heads: 3 }), "invalid-config", /3 heads do not divide/],
  ["layers that are not there in XGLM", "xglm_padded", says({ num_hidden_layers: undefined }), "missing-tensor", /layers\.2\./],
  ["biases of which only some are there in InternLM", "internlm3_biased", says({ bias: false }), "unsupported-config", /qkv_bias.*transformers refuses/],
  ["biases that are not there in InternLM", "internlm3_plain", says({ qkv_bias: true, bias: true }), "missing-tensor", /q_proj\.bias/],
  ["factors for other pairs in MiniCPM", "minicpm3_longrope", says({ rope_parameters: { rope_type: "longrope", rope_theta: 10000, short_factor: [1, 2] } }), "invalid-config", /short_factor.*2 numbers for 4 pairs/],
  ["a stream of nothing in MiniCPM", "minicpm3_plain", says({ scale_emb: 0 }), "invalid-config", /scale_emb/],
  ["an activation that the first GPT has not", "openai_gpt_plain", says({ afn: "gelu_new" }), "unsupported-config", /afn.*gelu, relu, silu, swish/],
  ["another context in the first GPT", "openai_gpt_plain", says({ n_positions: undefined }), "shape-mismatch", /positions_embed.*\[160, 32\].*\[512, 32\]/],
  ["heads that do not divide GPT-J", "gptj_plain", says({ n_head: 3 }), "invalid-config", /3 heads do not divide/],
];

for (const [what, name, change, code, wanted] of REFUSED) {
  test(`a model with ${what} is ${code}`, async () => {
    const error = await failure(changed(name, change));
    assert.is(error.code, code, error.message);
    assert.match(error.message, wanted);
  });
}

/** Fixture, and what its tensors' names begin with there and elsewhere. */
const PREFIXED: readonly (readonly [string, string, string])[] = [
  ["gptj_plain", "transformer.", ""],
  ["opt_plain", "model.decoder.", "decoder."],
  ["starcoder2_plain", "model.", ""],
  ["falcon_shared", "transformer.", ""],
  ["bloom_plain", "transformer.", ""],
  ["bigcode_shared", "transformer.", ""],
  ["openai_gpt_plain", "transformer.", ""],
  ["biogpt_plain", "biogpt.", ""],
  ["neox_japanese_plain", "gpt_neox_japanese.", ""],
  ["xglm_plain", "model.", ""],
  ["cohere_plain", "model.", ""],
];

for (const [name, from, to] of PREFIXED) {
  test(`names of ${name} that begin with \`${to}\` are found`, async () => {
    const other = await readModel(changed(name, { name: (tensor) => (tensor.startsWith(from) ? `${to}${tensor.slice(from.length)}` : tensor) }));
    assert.equal(content(other), content(await readModel(join(fixtures, name))));
  });
}

/** Fixture, hooks that it has not, and the modules of some. */
const HOOKED: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
  ["gptj_plain", ["resid_mid"], { z: "transformer.h.{layer}.attn.out_proj input", ln2_normalized: "transformer.h.{layer}.ln_1 output, before its weight and bias", mlp_in: "transformer.h.{layer}.mlp input", mlp_out: "transformer.h.{layer}.mlp.fc_out output" }],
  ["opt_plain", [], { z: "model.decoder.layers.{layer}.self_attn.out_proj input", resid_mid: "model.decoder.layers.{layer}.final_layer_norm input", mlp_in: "model.decoder.layers.{layer}.fc1 input", mlp_out: "model.decoder.layers.{layer}.fc2 output" }],
  ["openai_gpt_plain", ["ln1_normalized", "ln2_normalized"], { resid_mid: "transformer.h.{layer}.ln_1 input", mlp_in: "transformer.h.{layer}.mlp input", mlp_out: "transformer.h.{layer}.mlp.c_proj output" }],
  ["opt_behind", ["ln1_normalized", "ln2_normalized"], { resid_mid: "model.decoder.layers.{layer}.self_attn_layer_norm input", attn_out: "model.decoder.layers.{layer}.self_attn.out_proj output", mlp_in: "model.decoder.layers.{layer}.fc1 input" }],
  ["bigcode_shared", [], { z: "transformer.h.{layer}.attn.c_proj input", mlp_in: "transformer.h.{layer}.mlp input", mlp_out: "transformer.h.{layer}.mlp.c_proj output" }],
  ["bloom_plain", [], { attn_out: "transformer.h.{layer}.self_attention.dense output, before the module around it adds the stream", resid_mid: "transformer.h.{layer}.post_attention_layernorm input", mlp_out: "transformer.h.{layer}.mlp.dense_4h_to_h output, before the module around it adds the stream" }],
  ["cohere2_window", ["resid_mid"], { z: "model.layers.{layer}.self_attn.o_proj input", ln2_normalized: "model.layers.{layer}.input_layernorm output, before its weight and bias", mlp_out: "model.layers.{layer}.mlp.down_proj output" }],
  ["falcon_grouped", ["resid_mid"], { ln1_normalized: "transformer.h.{layer}.ln_attn output, before its weight and bias", ln2_normalized: "transformer.h.{layer}.ln_mlp output, before its weight and bias" }],
  ["falcon_grouped_one_norm", ["resid_mid"], { ln2_normalized: "transformer.h.{layer}.input_layernorm output, before its weight and bias" }],
  ["falcon_apart", [], { z: "transformer.h.{layer}.self_attention.dense input", resid_mid: "transformer.h.{layer}.post_attention_layernorm input", mlp_out: "transformer.h.{layer}.mlp.dense_4h_to_h output" }],
  ["starcoder2_plain", [], { z: "model.layers.{layer}.self_attn.o_proj input", mlp_in: "model.layers.{layer}.mlp input", mlp_out: "model.layers.{layer}.mlp.c_proj output" }],
];

for (const [name, absent, modules] of HOOKED) {
  test(`hooks of ${name} name their modules`, async () => {
    const { hooks } = (await readModel(join(fixtures, name))).spec;
    assert.equal(HOOKS.filter((hook) => hooks[hook].state === "absent"), absent);
    const named = Object.fromEntries(HOOKS.flatMap((hook) => { const fact = hooks[hook]; return fact.state === "present" && Object.hasOwn(modules, hook) ? [[hook, fact.module]] : []; }));
    assert.equal(named, modules);
  });
}

test("what is added by distance in a Falcon is that of its heads, and nothing turns, whatever is said of that", async () => {
  const { spec } = await readModel(join(fixtures, "falcon_alibi_shared"));
  for (const { attention } of spec.blocks) {
    assert.ok(attention.kind === "softmax" && attention.rope === null && attention.roundedSlopes === true);
    assert.equal(attention.slopes, [1 / 16, 1 / 256, 1 / 4]);
    // Zeros fill three columns more up to a multiple of eight.
    assert.is(cacheWidth(spec, attention), 16);
  }
});

test.run();
