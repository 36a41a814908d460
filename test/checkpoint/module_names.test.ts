/** Without this file an SAE could be refused for the name of a module whose output is the very tensor of a hook, or taken for one that is another. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { normedModule, parseModulePath } from "../../runtime/checkpoint/hook_name.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { isOutputOf } from "../../src/ops/hook.ts";

/** Fixture, module of it, and the hook that its output is, which `make_architectures.py` asserts; null: none that is read. */
const CASES: readonly (readonly [string, string, string | null])[] = [
  ["neo_local", "transformer.h.1.attn", "attn_out"],
  ["neo_local", "transformer.h.1.attn.attention", "attn_out"],
  ["neo_local", "h.1.mlp", "mlp_out"],
  ["gpt2_tied", "transformer.h.1.attn", "attn_out"],
  ["gpt2_tied", "transformer.h.1.attn.attention", null],
  ["neox_pythia", "gpt_neox.layers.1.attention", "attn_out"],
  ["neox_pythia", "gpt_neox.layers.1.post_attention_layernorm", null],
  ["gptj_plain", "transformer.h.1.attn", "attn_out"],
  ["gptj_plain", "h.1.mlp", "mlp_out"],
  ["bigcode_shared", "transformer.h.1.attn", "attn_out"],
  ["bloom_plain", "transformer.h.1", "resid_post"],
  ["bloom_plain", "transformer.h.1.self_attention", null],
  ["bloom_plain", "transformer.h.1.mlp", null],
  ["cohere_plain", "model.layers.1.self_attn", "attn_out"],
  ["falcon_shared", "transformer.h.1.self_attention", "attn_out"],
  ["falcon_shared", "transformer.h.1.self_attn", null],
  ["opt_plain", "model.decoder.layers.1.self_attn", "attn_out"],
  ["opt_plain", "decoder.layers.1.self_attn.output", "attn_out"],
  ["qwen3_5_own", "model.layers.0.linear_attn", "attn_out"],
  ["qwen3_5_own", "model.layers.3.self_attn", "attn_out"],
  ["qwen3_5_own", "model.layers.0.self_attn", null],
  ["qwen3_5_own", "model.layers.3.linear_attn", null],
  ["qwen3_5_own", "model.layers.1.post_attention_layernorm", null],
  ["qwen3_5_seeing", "model.language_model.layers.0.linear_attn", "attn_out"],
  ["qwen3_next_published", "model.layers.0.linear_attn", "attn_out"],
  ["qwen3_next_published", "model.layers.0.mlp", "mlp_out"],
  ["llama4_seeing", "language_model.model.layers.1.feed_forward", "mlp_out"],
  ["llama4_plain", "model.layers.1.feed_forward.input", "mlp_in"],
  ["lfm2_published", "model.layers.0.conv", "attn_out"],
  ["lfm2_published", "model.layers.0.self_attn", null],
  ["lfm2_published", "model.layers.2.self_attn", "attn_out"],
  ["lfm2_published", "model.layers.1.feed_forward", "mlp_out"],
  ["lfm2_moe_published", "model.layers.2.feed_forward", "mlp_out"],
  ["qwen3_next_published", "model.layers.1.linear_attn", null],
  ["gemma2_capped", "model.layers.1.post_attention_layernorm", "attn_out"],
  ["gemma2_capped", "model.layers.1.post_feedforward_layernorm", "mlp_out"],
  ["gemma2_capped", "model.layers.1.post_feedforward_layernorm.output", "mlp_out"],
  ["gemma2_capped", "model.layers.1.pre_feedforward_layernorm", "mlp_in"],
  ["gemma2_capped", "model.layers.1.self_attn", null],
  ["gemma2_capped", "model.layers.1.mlp", null],
  ["gemma2_capped", "model.layers.1.mlp.output", null],
  ["gemma3_local", "layers.1.post_attention_layernorm", "attn_out"],
  ["gemma_one", "model.layers.1.post_attention_layernorm", null],
  ["gemma_one", "model.layers.1.self_attn", "attn_out"],
  ["mixtral_published", "layers.1.block_sparse_moe", "mlp_out"],
  ["mixtral_published", "model.layers.1.mlp.output", "mlp_out"],
  ["glm4_plain", "model.layers.1.post_self_attn_layernorm", "attn_out"],
  ["glm4_plain", "model.layers.1.post_mlp_layernorm.output", "mlp_out"],
  ["glm4_plain", "model.layers.1.post_attention_layernorm", null],
  ["glm4_plain", "model.layers.1.self_attn", null],
  ["glm4_plain", "model.layers.1.mlp", null],
  ["glm_plain", "model.layers.1.mlp", "mlp_out"],
  ["glm_plain", "model.layers.1.post_self_attn_layernorm", null],
  ["olmo2_plain", "model.layers.1.self_attn", "attn_out"],
  ["olmo2_plain", "model.layers.1.mlp", "mlp_out"],
  ["olmo2_plain", "layers.1.mlp.input", "mlp_in"],
  ["olmo2_plain", "model.layers.1.post_attention_layernorm", null],
  ["olmo2_plain", "model.layers.1.post_feedforward_layernorm", null],
  ["llama_plain", "model.layers.1.post_attention_layernorm", null],
  ["llama_plain", "model.layers.1.linear_attn", null],
  ["qwen3_moe_shares", "model.layers.1.mlp", "mlp_out"],
  ["afmoe_published", "model.layers.1.post_attention_layernorm", "attn_out"],
  ["afmoe_published", "model.layers.1.post_mlp_layernorm", "mlp_out"],
  ["afmoe_published", "model.layers.1.self_attn", null],
  ["afmoe_published", "model.layers.1.mlp", null],
  ["laguna_published", "model.layers.1.self_attn", "attn_out"],
  ["laguna_published", "model.layers.1.mlp", "mlp_out"],
  ["cohere2_moe_dense", "model.layers.1.mlp", "mlp_out"],
  ["exaone_moe_published", "model.layers.1.post_attention_layernorm", null],
  ["hunyuan_moe_published", "model.layers.1.mlp", "mlp_out"],
  ["granitemoe_swa_none", "model.layers.1.block_sparse_moe", "mlp_out"],
  ["granitemoe_swa_shared", "model.layers.1.mlp", null],
  // What it adds to the stream is this and what the MLP beside it gives.
  ["granitemoe_swa_shared", "model.layers.1.block_sparse_moe", null],
  ["granitemoeshared_shared", "model.layers.1.block_sparse_moe", null],
  ["minimax_m2_published", "model.layers.1.block_sparse_moe", "mlp_out"],
  ["granitemoehybrid_dense", "model.layers.1.mlp", null],
  // Without the bias that the last layer adds outside of it.
  ["neox_japanese_plain", "layers.1.attention", null],
  ["neox_japanese_plain", "layers.1.mlp", "mlp_out"],
  ["persimmon_plain", "model.layers.1.self_attn", "attn_out"],
  ["xglm_plain", "model.layers.1.self_attn", "attn_out"],
];

for (const [fixture, path, wanted] of CASES) {
  test(`${path} of ${fixture} is ${wanted ?? "no hook"}`, async () => {
    const { spec } = await readModel(join(import.meta.dirname, "../parity/architectures", fixture));
    const { layer, hook } = parseModulePath(path);
    const fits = layer !== null && hook !== null && isOutputOf(normedModule(path), spec.hooks[hook], layer);
    assert.is(fits ? hook : null, wanted);
  });
}

test.run();
