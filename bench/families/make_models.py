"""Without this file the families that are no plain Llama would never have been timed: random weights in their published shapes, cut to few layers.

    pip install torch==2.15.0 transformers==5.24.0     (requirements.txt has an older transformers, which lacks some of them)
    python bench/families/make_models.py FOLDER        (9 GB)
"""

import argparse
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).parent.parent / "llama8b"))
from make_checkpoint import Shape, write_texts, write_tokenizer

VOCABULARY = 49152
COMMON = {"vocab_size": VOCABULARY, "max_position_embeddings": 4096, "tie_word_embeddings": True, "bos_token_id": VOCABULARY - 256, "eos_token_id": VOCABULARY - 255}
# Sizes of the models' own config.json; of layers only so many that float32 copies of them fit beside transformers.
MODELS = {
    # Qwen3.5-2B: three of four layers are linear attention.
    "qwen3_5": ("qwen3_5_text", {"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 256, "linear_num_key_heads": 16, "linear_num_value_heads": 16, "linear_key_head_dim": 128, "linear_value_head_dim": 128}),
    # Qwen3-30B-A3B
    "qwen3_moe": ("qwen3_moe", {"hidden_size": 2048, "intermediate_size": 6144, "moe_intermediate_size": 768, "num_hidden_layers": 3, "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": True}),
    # gpt-oss-20b, its experts written out
    "gpt_oss": ("gpt_oss", {"hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 2, "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "num_local_experts": 32, "num_experts_per_tok": 4, "sliding_window": 128}),
    # Gemma-3-1B
    "gemma3": ("gemma3_text", {"hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 12, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "sliding_window": 512}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=list(MODELS))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, (kind, sizes) in MODELS.items():
        if arguments.only not in (None, name):
            continue
        torch.manual_seed(0)
        torch.set_default_dtype(torch.bfloat16)
        AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **COMMON, **sizes)).save_pretrained(arguments.folder / name)
        words = write_tokenizer(Shape(0, 0, 0, 0, 0, VOCABULARY, 0, 0, 0), arguments.folder / name)
    write_texts(words, 20, 100, arguments.folder / "texts.csv")


if __name__ == "__main__":
    main()
