"""Without this file the SAE would be calibrated on another point of the model than the one that transformers is read at."""

import torch
from transformers import LlamaModel


class _Reached(Exception):
    """The block was computed: nothing after it is needed."""


def residual_after(model: LlamaModel, layer: int, ids: torch.Tensor) -> torch.Tensor:
    """[texts, tokens, hidden] after block `layer`. A hook, because `hidden_states` has the final norm applied to its last entry."""
    kept: list[torch.Tensor] = []

    def keep(_module: torch.nn.Module, _inputs: object, output: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        kept.append(output if isinstance(output, torch.Tensor) else output[0])
        raise _Reached

    handle = model.layers[layer].register_forward_hook(keep)
    try:
        model(input_ids=ids, use_cache=False)
    except _Reached:
        pass
    finally:
        handle.remove()
    return kept[0]
