"""Without this file saeq's time to the final table would stand beside nothing: the same notebook as it is written today."""

import argparse
import json
import time
from pathlib import Path

process_began = time.perf_counter()

import pandas as pd
import torch
from sae_lens import SAE
from transformer_lens.model_bridge import TransformerBridge

from tables import LAST, report, sampled_rows

imports_done = time.perf_counter()


def activations(model: TransformerBridge, sae: SAE, rows: pd.DataFrame, layer: int) -> torch.Tensor:
    """[tokens, features] of the last tokens of every row."""
    hook = f"blocks.{layer}.hook_resid_post"
    encoded = []
    for row in rows.itertuples():
        tokens = model.to_tokens(row.input_text + row.generated_continuation_text, prepend_bos=True)
        _, cache = model.run_with_cache(tokens, names_filter=hook, stop_at_layer=layer + 1)
        encoded.append(sae.encode(cache[hook][0])[-LAST:])
    return torch.cat(encoded)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, help="the CSV of memorization runs")
    parser.add_argument("model", type=Path)
    parser.add_argument("sae", type=Path)
    parser.add_argument("out", type=Path, help="folder for the plots, union.json and times.json")
    parser.add_argument("--sample", type=Path, help="rows to read instead of drawing them: a CSV with a column `group`")
    parser.add_argument("--layer", type=int, default=7)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)

    groups = sampled_rows(pd.read_csv(arguments.runs), arguments.sample)
    model = TransformerBridge.boot_transformers(str(arguments.model), device="cpu", dtype=torch.float32)
    sae = SAE.load_from_disk(arguments.sae, device="cpu", dtype="float32")
    loaded = time.perf_counter()

    active = {name: activations(model, sae, rows, arguments.layer) for name, rows in groups.items()}
    encoded = time.perf_counter()
    report(active, arguments.out)
    ended = time.perf_counter()
    times = {"imports": imports_done - process_began, "load": loaded - imports_done, "activations": encoded - loaded, "tables and plots": ended - encoded}
    (arguments.out / "times.json").write_text(json.dumps(times))


main()
