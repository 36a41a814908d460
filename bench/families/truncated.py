"""Without this file saeq would have no peer for these families: the residual stream behind the last layer, from transformers in float32."""

import argparse
import csv
import json
import time

began = time.perf_counter()

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

imported = time.perf_counter()


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("texts")
    arguments = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval().model
    loaded = time.perf_counter()
    with open(arguments.texts, newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    kept: list[torch.Tensor] = []
    model.layers[-1].register_forward_hook(lambda _module, _inputs, output: kept.append((output if isinstance(output, torch.Tensor) else output[0])[:, -1]))
    # All texts have one length: nothing is padded.
    model(input_ids=tokenizer(texts, return_tensors="pt").input_ids, use_cache=False)
    ended = time.perf_counter()
    print(json.dumps({"imports": imported - began, "load": loaded - imported, "activations": ended - loaded, "last": torch.cat(kept).tolist()}))


main()
