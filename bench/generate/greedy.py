"""Without this file nobody would know what transformers takes for the same continuations, all prompts in one batch padded on the left.

greedy.py MODEL PROMPTS.jsonl NEW_TOKENS: one line of JSON with seconds of its parts and the new ids.
"""
import json
import sys
import time

started = time.perf_counter()
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, prompts, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
imported = time.perf_counter()
tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
texts = [json.loads(line)["text"] for line in open(prompts, encoding="utf8")]
loaded = time.perf_counter()
batch = tokenizer(texts, return_tensors="pt", padding=True)
with torch.inference_mode():
    # No end: both write as many tokens.
    made = model.generate(**batch, max_new_tokens=steps, min_new_tokens=steps, do_sample=False)
done = time.perf_counter()
print(json.dumps({
    "imports": imported - started,
    "load": loaded - imported,
    "generate": done - loaded,
    "ids": made[:, batch["input_ids"].shape[1]:].tolist(),
    "prompt_tokens": int(batch["attention_mask"].sum()),
}))
