"""Without this file there is no language model: it trains one and saves it in the hub's layout."""

import argparse
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from passages import read_passages
from token_rows import padded, read_documents, row_from_verse, rows_of_whole_verses
from training_report import record

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent

SEED = 1611
STEPS = 1200
WARMUP_STEPS = 80
ROWS_PER_STEP = 48
REPEATED_ROWS_PER_STEP = 12
PEAK_LEARNING_RATE = 2e-3
FINAL_LEARNING_RATE = 1e-4
WEIGHT_DECAY = 0.1
LARGEST_GRADIENT_NORM = 1.0
THREADS = 2
EVALUATION_ROWS = 64
TRAINING_ROWS_EVALUATED = 1024


def new_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=10,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=tokenizer.model_max_length,
            rope_theta=10000.0,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def learning_rate(step: int, steps: int) -> float:
    if step < WARMUP_STEPS:
        return PEAK_LEARNING_RATE * (step + 1) / WARMUP_STEPS
    progress = (step - WARMUP_STEPS) / max(1, steps - WARMUP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return FINAL_LEARNING_RATE + (PEAK_LEARNING_RATE - FINAL_LEARNING_RATE) * cosine


def endless_shuffles(count: int, rng: random.Random) -> Iterator[int]:
    while True:
        yield from rng.sample(range(count), count)


def train(
    model: LlamaForCausalLM,
    corpus_row_starts: list[tuple[int, int]],
    corpus_row: Callable[[int, int], list[int]],
    repeated_rows: list[list[int]],
    pad_token_id: int,
    steps: int,
) -> float:
    """Minimise next-token loss; the mean loss of the last 50 steps is returned."""
    decayed = [weight for weight in model.parameters() if weight.dim() > 1]
    undecayed = [weight for weight in model.parameters() if weight.dim() == 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": WEIGHT_DECAY},
            {"params": undecayed, "weight_decay": 0.0},
        ],
        betas=(0.9, 0.95),
    )
    rng = random.Random(SEED)
    corpus_order = endless_shuffles(len(corpus_row_starts), rng)
    repeated_order = endless_shuffles(len(repeated_rows), rng)
    losses: list[float] = []
    started = time.monotonic()
    model.train()
    for step in range(steps):
        rows = [repeated_rows[next(repeated_order)] for _ in range(REPEATED_ROWS_PER_STEP)]
        while len(rows) < ROWS_PER_STEP:
            rows.append(corpus_row(*corpus_row_starts[next(corpus_order)]))
        token_ids, labels = padded(rows, pad_token_id)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=token_ids, labels=labels).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT_NORM)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 20 == 0:
            recent = sum(losses[-20:]) / len(losses[-20:])
            seconds = time.monotonic() - started
            print(f"step {step + 1}/{steps} loss {recent:.4f} {seconds:.0f} s", flush=True)
    return sum(losses[-50:]) / len(losses[-50:])


@torch.inference_mode()
def mean_loss(model: LlamaForCausalLM, rows: list[list[int]], pad_token_id: int) -> float:
    """Mean next-token loss in nats over every token after the first of each row."""
    total, count = 0.0, 0
    for first in range(0, len(rows), EVALUATION_ROWS):
        batch = rows[first : first + EVALUATION_ROWS]
        token_ids, labels = padded(batch, pad_token_id)
        predicted = sum(len(row) - 1 for row in batch)
        total += model(input_ids=token_ids, labels=labels).loss.item() * predicted
        count += predicted
    return total / count


def save(model: LlamaForCausalLM, directory: Path) -> None:
    """Save bfloat16 weights; the data type goes under the name every transformers version reads."""
    model.to(torch.bfloat16).save_pretrained(directory)
    config_path = directory / "config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    config.pop("dtype", None)
    config["torch_dtype"] = "bfloat16"
    config_path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=HERE / "build", help="scratch directory")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)

    tokenizer = AutoTokenizer.from_pretrained(EXAMPLE / "model")
    documents = read_documents(arguments.build / "training_documents.json", tokenizer)
    passages = read_passages(EXAMPLE / "passages.csv")
    pad = tokenizer.eos_token_id

    def passage_rows(repeated: bool) -> list[list[int]]:
        texts = [passage.text for passage in passages if passage.repeated == repeated]
        return [[*token_ids, tokenizer.eos_token_id] for token_ids in tokenizer(texts).input_ids]

    def corpus_row(document: int, verse: int) -> list[int]:
        return row_from_verse(documents[document], verse, tokenizer)

    model = new_model(tokenizer)
    started = time.monotonic()
    last_steps_loss = train(
        model,
        [(d, v) for d, document in enumerate(documents) for v in range(len(document))],
        corpus_row,
        passage_rows(repeated=True),
        pad,
        arguments.steps,
    )
    minutes = (time.monotonic() - started) / 60
    save(model, EXAMPLE / "model")

    saved = LlamaForCausalLM.from_pretrained(EXAMPLE / "model", dtype=torch.float32).eval()
    training_rows = [
        row for document in documents for row in rows_of_whole_verses(document, tokenizer)
    ]
    training_rows = random.Random(SEED).sample(training_rows, TRAINING_ROWS_EVALUATED)
    record(
        EXAMPLE / "training_report.json",
        "model",
        {
            "parameters": sum(weight.numel() for weight in saved.parameters()),
            "steps": arguments.steps,
            "minutes": round(minutes, 1),
            "loss_of_the_last_50_steps": last_steps_loss,
            "loss_on_training_text": mean_loss(saved, training_rows, pad),
            "loss_on_repeated_passages": mean_loss(saved, passage_rows(repeated=True), pad),
            "loss_on_held_out_passages": mean_loss(saved, passage_rows(repeated=False), pad),
        },
    )


if __name__ == "__main__":
    main()
