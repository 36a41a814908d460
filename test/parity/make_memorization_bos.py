"""Without this script nothing but saeq itself would say what a model continues where no beginning-of-text token comes first.

Writes fixtures/memorization_bos.json: for the first passages, what transformers continues greedily with and without the token.
Needs torch, transformers. Run: python test/parity/make_memorization_bos.py
"""

import csv
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
KJV = HERE.parents[1] / "examples" / "kjv"
ROWS, PREFIX, NEW = 12, 20, 12


def main() -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(KJV / "model")
    model = AutoModelForCausalLM.from_pretrained(KJV / "model", dtype=torch.float32, attn_implementation="eager").eval()
    with (KJV / "passages.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row, _ in zip(csv.DictReader(file), range(ROWS))]
    found = {}
    for bos in (True, False):
        continued = []
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False)
            prompt = ([tokenizer.bos_token_id] if bos else []) + ids[:PREFIX]
            with torch.no_grad():
                out = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), max_new_tokens=NEW, do_sample=False, num_beams=1, eos_token_id=None, pad_token_id=0)
            made, truth = out[0, len(prompt) :].tolist(), ids[PREFIX : PREFIX + NEW]
            agree = next((i for i, (a, b) in enumerate(zip(made, truth)) if a != b), NEW)
            continued.append({"text": tokenizer.decode(made, clean_up_tokenization_spaces=False), "matching": agree})
        found[str(bos).lower()] = continued
    assert found["true"] != found["false"]
    (HERE / "fixtures" / "memorization_bos.json").write_text(json.dumps({"rows": ROWS, "prefix": PREFIX, "continue": NEW, **found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
