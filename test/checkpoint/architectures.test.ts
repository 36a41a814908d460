/** Without this file configs that contradict themselves, and the many names that tensors go by, would be tried on people first. */
import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel, type Model } from "../../runtime/checkpoint/model.ts";
import { usedWeights } from "../../runtime/checkpoint/nonfinite.ts";
import { SUPPORTED } from "../../runtime/checkpoint/architectures/mod.ts";
import type { GatedExpertsSpec } from "../../src/emit/expert_specs.ts";
import type { AttentionSpec } from "../../src/emit/attention_specs.ts";
import { HOOKS } from "../../src/ops/hook.ts";
import { torchFile } from "./archives.ts";
import { changed, content, failure, fixtures, room, type Change } from "./changed_model.ts";
import { withHeader } from "../session/checkpoints.ts";

const broken: readonly (readonly [string, string, Change, string, RegExp])[] = [
  ["a list of layer kinds of the wrong length", "gemma2_capped", { config: (config) => void (config["layer_types"] = ["full_attention"]) }, "invalid-config", /1 entries for 2 layers/],
  ["a kind of layer that is not known", "gemma3_local", { config: (config) => void (config["layer_types"] = ["full_attention", "chunked_attention", "full_attention"]) }, "unsupported-config", /layer_types/],
  ["a text model that sees ahead", "gemma3_local", { config: (config) => void (config["use_bidirectional_attention"] = true) }, "unsupported-config", /use_bidirectional_attention/],
  ["a Gemma 4 that sees ahead", "gemma4_keys", { config: (config) => void (config["use_bidirectional_attention"] = "all") }, "unsupported-config", /use_bidirectional_attention/],
  ["another activation in Gemma 4", "gemma4_keys", { config: (config) => void (config["hidden_activation"] = "silu") }, "unsupported-config", /gelu_pytorch_tanh/],
  ["more experts of a token in Gemma 4 than there are", "gemma4_moe", { config: (config) => void (config["top_k_experts"] = 7) }, "invalid-config", /top_k_experts.*6 experts/],
  ["layers of which each looks at another's keys", "gemma4_shared", { config: (config) => void (config["num_kv_shared_layers"] = 6) }, "invalid-config", /num_kv_shared_layers.*6 layers, the first of which/],
  ["a kind of layer whose keys nobody has", "gemma4_shared", { config: (config) => void (config["num_kv_shared_layers"] = 5) }, "invalid-config", /no layer before those has the keys that layer 1 \(full_attention\)/],
  ["keys of other heads than those that look at them", "gemma4_shared", { config: (config) => void delete (config["per_layer_config"] as Record<string, unknown>)["1"] }, "invalid-config", /layer 3 has other heads than layer 1/],
  ["layers that differ in more than heads", "gemma4_shared", { config: (config) => void Object.assign((config["per_layer_config"] as Record<string, object>)["1"]!, { intermediate_size: 8 }) }, "unsupported-config", /layer 1 may differ from the others in its heads only/],
  ["heads of one layer that do not divide", "gemma4_keys", { config: (config) => void Object.assign((config["per_layer_config"] as Record<string, object>)["1"]!, { num_key_value_heads: 3 }) }, "invalid-config", /layer 1 has 3, which do not divide the 2 heads/],
  ["one table for heads of two widths", "gemma4_keys", { config: (config) => void Object.assign((config["per_layer_config"] as Record<string, object>)["1"]!, { head_dim: 40 }) }, "invalid-config", /turn heads of 40 and 24 columns by one table/],
  ["a table of fewer tokens than there are", "gemma4_shared", { config: (config) => void (config["vocab_size_per_layer_input"] = 60) }, "invalid-config", /vocab_size_per_layer_input.*64 tokens/],
  ["positions of one kind of layer that are not said", "gemma4_turned", { config: (config) => void delete (config["rope_parameters"] as Record<string, unknown>)["sliding_attention"] }, "invalid-config", /rope_parameters.*says nothing of sliding_attention/],
  ["more to turn than all of a head, in proportion", "gemma4_turned", { config: (config) => void ((config["rope_parameters"] as Record<string, Record<string, unknown>>)["full_attention"]!["partial_rotary_factor"] = 1.5) }, "invalid-config", /partial_rotary_factor/],
  ["angles of Gemma 4 that depend on the length", "gemma4_turned", { config: (config) => void ((config["rope_parameters"] as Record<string, Record<string, unknown>>)["full_attention"]!["rope_type"] = "longrope") }, "unsupported-config", /longrope/],
  ["another activation in Gemma", "gemma2_capped", { config: (config) => void (config["hidden_activation"] = "silu") }, "unsupported-config", /gelu_pytorch_tanh/],
  ["an activation nobody knows", "gpt2_tied", { config: (config) => void (config["activation_function"] = "quick_gelu") }, "unsupported-config", /activation_function/],
  ["heads that do not divide GPT-2", "gpt2_tied", { config: (config) => void (config["n_head"] = 5) }, "invalid-config", /n_embd/],
  ["heads that are not said, and do not divide", "gpt2_tied", { config: (config) => void delete config["n_head"] }, "invalid-config", /12 heads do not divide/],
  ["heads that do not divide, and no head size", "qwen2_bias", { config: (config) => void ((config["num_attention_heads"] = 5), delete config["head_dim"], (config["num_key_value_heads"] = 5)) }, "invalid-config", /hidden_size/],
  ["more positions in the config than in the file", "gpt2_tied", { config: (config) => void ((config["n_positions"] = 1024), delete config["n_ctx"]) }, "shape-mismatch", /wpe\.weight/],
  ["a weight turned over", "gpt2_scaled", { shape: (name, shape) => (name.endsWith("h.0.attn.c_attn.weight") ? shape.toReversed() : shape) }, "shape-mismatch", /c_attn/],
  ["a vocabulary of another size", "neox_small", { config: (config) => void (config["vocab_size"] = 65) }, "shape-mismatch", /embed_in/],
  ["a bias that is not there", "neox_no_bias", { config: (config) => void (config["attention_bias"] = true) }, "missing-tensor", /query_key_value\.bias/],
  ["a norm that is not there", "qwen3_norms", { name: (name) => name.replace("layers.1.self_attn.q_norm", "layers.1.self_attn.other") }, "missing-tensor", /q_norm/],
  ["more to turn than there is", "neox_small", { config: (config) => void (config["rope_parameters"] = { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 1.5 }) }, "invalid-config", /rotary/],
  ["an odd number to turn", "neox_small", { config: (config) => void (config["rope_parameters"] = { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 0.2 }) }, "unsupported-config", /even/],
  ["angles that depend on the length", "llama_yarn", { config: (config) => void (config["rope_parameters"] = { rope_type: "longrope", rope_theta: 10000, factor: 2 }) }, "unsupported-config", /longrope/],
  ["a yarn factor that is no number", "llama_yarn", { config: (config) => void ((config["rope_parameters"] as Record<string, unknown>)["mscale"] = "1") }, "invalid-config", /mscale/],
  ["longrope that calls itself yarn and has no factors", "phi3_fused", { config: (config) => void (config["rope_parameters"] = { rope_type: "yarn", rope_theta: 10000 }) }, "invalid-config", /short_factor/],
  ["linear positions in Phi-3", "phi3_fused", { config: (config) => void (config["rope_parameters"] = { rope_type: "linear", factor: 2, rope_theta: 10000 }) }, "unsupported-config", /scales no Phi-3 so/],
  ["a scaled part of a head", "llama_linear", { config: (config) => void (config["partial_rotary_factor"] = 0.5) }, "unsupported-config", /turns all of it/],
  ["more to turn than GPT-NeoX's heads have", "neox_small", { config: (config) => void (config["head_dim"] = 128) }, "invalid-config", /head_dim/],
  ["layers with a window that is not asked for", "qwen2_bias", { config: (config) => void (config["layer_types"] = ["sliding_attention", "full_attention"]) }, "invalid-config", /layer_types/],
  ["layers with no window", "gemma2_capped", { config: (config) => void (config["sliding_window"] = null) }, "invalid-config", /sliding_window/],
  ["configs of its own for a layer", "llama_plain", { config: (config) => void (config["per_layer_config"] = { "0": { head_dim: 4 } }) }, "unsupported-config", /per_layer_config/],
  ["configs of its own for a layer, said around the text part", "qwen3_5_seeing", { config: (config) => void (config["per_layer_config"] = { "0": { head_dim: 4 } }) }, "unsupported-config", /per_layer_config/],
  ["quantised weights, said around the text part", "qwen3_5_seeing", { config: (config) => void (config["quantization_config"] = { quant_method: "gptq" }) }, "unsupported-config", /quantised weights are not read/],
  ["quantised weights, said in the text part", "qwen3_5_seeing", { config: (config) => void Object.assign(config["text_config"] as object, { quantization_config: { quant_method: "gptq" } }) }, "unsupported-config", /quantised weights are not read/],
  ["an odd number of columns to turn, of a head in GPT-NeoX", "neox_small", { config: (config) => void (config["rope_parameters"] = { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 0.1 }) }, "unsupported-config", /\(`partial_rotary_factor` is 0\.1\)/],
  ["an odd number of columns to turn, as GPT-NeoX said it before", "neox_small", { config: (config) => void (delete config["rope_parameters"], (config["rotary_pct"] = 0.1)) }, "unsupported-config", /\(`rotary_pct` is 0\.1\)/],
  ["an odd number of columns in a head", "llama_plain", { config: (config) => void Object.assign(config, { head_dim: 5, hidden_size: 20 }) }, "unsupported-config", /turns 5 of the 5 columns of a head \(`head_dim`\)/],
  ["norms with biases in Phi", "phi_half", { config: (config) => void (config["qk_layernorm"] = true) }, "unsupported-config", /qk_layernorm/],
  ["a window of nothing", "mistral_window", { config: (config) => void (config["sliding_window"] = 0) }, "invalid-config", /sliding_window/],
  ["a soft cap below zero", "gemma2_capped", { config: (config) => void (config["attn_logit_softcapping"] = -1) }, "invalid-config", /attn_logit_softcapping/],
  ["a window in a family without", "qwen3_5_shared", { config: (config) => void (config["layer_types"] = ["linear_attention", "sliding_attention", "linear_attention"]) }, "unsupported-config", /only full_attention and linear_attention/],
  ["value heads that share no key heads evenly", "qwen3_5_shared", { config: (config) => void (config["linear_num_key_heads"] = 3) }, "invalid-config", /linear_num_value_heads/],
  ["a convolution of one token", "qwen3_5_shared", { config: (config) => void (config["linear_conv_kernel_dim"] = 1) }, "unsupported-config", /linear_conv_kernel_dim/],
  ["a linear layer where the config has another", "qwen3_5_shared", { config: (config) => void delete config["layer_types"] }, "missing-tensor", /layers\.1\.linear_attn/],
  ["runs of no tokens in Llama 4", "llama4_plain", { config: (config) => void (config["attention_chunk_size"] = 0) }, "invalid-config", /attention_chunk_size/],
  ["runs that are asked for and not said", "llama4_dense", { config: (config) => void (config["attention_chunk_size"] = null) }, "invalid-config", /attention_chunk_size/],
  ["a kind of layer that Llama 4 has not", "llama4_dense", { config: (config) => void (config["layer_types"] = ["sliding_attention", "full_attention"]) }, "unsupported-config", /only full_attention and chunked_attention/],
  ["experts in a layer that is not there", "llama4_whole", { config: (config) => void (config["moe_layers"] = [2]) }, "invalid-config", /moe_layers.*2 layers/],
  ["experts turned over in Llama 4", "llama4_plain", { shape: (name, shape) => (name.endsWith("experts.gate_up_proj") ? [shape[0]!, shape[2]!, shape[1]!].map((size, at) => (at === 1 ? size / 2 : at === 2 ? size * 2 : size)) : shape) }, "shape-mismatch", /gate_up_proj|down_proj/],
  ["another width of dense layers in Llama 4", "llama4_dense", { config: (config) => void (config["intermediate_size_mlp"] = 12) }, "shape-mismatch", /feed_forward\.gate_proj/],
  ["more experts of a token than there are, in Llama 4", "llama4_plain", { config: (config) => void (config["num_experts_per_tok"] = 5) }, "invalid-config", /num_experts_per_tok/],
  ["layers without positions for fewer layers", "llama4_dense", { config: (config) => void (config["no_rope_layers"] = [1]) }, "invalid-config", /1 entries for 2 layers/],
  ["convolutions of one token in LFM2", "lfm2_published", { config: (config) => void (config["conv_L_cache"] = 1) }, "unsupported-config", /conv_L_cache/],
  ["a kind of layer that LFM2 has not", "lfm2_biased", { config: (config) => void (config["layer_types"] = ["conv", "sliding_attention"]) }, "unsupported-config", /only full_attention and conv/],
  ["layers that look, but are no list", "lfm2_published", { config: (config) => void (config["full_attn_idxs"] = 2) }, "invalid-config", /full_attn_idxs/],
  ["kinds of layers that nobody says", "lfm2_moe_published", { config: (config) => void delete config["layer_types"] }, "invalid-config", /layer_types/],
  ["an MLP of another width", "lfm2_published", { config: (config) => void (config["block_multiple_of"] = 25) }, "shape-mismatch", /feed_forward\.w1/],
  ["a bias of experts that is not there", "lfm2_moe_held", { config: (config) => void (config["use_expert_bias"] = true) }, "missing-tensor", /expert_bias/],
  ["more experts of a token than there are, in LFM2", "lfm2_moe_published", { config: (config) => void (config["num_experts_per_tok"] = 7) }, "invalid-config", /num_experts_per_tok/],
  ["a fused map for other heads", "qwen3_next_dense", { config: (config) => void (config["linear_num_value_heads"] = 8) }, "shape-mismatch", /linear_attn\.in_proj_qkvz/],
  ["value heads that share no key heads evenly, in Qwen3-Next", "qwen3_next_published", { config: (config) => void (config["linear_num_key_heads"] = 3) }, "invalid-config", /linear_num_value_heads/],
  ["another activation in Qwen3-Next", "qwen3_next_dense", { config: (config) => void (config["hidden_act"] = "gelu") }, "unsupported-config", /only silu/],
  ["dense layers that are no list, in Qwen3-Next", "qwen3_next_published", { config: (config) => void (config["mlp_only_layers"] = 2) }, "invalid-config", /mlp_only_layers/],
  ["kinds of attention for other layers", "neo_local", { config: (config) => void (config["attention_types"] = [[["global", "local"], 12]]) }, "invalid-config", /24 entries for 3 layers/],
  ["a kind of attention nobody knows", "neo_local", { config: (config) => void (config["attention_types"] = [[["global", "far"], 1], [["local"], 1]]) }, "unsupported-config", /only global and local/],
  ["kinds of attention that are no list", "neo_local", { config: (config) => void (config["attention_types"] = [["global", 3]]) }, "invalid-config", /lists of kinds/],
  ["kinds of attention without end", "neo_local", { config: (config) => void (config["attention_types"] = [[["global"], 1e9]]) }, "invalid-config", /lists of kinds/],
  ["an expert that is not there", "qwen3_moe_shares", { name: (name) => name.replace("layers.1.mlp.experts.5.up_proj", "layers.1.mlp.experts.8.up_proj") }, "missing-tensor", /layers\.1\.mlp\.experts\.5\.up_proj\.weight/],
  ["more experts than the file has", "qwen3_moe_shares", { config: (config) => void (config["num_local_experts"] = 9) }, "shape-mismatch", /mlp\.gate/],
  ["experts of another width", "qwen3_moe_mixed", { config: (config) => void (config["moe_intermediate_size"] = 6) }, "shape-mismatch", /gate_up_proj/],
  ["experts turned over", "qwen3_moe_mixed", { shape: (name, shape) => (name.endsWith("experts.down_proj") ? [shape[0]!, shape[2]!, shape[1]!] : shape) }, "shape-mismatch", /down_proj/],
  ["halves of fused experts", "qwen3_moe_mixed", { name: (name) => name.replace("experts.down_proj", "experts.other") }, "missing-tensor", /layers\.1\.mlp\.experts\.down_proj/],
  ["a router that is not there", "qwen3_moe_single", { name: (name) => name.replace("mlp.gate.weight", "mlp.other.weight") }, "missing-tensor", /layers\.1\.mlp\.gate\.weight/],
  ["more experts for a token than there are", "qwen3_moe_shares", { config: (config) => void (config["num_experts_per_tok"] = 9) }, "invalid-config", /num_experts_per_tok/],
  ["two numbers of experts", "qwen3_moe_shares", { config: (config) => void (config["num_experts"] = 128) }, "invalid-config", /num_local_experts/],
  ["dense layers that are no list", "qwen3_moe_mixed", { config: (config) => void (config["mlp_only_layers"] = 0) }, "invalid-config", /mlp_only_layers/],
  ["a shared expert that is not there", "qwen2_moe_shared", { name: (name) => name.replace("layers.0.mlp.shared_expert.up_proj", "layers.0.mlp.shared_expert.other") }, "missing-tensor", /layers\.0\.mlp\.shared_expert\.up_proj/],
  ["a shared expert without its gate", "qwen2_moe_shared", { name: (name) => name.replace("layers.1.mlp.shared_expert_gate", "layers.1.mlp.other") }, "missing-tensor", /layers\.1\.mlp\.shared_expert_gate/],
  ["windows of no width in every other layer", "qwen2_moe_shared", { config: (config) => void ((config["sliding_window"] = null), delete config["layer_types"]) }, "invalid-config", /sliding_window/],
  ["a step of no layers", "qwen3_moe_single", { config: (config) => void (config["decoder_sparse_step"] = 0) }, "invalid-config", /decoder_sparse_step/],
  ["experts with another activation", "qwen3_moe_shares", { config: (config) => void (config["hidden_act"] = "gelu") }, "unsupported-config", /hidden_act/],
  ["a sum of shares that is neither taken nor left", "qwen3_moe_shares", { config: (config) => void (config["norm_topk_prob"] = "yes") }, "invalid-config", /norm_topk_prob/],
  ["more experts a token than there are", "gpt_oss_plain", { config: (config) => void (config["num_experts_per_tok"] = 6) }, "invalid-config", /num_experts_per_tok/],
  ["rows that are no whole blocks of four bits", "gpt_oss_plain", { config: (config) => void (config["quantization_config"] = { quant_method: "mxfp4" }), name: (name) => name.replace("down_proj", "other_proj").replace("other_proj_bias", "down_proj_bias") }, "invalid-config", /rows of 12 numbers are no whole blocks of 32/],
  ["another quantisation than gpt-oss is published in", "gpt_oss_plain", { config: (config) => void (config["quantization_config"] = { quant_method: "fp8" }) }, "unsupported-config", /\{"quant_method":"fp8"\}: of quantised weights only mxfp4 is read/],
  ["four bits in a family that is not published so", "qwen3_moe_mixed", { config: (config) => void (config["quantization_config"] = { quant_method: "mxfp4" }) }, "unsupported-config", /quantised weights are not read/],
  ["a clamp below zero", "gpt_oss_plain", { config: (config) => void (config["swiglu_limit"] = -7) }, "invalid-config", /swiglu_limit/],
  ["no sinks", "gpt_oss_plain", { name: (name) => name.replace("layers.1.self_attn.sinks", "layers.1.self_attn.other") }, "missing-tensor", /layers\.1\.self_attn\.sinks/],
  ["an expert that is not there, as Mixtral is published", "mixtral_published", { name: (name) => name.replace("layers.1.block_sparse_moe.experts.3.w3", "layers.1.block_sparse_moe.experts.9.w3") }, "missing-tensor", /layers\.1\.block_sparse_moe\.experts\.3\.w3\.weight/],
  ["more experts than a Mixtral's file has", "mixtral_fused", { config: (config) => void (config["num_local_experts"] = 5) }, "shape-mismatch", /mlp\.gate/],
  ["more experts for a token than there are in Mixtral", "mixtral_published", { config: (config) => void (config["num_experts_per_tok"] = 6) }, "invalid-config", /num_experts_per_tok/],
  ["a window of nothing in Mixtral", "mixtral_fused", { config: (config) => void (config["sliding_window"] = 0) }, "invalid-config", /sliding_window/],
  ["an activation of experts that nobody knows", "mixtral_published", { config: (config) => void (config["hidden_act"] = "quick_gelu") }, "unsupported-config", /hidden_act/],
  ["norms of each head where OLMoE has one of all", "olmoe_plain", { shape: (name, shape) => (name.endsWith("k_norm.weight") ? [3, 8] : shape) }, "shape-mismatch", /k_norm/],
  ["a sum of shares in OLMoE that is neither taken nor left", "olmoe_plain", { config: (config) => void (config["norm_topk_prob"] = 1) }, "invalid-config", /norm_topk_prob/],
  ["heads of another size in StableLM", "stablelm_plain", { config: (config) => void (config["head_dim"] = 8) }, "invalid-config", /`head_dim` .*2 heads of 32 columns have 16 each/],
  ["a norm of one head that is not there", "stablelm_scaled", { name: (name) => name.replace("layers.1.self_attn.q_layernorm.norms.1.", "layers.1.self_attn.q_layernorm.norms.2.") }, "missing-tensor", /layers\.1\.self_attn\.q_layernorm\.norms\.1\.weight/],
  ["an odd number of columns to turn in StableLM", "stablelm_plain", { config: (config) => void (delete config["rope_parameters"], (config["partial_rotary_factor"] = 0.2)) }, "unsupported-config", /turns 3 of the 16 columns of a head \(`partial_rotary_factor` is 0\.2\)/],
  ["no second norm where halves follow one another", "stablelm_parallel", { config: (config) => void (config["use_parallel_residual"] = false) }, "missing-tensor", /post_attention_layernorm/],
  ["no norm behind the MLP of a GLM 4", "glm4_plain", { name: (name) => name.replace("layers.0.post_mlp_layernorm", "layers.0.post_feedforward_layernorm") }, "missing-tensor", /layers\.0\.post_mlp_layernorm/],
  ["gate and up of another width", "glm_plain", { config: (config) => void (config["intermediate_size"] = 20) }, "shape-mismatch", /gate_up_proj/],
  ["a bias of attention that GLM has where nothing is said", "glm_scaled", { config: (config) => void delete config["attention_bias"] }, "missing-tensor", /q_proj\.bias/],
  ["an odd number of columns to turn in GLM", "glm_plain", { config: (config) => void (config["rope_parameters"] = { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 0.3125 }) }, "unsupported-config", /turns 5 of the 16/],
  ["a factor of nothing", "granite_factors", { config: (config) => void (config["residual_multiplier"] = 0) }, "invalid-config", /residual_multiplier/],
  ["logits over nothing", "granite_factors", { config: (config) => void (config["logits_scaling"] = 0) }, "invalid-config", /logits_scaling/],
  ["a factor that is no number", "granite_factors", { config: (config) => void (config["attention_multiplier"] = "0.1") }, "invalid-config", /attention_multiplier/],
  ["too short a list of layers with positions", "smollm3_ignoring", { config: (config) => void (config["no_rope_layers"] = [1]) }, "invalid-config", /1 entries for 2 layers/],
  ["no list of layers with positions", "smollm3_ignoring", { config: (config) => void (config["no_rope_layers"] = "1,0") }, "invalid-config", /no_rope_layers/],
  ["positions in no layer of none", "smollm3_every_second", { config: (config) => void ((config["no_rope_layers"] = null), (config["no_rope_layer_interval"] = 0)) }, "invalid-config", /no_rope_layer_interval/],
  ["windows of no width in SmolLM 3", "smollm3_ignoring", { config: (config) => void (config["sliding_window"] = null) }, "invalid-config", /sliding_window/],
  ["values that are clipped to nothing", "olmo_clipped", { config: (config) => void (config["clip_qkv"] = 0) }, "invalid-config", /clip_qkv/],
  ["a bias of attention that OLMo has not", "olmo_plain", { config: (config) => void (config["attention_bias"] = true) }, "missing-tensor", /q_proj\.bias/],
  ["no norm behind attention", "olmo2_plain", { name: (name) => name.replace("layers.1.post_attention_layernorm", "layers.1.input_layernorm") }, "missing-tensor", /layers\.1\.post_attention_layernorm/],
  ["norms of each head where OLMo 2 has one of all", "olmo2_plain", { shape: (name, shape) => (name.endsWith("q_norm.weight") ? [4, 8] : shape) }, "shape-mismatch", /q_norm/],
  ["windows of no width in OLMo 3", "olmo3_window", { config: (config) => void (config["sliding_window"] = null) }, "invalid-config", /sliding_window/],
  ["a kind of layer that OLMo 3 has not", "olmo3_window", { config: (config) => void (config["layer_types"] = ["full_attention", "linear_attention"]) }, "unsupported-config", /only full_attention and sliding_attention/],
  ["angles that depend on the length, in one kind of layers", "olmo3_yarn", { config: (config) => void Object.assign(config["rope_parameters"] as object, { full_attention: { rope_type: "longrope", factor: 2 } }) }, "unsupported-config", /longrope/],
  ["another text to listen to", "gpt2_tied", { config: (config) => void (config["add_cross_attention"] = true) }, "unsupported-config", /add_cross_attention/],
];

for (const [what, name, change, code, says] of broken) {
  test(`a model with ${what} is ${code}`, async () => {
    const error = await failure(changed(name, change));
    assert.is(error.code, code, error.message);
    assert.match(error.message, says);
  });
}

test("an unknown architecture says how many are known, and where they are listed", async () => {
  const error = await failure(changed("gpt2_tied", { config: (config) => void (config["model_type"] = "mamba") }));
  const known = Number(/^(\d+) types are read; all of them: saeq doc model-types$/m.exec(error.notes.join("\n"))?.[1]);
  assert.ok(known >= SUPPORTED.length, error.notes.join("\n"));
});

for (const [name, from, to] of [
  ["gpt2_tied", "transformer.", ""],
  ["neox_small", "gpt_neox.", ""],
  ["qwen2_bias", "model.", ""],
  ["gemma3_local", "model.", "model.language_model."],
  ["gemma3_local", "model.", "language_model.model."],
] as const) {
  test(`names of ${name} with ${to === "" ? "no prefix" : `\`${to}\``} are found`, async () => {
    const plain = await readModel(join(fixtures, name));
    const other = await readModel(changed(name, { name: (tensor) => (tensor.startsWith(from) ? `${to}${tensor.slice(from.length)}` : tensor) }));
    assert.equal(content(other), content(plain));
  });
}

test("the text part of a Gemma 3 that also sees is a model, and its modules have their longer names", async () => {
  const plain = await readModel(join(fixtures, "gemma3_local"));
  const whole = await readModel(changed("gemma3_local", { config: (config) => ({ model_type: "gemma3", architectures: ["Gemma3ForConditionalGeneration"], text_config: config, vision_config: { hidden_size: 8 } }), name: (name) => name.replace(/^model\./, "language_model.model.") }));
  assert.equal(content(whole), content(plain));
  const fact = whole.spec.hooks.mlp_out;
  assert.match(fact.state === "present" ? fact.module : "", "model.language_model.layers.{layer}.post_feedforward_layernorm output");
});

test("the text part of a LLaVA or Mistral 3 is a model, also where it leaves out what transformers knows", async () => {
  const whole = await readModel(join(fixtures, "llava_llama"));
  const { attn_out: out } = whole.spec.hooks;
  assert.is(out.state === "present" ? out.module : "", "model.language_model.layers.{layer}.self_attn.o_proj output");
  const text = (config: Record<string, unknown>): Record<string, unknown> => config["text_config"] as Record<string, unknown>;
  // LLaVA 1.5 names of its text model hardly more than its type.
  const sparse = changed("llava_llama", { config: (config) => void ["model_type", "num_attention_heads", "hidden_size", "num_hidden_layers", "intermediate_size"].forEach((key) => delete text(config)[key]) });
  assert.match((await failure(sparse)).message, /embed_tokens\.weight.*\[64, 32\].*\[64, 4096\]/);
  const newer = await readModel(changed("llava_llama", { name: (name) => name.replace(/^language_model\.model\./, "model.language_model.").replace(/^language_model\.lm_head/, "lm_head") }));
  assert.equal(content(newer), content(whole));
  // Tied as the config around it says or Mistral 3 does where nothing is said, unless there is a head; elsewhere one that is not there is missing.
  const heads = async (name: string, tie: boolean | undefined): Promise<readonly unknown[]> => {
    const { spec } = await readModel(changed(name, { config: (config) => void (tie === undefined ? delete config["tie_word_embeddings"] : (config["tie_word_embeddings"] = tie)) }));
    return [spec.lmHead === null, spec.noHead];
  };
  assert.equal(await heads("mistral3_window", true), [false, undefined]);
  assert.equal(await heads("mistral3_tied", undefined), [true, undefined]);
  assert.equal(await heads("mistral3_tied", false), [true, "lm_head.weight"]);
});

test("the context of a Ministral 3 ends where its queries begin to be scaled", async () => {
  const contextOf = async (rope: Record<string, unknown> | null): Promise<number> => (await readModel(changed("ministral3_window", { config: (config) => void Object.assign(config, { max_position_embeddings: 400, rope_parameters: rope }) }))).spec.context;
  const yarn = { rope_type: "yarn", rope_theta: 10000, factor: 4, original_max_position_embeddings: 100 };
  assert.equal([await contextOf(null), await contextOf({ ...yarn, llama_4_scaling_beta: 0.1 }), await contextOf(yarn)], [400, 100, 400]);
});

test("a model that is not read and has a text model that is says how to have that alone", async () => {
  const around = (type: string, inner: string): string => changed("llava_llama", { config: (config) => ({ ...config, model_type: type, text_config: { ...(config["text_config"] as object), model_type: inner } }) });
  for (const [type, inner] of [["llava_next", "llama"], ["llava", "gemma"]] as const) {
    const error = await failure(around(type, inner));
    assert.is(error.code, "unsupported-architecture");
    assert.match(error.notes.join("\n"), new RegExp(`its text model is a \`${inner}\``));
    assert.match(error.help, /AutoModelForImageTextToText\.from_pretrained\("(.+)"\)\.get_decoder\(\)\.save_pretrained\("text"\), transformers\.AutoTokenizer\.from_pretrained\("\1"\).*set model "text"$/);
  }
  const { message, help } = await failure(around("mistral3", "mistral4"));
  assert.match(message, /a `mistral3` model around a `mistral4`$/);
  assert.is(help, 'set model "…"');
});

test("the head of a Qwen 3.5 that also sees is tied where either config says so; a layer of linear attention has no z, and says why", async () => {
  const seeing = (config: Record<string, unknown>): Record<string, unknown> => config["text_config"] as Record<string, unknown>;
  const [tied, neither] = [await readModel(join(fixtures, "qwen3_5_seeing")), await readModel(changed("qwen3_5_seeing", { config: (config) => void ((config["tie_word_embeddings"] = false), (seeing(config)["tie_word_embeddings"] = false)) }))];
  assert.equal([tied.spec.lmHead, tied.spec.noHead, neither.spec.noHead], [null, undefined, "lm_head.weight"]);
  const inner = await readModel(changed("qwen3_5_seeing", { config: (config) => void ((config["tie_word_embeddings"] = false), (seeing(config)["tie_word_embeddings"] = true)) }));
  assert.is(inner.spec.noHead, undefined);
  const { z, attn_out: out } = tied.spec.hooks;
  assert.match(z.state === "absent" ? z.why : "", /two kinds/);
  assert.match(out.state === "present" ? out.module : "", /model\.language_model\.layers\.\{layer\}\.\(linear_attn\.out_proj or self_attn\.o_proj\)/);
});

test("queries of a Llama 4 are sharpened where nothing turns, and normed where something does; a factor of nothing is none", async () => {
  const kinds = async (path: string): Promise<readonly unknown[]> => (await readModel(path)).spec.blocks.map(({ attention: each }) => (each as AttentionSpec)).map(({ rope, qNorm, sharpening, chunk }) => [rope !== null, qNorm, sharpening, chunk]);
  const turned = [true, { width: 8 }, undefined, 16];
  assert.equal(await kinds(join(fixtures, "llama4_plain")), [turned, turned, turned, [false, null, { every: 9, factor: 0.1 }, undefined]]);
  const plain = await kinds(changed("llama4_plain", { config: (config) => void Object.assign(config, { attn_scale: 0, use_qk_norm: false, attention_chunk_size: null, no_rope_layers: [0, 1, 1, 1], layer_types: null }) }));
  assert.equal(plain, [[false, null, undefined, undefined], ...new Array<unknown>(3).fill([true, null, undefined, undefined])]);
});

test("a layer of convolutions has no z, and says why; where all layers look there is one", async () => {
  const [mixed, looking] = await Promise.all(["lfm2_published", "lfm2_looking"].map(async (name) => (await readModel(join(fixtures, name))).spec.hooks));
  assert.match(mixed!.z.state === "absent" ? mixed!.z.why : "", /two kinds, and those of convolutions have no heads/);
  assert.match(mixed!.attn_out.state === "present" ? mixed!.attn_out.module : "", /model\.layers\.\{layer\}\.\(conv\.out_proj or self_attn\.out_proj\) output/);
  assert.is(looking!.z.state, "present");
});

test("shards of torch.save are told by their index; safetensors beside them are taken", async () => {
  const from = join(fixtures, "neo_one_layer");
  const path = room();
  const whole = readFileSync(join(from, "pytorch_model.bin"));
  cpSync(join(from, "config.json"), join(path, "config.json"));
  for (const at of [1, 2]) writeFileSync(join(path, `pytorch_model-0000${at}-of-00002.bin`), whole);
  writeFileSync(join(path, "pytorch_model.bin.index.json"), JSON.stringify({ weight_map: { a: "pytorch_model-00001-of-00002.bin", b: "pytorch_model-00002-of-00002.bin" } }));
  const shardOf = ({ spec }: Model): string => spec.embed.file.replace(/^.*\//, "");
  assert.match(shardOf(await readModel(path)), /^pytorch_model-0000[12]-of-00002\.bin$/);
  writeFileSync(join(path, "pytorch_model.bin"), whole);
  assert.is(shardOf(await readModel(path)), "pytorch_model.bin");
  writeFileSync(join(path, "model.safetensors"), "no safetensors");
  assert.is((await failure(path)).code, "not-safetensors");
});

test("tensors of torch.save that are views or stand by columns are refused by name", async () => {
  for (const [stride, says] of [[[1, 64], /`wte\.weight` of .* is stored by columns/], [[2, 1], /`wte\.weight` of .* is a view with strides \(2, 1\)/]] as const) {
    const path = room();
    cpSync(join(fixtures, "neo_one_layer", "config.json"), join(path, "config.json"));
    writeFileSync(join(path, "pytorch_model.bin"), torchFile({ "wte.weight": { shape: [64, 40], values: new Float32Array(64 * 80), stride } }));
    const error = await failure(path);
    assert.is(error.code, "invalid-tensor", error.message);
    assert.match(error.message, says);
  }
});

test("older configs say the same as newer ones", async () => {
  const newer = await readModel(join(fixtures, "gemma3_scaled"));
  const older = await readModel(changed("gemma3_scaled", {
    config: ({ rope_parameters: _rope, ...config }) => ({ ...config, rope_theta: 1e6, rope_local_base_freq: 1e4, rope_scaling: { rope_type: "linear", factor: 8 } }),
  }));
  assert.equal(content(older), content(newer));
  const pythia = await readModel(changed("neox_narrow", { config: ({ rope_parameters: _rope, ...config }) => ({ ...config, rotary_pct: 0.3, rotary_emb_base: 10000 }) }));
  assert.equal(content(pythia), content(await readModel(join(fixtures, "neox_narrow"))));
  const windowed = await readModel(changed("qwen2_window", { config: ({ layer_types: _kinds, ...config }) => config }));
  assert.equal(content(windowed), content(await readModel(join(fixtures, "qwen2_window"))));
});

test("SmolLM 3 turns nothing in every fourth layer where nothing else is said, and looks through a window there where one is asked for", async () => {
  const layersOf = async (change: Record<string, unknown>): Promise<readonly unknown[]> => {
    const { spec } = await readModel(changed("olmo3_yarn", { config: ({ layer_types: _kinds, rope_parameters: _rope, ...config }) => ({ ...config, model_type: "smollm3", tie_word_embeddings: true, ...change }), name: (name) => name.replace("post_feedforward_layernorm", "input_layernorm") }));
    return spec.blocks.map(({ attention }) => [(attention as AttentionSpec).rope?.theta ?? null, (attention as AttentionSpec).window]);
  };
  const turning = [2_000_000, null];
  assert.equal(await layersOf({}), [turning, turning, turning, [null, null]]);
  assert.equal(await layersOf({ use_sliding_window: true }), [turning, turning, turning, [null, 9]]);
  assert.equal(await layersOf({ no_rope_layers: [true, false, 1, 0, 0, 1], rope_theta: 7 }), [[7, null], [null, null], [7, null], [null, null]]);
});

test("OLMo 3 sees everything in every fourth layer where nothing else is said, and hooks of OLMo 2 say what is normed behind them", async () => {
  const { spec } = await readModel(changed("olmo3_yarn", { config: ({ layer_types: _kinds, ...config }) => config }));
  assert.equal(spec.blocks.map(({ attention }) => (attention as AttentionSpec).window), [9, 9, 9, null]);
  const { hooks } = (await readModel(join(fixtures, "olmo2_plain"))).spec;
  assert.equal(HOOKS.filter((hook) => hooks[hook].state === "absent"), ["ln1_normalized", "ln2_normalized"]);
  assert.match(hooks.ln1_normalized.state === "absent" ? hooks.ln1_normalized.why : "", /the norms stand behind them$/);
  assert.match(hooks.resid_mid.state === "present" ? hooks.resid_mid.module : "", "model.layers.{layer}.mlp input");
  assert.is("normedBy" in hooks.mlp_out && hooks.mlp_out.normedBy, "model.layers.{layer}.post_feedforward_layernorm");
});

test("experts are found under both of their numbers' names, one by one and fused, and only where a layer has them", async () => {
  const named = await readModel(changed("qwen3_moe_shares", { config: ({ num_local_experts: count, ...config }) => ({ ...config, num_experts: count }) }));
  assert.equal(content(named), content(await readModel(join(fixtures, "qwen3_moe_shares"))));
  const kinds = async (name: string): Promise<readonly string[]> => (await readModel(join(fixtures, name))).spec.blocks.map(({ mlp }) => (mlp.kind === "experts" ? `${(mlp as GatedExpertsSpec).experts.length} for ${mlp.perToken}` : mlp.kind));
  assert.equal(await kinds("qwen3_moe_shares"), ["8 for 3", "8 for 3"]);
  assert.equal(await kinds("qwen3_moe_mixed"), ["gated", "8 for 3"]);
  assert.equal(await kinds("qwen3_moe_single"), ["gated", "8 for 1"]);
  const windowed = await readModel(changed("qwen2_moe_shared", { config: ({ layer_types: _kinds, ...config }) => config }));
  assert.equal(windowed.spec.blocks.map(({ attention }) => (attention as AttentionSpec).window), [7, null], "in every other layer, below max_window_layers");
  const { spec } = await readModel(join(fixtures, "qwen3_moe_mixed"));
  assert.is(spec.hooks.mlp_out.state === "present" && spec.hooks.mlp_out.module, "model.layers.{layer}.mlp output");
  // Every expert is looked through for NaN, and the fused tensors wholly.
  const used = usedWeights(spec, 2, false).filter(({ shape }) => shape.includes(12));
  assert.is(used.length, 3 * 8);
  assert.is(used.reduce((sum, { length }) => sum + length, 0), 8 * 3 * 12 * 24 * 4);
});

test("GLM turns half of each head where nothing else is said, by neighbours", async () => {
  const { spec } = await readModel(changed("glm_plain", { config: ({ rope_parameters: _rope, ...config }) => config }));
  assert.equal(spec.blocks.map(({ attention }) => (attention as AttentionSpec).rope), new Array(2).fill({ theta: 10_000, dimensions: 8, scaling: { kind: "none" }, interleaved: true }));
});

test("a Mixtral is one whether its modules have their publisher's names or those of transformers 5", async () => {
  const published = await readModel(join(fixtures, "mixtral_published"));
  const renamed = await readModel(changed("mixtral_published", { name: (name) => name.replace(".block_sparse_moe.", ".mlp.") }));
  assert.equal(content(renamed), content(published));
  const hook = published.spec.hooks.mlp_out;
  assert.is(hook.state === "present" && hook.module, "model.layers.{layer}.mlp output");
  const count = await readModel(changed("mixtral_published", { config: ({ num_local_experts: experts, ...config }) => ({ ...config, num_experts: experts }) }));
  assert.equal(content(count), content(published));
});

test("hooks say their modules; a parallel block has none between its halves, and says why", async () => {
  const { spec } = await readModel(join(fixtures, "neox_small"));
  assert.equal(HOOKS.filter((hook) => spec.hooks[hook].state === "absent"), ["resid_mid"]);
  const shared = await readModel(join(fixtures, "stablelm_parallel"));
  assert.equal(HOOKS.filter((hook) => shared.spec.hooks[hook].state === "absent"), ["resid_mid"]);
  const sequential = await readModel(join(fixtures, "neox_sequential"));
  assert.ok(HOOKS.every((hook) => sequential.spec.hooks[hook].state === "present"));
});

test("a checkpoint of 20 GB is opened in little memory: its weights are not read", async () => {
  const path = room();
  const d = 4096;
  const config = JSON.parse(readFileSync(join(fixtures, "gpt2_tied", "config.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(join(path, "config.json"), JSON.stringify({ ...config, n_embd: d, n_head: 32, n_layer: 48, n_positions: 1024, n_ctx: 1024, vocab_size: 50257 }));
  let end = 0;
  const header: Record<string, object> = {};
  const add = (name: string, ...shape: number[]): void => {
    const bytes = 2 * shape.reduce((product, dim) => product * dim, 1);
    header[name] = { dtype: "BF16", shape, data_offsets: [end, end + bytes] };
    end += bytes;
  };
  add("wte.weight", 50257, d);
  add("wpe.weight", 1024, d);
  for (let layer = 0; layer < 48; layer += 1) {
    for (const [name, ...shape] of [["ln_1.weight", d], ["ln_1.bias", d], ["attn.c_attn.weight", d, 3 * d], ["attn.c_attn.bias", 3 * d], ["attn.c_proj.weight", d, d], ["attn.c_proj.bias", d], ["ln_2.weight", d], ["ln_2.bias", d], ["mlp.c_fc.weight", d, 4 * d], ["mlp.c_fc.bias", 4 * d], ["mlp.c_proj.weight", 4 * d, d], ["mlp.c_proj.bias", d]] as const) add(`h.${layer}.${name}`, ...shape);
  }
  add("ln_f.weight", d);
  add("ln_f.bias", d);
  const file = join(path, "model.safetensors");
  const start = withHeader(JSON.stringify(header), []);
  writeFileSync(file, start);
  truncateSync(file, start.length + end);
  assert.ok(end > 19e9);
  const before = process.memoryUsage().rss;
  const { spec } = await readModel(path);
  assert.is(spec.blocks.length, 48);
  assert.ok(process.memoryUsage().rss - before < 200e6, "at most 200 MB more");
});

test.run();
