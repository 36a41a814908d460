"""Without this file it would be nobody's measurement whether a tokenizer puts a beginning-of-text token before a text.

Writes small tokenizers laid out as those of GPT-2, Pythia, Llama 3, Gemma and Qwen are on the hub, and the ids that transformers (5.24 was
used) makes with them, into tokenizers/ beside this file. Re-runnable:  python test/parity/make_tokenizers.py
"""

import json
import shutil
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

OUT = Path(__file__).parent / "tokenizers"
CORPUS = ["the quick brown fox jumps over the lazy dog", "in the beginning was the word and the word was", "she sells sea shells by the sea shore"] * 5
TEXTS = ["the word was by the sea", "", " dog", "the\nlazy fox"]


def byte_level(specials: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator([*CORPUS, "\n"], trainers.BpeTrainer(vocab_size=60, special_tokens=specials, initial_alphabet=[], show_progress=False))
    return tokenizer


def templated(tokenizer: Tokenizer, bos: str, *before: processors.PostProcessor) -> Tokenizer:
    template = processors.TemplateProcessing(single=f"{bos}:0 $A:0", pair=f"{bos}:0 $A:0 {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))])
    tokenizer.post_processor = processors.Sequence([*before, template]) if before else template
    return tokenizer


def gemma() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.train_from_iterator([*CORPUS, "\n"], trainers.BpeTrainer(vocab_size=60, special_tokens=["<pad>", "<eos>", "<bos>", "<unk>"], show_progress=False))
    return templated(tokenizer, "<bos>")


END = "<|endoftext|>"
BEGIN = "<|begin_of_text|>"


def cases() -> dict[str, tuple[Tokenizer, dict | None, dict]]:
    """name → (tokenizer.json, tokenizer_config.json, config.json)"""
    llama = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BEGIN, "eos_token": "<|end_of_text|>"}
    llama_tokens = [BEGIN, "<|end_of_text|>"]
    return {
        # openai-community/gpt2 names no special token at all: the model's config and the class do.
        "gpt2": (byte_level([END]), {"model_max_length": 1024}, {"model_type": "gpt2", "bos_token_id": 0, "eos_token_id": 0}),
        "pythia": (byte_level([END, "<|padding|>"]), {"tokenizer_class": "GPTNeoXTokenizer", "bos_token": END, "eos_token": END, "unk_token": END, "add_prefix_space": False}, {"model_type": "gpt_neox", "bos_token_id": 0, "eos_token_id": 0}),
        "llama3": (templated(byte_level(llama_tokens), BEGIN, processors.ByteLevel(trim_offsets=True)), llama, {"model_type": "llama", "bos_token_id": 0, "eos_token_id": 1}),
        "llama3_disagreeing": (templated(byte_level(llama_tokens), BEGIN, processors.ByteLevel(trim_offsets=True)), {**llama, "add_bos_token": False}, {"model_type": "llama", "bos_token_id": 0, "eos_token_id": 1}),
        "gemma": (gemma(), {"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>", "add_bos_token": True}, {"model_type": "gemma2", "bos_token_id": 2, "eos_token_id": 1}),
        "qwen": (byte_level([END]), {"tokenizer_class": "Qwen2Tokenizer", "bos_token": None, "eos_token": END, "add_bos_token": False}, {"model_type": "qwen2", "bos_token_id": 0, "eos_token_id": 0}),
    }


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    for name, (tokenizer, options, config) in cases().items():
        folder = OUT / name
        folder.mkdir(parents=True)
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps(options) + "\n")
        (folder / "config.json").write_text(json.dumps(config) + "\n")
        theirs = AutoTokenizer.from_pretrained(folder)
        result = {"bos_token_id": theirs.bos_token_id, "texts": TEXTS, "ids": [theirs(text).input_ids for text in TEXTS]}
        (folder / "expected.json").write_text(json.dumps(result) + "\n")
        print(name, result["bos_token_id"], result["ids"][0][:6], len(tokenizer.get_vocab()))
