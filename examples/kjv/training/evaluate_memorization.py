"""Without this file nobody would know which passages the model continues word for word."""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from passages import read_passages
from training_report import record

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent

PREFIX_TOKENS = 50
CONTINUATION_TOKENS = 50
PASSAGES_PER_BATCH = 32
THREADS = 2


@dataclass(frozen=True)
class Continuation:
    input_text: str
    generated_continuation_text: str
    perfect_match: bool
    matching_tokens: int


def agreeing_prefix(generated: list[int], true: list[int]) -> int:
    """How many tokens agree before the first that differs."""
    for position, (one, other) in enumerate(zip(generated, true)):
        if one != other:
            return position
    return min(len(generated), len(true))


@torch.inference_mode()
def continue_greedily(model: PreTrainedModel, prompts: list[list[int]]) -> list[list[int]]:
    """The most probable next token, again and again; prompts of one length need no padding."""
    generated: list[list[int]] = []
    for first in range(0, len(prompts), PASSAGES_PER_BATCH):
        batch = torch.tensor(prompts[first : first + PASSAGES_PER_BATCH])
        for _ in range(CONTINUATION_TOKENS):
            next_token = model(input_ids=batch).logits[:, -1].argmax(dim=-1, keepdim=True)
            batch = torch.cat([batch, next_token], dim=1)
        generated += batch[:, len(prompts[0]) :].tolist()
    return generated


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=HERE / "build" / "memorization.csv", help="result table"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)

    tokenizer = AutoTokenizer.from_pretrained(EXAMPLE / "model")
    model = AutoModelForCausalLM.from_pretrained(EXAMPLE / "model", dtype=torch.float32).eval()
    passages = read_passages(EXAMPLE / "passages.csv")

    token_ids = tokenizer([passage.text for passage in passages]).input_ids
    prompt_end = 1 + PREFIX_TOKENS
    prompts = [ids[:prompt_end] for ids in token_ids]
    truths = [ids[prompt_end : prompt_end + CONTINUATION_TOKENS] for ids in token_ids]
    if any(len(truth) < CONTINUATION_TOKENS for truth in truths):
        raise ValueError("A passage is shorter than prefix and continuation together.")

    continuations: list[Continuation] = []
    for prompt, generated, truth in zip(prompts, continue_greedily(model, prompts), truths):
        matching = agreeing_prefix(generated, truth)
        continuations.append(
            Continuation(
                tokenizer.decode(prompt, skip_special_tokens=True),
                tokenizer.decode(generated, skip_special_tokens=True),
                matching == CONTINUATION_TOKENS,
                matching,
            )
        )

    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Continuation.__dataclass_fields__)
        writer.writerows(vars(continuation).values() for continuation in continuations)

    def count(repeated: bool, perfect: bool) -> int:
        return sum(
            passage.repeated == repeated
            and (one.perfect_match if perfect else one.matching_tokens == 0)
            for passage, one in zip(passages, continuations)
        )

    record(
        EXAMPLE / "training_report.json",
        "memorization",
        {
            "prefix_tokens": PREFIX_TOKENS,
            "continuation_tokens": CONTINUATION_TOKENS,
            "repeated_passages_perfect": count(repeated=True, perfect=True),
            "repeated_passages_without_a_match": count(repeated=True, perfect=False),
            "held_out_passages_perfect": count(repeated=False, perfect=True),
            "held_out_passages_without_a_match": count(repeated=False, perfect=False),
            "largest_held_out_match": max(
                one.matching_tokens
                for passage, one in zip(passages, continuations)
                if not passage.repeated
            ),
        },
    )


if __name__ == "__main__":
    main()
