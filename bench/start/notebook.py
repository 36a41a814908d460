"""Without this file saeq's time to the final table would stand beside nothing: the same notebook as it is written today."""

import json
import time

process_began = time.perf_counter()

import pandas as pd
import torch
from sae_lens import SAE
from transformer_lens.model_bridge import TransformerBridge

from tables import LAST, parsed, report, sampled_rows

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
    arguments = parsed(__doc__)
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
