"""Without this file the language model and the SAE would be trained on differently cut text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

ROW_LENGTH = 128
IGNORED_LABEL = -100


@dataclass(frozen=True)
class TokenisedVerse:
    """One verse's tokens at the start of a row, and after another verse and a blank."""

    opening: list[int]
    following: list[int]


def read_documents(path: Path, tokenizer: PreTrainedTokenizerFast) -> list[list[TokenisedVerse]]:
    def encode(texts: list[str]) -> list[list[int]]:
        return tokenizer(texts, add_special_tokens=False).input_ids

    documents: list[list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return [
        [
            TokenisedVerse(opening, following)
            for opening, following in zip(
                encode(verses), encode([" " + verse for verse in verses]), strict=True
            )
        ]
        for verses in documents
    ]


def row_from_verse(
    document: list[TokenisedVerse], first: int, tokenizer: PreTrainedTokenizerFast
) -> list[int]:
    """A full row of tokens from one verse on; a document that ends sooner ends in end-of-text."""
    row = [tokenizer.bos_token_id, *document[first].opening]
    for verse in document[first + 1 :]:
        if len(row) >= ROW_LENGTH:
            break
        row += verse.following
    else:
        row.append(tokenizer.eos_token_id)
    return row[:ROW_LENGTH]


def rows_of_whole_verses(
    document: list[TokenisedVerse], tokenizer: PreTrainedTokenizerFast
) -> Iterator[list[int]]:
    """Every verse of a document once: as many whole verses in a row as fit."""
    row: list[int] = []
    for verse in document:
        if row and len(row) + len(verse.following) <= ROW_LENGTH:
            row += verse.following
            continue
        if row:
            yield row
        row = [tokenizer.bos_token_id, *verse.opening][:ROW_LENGTH]
    if row:
        yield row


def padded(rows: list[list[int]], pad_token_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids padded on the right, and labels that ignore the padding."""
    length = max(len(row) for row in rows)
    token_ids = torch.full((len(rows), length), pad_token_id)
    labels = torch.full((len(rows), length), IGNORED_LABEL)
    for index, row in enumerate(rows):
        token_ids[index, : len(row)] = torch.tensor(row)
        labels[index, : len(row)] = torch.tensor(row)
    return token_ids, labels
