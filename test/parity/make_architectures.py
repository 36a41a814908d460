"""Without this file the architectures that saeq reads would have no oracle but saeq itself.

Writes small seeded checkpoints of every family, and what transformers computes from them at every hook of every layer, into
architectures/ beside this file. Re-runnable:  python test/parity/make_architectures.py [FAMILY ...]
Needs torch, transformers (5.24 was used) and safetensors. make_transformer_lens.py goes on from here.

Hooks are caught on modules of transformers, each where TransformerLens has the hook of that name: blocks' inputs and outputs, the
input of attention's output projection, what is added to the stream, and normalised inputs before weight and bias.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

OUT = Path(__file__).parent / "architectures"
VOCAB, LAYERS, CONTEXT, NEW = 64, 2, 160, 24
LENGTHS = (1, 6, 33, 70)
COMMON = {"vocab_size": VOCAB, "num_hidden_layers": LAYERS, "max_position_embeddings": CONTEXT, "initializer_range": 0.25, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}

# name → (kind, config). Sizes are small; every option of a family that changes the arithmetic is on in one of its configs.
LLAMA = {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 40}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 40, "rope_theta": 10000.0}
GEMMA = {"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "intermediate_size": 48}
GEMMA4 = {"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "global_head_dim": 24, "intermediate_size": 40, "sliding_window": 10, "vocab_size_per_layer_input": 64, "hidden_size_per_layer_input": 8}
QWEN35 = {"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "intermediate_size": 40, "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 12}
QWEN35_LAYERS = ["linear_attention", "full_attention", "linear_attention"]
NEXT = {**QWEN35, "hidden_size": 24, "intermediate_size": 28, "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 12, "shared_expert_intermediate_size": 16}
LFM2 = {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 40, "block_multiple_of": 8}
LLAMA4 = {**LLAMA, "hidden_size": 24, "head_dim": 8, "intermediate_size": 12, "intermediate_size_mlp": 28, "attention_chunk_size": 16, "floor_scale": 9}
MOE = {**LLAMA, "hidden_size": 24, "head_dim": 8, "intermediate_size": 28, "moe_intermediate_size": 12, "num_experts": 8, "num_experts_per_tok": 3}
OSS = {"hidden_size": 20, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "num_local_experts": 5, "num_experts_per_tok": 2, "intermediate_size": 12, "sliding_window": 12}
MLA = {"hidden_size": 24, "num_key_value_heads": None, "num_attention_heads": 2, "intermediate_size": 28, "moe_intermediate_size": 12, "q_lora_rank": 14, "kv_lora_rank": 10, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8, "v_head_dim": 16}
# No layer of it is Mamba's, but its config class checks what those would be.
HYBRID = {"layer_types": ["attention", "attention"], "mamba_n_heads": 4}
PHI = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48}
CONFIGS = {
    "llama_plain": ("llama", {**LLAMA, "num_key_value_heads": 4}),
    "llama_yarn": ("llama", {**LLAMA, "head_dim": 16, "rope_parameters": YARN}),
    "llama_linear": ("llama", {**LLAMA, "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 5000.0}, "tie_word_embeddings": True}),
    "llama_yarn_untruncated": ("llama", {**LLAMA, "rope_parameters": {**YARN, "beta_fast": 16, "beta_slow": 2, "truncate": False, "attention_factor": 1.3}}),
    "llama_yarn_mscale": ("llama", {**LLAMA, "rope_parameters": {**YARN, "mscale": 0.7, "mscale_all_dim": 1.6}}),
    "llama_yarn_half_mscale": ("llama", {**LLAMA, "rope_parameters": {**YARN, "factor": 2.5, "mscale_all_dim": 1.6}}),
    # A base that grows with texts that are longer than the context: no shorter one knows of it.
    "llama_dynamic": ("llama", {**LLAMA, "head_dim": 16, "rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}}),
    "mistral_window": ("mistral", {**LLAMA, "sliding_window": 12}),
    "mistral_window_1": ("mistral", {**LLAMA, "head_dim": 24, "sliding_window": 1}),
    "mistral_full": ("mistral", {**LLAMA, "sliding_window": None}),
    "qwen2_bias": ("qwen2", {**LLAMA}),
    "qwen2_window": ("qwen2", {**LLAMA, "use_sliding_window": True, "sliding_window": 9, "max_window_layers": 1, "tie_word_embeddings": True}),
    "qwen2_odd": ("qwen2", {**LLAMA, "hidden_size": 40, "num_key_value_heads": 1, "save": "bfloat16"}),
    "qwen3_norms": ("qwen3", {**LLAMA, "head_dim": 16}),
    "qwen3_bias": ("qwen3", {**LLAMA, "head_dim": 24, "attention_bias": True, "tie_word_embeddings": True}),
    "qwen3_bf16": ("qwen3", {**LLAMA, "head_dim": 32, "num_key_value_heads": 4, "save": "bfloat16"}),
    "qwen3_moe_shares": ("qwen3_moe", {**MOE, "norm_topk_prob": True, "save": "bfloat16"}),
    "qwen3_moe_mixed": ("qwen3_moe", {**MOE, "mlp_only_layers": [0], "use_sliding_window": True, "sliding_window": 9, "attention_bias": True, "fused": True, "written": {"layer_types": ["full_attention", "full_attention"], "max_window_layers": 1}}),
    "qwen3_moe_single": ("qwen3_moe", {**MOE, "num_experts_per_tok": 1, "decoder_sparse_step": 2, "num_hidden_layers": 2, "tie_word_embeddings": True, "save": "float16"}),
    "qwen2_moe_shared": ("qwen2_moe", {**{key: value for key, value in MOE.items() if key != "head_dim"}, "shared_expert_intermediate_size": 20, "num_experts": 5, "num_experts_per_tok": 2, "use_sliding_window": True, "sliding_window": 7, "max_window_layers": 2, "save": "bfloat16"}),
    "gpt2_tied": ("gpt2", {"n_embd": 32, "n_head": 2}),
    "gpt2_scaled": ("gpt2", {"n_embd": 36, "n_head": 3, "n_inner": 50, "scale_attn_by_inverse_layer_idx": True, "activation_function": "gelu"}),
    "gpt2_half": ("gpt2", {"n_embd": 40, "n_head": 4, "activation_function": "relu", "save": "float16"}),
    # Keys that a family passes over, and keys that it follows though its own config lacks them.
    "llama_ignoring": ("llama", {**LLAMA, "written": {"rope_theta": 500.0, "partial_rotary_factor": 0.5, "layer_types": ["full_attention", "full_attention"], "sliding_window": 3, "clip_qkv": 1.0}}),
    "llama_both_ropes": ("llama", {**LLAMA, "written": {"rope_scaling": {"type": "linear", "factor": 3.0}, "rope_parameters": {"rope_type": "default", "rope_theta": 77.0}, "rope_theta": 500.0}}),
    "llama_unsaid_context": ("llama", {**LLAMA, "written": {"rope_scaling": {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}}}),
    "mistral_ignoring": ("mistral", {**LLAMA, "sliding_window": 12, "written": {"mlp_bias": True, "attention_bias": True, "layer_types": ["full_attention", "sliding_attention"]}}),
    "qwen2_ignoring": ("qwen2", {**LLAMA, "use_sliding_window": True, "sliding_window": 9, "max_window_layers": 1, "written": {"mlp_bias": True, "attention_bias": False, "sliding_window": None, "layer_types": None}}),
    "neox_ignoring": ("gpt_neox", {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 40, "written": {"num_key_value_heads": 1, "head_dim": 48, "rope_theta": 500.0, "partial_rotary_factor": 0.5, "rotary_pct": 0.25, "rotary_emb_base": 200}}),
    "gemma_ignoring": ("gemma", {**GEMMA, "written": {"layer_types": ["full_attention", "full_attention"], "sliding_window": 3, "attn_logit_softcapping": 1.0, "hidden_activation": "relu"}}),
    "gemma3_ignoring": ("gemma3_text", {**GEMMA, "sliding_window": 10, "layer_types": ["sliding_attention", "full_attention"], "written": {"attn_logit_softcapping": 1.0, "rope_theta": 5000.0, "rope_parameters": {"rope_type": "linear", "factor": 9.0}}}),
    "gemma3_older": ("gemma3_text", {**GEMMA, "sliding_window": 10, "layer_types": ["sliding_attention", "full_attention"], "written": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}, "rope_theta": 5000.0, "rope_local_base_freq": 300.0}}),
    "phi3_ignoring": ("phi3", {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 40, "sliding_window": 12, "written": {"layer_types": ["sliding_attention", "sliding_attention"], "attention_bias": True}}),
    "gpt2_named": ("gpt2", {"n_embd": 32, "n_head": 2, "written": {"n_embd": 64, "hidden_size": 32, "num_attention_heads": 4, "n_layer": 3, "num_hidden_layers": 2}}),
    "neo_local": ("gpt_neo", {"hidden_size": 32, "num_hidden_layers": 3, "num_heads": 4, "attention_types": [[["global", "local"], 1], [["local"], 1]], "window_size": 11, "intermediate_size": 48}),
    "neo_one_layer": ("gpt_neo", {"hidden_size": 40, "num_hidden_layers": 1, "num_heads": 2, "attention_types": [[["global"], 1]], "activation_function": "relu", "tie_word_embeddings": False, "save": "bfloat16", "torch": True}),
    "neox_pythia": ("gpt_neox", {"vocab_size": 72, "hidden_size": 64, "num_attention_heads": 1, "intermediate_size": 64, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25}}),
    "neox_narrow": ("gpt_neox", {"hidden_size": 40, "num_attention_heads": 2, "intermediate_size": 56, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.3}}),
    "neox_sequential": ("gpt_neox", {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48, "use_parallel_residual": False, "tie_word_embeddings": True}),
    "neox_small": ("gpt_neox", {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48}),
    "neox_no_bias": ("gpt_neox", {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 40, "attention_bias": False}),
    # Pairs of neighbours that turn: all columns of a head, some of them, and as many as leave gaps.
    # Norms of the stream itself, behind attention and MLP, and none before the head.
    "openai_gpt_plain": ("openai-gpt", {"n_embd": 32, "n_head": 2}),
    "openai_gpt_named": ("openai-gpt", {"n_embd": 36, "n_head": 3, "afn": "relu", "layer_norm_epsilon": 0.01, "tie_word_embeddings": False, "save": "float16", "written": {"hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2, "n_inner": 40, "activation_function": "silu"}}),
    "gptj_plain": ("gptj", {"n_embd": 32, "n_head": 2, "rotary_dim": 16}),
    "gptj_partial": ("gptj", {"n_embd": 40, "n_head": 2, "rotary_dim": 6, "n_inner": 44, "activation_function": "relu", "tie_word_embeddings": True, "save": "float16"}),
    "gptj_named": ("gptj", {"n_embd": 32, "n_head": 2, "rotary_dim": 8, "n_inner": 40, "written": {"n_embd": 64, "hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2, "rope_theta": 500.0, "partial_rotary_factor": 0.25}}),
    "opt_plain": ("opt", {"hidden_size": 32, "num_attention_heads": 2, "ffn_dim": 48}),
    "opt_galactica": ("opt", {"hidden_size": 32, "num_attention_heads": 2, "ffn_dim": 40, "enable_bias": False, "layer_norm_elementwise_affine": False, "activation_function": "gelu", "save": "bfloat16"}),
    "opt_unbiased": ("opt", {"hidden_size": 36, "num_attention_heads": 3, "ffn_dim": 40, "enable_bias": False, "activation_function": "gelu", "tie_word_embeddings": False, "save": "float16", "torch": True, "written": {"num_key_value_heads": 1, "head_dim": 24, "word_embed_proj_dim": None}}),
    # Norms of the stream itself, as in OPT 350m, whose embedding is narrower; and no norm before the head.
    "opt_behind": ("opt", {"hidden_size": 32, "num_attention_heads": 2, "ffn_dim": 48, "do_layer_norm_before": False, "word_embed_proj_dim": 20}),
    "opt_behind_own": ("opt", {"hidden_size": 36, "num_attention_heads": 3, "ffn_dim": 40, "do_layer_norm_before": False, "layer_norm_elementwise_affine": False, "activation_function": "gelu", "tie_word_embeddings": False, "save": "bfloat16"}),
    "opt_unnormed": ("opt", {"hidden_size": 32, "num_attention_heads": 2, "ffn_dim": 40, "_remove_final_layer_norm": True, "word_embed_proj_dim": 48, "tie_word_embeddings": False, "save": "float16"}),
    "biogpt_plain": ("biogpt", {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48}),
    "biogpt_unscaled": ("biogpt", {"hidden_size": 36, "num_attention_heads": 3, "intermediate_size": 40, "scale_embedding": False, "layer_norm_eps": 0.01, "hidden_act": "relu", "tie_word_embeddings": False, "save": "bfloat16", "written": {"head_dim": 24, "num_key_value_heads": 1, "enable_bias": False}}),
    "starcoder2_plain": ("starcoder2", {**LLAMA, "written": {"mlp_bias": False, "attention_bias": False, "partial_rotary_factor": 0.5, "rms_norm_eps": 1.0}}),
    "starcoder2_window": ("starcoder2", {**LLAMA, "hidden_size": 40, "head_dim": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "use_bias": False, "sliding_window": 11, "norm_epsilon": 0.01, "hidden_act": "relu", "tie_word_embeddings": False, "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 700.0}, "save": "bfloat16"}),
    # Queries of one head or of some behind one another, before the key and the value that they share; all keys and values in one, or each with its own.
    "falcon_shared": ("falcon", {"hidden_size": 32, "num_attention_heads": 2, "ffn_hidden_size": 40, "written": {"num_kv_heads": 2, "num_ln_in_parallel_attn": 1}}),
    "falcon_grouped": ("falcon", {"hidden_size": 64, "num_attention_heads": 4, "num_kv_heads": 2, "new_decoder_architecture": True, "bias": True, "ffn_hidden_size": 40, "tie_word_embeddings": False, "save": "bfloat16"}),
    "falcon_grouped_one_norm": ("falcon", {"hidden_size": 48, "num_attention_heads": 3, "num_kv_heads": 1, "new_decoder_architecture": True, "num_ln_in_parallel_attn": 1, "multi_query": False, "ffn_hidden_size": 40, "activation": "gelu_pytorch_tanh", "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 700.0}, "save": "float16"}),
    "falcon_apart": ("falcon", {"hidden_size": 40, "num_attention_heads": 2, "multi_query": False, "parallel_attn": False, "bias": True, "ffn_hidden_size": 40, "layer_norm_epsilon": 0.01, "written": {"hidden_size": 80, "n_embed": 40, "rope_theta": 500.0}}),
    # Distances added to scores, rounded: as published, every head with keys of its own; heads whose number is no power of two; one key for all; some for each.
    "falcon_alibi": ("falcon", {"hidden_size": 32, "num_attention_heads": 2, "multi_query": False, "parallel_attn": False, "bias": True, "ffn_hidden_size": 40, "alibi": True, "max_position_embeddings": 400}),
    "falcon_alibi_many": ("falcon", {"hidden_size": 64, "num_attention_heads": 16, "multi_query": False, "parallel_attn": False, "ffn_hidden_size": 40, "alibi": True, "max_position_embeddings": 400, "save": "bfloat16"}),
    "falcon_alibi_odd": ("falcon", {"hidden_size": 48, "num_attention_heads": 6, "num_kv_heads": 2, "new_decoder_architecture": True, "bias": True, "ffn_hidden_size": 40, "alibi": True, "tie_word_embeddings": False, "max_position_embeddings": 400, "save": "float16"}),
    "falcon_alibi_shared": ("falcon", {"hidden_size": 36, "num_attention_heads": 3, "ffn_hidden_size": 40, "alibi": True, "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 700.0}}),
    "cohere_plain": ("cohere", {**LLAMA, "hidden_size": 64, "intermediate_size": 24, "logit_scale": 0.3}),
    # Norms of each head with weights of its own, and heads whose columns leave gaps.
    "cohere_normed": ("cohere", {**LLAMA, "head_dim": 24, "num_key_value_heads": None, "use_qk_norm": True, "attention_bias": True, "layer_norm_eps": 0.01, "hidden_act": "gelu", "tie_word_embeddings": False, "rope_parameters": YARN, "save": "bfloat16"}),
    "cohere_grouped": ("cohere", {**LLAMA, "hidden_size": 64, "intermediate_size": 24, "use_qk_norm": True, "save": "float16", "written": {"partial_rotary_factor": 0.5, "rms_norm_eps": 1.0, "sliding_window": 3, "layer_types": ["sliding_attention", "full_attention"]}}),
    "cohere2_window": ("cohere2", {**LLAMA, "hidden_size": 64, "intermediate_size": 24, "sliding_window": 12, "layer_types": ["sliding_attention", "full_attention"], "attention_bias": True}),
    "cohere2_pattern": ("cohere2", {**LLAMA, "num_hidden_layers": 3, "sliding_window": 9, "logit_scale": 1.0, "tie_word_embeddings": False, "save": "bfloat16", "written": {"sliding_window_pattern": 2, "layer_types": None, "rope_theta": 700.0, "use_qk_norm": True}}),
    "bigcode_shared": ("gpt_bigcode", {"n_embd": 32, "n_head": 4, "n_inner": 40, "tie_word_embeddings": False}),
    "bigcode_apart": ("gpt_bigcode", {"n_embd": 40, "n_head": 2, "multi_query": False, "scale_attn_weights": False, "activation_function": "relu", "layer_norm_epsilon": 0.01, "save": "float16", "written": {"n_embd": 80, "hidden_size": 40, "num_attention_heads": 2, "num_hidden_layers": 2, "scale_attn_by_inverse_layer_idx": True, "num_key_value_heads": 1}}),
    # Distances added to scores: heads whose number is a power of two, and not.
    "bloom_plain": ("bloom", {"hidden_size": 32, "n_head": 4}),
    "bloom_odd": ("bloom", {"hidden_size": 36, "n_head": 3, "layer_norm_epsilon": 0.01, "tie_word_embeddings": False, "save": "float16", "written": {"hidden_size": 72, "n_embed": 36, "num_attention_heads": 3, "pretraining_tp": 4, "n_inner": 50, "seq_length": 160}}),
    "gemma_one": ("gemma", {**GEMMA}),
    "gemma2_capped": ("gemma2", {**GEMMA, "sliding_window": 11, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0, "query_pre_attn_scalar": 24}),
    "gemma2_uncapped": ("gemma2", {**GEMMA, "hidden_size": 36, "sliding_window": 64, "attn_logit_softcapping": None, "query_pre_attn_scalar": 9}),
    "gemma2_bf16": ("gemma2", {**GEMMA, "num_hidden_layers": 3, "sliding_window": 20, "attn_logit_softcapping": 4.0, "save": "bfloat16"}),
    # Logits so far above the cap that float32 has many of them as one number.
    "gemma2_saturated": ("gemma2", {**GEMMA, "sliding_window": 20, "final_logit_softcapping": 0.15}),
    "gemma3_local": ("gemma3_text", {**GEMMA, "num_hidden_layers": 3, "sliding_window": 10, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"], "query_pre_attn_scalar": 20}),
    "gemma3_scaled": ("gemma3_text", {**GEMMA, "head_dim": 20, "sliding_window": 32, "layer_types": ["full_attention", "sliding_attention"], "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6}, "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}}),
    "gemma3_bf16": ("gemma3_text", {**GEMMA, "num_attention_heads": 4, "num_key_value_heads": 2, "sliding_window": 16, "save": "bfloat16"}),
    # Layers that read the keys and values of others, inputs of each layer, wider heads where all is seen.
    "gemma4_shared": ("gemma4_text", {**GEMMA4, "num_hidden_layers": 6, "layer_types": ["sliding_attention", "full_attention"] * 3, "num_kv_shared_layers": 3, "use_double_wide_mlp": True}),
    "gemma4_keys": ("gemma4_text", {**GEMMA4, "num_hidden_layers": 3, "hidden_size_per_layer_input": 0, "layer_types": ["sliding_attention", "full_attention", "full_attention"], "num_key_value_heads": 2, "num_global_key_value_heads": 1, "attention_k_eq_v": True, "final_logit_softcapping": 4.0, "save": "bfloat16"}),
    # As the models are published: with an eye, and keys that say of all layers that see everything what heads they have.
    "gemma4_seeing": ("gemma4", {**GEMMA4, "num_hidden_layers": 3, "layer_types": ["sliding_attention", "full_attention", "full_attention"], "num_kv_shared_layers": 1, "num_key_value_heads": 2, "num_global_key_value_heads": 1, "attention_k_eq_v": True, "published": True}),
    "gemma4_moe": ("gemma4_text", {**GEMMA4, "hidden_size_per_layer_input": 0, "layer_types": ["sliding_attention", "full_attention"], "enable_moe_block": True, "num_experts": 6, "top_k_experts": 2, "moe_intermediate_size": 12, "save": "bfloat16", "fused": True}),
    # The last layer sees everything, whatever is said of it.
    "gemma4_turned": ("gemma4_text", {**GEMMA4, "num_hidden_layers": 3, "hidden_size_per_layer_input": 0, "attention_bias": True, "layer_types": ["full_attention", "sliding_attention", "sliding_attention"], "written": {"layer_types": ["full_attention", "sliding_attention", "sliding_attention"]}, "rope_parameters": {"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.4, "factor": 2.0, "rope_theta": 5000.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 300.0}}}),
    "qwen3_5_shared": ("qwen3_5_text", {**QWEN35, "num_hidden_layers": 3, "layer_types": QWEN35_LAYERS}),
    "qwen3_5_own": ("qwen3_5_text", {**QWEN35, "num_hidden_layers": 4, "linear_num_value_heads": 2, "linear_value_head_dim": 8, "linear_conv_kernel_dim": 3, "attention_bias": True, "tie_word_embeddings": True, "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.5}, "save": "bfloat16"}),
    "qwen3_5_short": ("qwen3_5_text", {**QWEN35, "layer_types": ["full_attention", "linear_attention"], "linear_conv_kernel_dim": 2, "linear_num_key_heads": 1}),
    "qwen3_5_moe": ("qwen3_5_moe_text", {**{key: value for key, value in QWEN35.items() if key != "intermediate_size"}, "hidden_size": 24, "layer_types": ["linear_attention", "full_attention"], "num_experts": 8, "num_experts_per_tok": 3, "moe_intermediate_size": 12, "shared_expert_intermediate_size": 20, "fused": True}),
    "qwen3_5_moe_apart": ("qwen3_5_moe_text", {**{key: value for key, value in QWEN35.items() if key != "intermediate_size"}, "hidden_size": 24, "num_attention_heads": 4, "num_key_value_heads": 2, "layer_types": ["linear_attention", "full_attention"], "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 8, "save": "bfloat16"}),
    # Maps of linear attention key head by key head; experts in some layers, in all and in none.
    "qwen3_next_published": ("qwen3_next", {**NEXT, "num_hidden_layers": 3, "layer_types": QWEN35_LAYERS, "mlp_only_layers": [2], "save": "bfloat16"}),
    "qwen3_next_held": ("qwen3_next", {**NEXT, "num_hidden_layers": 4, "linear_num_value_heads": 2, "linear_value_head_dim": 8, "linear_conv_kernel_dim": 3, "attention_bias": True, "norm_topk_prob": False, "decoder_sparse_step": 2, "tie_word_embeddings": True, "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.5}, "fused": True}),
    "qwen3_next_dense": ("qwen3_next", {**NEXT, "hidden_size": 32, "num_experts": 0, "linear_num_key_heads": 1, "layer_types": ["full_attention", "linear_attention"], "save": "float16", "written": {"rope_theta": 700.0, "rope_scaling": None, "partial_rotary_factor": 0.25, "full_attention_interval": 4}}),
    # Short convolutions between layers of attention; how wide the MLP is made of what the config says.
    "lfm2_published": ("lfm2", {**LFM2, "num_hidden_layers": 3, "layer_types": ["conv", "conv", "full_attention"], "save": "bfloat16", "written": {"layer_types": None, "full_attn_idxs": [2], "intermediate_size": 99, "block_ff_dim": 40, "block_norm_eps": 0.3, "tie_word_embeddings": False, "tie_embedding": True, "rope_theta": 1000.0, "rope_parameters": None, "use_pos_enc": True}}),
    "lfm2_biased": ("lfm2", {**LFM2, "num_attention_heads": 2, "num_key_value_heads": 1, "layer_types": ["full_attention", "conv"], "conv_bias": True, "conv_L_cache": 4, "block_auto_adjust_ff_dim": False, "norm_eps": 0.01, "tie_word_embeddings": False, "rope_parameters": YARN}),
    "lfm2_looking": ("lfm2", {**LFM2, "num_key_value_heads": 4, "layer_types": ["full_attention", "full_attention"], "block_multiple_of": 5, "save": "float16", "written": {"layer_types": None, "head_dim": 8, "rms_norm_eps": 0.3}}),
    "lfm2_short": ("lfm2", {**LFM2, "num_hidden_layers": 2, "layer_types": ["conv", "full_attention"], "conv_L_cache": 2, "block_ffn_dim_multiplier": 1.3}),
    "lfm2_moe_published": ("lfm2_moe", {**LFM2, "num_hidden_layers": 3, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 1, "layer_types": ["conv", "full_attention", "conv"], "num_dense_layers": 1, "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 12, "routed_scaling_factor": 1.5, "save": "bfloat16"}),
    "lfm2_moe_held": ("lfm2_moe", {**LFM2, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2, "layer_types": ["full_attention", "conv"], "num_dense_layers": 0, "num_experts": 4, "num_experts_per_tok": 1, "moe_intermediate_size": 8, "use_expert_bias": False, "norm_topk_prob": True, "conv_bias": True, "tie_word_embeddings": False, "fused": True}),
    "lfm2_moe_shares": ("lfm2_moe", {**LFM2, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "layer_types": ["conv", "full_attention"], "num_dense_layers": 0, "num_experts": 5, "num_experts_per_tok": 3, "moe_intermediate_size": 8, "norm_topk_prob": False, "save": "float16"}),
    # Texts in runs shorter than they are, layers without positions whose queries are sharpened, experts whose inputs are weighed.
    "llama4_plain": ("llama4_text", {**LLAMA4, "num_hidden_layers": 4, "num_local_experts": 4, "save": "bfloat16", "rope_parameters": {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 40, "rope_theta": 10000.0}, "written": {"no_rope_layers": []}}),
    "llama4_interleaved": ("llama4_text", {**LLAMA4, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 24, "num_hidden_layers": 2, "no_rope_layers": [0, 1], "interleave_moe_layer_step": 2, "num_local_experts": 5, "num_experts_per_tok": 2, "use_qk_norm": False, "attention_bias": True, "attention_chunk_size": 7, "floor_scale": 3, "attn_scale": 0.4, "hidden_act": "gelu", "tie_word_embeddings": True, "save": "float16"}),
    "llama4_dense": ("llama4_text", {**LLAMA4, "hidden_size": 32, "num_key_value_heads": 4, "moe_layers": [], "layer_types": ["chunked_attention", "chunked_attention"], "no_rope_layers": [1, 0], "attention_chunk_size": 32, "rms_norm_eps": 0.01}),
    "llama4_whole": ("llama4_text", {**LLAMA4, "num_attention_heads": 2, "no_rope_layers": [1, 0], "num_local_experts": 3, "moe_layers": [1], "attention_chunk_size": None, "attn_temperature_tuning": False, "save": "bfloat16", "written": {"rope_theta": 500.0}}),
    "llama4_seeing": ("llama4", {**LLAMA4, "num_local_experts": 4, "num_experts_per_tok": 3, "no_rope_layer_interval": 2}),
    # The whole model, with an eye that no text goes through, as the hub has it.
    "llava_llama": ("llava", {**LLAMA, "model_type": "llama", "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 5000.0}}),
    "llava_qwen2_tied": ("llava", {**LLAMA, "model_type": "qwen2", "tie_word_embeddings": True, "fused": True}),
    "ministral_mixed": ("ministral", {**LLAMA, "head_dim": 8, "sliding_window": 12, "layer_types": ["full_attention", "sliding_attention"]}),
    "ministral3_yarn": ("ministral3", {**LLAMA, "head_dim": 16, "rope_parameters": {**YARN, "original_max_position_embeddings": 200, "mscale": 1.0, "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.1}}),
    "ministral3_window": ("ministral3", {**LLAMA, "head_dim": 16, "sliding_window": 12, "max_position_embeddings": 400, "written": {"rope_parameters": None}}),
    "mistral3_of_ministral3": ("mistral3", {**LLAMA, "model_type": "ministral3", "head_dim": 16, "rope_parameters": {**YARN, "original_max_position_embeddings": 200, "mscale": 1.0, "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.1}, "outer": {"tie_word_embeddings": True}, "save": "bfloat16"}),
    "mistral3_window": ("mistral3", {**LLAMA, "model_type": "mistral", "head_dim": 16, "sliding_window": 12}),
    "mistral3_tied": ("mistral3", {**LLAMA, "model_type": "mistral", "head_dim": 16, "sliding_window": None, "outer": {"tie_word_embeddings": True}, "save": "bfloat16"}),
    "qwen3_5_seeing": ("qwen3_5", {**QWEN35, "layer_types": ["linear_attention", "full_attention"], "head_dim": 24}),
    # Positions as the family has them where nothing is said; experts whose clamp is reached.
    "gpt_oss_plain": ("gpt_oss", {**OSS, "swiglu_limit": 1.5, "written": {"rope_parameters": None}}),
    "gpt_oss_bf16": ("gpt_oss", {**OSS, "head_dim": 24, "num_experts_per_tok": 1, "attention_bias": False, "layer_types": ["full_attention", "sliding_attention"], "swiglu_alpha": 1.1, "tie_word_embeddings": True, "save": "bfloat16", "written": {"rope_scaling": {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "truncate": False, "original_max_position_embeddings": 40}, "rope_theta": 5000.0}}),
    # Numbers of four bits, as the models are published.
    "gpt_oss_mxfp4": ("gpt_oss", {**OSS, "hidden_size": 32, "head_dim": 8, "num_local_experts": 4, "intermediate_size": 32, "save": "bfloat16", "packed": True}),
    "phi_half": ("phi", {**PHI}),
    "phi_narrow": ("phi", {**PHI, "hidden_size": 40, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.4}}),
    "phi_grouped": ("phi", {**PHI, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "gelu"}),
    "phi3_fused": ("phi3", {**PHI, "num_key_value_heads": 1}),
    "phi3_window": ("phi3", {**PHI, "sliding_window": 13, "tie_word_embeddings": True}),
    # As published, with names of their own, and as transformers 5 holds them.
    "mixtral_published": ("mixtral", {**LLAMA, "hidden_size": 24, "head_dim": 8, "intermediate_size": 12, "num_local_experts": 5, "num_experts_per_tok": 2, "save": "bfloat16"}),
    "mixtral_fused": ("mixtral", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 3, "intermediate_size": 12, "num_local_experts": 4, "num_experts_per_tok": 1, "sliding_window": 9, "hidden_act": "gelu", "tie_word_embeddings": True, "fused": True}),
    "mixtral_ignoring": ("mixtral", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 8, "num_local_experts": 3, "save": "float16", "written": {"norm_topk_prob": False, "attention_bias": True, "moe_intermediate_size": 4, "shared_expert_intermediate_size": 4, "rope_theta": 500.0}}),
    "olmoe_plain": ("olmoe", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": None, "intermediate_size": 12, "num_experts": 6, "num_experts_per_tok": 3, "save": "bfloat16"}),
    "olmoe_clipped": ("olmoe", {**LLAMA, "hidden_size": 24, "intermediate_size": 12, "num_attention_heads": 2, "num_key_value_heads": 1, "num_experts": 4, "num_experts_per_tok": 2, "norm_topk_prob": True, "clip_qkv": 0.8, "attention_bias": True, "hidden_act": "relu", "tie_word_embeddings": True, "fused": True}),
    "glm_plain": ("glm", {**LLAMA, "head_dim": 16, "rms_norm_eps": 1.5625e-07}),
    "glm_scaled": ("glm", {**LLAMA, "head_dim": 24, "num_key_value_heads": 1, "attention_bias": False, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": {**YARN, "partial_rotary_factor": 1.0}, "save": "bfloat16"}),
    "glm4_plain": ("glm4", {**LLAMA, "num_attention_heads": 2, "head_dim": 32}),
    "glm4_ignoring": ("glm4", {**LLAMA, "head_dim": 16, "save": "bfloat16", "written": {"mlp_bias": True, "sliding_window": 3, "partial_rotary_factor": 0.25, "rope_theta": 500.0, "layer_types": None}}),
    "stablelm_plain": ("stablelm", {**LLAMA, "num_attention_heads": 2}),
    "stablelm_parallel": ("stablelm", {**LLAMA, "hidden_size": 48, "num_attention_heads": 3, "num_key_value_heads": 1, "use_parallel_residual": True, "qk_layernorm": True, "use_qkv_bias": True, "tie_word_embeddings": True, "layer_norm_eps": 0.01, "save": "bfloat16"}),
    "stablelm_scaled": ("stablelm", {**LLAMA, "num_attention_heads": 2, "num_key_value_heads": 1, "qk_layernorm": True, "hidden_act": "gelu", "rope_parameters": {**YARN, "partial_rotary_factor": 0.5}}),
    "stablelm_ignoring": ("stablelm", {**LLAMA, "written": {"attention_bias": True, "mlp_bias": True, "sliding_window": 3, "rms_norm_eps": 0.3, "partial_rotary_factor": 0.75, "rope_theta": 500.0, "rope_scaling": None}}),
    "olmo_plain": ("olmo", {**LLAMA}),
    # A clamp that most numbers reach.
    "olmo_clipped": ("olmo", {**LLAMA, "num_key_value_heads": None, "clip_qkv": 0.7, "attention_bias": True, "hidden_act": "relu", "tie_word_embeddings": True, "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 5000.0}}),
    "olmo_ignoring": ("olmo", {**LLAMA, "head_dim": 16, "save": "bfloat16", "written": {"rms_norm_eps": 0.3, "layer_norm_eps": 0.3, "sliding_window": 3, "rope_theta": 500.0}}),
    "olmo2_plain": ("olmo2", {**LLAMA, "num_key_value_heads": None}),
    "olmo2_grouped": ("olmo2", {**LLAMA, "head_dim": 24, "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": YARN, "save": "bfloat16"}),
    "olmo2_ignoring": ("olmo2", {**LLAMA, "written": {"mlp_bias": True, "layer_types": ["sliding_attention", "full_attention"], "sliding_window": 3, "clip_qkv": 1.0, "rope_theta": 500.0, "partial_rotary_factor": 0.5}}),
    "olmo3_window": ("olmo3", {**LLAMA, "sliding_window": 12, "layer_types": ["sliding_attention", "full_attention"]}),
    "olmo3_yarn": ("olmo3", {**LLAMA, "num_hidden_layers": 4, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": 9, "rope_parameters": {"full_attention": YARN, "sliding_attention": {"rope_type": "default", "rope_theta": 300.0}}, "save": "bfloat16"}),
    # What older configs say of positions holds where everything is seen, and nowhere else.
    "olmo3_older": ("olmo3", {**LLAMA, "sliding_window": 12, "layer_types": ["full_attention", "sliding_attention"], "written": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}, "rope_theta": 5000.0}}),
    # Without its factors, the rest of which is as where nothing is said, and with them.
    "granite_plain": ("granite", {**LLAMA, "num_key_value_heads": None, "attention_multiplier": 0.35}),
    "granite_factors": ("granite", {**LLAMA, "head_dim": 24, "embedding_multiplier": 3.5, "residual_multiplier": 0.22, "attention_multiplier": 0.1, "logits_scaling": 6, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True, "hidden_act": "gelu", "rope_parameters": YARN, "save": "bfloat16"}),
    "granite_ignoring": ("granite", {**LLAMA, "residual_multiplier": 0.4, "logits_scaling": 0.3, "written": {"sliding_window": 3, "rope_theta": 500.0, "partial_rotary_factor": 0.5, "clip_qkv": 0.5, "query_pre_attn_scalar": 9}}),
    "smollm3_every_second": ("smollm3", {**LLAMA, "no_rope_layer_interval": 2, "pad_token_id": 0}),
    # Heads whose columns the operator wants in one width where they turn, and in another where they do not.
    "smollm3_window": ("smollm3", {**LLAMA, "head_dim": 24, "no_rope_layers": [0, 1, 0], "use_sliding_window": True, "sliding_window": 9, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": False, "rope_parameters": YARN, "hidden_act": "gelu_pytorch_tanh", "save": "bfloat16"}),
    "smollm3_ignoring": ("smollm3", {**LLAMA, "no_rope_layers": [1, 0], "written": {"use_sliding_window": False, "sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"], "rope_theta": 500.0, "clip_qkv": 0.5}}),
    "seed_oss_plain": ("seed_oss", {**LLAMA, "head_dim": 16}),
    "seed_oss_biased": ("seed_oss", {**LLAMA, "head_dim": None, "attention_bias": False, "attention_out_bias": True, "mlp_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": YARN, "save": "bfloat16", "written": {"sliding_window": 3, "partial_rotary_factor": 1.0}}),
    "arcee_plain": ("arcee", {**LLAMA, "num_key_value_heads": None, "rope_parameters": YARN}),
    "arcee_biased": ("arcee", {**LLAMA, "head_dim": 24, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True, "hidden_act": "silu", "save": "float16", "written": {"rope_theta": 500.0, "partial_rotary_factor": 0.5}}),
    "helium_plain": ("helium", {**LLAMA, "head_dim": 8}),
    "helium_biased": ("helium", {**LLAMA, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "attention_bias": True, "mlp_bias": True, "hidden_act": "relu2", "tie_word_embeddings": True, "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 5000.0}, "save": "bfloat16"}),
    "ernie4_5_plain": ("ernie4_5", {**LLAMA, "head_dim": 16}),
    "ernie4_5_biased": ("ernie4_5", {**LLAMA, "hidden_size": 40, "head_dim": None, "use_bias": True, "hidden_act": "gelu_new", "tie_word_embeddings": False, "save": "float16", "written": {"attention_bias": False, "mlp_bias": False, "rope_theta": 500.0}}),
    # Norms of one more than their weights.
    "nemotron_plain": ("nemotron", {**LLAMA, "num_attention_heads": 2}),
    "nemotron_biased": ("nemotron", {**LLAMA, "head_dim": 24, "attention_bias": True, "mlp_bias": True, "norm_eps": 0.01, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": {**YARN, "partial_rotary_factor": 1.0}, "save": "bfloat16"}),
    "nemotron_ignoring": ("nemotron", {**LLAMA, "written": {"layer_norm_eps": 0.3, "rms_norm_eps": 0.3, "rope_theta": 500.0, "partial_rotary_factor": 0.25, "sliding_window": 3}}),
    # Under the names of their publisher, and of transformers.
    "exaone_published": ("exaone", {**LLAMA, "rope_parameters": {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 40, "rope_theta": 10000.0}, "save": "bfloat16", "written": {"num_layers": 2, "num_hidden_layers": 3, "layer_norm_epsilon": 0.01, "activation_function": "gelu"}}),
    "exaone_held": ("exaone", {**LLAMA, "head_dim": 24, "num_key_value_heads": None, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True, "fused": True}),
    "exaone4_hybrid": ("exaone4", {**LLAMA, "num_hidden_layers": 3, "sliding_window": 12, "sliding_window_pattern": 2}),
    "exaone4_full": ("exaone4", {**LLAMA, "hidden_size": 40, "sliding_window": None, "layer_types": ["full_attention", "full_attention"], "tie_word_embeddings": True, "hidden_act": "gelu", "rope_parameters": YARN, "save": "bfloat16"}),
    "exaone4_ignoring": ("exaone4", {**LLAMA, "sliding_window": 9, "layer_types": ["full_attention", "sliding_attention"], "head_dim": 24, "written": {"sliding_window_pattern": "LG", "attention_bias": True, "rope_theta": 500.0}}),
    # Activations with numbers of their own; positions as the family has them where nothing is said.
    "apertus_plain": ("apertus", {**LLAMA, "num_key_value_heads": None, "rope_parameters": None}),
    "apertus_biased": ("apertus", {**LLAMA, "head_dim": 16, "attention_bias": True, "tie_word_embeddings": True, "rope_parameters": {"rope_type": "default", "rope_theta": 300.0}, "save": "bfloat16"}),
    "apertus_relu2": ("apertus", {**LLAMA, "hidden_size": 40, "hidden_act": "relu2", "save": "float16", "written": {"rope_theta": 500.0, "mlp_bias": True}}),
    "iquestcoder_plain": ("iquestcoder", {**LLAMA, "head_dim": 16, "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, "save": "float16"}),
    "cwm_pattern": ("cwm", {**LLAMA, "num_hidden_layers": 3, "head_dim": 8, "sliding_window": 11, "mlp_bias": True}),
    "cwm_layers": ("cwm", {**LLAMA, "head_dim": 24, "sliding_window": 9, "layer_types": ["sliding_attention", "full_attention"], "tie_word_embeddings": True, "hidden_act": "gelu", "rope_parameters": YARN, "save": "bfloat16", "written": {"sliding_window": 9}}),
    "jais2_plain": ("jais2", {**LLAMA, "num_key_value_heads": None}),
    "jais2_unbiased": ("jais2", {**LLAMA, "head_dim": 24, "attention_bias": False, "mlp_bias": False, "layer_norm_eps": 0.01, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": YARN, "save": "bfloat16", "written": {"partial_rotary_factor": 1.0, "norm_eps": 0.3, "rms_norm_eps": 0.3}}),
    "hyperclovax_normed": ("hyperclovax", {**LLAMA, "embedding_multiplier": 3.5, "residual_multiplier": 0.4, "attention_multiplier": 0.1, "logits_scaling": 0.3, "attention_bias": True, "mlp_bias": True, "save": "bfloat16"}),
    "hyperclovax_plain": ("hyperclovax", {**LLAMA, "head_dim": 16, "use_post_norm": False, "attention_multiplier": None, "tie_word_embeddings": True}),
    # As published, with names of their own, and as transformers 5 holds them.
    "granitemoe_published": ("granitemoe", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": None, "intermediate_size": 12, "num_local_experts": 5, "num_experts_per_tok": 2, "embedding_multiplier": 3.5, "residual_multiplier": 0.4, "attention_multiplier": 0.2, "logits_scaling": 6, "save": "bfloat16"}),
    "granitemoe_held": ("granitemoe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 12, "num_local_experts": 4, "num_experts_per_tok": 3, "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "fused": True}),
    "granitemoeshared_shared": ("granitemoeshared", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 1, "intermediate_size": 12, "shared_intermediate_size": 20, "num_local_experts": 4, "num_experts_per_tok": 2, "residual_multiplier": 0.4, "hidden_act": "gelu", "save": "bfloat16"}),
    "granitemoeshared_none": ("granitemoeshared", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 8, "num_local_experts": 3, "num_experts_per_tok": 1, "save": "float16"}),
    # Without experts, under the names of their publisher; and where nothing turns.
    "granitemoehybrid_dense": ("granitemoehybrid", {**LLAMA, **HYBRID, "num_local_experts": 0, "shared_intermediate_size": 40, "position_embedding_type": "rope", "attention_multiplier": 0.3, "embedding_multiplier": 3.5, "residual_multiplier": 0.4, "logits_scaling": 6, "tie_word_embeddings": True, "save": "bfloat16", "written": {"layer_types": ["attention", "attention"], "mlp_bias": True}}),
    "granitemoehybrid_experts": ("granitemoehybrid", {**LLAMA, **HYBRID, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 12, "intermediate_size": 12, "shared_intermediate_size": 20, "num_local_experts": 4, "attention_bias": True, "hidden_act": "gelu", "save": "float16", "written": {"layer_types": None, "layers_block_type": ["attention", "full_attention"]}}),
    # Sinks, windows, and a base of its own in each layer, or none.
    "granite_swa_bases": ("granite_swa", {**LLAMA, "num_hidden_layers": 4, "sliding_window": 9, "layer_rope_theta": [0, 300.0, 10000, 300.0], "attention_multiplier": 0.3, "residual_multiplier": 0.4, "tie_word_embeddings": False}),
    "granite_swa_layers": ("granite_swa", {**LLAMA, "head_dim": 24, "sliding_window": 12, "layer_types": ["sliding_attention", "full_attention"], "attention_bias": True, "mlp_bias": True, "hidden_act": "gelu", "rope_parameters": YARN, "save": "bfloat16"}),
    "granitemoe_swa_shared": ("granitemoe_swa", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 1, "intermediate_size": 12, "shared_intermediate_size": 20, "num_local_experts": 4, "num_experts_per_tok": 3, "sliding_window": 9, "layer_rope_theta": [10000.0, 500.0], "save": "bfloat16"}),
    "granitemoe_swa_none": ("granitemoe_swa", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 8, "num_local_experts": 3, "num_experts_per_tok": 1, "sliding_window": 9, "layer_types": ["full_attention", "full_attention"], "logits_scaling": 3, "tie_word_embeddings": True, "save": "float16"}),
    # Queries, values and keys of each part of the heads behind one another; more of them than parts, and fewer.
    "codegen_plain": ("codegen", {"n_embd": 64, "n_head": 8, "rotary_dim": 8, "n_inner": 40}),
    "codegen_partial": ("codegen", {"n_embd": 40, "n_head": 2, "rotary_dim": 6, "activation_function": "relu", "layer_norm_epsilon": 0.01, "tie_word_embeddings": True, "save": "float16", "written": {"hidden_size": 40, "num_attention_heads": 2, "num_hidden_layers": 2, "rope_theta": 500.0}}),
    "mpt_plain": ("mpt", {"d_model": 32, "n_heads": 4}),
    "mpt_clipped": ("mpt", {"d_model": 36, "n_heads": 3, "attn_config": {"clip_qkv": 0.7, "softmax_scale": 0.4}, "layer_norm_epsilon": 0.01, "tie_word_embeddings": False, "save": "float16", "written": {"expansion_ratio": 2, "learned_pos_emb": True}}),
    "phimoe_published": ("phimoe", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 1, "intermediate_size": 12, "num_local_experts": 5, "router_jitter_noise": 0.2, "save": "bfloat16"}),
    "phimoe_held": ("phimoe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 12, "num_local_experts": 4, "num_experts_per_tok": 3, "attention_bias": True, "lm_head_bias": True, "sliding_window": 9, "rms_norm_eps": 0.01, "hidden_act": "gelu", "tie_word_embeddings": True, "fused": True}),
    # Experts chosen by more than what they are multiplied by: of all, and of the better groups.
    "dots1_plain": ("dots1", {**LLAMA, "hidden_size": 24, "head_dim": 8, "moe_intermediate_size": 12, "n_routed_experts": 5, "n_shared_experts": 2, "num_experts_per_tok": 2, "first_k_dense_replace": 1, "sliding_window": None, "save": "bfloat16"}),
    "dots1_groups": ("dots1", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "moe_intermediate_size": 8, "n_routed_experts": 12, "n_shared_experts": 1, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "norm_topk_prob": True, "routed_scaling_factor": 2.5, "attention_bias": True, "hidden_act": "gelu", "sliding_window": 9, "max_window_layers": 1, "tie_word_embeddings": True, "fused": True}),
    "glm4_moe_plain": ("glm4_moe", {**LLAMA, "hidden_size": 24, "head_dim": 16, "moe_intermediate_size": 12, "n_routed_experts": 6, "num_experts_per_tok": 2, "num_nextn_predict_layers": 0, "save": "bfloat16"}),
    "glm4_moe_normed": ("glm4_moe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 12, "moe_intermediate_size": 8, "n_routed_experts": 4, "n_shared_experts": 2, "num_experts_per_tok": 2, "first_k_dense_replace": 0, "norm_topk_prob": False, "routed_scaling_factor": 1.5, "use_qk_norm": True, "attention_bias": True, "num_nextn_predict_layers": 0, "rope_parameters": {**YARN, "partial_rotary_factor": 1.0}, "fused": True}),
    "ernie4_5_moe_plain": ("ernie4_5_moe", {**LLAMA, "hidden_size": 24, "head_dim": 8, "moe_intermediate_size": 12, "moe_num_experts": 6, "moe_k": 2, "save": "bfloat16"}),
    "ernie4_5_moe_biased": ("ernie4_5_moe", {**LLAMA, "num_hidden_layers": 3, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "moe_intermediate_size": 8, "moe_num_experts": 4, "moe_k": 3, "moe_num_shared_experts": 0, "moe_layer_start_index": 0, "moe_layer_end_index": 1, "moe_layer_interval": 2, "moe_norm_min": 0.9, "use_bias": True, "hidden_act": "gelu", "tie_word_embeddings": False, "fused": True}),
    "flex_olmo_plain": ("flex_olmo", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": None, "intermediate_size": 12, "num_experts": 5, "num_experts_per_tok": 2, "save": "bfloat16"}),
    "flex_olmo_shares": ("flex_olmo", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 8, "num_experts": 4, "num_experts_per_tok": 3, "norm_topk_prob": True, "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": YARN, "fused": True}),
    "vaultgemma_capped": ("vaultgemma", {**GEMMA, "sliding_window": 11, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0, "query_pre_attn_scalar": 24}),
    "vaultgemma_uncapped": ("vaultgemma", {**GEMMA, "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 20, "attn_logit_softcapping": None, "final_logit_softcapping": None, "attention_bias": True, "save": "bfloat16"}),
    # Norms of what has turned already.
    "hunyuan_plain": ("hunyuan_v1_dense", {**LLAMA, "head_dim": 16}),
    "hunyuan_alpha": ("hunyuan_v1_dense", {**LLAMA, "head_dim": 24, "attention_bias": True, "tie_word_embeddings": True, "hidden_act": "gelu", "save": "bfloat16", "written": {"rope_scaling": {"type": "dynamic", "alpha": 50.0, "factor": 1.0, "beta_fast": 32, "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 1.0}, "rope_theta": 700.0}}),
    "hunyuan_ignoring": ("hunyuan_v1_dense", {**LLAMA, "num_key_value_heads": None, "head_dim": 8, "rope_parameters": YARN, "written": {"mlp_bias": True, "use_qk_norm": False, "sliding_window": 3}}),
    # Norms without weights, of the embedding too, and pairs that turn the other way round.
    "nanochat_plain": ("nanochat", {**LLAMA, "num_key_value_heads": None}),
    "nanochat_capped": ("nanochat", {**LLAMA, "head_dim": 24, "attention_bias": True, "final_logit_softcapping": 0.8, "hidden_act": "gelu", "rms_norm_eps": 0.01, "tie_word_embeddings": True, "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 5000.0}, "save": "bfloat16"}),
    # Keys and values made of what all heads share; values narrower than keys, and wider.
    "deepseek_v2_groups": ("deepseek_v2", {**MLA, "first_k_dense_replace": 1, "n_routed_experts": 8, "n_shared_experts": 1, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "topk_method": "group_limited_greedy", "routed_scaling_factor": 1.5, "save": "bfloat16"}),
    "deepseek_v2_biased": ("deepseek_v2", {**MLA, "q_lora_rank": None, "v_head_dim": 24, "n_routed_experts": 4, "num_experts_per_tok": 2, "attention_bias": True, "mlp_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": {**YARN, "mscale": 0.7, "mscale_all_dim": 0.7}, "fused": True}),
    "deepseek_v3_groups": ("deepseek_v3", {**MLA, "first_k_dense_replace": 1, "n_routed_experts": 12, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "num_mtp_layers": 0, "save": "bfloat16"}),
    "deepseek_v3_dense": ("deepseek_v3", {**MLA, "q_lora_rank": None, "num_attention_heads": 3, "qk_nope_head_dim": 10, "qk_rope_head_dim": 6, "first_k_dense_replace": 2, "attention_bias": True, "rms_norm_eps": 0.01, "rope_interleave": False, "tie_word_embeddings": True, "num_mtp_layers": 0, "rope_parameters": {**YARN, "mscale": 1.0, "mscale_all_dim": 0.6}}),
    "glm4_moe_lite_plain": ("glm4_moe_lite", {**MLA, "num_key_value_heads": 2, "n_routed_experts": 4, "num_experts_per_tok": 2, "save": "bfloat16"}),
    "glm4_moe_lite_layers": ("glm4_moe_lite", {**MLA, "num_key_value_heads": 2, "q_lora_rank": None, "mlp_layer_types": ["sparse", "dense"], "n_routed_experts": 6, "num_experts_per_tok": 2, "n_group": 3, "topk_group": 2, "norm_topk_prob": False, "attention_bias": True, "rope_interleave": False, "hidden_act": "gelu", "fused": True}),
    "youtu_plain": ("youtu", {**{key: value for key, value in MLA.items() if key != "moe_intermediate_size"}, "num_key_value_heads": 2, "v_head_dim": 24}),
    # As many experts as each layer says, beside an MLP that all tokens take.
    "hunyuan_moe_published": ("hunyuan_v1_moe", {**LLAMA, "hidden_size": 24, "head_dim": 16, "intermediate_size": 12, "num_experts": 5, "moe_topk": [3, 2], "save": "bfloat16", "written": {"rope_scaling": {"type": "dynamic", "alpha": 50.0, "factor": 1.0}, "rope_theta": 700.0, "moe_intermediate_size": [12, 12], "num_shared_expert": [1, 1], "use_cla": False}}),
    "hunyuan_moe_held": ("hunyuan_v1_moe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "head_dim": 8, "num_key_value_heads": None, "intermediate_size": 8, "num_experts": 4, "moe_topk": 1, "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "fused": True, "written": {"num_experts_per_tok": 2}}),
    "solar_open_plain": ("solar_open", {**LLAMA, "hidden_size": 24, "head_dim": 16, "moe_intermediate_size": 12, "n_routed_experts": 5, "num_experts_per_tok": 2, "save": "bfloat16", "written": {"first_k_dense_replace": 0, "use_qk_norm": False, "intermediate_size": 40, "partial_rotary_factor": 1.0, "rope_theta": 5000.0}}),
    "solar_open_groups": ("solar_open", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 12, "moe_intermediate_size": 8, "n_routed_experts": 8, "n_shared_experts": 2, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "norm_topk_prob": False, "routed_scaling_factor": 1.5, "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": YARN, "fused": True}),
    # Under the names of their publisher, with one tensor of queries, keys and values, and of transformers.
    "sarvam_moe_published": ("sarvam_moe", {**LLAMA, "num_hidden_layers": 3, "hidden_size": 24, "head_dim": 16, "intermediate_size": 20, "moe_intermediate_size": 12, "n_routed_experts": 6, "n_shared_experts": 2, "num_experts_per_tok": 2, "attention_bias": True, "save": "bfloat16", "written": {"n_routed_experts": 7, "num_experts": 6, "n_shared_experts": 1, "num_shared_experts": 2, "attention_bias": False, "use_qkv_bias": True}}),
    "sarvam_moe_held": ("sarvam_moe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 12, "moe_intermediate_size": 8, "n_routed_experts": 4, "num_experts_per_tok": 2, "first_k_dense_replace": 0, "use_qk_norm": False, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": {**YARN, "partial_rotary_factor": 0.5}, "fused": True}),
    "exaone_moe_published": ("exaone_moe", {**LLAMA, "num_hidden_layers": 3, "hidden_size": 24, "head_dim": 16, "moe_intermediate_size": 12, "num_experts": 5, "num_experts_per_tok": 2, "sliding_window": 12, "sliding_window_pattern": 2, "save": "bfloat16"}),
    "exaone_moe_held": ("exaone_moe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "moe_intermediate_size": 8, "num_experts": 8, "num_shared_experts": 2, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "norm_topk_prob": False, "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 9, "mlp_layer_types": ["sparse", "dense"], "hidden_act": "gelu", "tie_word_embeddings": True, "fused": True, "written": {"sliding_window_pattern": "LG", "first_k_dense_replace": 2}}),
    "minimax_m2_published": ("minimax_m2", {**LLAMA, "hidden_size": 24, "head_dim": 16, "intermediate_size": 12, "num_local_experts": 5, "num_experts_per_tok": 2, "save": "bfloat16", "written": {"rotary_dim": 6, "rope_theta": 5000.0, "use_qk_norm": True, "scoring_func": "sigmoid", "shared_intermediate_size": 0}}),
    "minimax_m2_held": ("minimax_m2", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 12, "intermediate_size": 8, "num_local_experts": 4, "num_experts_per_tok": 3, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 700.0, "partial_rotary_factor": 0.5}, "fused": True}),
    # Kinds of layers that turn each in its own way.
    "mellum_kinds": ("mellum", {**LLAMA, "num_hidden_layers": 3, "hidden_size": 24, "head_dim": 16, "intermediate_size": 20, "moe_intermediate_size": 12, "num_experts": 5, "num_experts_per_tok": 2, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"], "mlp_layer_types": ["dense", "sparse", "sparse"], "sliding_window": 12, "rope_parameters": {"full_attention": YARN, "sliding_attention": {"rope_type": "default", "rope_theta": 300.0}}, "save": "bfloat16"}),
    "mellum_plain": ("mellum", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 12, "moe_intermediate_size": 8, "num_experts": 4, "num_experts_per_tok": 3, "norm_topk_prob": False, "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 9, "fused": True, "written": {"rope_parameters": None, "rope_theta": 77.0, "partial_rotary_factor": 0.5}}),
    # Experts and what all tokens take besides, averaged and added; dense layers before the others.
    "cohere2_moe_dense": ("cohere2_moe", {**LLAMA, "num_hidden_layers": 4, "hidden_size": 24, "head_dim": 16, "intermediate_size": 12, "num_experts": 5, "num_experts_per_tok": 2, "num_shared_experts": 2, "prefix_dense_intermediate_size": 20, "sliding_window": 12, "sliding_window_pattern": 3, "save": "bfloat16", "written": {"first_k_dense_replace": 1, "layer_types": None, "mlp_layer_types": None}, "first_k_dense_replace": 1}),
    "cohere2_moe_sigmoid": ("cohere2_moe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 12, "intermediate_size": 8, "num_experts": 4, "num_experts_per_tok": 3, "num_shared_experts": 1, "shared_expert_combination_strategy": "sum", "expert_selection_fn": "sigmoid", "norm_topk_prob": False, "rms_norm_eps": 0.01, "layer_types": ["full_attention", "full_attention"], "mlp_layer_types": ["sparse", "dense"], "prefix_dense_sliding_window_pattern": 2, "attention_bias": True, "hidden_act": "gelu", "logit_scale": 1.0, "tie_word_embeddings": False, "fused": True}),
    "cohere2_moe_plain": ("cohere2_moe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 8, "num_experts": 4, "num_experts_per_tok": 2, "expert_selection_fn": "sigmoid", "layer_norm_eps": 0.01, "layer_types": ["sliding_attention", "full_attention"], "sliding_window": 9, "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 700.0}, "save": "float16"}),
    # Angles of short texts, the longest of which has fewer tokens than the context.
    "phi3_longrope": ("phi3", {**PHI, "hidden_size": 64, "max_position_embeddings": 320, "original_max_position_embeddings": 160, "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.75, "short_factor": [1.0 + 0.3 * pair for pair in range(12)], "long_factor": [2.0 + pair for pair in range(12)]}, "save": "bfloat16"}),
    "phi3_older": ("phi3", {**PHI, "written": {"rope_scaling": {"type": "yarn", "short_factor": [1.5, 1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 4.0], "long_factor": [2.0] * 8}, "original_max_position_embeddings": 160, "max_position_embeddings": 320}}),
    "phimoe_longrope": ("phimoe", {**LLAMA, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 1, "intermediate_size": 12, "num_local_experts": 4, "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 2.0, 1.5, 3.0], "long_factor": [4.0] * 4, "short_mscale": 1.25, "long_mscale": 1.5, "original_max_position_embeddings": 160}, "max_position_embeddings": 320, "save": "bfloat16"}),
    "gpt_sw3_plain": ("gpt2", {"n_embd": 32, "n_head": 2, "activation_function": "gelu", "written": {"model_type": "gpt-sw3"}}),
    "internlm3_plain": ("internlm3", {**LLAMA, "head_dim": 16, "rope_parameters": {"rope_type": "dynamic", "factor": 6.0, "rope_theta": 5000.0}, "written": {"qkv_bias": False, "bias": False}}),
    "internlm3_biased": ("internlm3", {**LLAMA, "num_key_value_heads": 1, "head_dim": None, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True, "save": "bfloat16", "written": {"attention_bias": False, "qkv_bias": True, "mlp_bias": False, "bias": True}}),
    # Keys and values of what heads share, in a stream whose sums have factors.
    "minicpm3_longrope": ("minicpm3", {**{key: value for key, value in MLA.items() if key not in ("moe_intermediate_size", "v_head_dim")}, "scale_depth": 0.7, "dim_model_base": 6, "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 2.0, 1.5, 3.0], "long_factor": [4.0] * 4, "original_max_position_embeddings": 160}, "max_position_embeddings": 320, "save": "bfloat16"}),
    "minicpm3_plain": ("minicpm3", {**{key: value for key, value in MLA.items() if key != "moe_intermediate_size"}, "q_lora_rank": None, "v_head_dim": 24, "scale_emb": 3, "scale_depth": None, "dim_model_base": None, "attention_bias": True, "mlp_bias": True, "hidden_act": "gelu", "tie_word_embeddings": False, "written": {"rope_interleave": True, "head_dim": 12}}),
    # A bias in the last layer alone.
    "neox_japanese_plain": ("gpt_neox_japanese", {"hidden_size": 32, "num_attention_heads": 2}),
    "neox_japanese_partial": ("gpt_neox_japanese", {"num_hidden_layers": 3, "hidden_size": 40, "num_attention_heads": 2, "intermediate_multiple_size": 2, "hidden_act": "relu", "layer_norm_eps": 0.01, "tie_word_embeddings": False, "save": "bfloat16", "written": {"rotary_pct": 0.4, "rotary_emb_base": 200, "rope_theta": 77.0, "intermediate_size": 48, "use_parallel_residual": True}}),
    # Norms of queries and keys with biases.
    "persimmon_plain": ("persimmon", {**PHI}),
    "persimmon_scaled": ("persimmon", {**PHI, "num_hidden_layers": 3, "hidden_size": 40, "layer_norm_eps": 0.01, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 700.0, "partial_rotary_factor": 0.4}, "save": "bfloat16"}),
    "persimmon_unnormed": ("persimmon", {**PHI, "qk_layernorm": False, "save": "float16", "written": {"num_key_value_heads": 1, "attention_bias": False, "rope_theta": 25000.0}}),
    # Sines and cosines, one of which is nothing where its number is that of padding.
    "xglm_plain": ("xglm", {"d_model": 32, "attention_heads": 2, "ffn_dim": 48}),
    "xglm_padded": ("xglm", {"d_model": 36, "attention_heads": 3, "ffn_dim": 40, "pad_token_id": 7, "scale_embedding": False, "activation_function": "relu", "tie_word_embeddings": False, "save": "bfloat16", "written": {"num_layers": 3, "num_hidden_layers": 2}}),
    "xglm_odd": ("xglm", {"d_model": 35, "attention_heads": 5, "ffn_dim": 40, "pad_token_id": None, "save": "float16"}),
    # Heads that are opened by a map of their own: each column, or each head, and of these more in some layers.
    "afmoe_published": ("afmoe", {**LLAMA, "num_hidden_layers": 3, "hidden_size": 24, "head_dim": 16, "intermediate_size": 20, "moe_intermediate_size": 12, "num_experts": 5, "num_experts_per_tok": 2, "route_scale": 1.5, "global_attn_every_n_layers": 2, "sliding_window": 12, "mup_enabled": True, "save": "bfloat16", "written": {"layer_types": None, "n_group": 1, "topk_group": 1, "score_func": "sigmoid", "route_norm": True}}),
    "afmoe_held": ("afmoe", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": None, "head_dim": 12, "moe_intermediate_size": 8, "num_experts": 4, "num_experts_per_tok": 3, "num_shared_experts": 1, "num_dense_layers": 0, "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 9, "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "rope_parameters": YARN, "fused": True}),
    "laguna_published": ("laguna", {**LLAMA, "num_hidden_layers": 3, "hidden_size": 24, "head_dim": 16, "num_attention_heads_per_layer": [4, 6, 2], "intermediate_size": 20, "moe_intermediate_size": 12, "shared_expert_intermediate_size": 16, "num_experts": 5, "num_experts_per_tok": 2, "moe_routed_scaling_factor": 2.5, "layer_types": ["full_attention", "sliding_attention", "sliding_attention"], "sliding_window": 12, "rope_parameters": {"full_attention": {**YARN, "partial_rotary_factor": 0.5}, "sliding_attention": {"rope_type": "default", "rope_theta": 300.0}}, "save": "bfloat16"}),
    "laguna_held": ("laguna", {**LLAMA, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 12, "moe_intermediate_size": 8, "shared_expert_intermediate_size": 8, "num_experts": 4, "num_experts_per_tok": 3, "gating": "per-element", "moe_router_logit_softcapping": 0.7, "mlp_layer_types": ["sparse", "dense"], "attention_bias": True, "hidden_act": "gelu", "tie_word_embeddings": True, "fused": True, "written": {"rope_parameters": None, "rope_theta": 77.0, "partial_rotary_factor": 0.25}}),
    "phi3_partial": ("phi3", {**PHI, "hidden_size": 64, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.75}}),
}

# Where each hook is caught: (module below the block, "in" or "out").
GEMMA_POINTS = {"z": ("self_attn.o_proj", "in"), "attn_out": ("post_attention_layernorm", "out"), "mid": "pre_feedforward_layernorm", "mlp_out": ("post_feedforward_layernorm", "out"), "ln1": "input_layernorm"}
LLAMA_POINTS = {"z": ("self_attn.o_proj", "in"), "attn_out": ("self_attn.o_proj", "out"), "mid": "post_attention_layernorm", "mlp_out": ("mlp.down_proj", "out"), "ln1": "input_layernorm"}
# Hooks of what attention and MLP give lie before the norms behind them, as TransformerLens has it (make_transformer_lens.py), and nothing is normed before.
OLMO2_POINTS = {**LLAMA_POINTS, "mid": "mlp", "ln1": None}
GLM4_POINTS = {**LLAMA_POINTS, "attn_out": ("post_self_attn_layernorm", "out"), "mlp_out": ("post_mlp_layernorm", "out")}
AFMOE_POINTS = {**LLAMA_POINTS, "attn_out": ("post_attention_layernorm", "out"), "mid": "pre_mlp_layernorm", "mlp_out": ("post_mlp_layernorm", "out")}
LLAMA4_POINTS = {**LLAMA_POINTS, "mlp_in": "feed_forward", "mlp_out": ("feed_forward", "out")}
LFM2_POINTS = {"z": ("self_attn.out_proj", "in"), "attn_out": ("self_attn.out_proj", "out"), "mid": "ffn_norm", "mlp_in": "feed_forward", "mlp_out": ("feed_forward.w2", "out"), "ln1": "operator_norm"}
POINTS = {
    "afmoe": AFMOE_POINTS,
    "laguna": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "glm4": GLM4_POINTS,
    "gpt2": {"z": ("attn.c_proj", "in"), "attn_out": ("attn.c_proj", "out"), "mid": "ln_2", "mlp_out": ("mlp.c_proj", "out"), "ln1": "ln_1"},
    "gpt_neo": {"z": ("attn.attention.out_proj", "in"), "attn_out": ("attn.attention.out_proj", "out"), "mid": "ln_2", "mlp_out": ("mlp.c_proj", "out"), "ln1": "ln_1"},
    "gpt_neox": {"z": ("attention.dense", "in"), "attn_out": ("attention.dense", "out"), "mid": "post_attention_layernorm", "mlp_out": ("mlp.dense_4h_to_h", "out"), "ln1": "input_layernorm"},
    "gpt_bigcode": {"z": ("attn.c_proj", "in"), "attn_out": ("attn.c_proj", "out"), "mid": "ln_2", "mlp_out": ("mlp.c_proj", "out"), "ln1": "ln_1"},
    "bloom": {"z": ("self_attention.dense", "in"), "attn_out": ("self_attention.dense", "out"), "mid": "post_attention_layernorm", "mlp_out": ("mlp.dense_4h_to_h", "out"), "ln1": "input_layernorm"},
    "gptj": {"z": ("attn.out_proj", "in"), "attn_out": ("attn.out_proj", "out"), "mid": "ln_1", "mlp_out": ("mlp.fc_out", "out"), "ln1": "ln_1"},
    "opt": {"z": ("self_attn.out_proj", "in"), "attn_out": ("self_attn.out_proj", "out"), "mid": "final_layer_norm", "mlp_in": "fc1", "mlp_out": ("fc2", "out"), "ln1": "self_attn_layer_norm"},
    "biogpt": {"z": ("self_attn.out_proj", "in"), "attn_out": ("self_attn.out_proj", "out"), "mid": "final_layer_norm", "mlp_in": "fc1", "mlp_out": ("fc2", "out"), "ln1": "self_attn_layer_norm"},
    "gpt_neox_japanese": {"z": ("attention.dense", "in"), "attn_out": ("attention.dense", "out"), "mid": "post_attention_layernorm", "mlp_out": ("mlp.dense_4h_to_h", "out"), "ln1": "input_layernorm"},
    "persimmon": {"z": ("self_attn.dense", "in"), "attn_out": ("self_attn.dense", "out"), "mid": "post_attention_layernorm", "mlp_out": ("mlp.dense_4h_to_h", "out"), "ln1": "input_layernorm"},
    "xglm": {"z": ("self_attn.out_proj", "in"), "attn_out": ("self_attn.out_proj", "out"), "mid": "final_layer_norm", "mlp_in": "fc1", "mlp_out": ("fc2", "out"), "ln1": "self_attn_layer_norm"},
    "starcoder2": {**LLAMA_POINTS, "mlp_out": ("mlp.c_proj", "out")},
    "cohere": {**LLAMA_POINTS, "mid": "input_layernorm"},
    "cohere2": {**LLAMA_POINTS, "mid": "input_layernorm"},
    "falcon": {"z": ("self_attention.dense", "in"), "attn_out": ("self_attention.dense", "out"), "mid": "input_layernorm", "mlp_out": ("mlp.dense_4h_to_h", "out"), "ln1": "input_layernorm"},
    "phi": {"z": ("self_attn.dense", "in"), "attn_out": ("self_attn.dense", "out"), "mid": "input_layernorm", "mlp_out": ("mlp.fc2", "out"), "ln1": "input_layernorm"},
    "qwen2_moe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "qwen3_moe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "qwen3_5_moe_text": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "llama4_text": LLAMA4_POINTS,
    "llama4": LLAMA4_POINTS,
    "lfm2": LFM2_POINTS,
    "lfm2_moe": {**LFM2_POINTS, "mlp_out": ("feed_forward", "out")},
    "qwen3_next": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "gpt_oss": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "mixtral": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "olmoe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "olmo2": OLMO2_POINTS,
    "olmo3": OLMO2_POINTS,
    "exaone4": OLMO2_POINTS,
    "flex_olmo": {**OLMO2_POINTS, "mlp_out": ("mlp", "out")},
    "codegen": {"z": ("attn.out_proj", "in"), "attn_out": ("attn.out_proj", "out"), "mid": "ln_1", "mlp_out": ("mlp.fc_out", "out"), "ln1": "ln_1"},
    "nanochat": {**LLAMA_POINTS, "mlp_out": ("mlp.fc2", "out")},
    "mpt": {"z": ("attn.out_proj", "in"), "attn_out": ("attn.out_proj", "out"), "mid": "norm_2", "mlp_in": "ffn", "mlp_out": ("ffn.down_proj", "out"), "ln1": "norm_1"},
    "granitemoe": {**LLAMA_POINTS, "mlp_in": "block_sparse_moe", "mlp_out": ("block_sparse_moe", "out")},
    "granitemoeshared": {**LLAMA_POINTS, "mlp_in": "block_sparse_moe", "mlp_out": ("block_sparse_moe", "out")},
    "granitemoehybrid": {**LLAMA_POINTS, "mlp_in": "block_sparse_moe", "mlp_out": ("block_sparse_moe", "out")},
    "granitemoe_swa": {**LLAMA_POINTS, "mlp_in": "block_sparse_moe", "mlp_out": ("block_sparse_moe", "out")},
    "hyperclovax": {**LLAMA_POINTS, "attn_out": ("post_norm1", "out"), "mlp_out": ("post_norm2", "out")},
    "glm4_moe_lite": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "openai-gpt": {"z": ("attn.c_proj", "in"), "attn_out": ("attn.c_proj", "out"), "mid": "ln_1", "mlp_out": ("mlp.c_proj", "out"), "ln1": None},
    "deepseek_v2": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "deepseek_v3": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "phimoe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "dots1": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "glm4_moe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "hunyuan_v1_moe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "solar_open": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "sarvam_moe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "exaone_moe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "minimax_m2": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "mellum": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "cohere2_moe": {**LLAMA_POINTS, "mid": "input_layernorm", "mlp_out": ("mlp", "out")},
    "ernie4_5_moe": {**LLAMA_POINTS, "mlp_out": ("mlp", "out")},
    "vaultgemma": {**LLAMA_POINTS, "mid": "pre_feedforward_layernorm"},
    "apertus": {**LLAMA_POINTS, "ln1": "attention_layernorm", "mid": "feedforward_layernorm"},
    "gemma2": GEMMA_POINTS,
    "gemma3_text": GEMMA_POINTS,
    "gemma4_text": GEMMA_POINTS,
    "gemma4": GEMMA_POINTS,
}

# Families with LayerNorm, which takes the mean off, and what the config calls its epsilon; None: it has no key.
LAYER_NORMED = {"gpt2": "layer_norm_epsilon", "gpt_neo": "layer_norm_epsilon", "gpt_neox": "layer_norm_eps", "phi": "layer_norm_eps", "olmo": None, "stablelm": "layer_norm_eps"}
LAYER_NORMED |= {"bloom": "layer_norm_epsilon", "gpt_bigcode": "layer_norm_epsilon", "falcon": "layer_norm_epsilon", "gptj": "layer_norm_epsilon", "opt": None, "starcoder2": "norm_epsilon", "cohere": "layer_norm_eps", "cohere2": "layer_norm_eps", "nemotron": "norm_eps", "jais2": "layer_norm_eps"}
LAYER_NORMED |= {"codegen": "layer_norm_epsilon", "mpt": "layer_norm_epsilon", "phimoe": "rms_norm_eps", "biogpt": None, "cohere2_moe": "layer_norm_eps", "gpt_neox_japanese": "layer_norm_eps", "persimmon": "layer_norm_eps", "xglm": None}
# Of the others, where it is no `rms_norm_eps`.
EPSILONS = {"lfm2": "norm_eps", "lfm2_moe": "norm_eps"}

# Modules that SAEs of transformers' models are named by, which have the projection inside them.
AROUND = ("mlp", "feed_forward", "self_attn", "self_attention", "linear_attn", "conv", "attention", "attn", "attn.attention")


def config_of(kind: str, options: dict):
    from transformers import AutoConfig

    outer = options.pop("outer", {})
    if kind == "qwen3_5":
        vision = {"depth": 1, "hidden_size": 8, "num_heads": 1, "intermediate_size": 8, "out_hidden_size": 32, "num_position_embeddings": 4, "patch_size": 2, "spatial_merge_size": 1, "temporal_patch_size": 1}
        return AutoConfig.for_model(kind, text_config={**COMMON, **options}, vision_config=vision, tie_word_embeddings=True)
    if kind == "llama4":
        vision = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 4, "patch_size": 2, "vision_output_dim": 8, "projector_input_dim": 8, "projector_output_dim": 8}
        return AutoConfig.for_model(kind, text_config={**COMMON, **options}, vision_config=vision)
    if kind == "gemma4":
        vision = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8, "global_head_dim": 8, "position_embedding_size": 4}
        return AutoConfig.for_model(kind, text_config={**COMMON, **options}, vision_config=vision)
    if kind in ("llava", "mistral3"):
        vision = {"model_type": "clip_vision_model" if kind == "llava" else "pixtral", "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 4, "patch_size": 2, **({} if kind == "llava" else {"head_dim": 8})}
        return AutoConfig.for_model(kind, text_config={**COMMON, **options}, vision_config=vision, **{"tie_word_embeddings": False, **outer})
    names = {"hidden_size": "n_embd", "num_hidden_layers": "n_layer", "max_position_embeddings": "n_positions"}
    if kind == "mpt":
        names = {"num_hidden_layers": "n_layers", "max_position_embeddings": "max_seq_len"}
    merged = {(names.get(key, key) if kind in ("gpt2", "gpt_bigcode", "gptj", "codegen", "mpt", "openai-gpt") else key): value for key, value in COMMON.items()} | options
    return AutoConfig.for_model(kind, **merged)


def blocks_of(model):
    base = getattr(model.base_model, "language_model", getattr(model.base_model, "decoder", model.base_model))
    # That of a Llama 4 which also sees has a head of its own.
    base = getattr(base, "model", base)
    return base.h if hasattr(base, "h") else base.blocks if hasattr(base, "blocks") else base.layers


def normalised(x: torch.Tensor, model, kind: str) -> torch.Tensor:
    """hook_normalized: (x − mean) / sqrt(var + ε), without the mean for RMS norms."""
    # Of one family its config says which norms they are.
    centred = kind in LAYER_NORMED and not (kind == "cohere2_moe" and model.config.rms_norm_eps is not None)
    key = LAYER_NORMED[kind] if centred else EPSILONS.get(kind, "rms_norm_eps")
    epsilon = 1e-5 if key is None else getattr(model.config.get_text_config(), key)
    seen = x - x.mean(-1, keepdim=True) if centred else x
    return seen / (seen.pow(2).mean(-1, keepdim=True) + epsilon).sqrt()


def hooks_of(model, kind: str, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """What every hook of every layer is for one document: `layer.hook` → [length, width]."""
    points = POINTS.get(kind, LLAMA_POINTS)
    if kind == "falcon":
        # Its switches say which norms a block has.
        norms = {name for name, _ in blocks_of(model)[0].named_modules()}
        points = {**points, **({"ln1": "ln_attn", "mid": "ln_mlp"} if "ln_mlp" in norms else {"mid": "post_attention_layernorm"} if "post_attention_layernorm" in norms else {})}
    if kind == "opt" and not model.config.do_layer_norm_before:
        points = {**points, "mid": "self_attn_layer_norm", "ln1": None}
    if kind == "hyperclovax" and not model.config.use_post_norm:
        points = LLAMA_POINTS
    if kind == "granitemoehybrid" and model.config.num_local_experts == 0:
        points = {**points, "mlp_in": "shared_mlp", "mlp_out": ("shared_mlp", "out")}
    if kind == "stablelm" and model.config.use_parallel_residual:
        points = {**points, "mid": "input_layernorm"}
    found: dict[str, torch.Tensor] = {}
    handles = []

    def catch(name: str, module, side: str) -> None:
        def inputs(_module, args, kwargs):
            found[name] = (args[0] if args else kwargs["hidden_states"]).detach().reshape(ids.shape[1], -1).clone()

        def outputs(_module, _args, out):
            found[name] = (out[0] if isinstance(out, (tuple, list)) else out).detach().reshape(ids.shape[1], -1).clone()

        handles.append(module.register_forward_pre_hook(inputs, with_kwargs=True) if side == "in" else module.register_forward_hook(outputs))

    for layer, block in enumerate(blocks_of(model)):
        catch(f"{layer}.resid_pre", block, "in")
        # The last entry of output_hidden_states is the state after the final norm; a hook on the block is not.
        catch(f"{layer}.resid_post", block, "out")
        # Layers without heads, and what their projection is.
        carrying = next((name for name in ("linear_attn", "conv") if hasattr(block, name)), None)
        hybrid = any(hasattr(other, name) for other in blocks_of(model) for name in ("linear_attn", "conv"))
        for hook in ("attn_out", "mlp_out") if hybrid else ("z", "attn_out", "mlp_out"):
            module, side = (f"{carrying}.out_proj", "out") if carrying is not None and hook == "attn_out" else points[hook]
            catch(f"{layer}.{hook}", block.get_submodule(module), side)
        # Those of a Bloom add the stream.
        if getattr(block, "shared_mlp", None) is not None and points["mlp_out"][0] != "shared_mlp":
            # No module gives what it and the experts add.
            catch(f"{layer}.mlp_out beside", block.shared_mlp, "out")
        for name in AROUND if kind != "bloom" else ():
            if any(name == each for each, _ in block.named_modules()):
                catch(f"{layer}.around {name}", block.get_submodule(name), "out")
        catch(f"{layer}.mlp_in", block.get_submodule(points.get("mlp_in", "mlp")), "in")
        if points["ln1"] is not None:
            catch(f"{layer}.ln1_input", block.get_submodule(points["ln1"]), "in")
        catch(f"{layer}.ln2_input", block.get_submodule(points["mid"]), "in")
    with torch.no_grad():
        model(ids)
    for handle in handles:
        handle.remove()
    for name in [name for name in found if name.endswith(" beside")]:
        found[name.removesuffix(" beside")] += found.pop(name)
    for name in [name for name in found if ".around " in name]:
        # What a module around the projection gives out is the same, unless it is normed before it is added.
        value, hook = found.pop(name), "mlp_out" if name.endswith(("mlp", "feed_forward")) else "attn_out"
        assert points in (GEMMA_POINTS, GLM4_POINTS, AFMOE_POINTS, POINTS["hyperclovax"]) or torch.equal(value, found[f"{name.split('.')[0]}.{hook}"]), name
    if kind == "gpt_neox_japanese":
        # Its bias is added outside of the module that holds it.
        for layer, block in enumerate(blocks_of(model)):
            if block.attention.dense_bias is not None:
                found[f"{layer}.attn_out"] += block.attention.dense_bias.detach()
    parallel = kind in ("codegen", "cohere", "cohere2", "cohere2_moe", "gptj", "phi") or (kind == "falcon" and points["mid"] != "post_attention_layernorm") or (kind in ("gpt_neox", "stablelm") and model.config.use_parallel_residual)
    for layer in range(len(blocks_of(model))):
        middle = found.pop(f"{layer}.ln2_input")
        if points["ln1"] is not None:
            found[f"{layer}.ln1_normalized"] = normalised(found.pop(f"{layer}.ln1_input"), model, kind)
            found[f"{layer}.ln2_normalized"] = normalised(middle, model, kind)
        if not parallel:
            found[f"{layer}.resid_mid"] = middle
    return found


def pack(folder: Path) -> None:
    """Experts' matrices as random numbers of four bits with random exponents, in the layout of gpt-oss as published."""
    tensors = load_file(folder / "model.safetensors")
    for key in [key for key in tensors if key.endswith("_proj") and ".experts." in key]:
        experts, width, out = tensors.pop(key).shape
        tensors[f"{key}_blocks"] = torch.randint(0, 256, (experts, out, width // 32, 16), dtype=torch.uint8)
        tensors[f"{key}_scales"] = torch.randint(122, 127, (experts, out, width // 32), dtype=torch.uint8)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    kept = ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]
    config["quantization_config"] = {"modules_to_not_convert": kept, "quant_method": "mxfp4"}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def make(name: str, seed: int) -> None:
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    kind, options = CONFIGS[name]
    auto = AutoModelForImageTextToText if kind in ("qwen3_5", "gemma4", "llama4", "llava", "mistral3") else AutoModelForCausalLM
    options = dict(options)
    save = options.pop("save", "float32")
    # Keys of config.json that transformers reads as it will: some it follows, and some it passes over.
    written, fused, torch_file, packed = (options.pop(key, unsaid) for key, unsaid in (("written", {}), ("fused", False), ("torch", False), ("packed", False)))
    published = options.pop("published", False)
    torch.manual_seed(seed)
    # Its eager attention adds distances twice (modeling_falcon.py: in the mask, and to the scores).
    attention = "sdpa" if options.get("alibi") else "eager"
    model = auto.from_config(config_of(kind, options), attn_implementation=attention)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # Fresh norms do nothing and fresh biases are zeros: they would hide a forgotten factor.
            if parameter.ndim == 1 or key.endswith("e_score_correction_bias"):
                parameter.add_(0.2 * torch.randn_like(parameter))
            elif key.endswith("router.gate.weight"):
                # Of AFMoE it begins as zeros.
                parameter.add_(0.25 * torch.randn_like(parameter))
        for key, buffer in model.named_buffers():
            if key.endswith(("layer_scalar", "e_score_correction_bias", "expert_bias")):
                buffer.add_(0.2 * torch.randn_like(buffer))
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.to(getattr(torch, save)).save_pretrained(folder, save_original_format=not fused)
    if torch_file:
        # As models were published before there were safetensors.
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    if written:
        config = json.loads((folder / "config.json").read_text())
        if "rope_scaling" in written or "rope_theta" in written or "rope_parameters" in written:
            config.pop("rope_parameters", None)
        (folder / "config.json").write_text(json.dumps({**config, **written}, indent=2, sort_keys=True) + "\n")
    if packed:
        pack(folder)
    if published:
        config = json.loads((folder / "config.json").read_text())
        text = config["text_config"]
        text.pop("per_layer_config")
        text |= {key: options[key] for key in ("global_head_dim", "num_global_key_value_heads")}
        (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    model = auto.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention).eval()
    if kind == "llama4":
        # Around its text model transformers 5.24 asks for `image_outputs`, which a text alone has not.
        model = model.language_model
    tensors, documents = {}, []
    for number, length in enumerate(LENGTHS):
        ids = torch.randint(3, VOCAB, (1, length))
        documents.append(ids[0].tolist())
        # Long documents are needed for windows, their every value is not: some positions stand for all.
        kept = sorted({0, 1, length // 2, length - 2, length - 1} & set(range(length)))
        for hook, value in hooks_of(model, kind, ids).items():
            tensors[f"{number}.{hook}"] = value[kept].contiguous()
    continuations = []
    for prompt in documents[1:3]:
        ids = torch.tensor([prompt])
        # Without its cache: that of a window of one token keeps every token.
        with torch.no_grad():
            out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, use_cache=False, do_sample=False, num_beams=1, eos_token_id=None, pad_token_id=0)
        continuations.append(out[0, len(prompt) :].tolist())
    save_file(tensors, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps({"documents": documents, "continuations": continuations}) + "\n")
    (folder / "generation_config.json").unlink(missing_ok=True)
    if kind == "gpt2":
        # The published configs have the context a second time, and TransformerLens reads it there.
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "n_ctx": CONTEXT}, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for name in CONFIGS:
        if not wanted or any(name.startswith(each) for each in wanted):
            # A seed of its own, so that a new config changes no other.
            make(name, zlib.crc32(name.encode()))
    for folder in sorted(OUT.iterdir()):
        print(folder.name, sum(file.stat().st_size for file in folder.iterdir()) // 1024, "kB")
