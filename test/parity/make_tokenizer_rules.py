"""Without this file it would be nobody's measurement whether rules of a tokenizer.json do what Hugging Face tokenizers does.

Writes small tokenizers, one for each rule, and the ids and texts that tokenizers (0.23.3 was used) makes with them, into tokenizer_rules.json
beside this file; and folders of tokenizers whose configs name tokens, with the ids that AutoTokenizer (transformers 5.24) makes, into
tokenizer_names.json. Re-runnable: python test/parity/make_tokenizer_rules.py
"""

import json
import tempfile
from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoTokenizer

HERE = Path(__file__).parent
TEXTS = [
    "", "the ab abc", "  The ΣΑΣ Σ. İSTANBUL ", "日本 𠀀x𫠠", "a$&b $1 \\1", "\ufeffa\u0085b\u00a0 ", "e\u0301 É ﬁ ½ ² Ⅷ ٣", "\U000105c9 \U000105d2\u0307 \u0897a \u08d4b", "ab,ab..ab", "x\x01\x00\ufffd\t\n", "\U00011db0a a\U00018cff \u2e5d⹝!", "<s>the</s> ab<x> <x>a",
    "aaaaaaaaaa bbbb", "👩\u200d👩 क् ঌ",
]
CHARACTERS = sorted({character for text in TEXTS for character in text} | set("theabcdxyzABC 012▁Ġ$&\\.,"))


def added(content: str, at: int, **flags) -> dict:
    return {"id": at, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **flags}


def made(model: dict, normalizer=None, pre_tokenizer=None, decoder=None, tokens=()) -> dict:
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(tokens), "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": decoder, "model": model}


def bpe(merges=(), vocabulary=(), without="", **options) -> dict:
    prefix, suffix = options.get("continuing_subword_prefix") or "", options.get("end_of_word_suffix") or ""
    words = ["<unk>", *vocabulary]
    for character in CHARACTERS:
        if character not in without:
            words += [form for form in (character, prefix + character, character + suffix, prefix + character + suffix)]
    words += [left + right[len(prefix):] for left, right in merges]
    unique = list(dict.fromkeys(words))
    plain = {"dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    return {"type": "BPE", **plain, **options, "vocab": {word: at for at, word in enumerate(unique)}, "merges": [list(merge) for merge in merges]}


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
PLAIN = bpe()


def sequence(*parts: dict, key: str) -> dict:
    return {"type": "Sequence", key: list(parts)}


def unigram(byte_fallback=False) -> dict:
    pieces = [["<unk>", 0.0], ["ab", -3.0], ["bc", -3.0], ["abc", -6.5], ["a", -2.0], ["aa", -4.0], ["the", -5.0], ["▁", -2.5], ["▁the", -6.0], [" ", -2.0]]
    return {"type": "Unigram", "unk_id": 0, "byte_fallback": byte_fallback, "vocab": pieces + [[c, -7.0 - at / 100] for at, c in enumerate("bcdhtexΣ日.,")] + ([[byte, -20.0] for byte in BYTES] if byte_fallback else [])}


def rules() -> dict[str, dict]:
    split = lambda pattern, behavior, invert=False: {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
    cases = {f"normalized {form}": made(PLAIN, {"type": form}) for form in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt")}
    cases |= {f"bert {name}": made(PLAIN, {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": cjk, "strip_accents": accents, "lowercase": lower}) for name, clean, cjk, accents, lower in (("all", True, True, None, True), ("accents", False, False, True, False), ("capitals", False, False, False, True))}
    cases |= {f"stripped {left} {right}": made(PLAIN, {"type": "Strip", "strip_left": left, "strip_right": right}) for left, right in ((True, True), (False, True))}
    cases |= {f"replaced by {content}": made(PLAIN, {"type": "Replace", "pattern": pattern, "content": content}) for content, pattern in (("$&", {"String": "ab"}), ("$1", {"Regex": "(a)b"}), ("\\1", {"String": "."}), ("", {"Regex": "\\w+ "}))}
    first = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    cases |= {f"a start {name}": made(bpe(unk_token="<unk>"), normalizer, first) for name, normalizer in (("replaced whole", {"type": "Replace", "pattern": {"Regex": "[a-z]{2}"}, "content": "x"}), ("replaced alone", {"type": "Replace", "pattern": {"String": "a"}, "content": "xx"}), ("taken away", {"type": "Strip", "strip_left": True, "strip_right": False}))}
    cases["prepended"] = made(PLAIN, sequence({"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Prepend", "prepend": "▁"}, key="normalizers"))
    cases |= {f"metaspace {scheme} {cut}": made(bpe([("▁", "t"), ("▁t", "h"), (" ", "▁"), ("b", "▁"), ("b▁", "a")]), None, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}, [added("<s>", 0), added("</s>", 0), added("<x>", 0)]) for scheme in ("always", "first", "never") for cut in (True, False)}
    cases |= {f"split {behavior} {invert}": made(bpe([("b", ","), ("a", "b"), (".", ".")]), None, split({"String": "ab"} if invert else {"Regex": "a(b)|[,.]"}, behavior, invert)) for behavior in ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous") for invert in (False, True)}
    cases["split at nothing"] = made(PLAIN, None, split({"String": ""}, "Isolated"))
    cases["pieces of three"] = made(bpe([("a", "b"), ("ab", "c"), ("𠀀", "x")]), None, {"type": "FixedLength", "length": 3})
    cases["punctuation"] = made(bpe([("a", "b"), ("⹝", "!"), (".", "."), ("..", "a")]), None, {"type": "Punctuation", "behavior": "Contiguous"})
    cases["words"] = made(bpe([("\U00011db0", "a"), ("a", "b")]), None, {"type": "Whitespace"})
    cases["bytes as characters"] = made(bpe([("Î", "£")], ["Î", "£", "Ġt"]), {"type": "ByteLevel"}, None, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}, [added("<é>", 0, normalized=True)])
    merges = [("a", "b"), ("ab", "c"), ("t", "h"), ("th", "e"), ("a", "a"), ("aa", "aa")]
    cases["unknown dropped"] = made(bpe(merges, without="日𠀀x,"))
    cases["unknown told"] = made(bpe(merges, without="日本𠀀,.", unk_token="<unk>"))
    cases["unknown fused"] = made(bpe(merges, without="日本𠀀,.", unk_token="<unk>", fuse_unk=True))
    cases["bytes of the unknown"] = made(bpe([*merges, ("<0xE6>", "<0x97>")], BYTES, without="日本𠀀,.", unk_token="<unk>", fuse_unk=True, byte_fallback=True), decoder=sequence({"type": "ByteFallback"}, {"type": "Fuse"}, key="decoders"))
    cases["some bytes of the unknown"] = made(bpe(merges, BYTES[:0xE6], without="日本𠀀,.", unk_token="<unk>", byte_fallback=True))
    cases["merges ignored"] = made(bpe(merges, ["the", "abc", "ab,ab"], ignore_merges=True, dropout=0.0), None, {"type": "WhitespaceSplit"}, None, [added("ab", 0, normalized=True, single_word=True)])
    cases["words that go on"] = made(bpe([("a", "##b"), ("t", "##h"), ("th", "##e")], continuing_subword_prefix="##", unk_token="<unk>"), None, {"type": "WhitespaceSplit"}, {"type": "WordPiece", "prefix": "##", "cleanup": True})
    cases["words that end"] = made(bpe([("a", "b</w>"), ("t", "h"), ("th", "e</w>")], end_of_word_suffix="</w>"), None, {"type": "WhitespaceSplit"}, {"type": "BPEDecoder", "suffix": "</w>"})
    pieces = {word: at for at, word in enumerate(["[UNK]", "the", "ab", "##c", "a", "##b", "x", "##a", "##x", ",", "b", "##bbb"])}
    words = {"[UNK]": 0, "the": 1, "ab": 2, "x": 3, ",": 4, "Σ": 5, "日本": 6, "\\": 7}
    for name, pre_tokenizer in (("whole words", {"type": "Whitespace"}), ("words between blanks", {"type": "WhitespaceSplit"}), ("words as they are", None)):
        cases[name] = made({"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"}, {"type": "NFC"}, pre_tokenizer, None, [added("<x>", 8)])
    cases["word pieces"] = made({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9, "vocab": pieces}, {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}, {"type": "BertPreTokenizer"}, {"type": "WordPiece", "prefix": "##", "cleanup": False})
    cases["likeliest pieces"] = made(unigram(), None, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True})
    cases["likeliest pieces and bytes"] = made(unigram(True), None, None, sequence({"type": "Replace", "pattern": {"String": "a"}, "content": "$&"}, {"type": "ByteFallback"}, {"type": "Fuse"}, key="decoders"))
    flags = [added("<s>", 0, special=True, lstrip=True), added("</s>", 0, special=True, rstrip=True), added("<x>", 0, lstrip=True, rstrip=True), added("ab", 0, single_word=True), added("<x>a", 0), added("the", 0, normalized=True), added("É", 0, normalized=True)]
    cases["tokens cut out"] = made(bpe(merges), {"type": "Lowercase"}, None, None, flags)
    return cases


def named() -> list[dict]:
    """tokenizer.json with few tokens, and what other files name."""
    words = [*[chr(byte) for byte in range(33, 127)], "Ġ", "the", "Ġthe", "<|endoftext|>", "sea"]
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": {word: at for at, word in enumerate(dict.fromkeys([*words, "th"]))}, "merges": [["t", "h"], ["th", "e"], ["Ġ", "the"]]}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    base = made(model, None, level, level, [added("<|endoftext|>", 98, special=True)])
    told = lambda content, **flags: {"__type": "AddedToken", "content": content, "lstrip": False, "rstrip": False, "single_word": False, "normalized": False, **flags}
    entry = lambda content, **flags: {key: value for key, value in told(content, special=False, **flags).items() if key != "__type"}
    plain = {"tokenizer_class": "PreTrainedTokenizerFast"}
    by_qwen = lambda regex: {**base, "normalizer": {"type": "NFC"}, "pre_tokenizer": sequence({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}, key="pretokenizers")}
    pieces = [*[chr(byte) for byte in range(33, 127)], "▁", "the", "▁the", "<s>", "</s>", "<unk>", "sea", "th", "<0x0A>"]
    mark = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    llama = made({**model, "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": {word: at for at, word in enumerate(dict.fromkeys(pieces))}, "merges": [["t", "h"], ["th", "e"], ["▁", "the"]]}, sequence({"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, key="normalizers"), None, sequence({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}, key="decoders"), [added(token, 97 + at, special=True) for at, token in enumerate(["<s>", "</s>", "<unk>"])] + [added("<a>", 103), added("<b>", 104, special=True)])
    of_llama = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return [
        {"name": "tokens of added_tokens_decoder", "tokenizer.json": base, "tokenizer_config.json": {**plain, "added_tokens_decoder": {"99": entry("sea", normalized=True), "98": entry("<|endoftext|>", rstrip=True), "101": entry("<b>", lstrip=True), "100": entry("<a>")}, "bos_token": "<a>", "eos_token": "<|endoftext|>"}},
        {"name": "special tokens of the config", "tokenizer.json": base, "tokenizer_config.json": {**plain, "bos_token": told("<|endoftext|>", lstrip=True), "pad_token": told("<pad>", rstrip=True), "unk_token": "sea", "additional_special_tokens": ["<b>", told("<a>", single_word=True)], "image_token": "<image>", "mask_token": None}},
        {"name": "extra special tokens", "tokenizer.json": base, "tokenizer_config.json": {**plain, "extra_special_tokens": {"image_token": "<image>"}, "additional_special_tokens": ["<a>"]}},
        {"name": "special_tokens_map and added_tokens", "tokenizer.json": base, "tokenizer_config.json": plain, "special_tokens_map.json": {"bos_token": {**entry("<b>", lstrip=True)}, "eos_token": "sea"}, "added_tokens.json": {"<pad>": 101, "<b>": 100}},
        {"name": "a map that the config overrules", "tokenizer.json": base, "tokenizer_config.json": {**plain, "bos_token": "<a>", "added_tokens_decoder": {"98": entry("<|endoftext|>")}}, "special_tokens_map.json": {"bos_token": "<b>"}, "added_tokens.json": {"<pad>": 101}},
        {"name": "tokens of the class", "tokenizer.json": {**base, "added_tokens": [], "model": {**model, "vocab": {word: at for at, word in enumerate([w for w in model["vocab"] if w != "<|endoftext|>"])}}}, "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}, "config.json": {"model_type": "gpt2"}},
        {"name": "a template that its class drops", "tokenizer.json": {**base, "normalizer": {"type": "NFC"}, "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [98], "tokens": ["<|endoftext|>"]}}}}, "tokenizer_config.json": {"tokenizer_class": "GPTNeoXTokenizer"}, "config.json": {"model_type": "gpt_neox"}},
        {"name": "a Qwen 3.5 that calls itself an older one", "tokenizer.json": by_qwen(QWEN_MARKS), "tokenizer_config.json": {"tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "additional_special_tokens": ["<a>"]}, "config.json": {"model_type": "qwen3_5"}},
        {"name": "a Qwen 3 with experts that says nothing", "tokenizer.json": by_qwen(QWEN), "tokenizer_config.json": {}, "config.json": {"model_type": "qwen3_moe"}},
        {"name": "a GPT-J that says nothing", "tokenizer.json": {**base, "added_tokens": []}, "tokenizer_config.json": {}, "config.json": {"model_type": "gptj"}},
        {"name": "a StarCoder 2 that says nothing", "tokenizer.json": {**base, "added_tokens": []}, "tokenizer_config.json": {"add_prefix_space": True}, "config.json": {"model_type": "starcoder2"}},
        {"name": "a Cohere that says nothing", "tokenizer.json": {**base, "normalizer": {"type": "NFC"}, "pre_tokenizer": sequence({"type": "Digits", "individual_digits": True}, level, key="pretokenizers"), "added_tokens": [added("<BOS_TOKEN>", 100, special=True)]}, "tokenizer_config.json": {}, "config.json": {"model_type": "cohere"}},
        {"name": "a Cohere 2 with a space before texts", "tokenizer.json": {**base, "normalizer": {"type": "NFC"}, "pre_tokenizer": sequence({"type": "Digits", "individual_digits": True}, level, key="pretokenizers"), "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<BOS_TOKEN>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<BOS_TOKEN>": {"id": "<BOS_TOKEN>", "ids": [100], "tokens": ["<BOS_TOKEN>"]}}}, "added_tokens": [added("<BOS_TOKEN>", 100, special=True)]}, "tokenizer_config.json": {"tokenizer_class": "CohereTokenizerFast", "bos_token": "<BOS_TOKEN>", "add_bos_token": True, "add_prefix_space": True}, "config.json": {"model_type": "cohere2"}},
        {"name": "a StarCoder that says nothing", "tokenizer.json": {**base, "pre_tokenizer": sequence({"type": "Digits", "individual_digits": True}, level, key="pretokenizers")}, "tokenizer_config.json": {"bos_token": "<|endoftext|>", "add_prefix_space": True}, "config.json": {"model_type": "gpt_bigcode"}},
        {"name": "an OPT as transformers 5 saves it", "tokenizer.json": {**base, "added_tokens": [added("</s>", 100, special=True), added("<pad>", 101, special=True)], "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "</s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"</s>": {"id": "</s>", "ids": [100], "tokens": ["</s>"]}}}}, "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>", "add_prefix_space": False}, "config.json": {"model_type": "opt", "bos_token_id": 2}},
        {"name": "ids that tokenizer.json has wrong", "tokenizer.json": {**base, "added_tokens": [added("<|endoftext|>", 7, special=True), added("<a>", 500)]}, "tokenizer_config.json": plain},
        {"name": "a Llama without a space before texts", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "legacy": False, "add_prefix_space": False}},
        {"name": "an older Llama without a space before texts", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "tokenizer_class": "LlamaTokenizerFast", "legacy": True, "add_prefix_space": False}},
        {"name": "a Llama with a space before the text alone", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "legacy": False, "add_prefix_space": True}},
        {"name": "a Llama that transformers 5 saved", "tokenizer.json": {**llama, "model": {**llama["model"], "unk_token": None}, "normalizer": None, "pre_tokenizer": mark}, "tokenizer_config.json": {**of_llama, "legacy": False}},
        {"name": "a Llama of no class", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": False}},
        {"name": "a Mistral that calls itself a Llama", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "add_prefix_space": False}, "config.json": {"model_type": "mistral"}},
        {"name": "a LLaVA that calls itself a Llama", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "add_prefix_space": False}, "config.json": {"model_type": "llava"}},
        {"name": "a Mistral 3 that calls itself a Llama", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "add_prefix_space": False}, "config.json": {"model_type": "mistral3"}},
        {"name": "an OLMo that says nothing", "tokenizer.json": {**base, "normalizer": {"type": "NFC"}}, "tokenizer_config.json": {}, "config.json": {"model_type": "olmo"}},
        {"name": "an OLMo 2 that calls itself a GPT-2", "tokenizer.json": base, "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}, "config.json": {"model_type": "olmo2"}},
        {"name": "a Granite that calls itself a GPT-2", "tokenizer.json": base, "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}, "config.json": {"model_type": "granite"}},
        {"name": "a Mixtral that calls itself a Llama", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "add_prefix_space": False}, "config.json": {"model_type": "mixtral"}},
        {"name": "an OLMoE that says nothing", "tokenizer.json": {**base, "normalizer": {"type": "NFC"}}, "tokenizer_config.json": {}, "config.json": {"model_type": "olmoe"}},
        {"name": "a StableLM that calls itself a GPT-NeoX", "tokenizer.json": base, "tokenizer_config.json": {"tokenizer_class": "GPTNeoXTokenizerFast", "add_prefix_space": True}, "config.json": {"model_type": "stablelm"}},
        {"name": "a GLM 4 that calls itself a GPT-2", "tokenizer.json": base, "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}, "config.json": {"model_type": "glm4"}},
        {"name": "special tokens that are read as letters", "tokenizer.json": llama, "tokenizer_config.json": {**of_llama, "tokenizer_class": "PreTrainedTokenizerFast", "split_special_tokens": True}},
    ]


QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_MARKS = QWEN.replace(r"\p{L}+", r"[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
NAMED_TEXTS = ["the sea", "<a>the <b>  sea<|endoftext|>  the", " the<pad>  <image>x<a> <a>b", "sea<b><|padding|>", "<s>the</s> the <b>the", "  the sea\n日", "x  <|endoftext|> the <mask>", ""]


if __name__ == "__main__":
    out = []
    for name, value in rules().items():
        vocabulary = len(value["model"]["vocab"])
        own = value["model"]["vocab"] if isinstance(value["model"]["vocab"], dict) else {}
        for token in value["added_tokens"]:
            token["id"] = own.get(token["content"], vocabulary)
            vocabulary += token["content"] not in own
        tokenizer = Tokenizer.from_str(json.dumps(value))
        rows = [[text, ids := tokenizer.encode(text, add_special_tokens=False).ids, tokenizer.decode(ids, skip_special_tokens=False)] for text in TEXTS]
        out.append({"name": name, "tokenizer": value, "rows": rows})
    (HERE / "tokenizer_rules.json").write_text("[\n" + ",\n".join(json.dumps(each, ensure_ascii=True) for each in out) + "\n]\n")
    folders = []
    for case in named():
        name = case.pop("name")
        with tempfile.TemporaryDirectory() as folder:
            files = {"config.json": {"model_type": "llama"}, **case}
            for file, value in files.items():
                Path(folder, file).write_text(json.dumps(value))
            theirs = AutoTokenizer.from_pretrained(folder)
        special = sorted(at for at, token in theirs.added_tokens_decoder.items() if token.special)
        folders.append({"name": name, "files": files, "bos": theirs.bos_token_id, "special": special, "rows": [[text, theirs(text).input_ids, theirs(text, add_special_tokens=False).input_ids] for text in NAMED_TEXTS]})
    (HERE / "tokenizer_names.json").write_text("[\n" + ",\n".join(json.dumps(each) for each in folders) + "\n]\n")
    print(len(out), len(folders))
