"""Without this file there is no SAE: it trains one on the model's residual stream and saves it."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sae_lens
import torch
from sae_lens import SAE, JumpReLUSAEConfig
from sae_lens.saes.sae import SAEMetadata
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from passages import read_passages
from token_rows import IGNORED_LABEL, ROW_LENGTH, padded, read_documents, rows_of_whole_verses
from training_report import record

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent

SEED = 1611
LAYER = 7
FEATURES = 1536
ACTIVE_PER_TOKEN = 24
EPOCHS = 8
TOKENS_PER_STEP = 4096
LEARNING_RATE = 1e-3
DECAYING_SHARE = 0.25
DEAD_AFTER_TOKENS = 250_000
AUXILIARY_FEATURES = 96
AUXILIARY_WEIGHT = 1 / 32
ROWS_PER_FORWARD = 64
TOKENS_PER_MEASUREMENT = 8192
THREADS = 2


@dataclass
class Weights:
    """A jumprelu SAE in sae_lens' orientation; the decoder bias is taken off the input."""

    W_enc: torch.Tensor
    b_enc: torch.Tensor
    W_dec: torch.Tensor
    b_dec: torch.Tensor
    threshold: torch.Tensor

    def before_threshold(self, residuals: torch.Tensor) -> torch.Tensor:
        return torch.relu((residuals - self.b_dec) @ self.W_enc + self.b_enc)

    def encode(self, residuals: torch.Tensor) -> torch.Tensor:
        candidates = self.before_threshold(residuals)
        return candidates * (candidates > self.threshold)

    def decode(self, activations: torch.Tensor) -> torch.Tensor:
        return activations @ self.W_dec + self.b_dec


@torch.inference_mode()
def residuals_of(model: PreTrainedModel, rows: list[list[int]], pad_token_id: int) -> torch.Tensor:
    """Float32 outputs of the layer at every token but the row's first, begin-of-text."""
    parts: list[torch.Tensor] = []
    for first in range(0, len(rows), ROWS_PER_FORWARD):
        token_ids, labels = padded(rows[first : first + ROWS_PER_FORWARD], pad_token_id)
        hidden = model.model(input_ids=token_ids, output_hidden_states=True).hidden_states
        wanted = labels != IGNORED_LABEL
        wanted[:, 0] = False
        parts.append(hidden[LAYER + 1][wanted])
    return torch.cat(parts)


def keep_batch_top(candidates: torch.Tensor, per_token: int) -> torch.Tensor:
    """Zero all but the largest candidates of the batch, per_token of them a token on average."""
    count = per_token * candidates.shape[0]
    smallest_kept = candidates.detach().flatten().topk(count, sorted=False).values.min()
    return candidates * (candidates >= smallest_kept)


def reconstruct_with_dead(
    candidates: torch.Tensor, dead: torch.Tensor, W_dec: torch.Tensor
) -> torch.Tensor:
    """What the dead features that come nearest to firing would contribute."""
    dead_candidates = candidates[:, dead]
    width = min(AUXILIARY_FEATURES, dead_candidates.shape[1])
    largest = dead_candidates.topk(width, dim=-1)
    kept = torch.zeros_like(dead_candidates).scatter(-1, largest.indices, largest.values)
    return kept @ W_dec[dead]


def train(residuals: torch.Tensor) -> Weights:
    """BatchTopK on residuals scaled to unit mean square, returned in the residuals' own scale."""
    generator = torch.Generator().manual_seed(SEED)
    scale = residuals.square().mean().rsqrt()
    width = residuals.shape[1]
    W_dec = torch.nn.functional.normalize(
        torch.randn(FEATURES, width, generator=generator), dim=1
    ).requires_grad_()
    W_enc = W_dec.detach().T.clone().requires_grad_()
    b_enc = torch.zeros(FEATURES, requires_grad=True)
    b_dec = (residuals.mean(dim=0) * scale).requires_grad_()
    optimizer = torch.optim.Adam([W_enc, b_enc, W_dec, b_dec], betas=(0.9, 0.99))

    steps_per_epoch = residuals.shape[0] // TOKENS_PER_STEP
    steps = EPOCHS * steps_per_epoch
    tokens_since_active = torch.zeros(FEATURES, dtype=torch.long)
    total_variance = residuals.var(dim=0, correction=0).sum() * scale**2
    for step in range(steps):
        if step % steps_per_epoch == 0:
            order = torch.randperm(residuals.shape[0], generator=generator)
        start = (step % steps_per_epoch) * TOKENS_PER_STEP
        batch = residuals[order[start : start + TOKENS_PER_STEP]] * scale

        candidates_signed = (batch - b_dec) @ W_enc + b_enc
        activations = keep_batch_top(candidates_signed.relu(), ACTIVE_PER_TOKEN)
        error = batch - (activations @ W_dec + b_dec)
        loss = error.square().sum(dim=1).mean() / total_variance
        tokens_since_active += TOKENS_PER_STEP
        tokens_since_active[(activations.detach() > 0).any(dim=0)] = 0
        dead = tokens_since_active > DEAD_AFTER_TOKENS
        if dead.any():
            unexplained = error.detach()
            auxiliary = reconstruct_with_dead(candidates_signed, dead, W_dec)
            auxiliary_loss = (unexplained - auxiliary).square().sum() / unexplained.square().sum()
            loss = loss + AUXILIARY_WEIGHT * auxiliary_loss

        remaining = (steps - step) / (DECAYING_SHARE * steps)
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * min(1.0, remaining, (step + 1) / 100)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            W_dec.copy_(torch.nn.functional.normalize(W_dec, dim=1))
        if (step + 1) % 50 == 0:
            unexplained_share = (error.detach().square().sum(dim=1).mean() / total_variance).item()
            print(
                f"step {step + 1}/{steps} unexplained {unexplained_share:.4f} "
                f"dead {int(dead.sum())}",
                flush=True,
            )

    return Weights(
        W_enc=W_enc.detach(),
        b_enc=b_enc.detach() / scale,
        W_dec=W_dec.detach(),
        b_dec=b_dec.detach() / scale,
        threshold=torch.zeros(FEATURES),
    )


def rounded_to_stored_precision(weights: Weights) -> Weights:
    """The two matrices as bfloat16 stores them, still held in float32."""
    return Weights(
        W_enc=weights.W_enc.bfloat16().float(),
        b_enc=weights.b_enc,
        W_dec=weights.W_dec.bfloat16().float(),
        b_dec=weights.b_dec,
        threshold=weights.threshold,
    )


@torch.inference_mode()
def shared_threshold(weights: Weights, residuals: torch.Tensor) -> float:
    """The one threshold that leaves 24 features a token active on average over all residuals."""
    floor = keep_floor(weights, residuals[:TOKENS_PER_MEASUREMENT])
    above: list[np.ndarray] = []
    for batch in residuals.split(TOKENS_PER_MEASUREMENT):
        candidates = weights.before_threshold(batch)
        above.append(candidates[candidates > floor].numpy())
    values = np.concatenate(above)
    wanted = ACTIVE_PER_TOKEN * residuals.shape[0]
    if len(values) <= wanted:
        raise ValueError("The floor for candidate activations was set too high.")
    return float(np.partition(values, -(wanted + 1))[-(wanted + 1)])


def keep_floor(weights: Weights, sample: torch.Tensor) -> float:
    """A value well under the threshold: it leaves twice as many features active in the sample."""
    candidates = weights.before_threshold(sample).flatten()
    return candidates.topk(2 * ACTIVE_PER_TOKEN * sample.shape[0], sorted=False).values.min().item()


@dataclass
class Quality:
    mean_active_per_token: float
    explained_variance: float
    mean_activation_when_active: float
    times_active: torch.Tensor


@torch.inference_mode()
def quality_on(weights: Weights, residuals: torch.Tensor) -> Quality:
    """Pooled over all tokens and dimensions, summed in float64."""
    mean = residuals.double().mean(dim=0)
    squared_error = squared_total = activation_sum = 0.0
    times_active = torch.zeros(FEATURES, dtype=torch.long)
    for batch in residuals.split(TOKENS_PER_MEASUREMENT):
        activations = weights.encode(batch)
        reconstruction = weights.decode(activations)
        squared_error += (batch.double() - reconstruction.double()).square().sum().item()
        squared_total += (batch.double() - mean).square().sum().item()
        activation_sum += activations.double().sum().item()
        times_active += (activations > 0).sum(dim=0)
    active = times_active.sum().item()
    return Quality(
        active / residuals.shape[0],
        1 - squared_error / squared_total,
        activation_sum / active,
        times_active,
    )


def save(weights: Weights, directory: Path) -> None:
    """sae_lens' own layout, the two matrices in bfloat16 and everything else in float32."""
    directory.mkdir(parents=True, exist_ok=True)
    config = JumpReLUSAEConfig(
        d_in=weights.W_enc.shape[0],
        d_sae=weights.W_enc.shape[1],
        dtype="float32",
        device="cpu",
        apply_b_dec_to_input=True,
        normalize_activations="none",
        metadata=SAEMetadata(
            sae_lens_version=sae_lens.__version__,
            sae_lens_training_version=None,
            model_name="saeq-kjv-5m",
            hook_name=f"blocks.{LAYER}.hook_resid_post",
            hook_head_index=None,
            prepend_bos=True,
            context_size=ROW_LENGTH,
            dataset_path="King James Version (bible-kjv-text)",
            exclude_special_tokens=True,
            training_architecture="batchtopk",
            training_architecture_details={"k": ACTIVE_PER_TOKEN},
        ),
    )
    (directory / "cfg.json").write_text(
        json.dumps(config.to_dict(), indent=2) + "\n", encoding="utf-8"
    )
    tensors = {
        "W_enc": weights.W_enc.bfloat16().contiguous(),
        "W_dec": weights.W_dec.bfloat16().contiguous(),
        "b_enc": weights.b_enc,
        "b_dec": weights.b_dec,
        "threshold": weights.threshold,
    }
    save_file(tensors, directory / "sae_weights.safetensors")


@torch.inference_mode()
def largest_difference_in_sae_lens(
    weights: Weights, residuals: torch.Tensor, directory: Path
) -> float:
    """How far the saved SAE, as sae_lens reads it in float32, strays from these weights."""
    loaded = SAE.load_from_disk(directory, device="cpu")
    if any(weight.dtype != torch.float32 for weight in loaded.parameters()):
        raise ValueError("sae_lens did not read the SAE in float32.")
    activations = loaded.encode(residuals)
    encode_difference = (activations - weights.encode(residuals)).abs().max()
    decode_difference = (loaded.decode(activations) - weights.decode(activations)).abs().max()
    return max(encode_difference.item(), decode_difference.item())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=HERE / "build", help="scratch directory")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)

    tokenizer = AutoTokenizer.from_pretrained(EXAMPLE / "model")
    model = AutoModelForCausalLM.from_pretrained(EXAMPLE / "model", dtype=torch.float32).eval()
    documents = read_documents(arguments.build / "training_documents.json", tokenizer)
    passages = read_passages(EXAMPLE / "passages.csv")

    def passage_residuals(repeated: bool) -> torch.Tensor:
        texts = [passage.text for passage in passages if passage.repeated == repeated]
        return residuals_of(model, tokenizer(texts).input_ids, tokenizer.eos_token_id)

    corpus_rows = [
        row for document in documents for row in rows_of_whole_verses(document, tokenizer)
    ]
    repeated_residuals = passage_residuals(repeated=True)
    held_out_residuals = passage_residuals(repeated=False)
    residuals = torch.cat(
        [residuals_of(model, corpus_rows, tokenizer.eos_token_id), repeated_residuals]
    )

    weights = rounded_to_stored_precision(train(residuals))
    weights.threshold = torch.full((FEATURES,), shared_threshold(weights, residuals))
    save(weights, EXAMPLE / "sae")

    on_training = quality_on(weights, residuals)
    on_repeated = quality_on(weights, repeated_residuals)
    on_held_out = quality_on(weights, held_out_residuals)
    dead = int((on_training.times_active == 0).sum())
    dense = int((on_training.times_active > residuals.shape[0] / 10).sum())
    record(
        EXAMPLE / "training_report.json",
        "sae",
        {
            "features": FEATURES,
            "epochs": EPOCHS,
            "training_tokens": residuals.shape[0],
            "threshold": weights.threshold[0].item(),
            "mean_active_on_training_text": on_training.mean_active_per_token,
            "mean_active_on_repeated_passages": on_repeated.mean_active_per_token,
            "mean_active_on_held_out_passages": on_held_out.mean_active_per_token,
            "explained_variance_on_training_text": on_training.explained_variance,
            "explained_variance_on_repeated_passages": on_repeated.explained_variance,
            "explained_variance_on_held_out_passages": on_held_out.explained_variance,
            "dead_features": dead,
            "dead_share": dead / FEATURES,
            "features_active_on_over_a_tenth_of_tokens": dense,
            "mean_activation_when_active": on_training.mean_activation_when_active,
            "largest_difference_in_sae_lens": largest_difference_in_sae_lens(
                weights, held_out_residuals, EXAMPLE / "sae"
            ),
        },
    )


if __name__ == "__main__":
    main()
