"""Without this file nobody could say that pieces of a long text hold the tokens that transformers cuts it into.

Writes chunks.json beside this file: for the tokenizers in tokenizers/ and the shipped one, texts cut by `return_overflowing_tokens` of transformers (5.24 was used) into `max_length`
tokens with `stride` of them shared, the ids of each piece, and the places of its first and last character, in UTF-16 units, by `return_offsets_mapping`. tokenizer.json is followed as it
is (`PreTrainedTokenizerFast`), without what the classes of single models make of it. Re-runnable: python test/parity/make_chunks.py
"""

import json
from pathlib import Path

from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent
TEXTS = [
    "the quick brown fox jumps over the lazy dog in the beginning was the word and the word was by the sea",
    "she sells   sea shells\n\nby the sea shore\tthe fox",
    "the 日本語 sea 😀 the 👩‍👩‍👧 dog — “over” the naïve café",
    "The E\u0301cole was A\u030angstro\u0308m, ﬁne ½ the Sea",
    "x",
    "",
]
SIZES = [(5, 0), (8, 3), (3, 1), (17, 0), (64, 16)]
# Longer than what is read as one word.
LONG = " ".join(TEXTS[:4] * 3)


def units(text: str, at: int) -> int:
    return len(text[:at].encode("utf-16-le", "surrogatepass")) // 2


def pieces(tokenizer: PreTrainedTokenizerFast, text: str, size: int, stride: int, bos: bool) -> list:
    made = tokenizer(text, truncation=True, max_length=size, stride=stride, return_overflowing_tokens=True, return_offsets_mapping=True, add_special_tokens=bos)
    found = []
    for ids, offsets in zip(made["input_ids"], made["offset_mapping"]):
        own = offsets[1:] if bos else offsets
        places = [units(text, own[0][0]), units(text, own[-1][1])] if own else [0, 0]
        found.append([ids, places])
    return found


def main() -> None:
    folders = {path.name: path for path in sorted((HERE / "tokenizers").iterdir())} | {"kjv": HERE / "../../examples/kjv/model"}
    out = {}
    for name, folder in folders.items():
        config = json.loads((folder / "tokenizer_config.json").read_text())
        named = config.get("bos_token")
        named = named["content"] if isinstance(named, dict) else named
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **({"bos_token": named} if named else {}))
        around = tokenizer("the")["input_ids"]
        alone = tokenizer("the", add_special_tokens=False)["input_ids"]
        bos = len(around) == len(alone) + 1 and around[0] == tokenizer.bos_token_id
        out[name] = {"bos": bos, "cases": [[text, size, stride, pieces(tokenizer, text, size, stride, bos)] for text, size, stride in [*((text, size, stride) for text in TEXTS for size, stride in SIZES), (LONG, 128, 0)]]}
    (HERE / "chunks.json").write_text("{\n" + ",\n".join(f" {json.dumps(name)}: {json.dumps(each, separators=(',', ':'))}" for name, each in out.items()) + "\n}\n")


main()
