"""Without this file saeq's tokenizer would be measured beside nothing: Hugging Face tokenizers (Rust) over the same texts, in one thread and in all.

Usage: python rust.py TOKENIZER.JSON TEXTS.JSON. Prints JSON: seconds to load, and milliseconds of each pass over all texts.
"""
import json
import os
import sys
import time

PASSES = 5


def passes(tokenizer, texts, batch):
    times = []
    for _ in range(PASSES):
        begun = time.perf_counter()
        ids = [one.ids for one in tokenizer.encode_batch(texts, add_special_tokens=False)] if batch else [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        times.append((time.perf_counter() - begun) * 1000)
    return times, ids


def main(path, texts_path):
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    from tokenizers import Tokenizer

    with open(texts_path, encoding="utf-8") as file:
        texts = json.load(file)
    begun = time.perf_counter()
    tokenizer = Tokenizer.from_file(path)
    load = time.perf_counter() - begun
    one, ids = passes(tokenizer, texts, False)
    all_threads, _ = passes(tokenizer, texts, True)
    print(json.dumps({"load": load, "one": one, "all": all_threads, "ids": ids}))


main(*sys.argv[1:])
