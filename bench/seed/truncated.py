"""Without this file saeq would stand beside a slow notebook only: the same tables from transformers cut behind the hook, twenty texts at a time."""

import json
import sys
import time
from pathlib import Path

process_began = time.perf_counter()
beside = Path(__file__).parent
# Before the packages: one of them may have the name of a file of ours.
sys.path[:0] = [str(beside.parent / "start"), str(beside.parent / "llama8b")]

import pandas as pd
import torch
from sae_lens import SAE
from transformers import AutoConfig, AutoTokenizer, LlamaModel

from residual import residual_after
from tables import LAST, parsed, report, sampled_rows

imports_done = time.perf_counter()
BATCH = 20


def main() -> None:
    arguments = parsed(__doc__)
    torch.set_grad_enabled(False)

    groups = sampled_rows(pd.read_csv(arguments.runs), arguments.sample)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    config = AutoConfig.from_pretrained(arguments.model, num_hidden_layers=arguments.layer + 1)
    model = LlamaModel.from_pretrained(arguments.model, config=config, dtype=getattr(torch, arguments.dtype)).eval()
    sae = SAE.load_from_disk(arguments.sae, device="cpu", dtype="float32")
    loaded = time.perf_counter()

    texts = [row.input_text + row.generated_continuation_text for rows in groups.values() for row in rows.itertuples()]
    encoded: list[torch.Tensor] = []
    for first in range(0, len(texts), BATCH):
        # All texts have one length: nothing is padded.
        ids = tokenizer(texts[first : first + BATCH], return_tensors="pt").input_ids
        encoded += list(sae.encode(residual_after(model, arguments.layer, ids)[:, -LAST:].float()))
    parts = iter(encoded)
    active = {name: torch.cat([next(parts) for _ in range(len(rows))]) for name, rows in groups.items()}
    encoding_done = time.perf_counter()
    report(active, arguments.out)
    ended = time.perf_counter()
    times = {"imports": imports_done - process_began, "load": loaded - imports_done, "activations": encoding_done - loaded, "tables and plots": ended - encoding_done}
    (arguments.out / "times.json").write_text(json.dumps(times))


main()
