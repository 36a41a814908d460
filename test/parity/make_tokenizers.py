"""Without this file it would be nobody's measurement whether a tokenizer puts a beginning-of-text token before a text.

Writes small tokenizers laid out as those of GPT-2, Pythia, Llama 2 and 3, Gemma and Qwen are on the hub, and the ids that transformers (5.24 was
used; 4.57 for `llama2` and those from `pieces` on) makes with them, into tokenizers/ beside this file. Re-runnable, for all or for those named:
python test/parity/make_tokenizers.py [name …]
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
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


def llama2() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    specials = ["<unk>", "<s>", "</s>"]
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=330, special_tokens=[*specials, *(f"<0x{byte:02X}>" for byte in range(256))], show_progress=False))
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["content"] in specials]
    return templated(Tokenizer.from_str(json.dumps(made)), "<s>")


# What JavaScript sees otherwise than Rust: spaces (U+FEFF, U+0085), digits (², Ⅷ, ٣), words (U+200D, combining marks), and graphemes.
ODD_TEXTS = ["\ufeff#the sea \ufeff…\ufeff", "the\u0085sea \u0085 \u0085…", "a²4567 Ⅷ٣1 the 12²", "“the”--sea...  the- -sea,,x", "the\r\nsea\n\u2028 x", "👩\u200d👩\u200d👧 e\u0301 ½ ﬁ", "日本 the 日本語 x 日 the", "\t the   sea\u00a0\u3000x ", "don't I'M 'ſ", "－ｔｈｅ－"]
ODD_CORPUS = CORPUS + ODD_TEXTS * 4


def odd_bpe(pre: list, unknown: str | None = None, **model) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token=unknown, **model))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(pre)
    initial = [] if unknown else pre_tokenizers.ByteLevel.alphabet()
    tokenizer.decoder = decoders.Fuse() if unknown else decoders.ByteLevel()
    limit = {"limit_alphabet": 30} if unknown else {}
    tokenizer.train_from_iterator(ODD_CORPUS, trainers.BpeTrainer(vocab_size=420 if not unknown else 160, special_tokens=[unknown or END], initial_alphabet=initial, show_progress=False, **limit))
    return tokenizer


def raw_bytes() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def cut_at(pattern, behavior: str, invert: bool = False) -> Tokenizer:
    return odd_bpe([pre_tokenizers.Split(pattern, behavior, invert=invert), raw_bytes()])


def pieces(byte_fallback: bool) -> Tokenizer:
    """Unigram behind a map of characters that SentencePiece compiled."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.tsv")
        rules.write_text("\n".join(["FB01\t66 69", "BD\t31 2044 32", "D\t20", "A\t20", "FF54\t74", "65 301\tE9", "3000\t20"]) + "\n")
        Path(folder, "corpus.txt").write_text("\n".join(CORPUS))
        sentencepiece.SentencePieceTrainer.train(input=str(Path(folder, "corpus.txt")), model_prefix=str(Path(folder, "m")), vocab_size=40, hard_vocab_limit=False, normalization_rule_tsv=str(rules), minloglevel=2)
        spec = sentencepiece_model_pb2.ModelProto()
        spec.ParseFromString(Path(folder, "m.model").read_bytes())
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(spec.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]) if byte_fallback else decoders.Metaspace()
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256) if byte_fallback)]
    tokenizer.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=len(specials) + 60, special_tokens=specials, unk_token="<unk>", show_progress=False))
    made = json.loads(tokenizer.to_str())
    made["model"]["byte_fallback"] = byte_fallback
    return Tokenizer.from_str(json.dumps(made))


def odd_cases() -> dict[str, Tokenizer]:
    word = pre_tokenizers.WhitespaceSplit()
    return {
        "pieces": pieces(False),
        "pieces_bytes": pieces(True),
        "gpt2_spaces": odd_bpe([pre_tokenizers.ByteLevel(add_prefix_space=False)]),
        "gpt2_prefix_space": odd_bpe([pre_tokenizers.ByteLevel(add_prefix_space=True)]),
        "digits_each": odd_bpe([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
        "digits_together": odd_bpe([pre_tokenizers.Digits(individual_digits=False), raw_bytes()]),
        "punctuation_each": odd_bpe([pre_tokenizers.Punctuation("isolated"), raw_bytes()]),
        "punctuation_before": odd_bpe([pre_tokenizers.Punctuation("merged_with_previous"), raw_bytes()]),
        "split_removed": cut_at(" ", "removed"),
        "split_together": cut_at(" ", "contiguous"),
        "split_before": cut_at(" ", "merged_with_previous"),
        "split_after": cut_at(Regex(r"\s+"), "merged_with_next"),
        "split_turned": cut_at(Regex(r"\w+"), "isolated", invert=True),
        "split_found": cut_at(Regex(r"\w+| ?[^\s\w]+|\s+"), "removed", invert=True),
        "words": odd_bpe([pre_tokenizers.Whitespace()], "<unk>"),
        "words_fused": odd_bpe([word], "<unk>", fuse_unk=True),
        "words_ended": odd_bpe([pre_tokenizers.BertPreTokenizer()], "<unk>", end_of_word_suffix="</w>"),
    }


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
        "llama2": (llama2(), {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True, "add_eos_token": False, "legacy": False}, {"model_type": "llama", "bos_token_id": 1, "eos_token_id": 2}),
        "llama3": (templated(byte_level(llama_tokens), BEGIN, processors.ByteLevel(trim_offsets=True)), llama, {"model_type": "llama", "bos_token_id": 0, "eos_token_id": 1}),
        "llama3_disagreeing": (templated(byte_level(llama_tokens), BEGIN, processors.ByteLevel(trim_offsets=True)), {**llama, "add_bos_token": False}, {"model_type": "llama", "bos_token_id": 0, "eos_token_id": 1}),
        "gemma": (gemma(), {"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>", "add_bos_token": True}, {"model_type": "gemma2", "bos_token_id": 2, "eos_token_id": 1}),
        "qwen": (byte_level([END]), {"tokenizer_class": "Qwen2Tokenizer", "bos_token": None, "eos_token": END, "add_bos_token": False}, {"model_type": "qwen2", "bos_token_id": 0, "eos_token_id": 0}),
    }


if __name__ == "__main__":
    odd = {name: (tokenizer, {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": None}, {"model_type": "llama"}) for name, tokenizer in odd_cases().items()}
    for name, (tokenizer, options, config) in {**cases(), **odd}.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        folder = OUT / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps(options) + "\n")
        (folder / "config.json").write_text(json.dumps(config) + "\n")
        theirs = AutoTokenizer.from_pretrained(folder)
        result = {"bos_token_id": theirs.bos_token_id, "texts": (texts := TEXTS + (ODD_TEXTS if name in odd else []) + (["  the sea</s>the dog"] if name == "llama2" else [])), "ids": [theirs(text).input_ids for text in texts]}
        if name == "pieces_bytes":
            # Bytes of characters, of halves of them, and of a mark at the start of a text.
            spelt = [[f"<0x{byte:02X}>" for byte in text] for text in ("日本".encode(), "日本".encode()[1:], b"a\xffb", "\ufeffx".encode())]
            ids = [theirs.convert_tokens_to_ids(each) + theirs("the").input_ids for each in spelt]
            result["decoded"] = [[each, theirs.decode(each, clean_up_tokenization_spaces=False)] for each in ids]
        (folder / "expected.json").write_text(json.dumps(result) + "\n")
        print(name, result["bos_token_id"], result["ids"][0][:6], len(tokenizer.get_vocab()))
