"""Without this file there is no tokenizer, no training text and no passages.csv."""

import argparse
import csv
import hashlib
import json
import random
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from training_report import record

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent

SEED = 1611
WHOLE_TEXT = "gen1:1-rev22:21"
VERSE_COUNT = 31_102
PASSAGES_PER_KIND = 160
CANDIDATES_PER_KIND = 400
CANDIDATE_WORDS = range(76, 100)
PASSAGE_TOKENS = range(100, 127)
SHARED_RUN_WORDS = 10
VOCABULARY_SIZE = 4096
BEGIN_OF_TEXT = "<|begin_of_text|>"
END_OF_TEXT = "<|end_of_text|>"
MAX_POSITIONS = 512

BOOKS = (
    "Genesis Exodus Leviticus Numbers Deuteronomy Joshua Judges Ruth 1_Samuel 2_Samuel "
    "1_Kings 2_Kings 1_Chronicles 2_Chronicles Ezra Nehemiah Esther Job Psalms Proverbs "
    "Ecclesiastes Song_of_Solomon Isaiah Jeremiah Lamentations Ezekiel Daniel Hosea Joel "
    "Amos Obadiah Jonah Micah Nahum Habakkuk Zephaniah Haggai Zechariah Malachi Matthew "
    "Mark Luke John Acts Romans 1_Corinthians 2_Corinthians Galatians Ephesians "
    "Philippians Colossians 1_Thessalonians 2_Thessalonians 1_Timothy 2_Timothy Titus "
    "Philemon Hebrews James 1_Peter 2_Peter 1_John 2_John 3_John Jude Revelation"
).split()


@dataclass(frozen=True)
class Verse:
    book: str
    chapter: int
    number: int
    text: str


@dataclass(frozen=True)
class Passage:
    """Whole verses of one chapter: the verse indices from first up to, not including, end."""

    first: int
    end: int


def read_verses() -> list[Verse]:
    """Ask the `bible` command for the whole text, one verse per line."""
    output = subprocess.run(
        ["bible", "-f", WHOLE_TEXT], check=True, capture_output=True, text=True
    ).stdout
    line_pattern = re.compile(r"(\d?[A-Za-z]+)(\d+):(\d+) (.*)")
    names = iter(BOOKS)
    name_of: dict[str, str] = {}
    verses: list[Verse] = []
    for line in output.splitlines():
        match = line_pattern.fullmatch(line.rstrip())
        if match is None:
            raise ValueError(f"Not a verse: {line!r}")
        abbreviation, chapter, number, text = match.groups()
        if abbreviation not in name_of:
            name_of[abbreviation] = next(names).replace("_", " ")
        verses.append(
            Verse(name_of[abbreviation], int(chapter), int(number), " ".join(text.split()))
        )
    if len(verses) != VERSE_COUNT or len(name_of) != len(BOOKS):
        raise ValueError(f"Expected the whole text, got {len(verses)} verses.")
    return verses


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def text_of(passage: Passage, verses: list[Verse]) -> str:
    return " ".join(verse.text for verse in verses[passage.first : passage.end])


def reference_of(passage: Passage, verses: list[Verse]) -> str:
    first, last = verses[passage.first], verses[passage.end - 1]
    return f"{first.book} {first.chapter}:{first.number}-{last.number}"


def runs_of(words: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*(words[offset:] for offset in range(SHARED_RUN_WORDS))))


def draw_candidates(verses: list[Verse], rng: random.Random, count: int) -> list[Passage]:
    """Disjoint passages of a suitable word count none of whose 10-word runs occurs twice."""
    run_counts = Counter(runs_of(words_of(" ".join(verse.text for verse in verses))))
    taken: set[int] = set()
    candidates: list[Passage] = []
    for first in rng.sample(range(len(verses)), len(verses)):
        chapter = (verses[first].book, verses[first].chapter)
        words: list[str] = []
        end = first
        while (
            len(words) < CANDIDATE_WORDS.start
            and end < len(verses)
            and (verses[end].book, verses[end].chapter) == chapter
        ):
            words += words_of(verses[end].text)
            end += 1
        if (
            len(words) in CANDIDATE_WORDS
            and taken.isdisjoint(range(first, end))
            and end > first + 1
            and all(run_counts[run] == 1 for run in runs_of(words))
        ):
            candidates.append(Passage(first, end))
            taken.update(range(first, end))
        if len(candidates) == count:
            return candidates
    raise ValueError("The text has too few candidate passages.")


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE whose post-processor puts one begin-of-text token before a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY_SIZE,
            special_tokens=[BEGIN_OF_TEXT, END_OF_TEXT],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{BEGIN_OF_TEXT} $A",
                pair=f"{BEGIN_OF_TEXT} $A {BEGIN_OF_TEXT}:1 $B:1",
                special_tokens=[(BEGIN_OF_TEXT, tokenizer.token_to_id(BEGIN_OF_TEXT))],
            ),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BEGIN_OF_TEXT,
        eos_token=END_OF_TEXT,
        model_max_length=MAX_POSITIONS,
        clean_up_tokenization_spaces=False,
    )


def of_suitable_length(
    candidates: list[Passage], verses: list[Verse], tokenizer: PreTrainedTokenizerFast
) -> list[Passage]:
    """The first 160 candidates with 100 to 126 tokens, the begin-of-text token not counted."""
    suitable = [
        passage
        for passage in candidates
        if len(tokenizer(text_of(passage, verses)).input_ids) - 1 in PASSAGE_TOKENS
    ]
    if len(suitable) < PASSAGES_PER_KIND:
        raise ValueError(f"Only {len(suitable)} passages have a suitable token count.")
    return suitable[:PASSAGES_PER_KIND]


def training_documents(verses: list[Verse], held_out: list[Passage]) -> list[list[str]]:
    """The books as lists of verses, cut apart wherever a held-out passage was taken out."""
    unseen = {index for passage in held_out for index in range(passage.first, passage.end)}
    documents: list[list[str]] = []
    previous = None
    for index, verse in enumerate(verses):
        if index in unseen:
            continue
        if previous is None or previous != index - 1 or verses[previous].book != verse.book:
            documents.append([])
        documents[-1].append(verse.text)
        previous = index
    return documents


def write_passages(
    path: Path, repeated: list[Passage], held_out: list[Passage], verses: list[Verse]
) -> None:
    rows = [
        (reference_of(passage, verses), text_of(passage, verses), passage in repeated)
        for passage in repeated + held_out
    ]
    random.Random(SEED).shuffle(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("reference", "text", "repeated"))
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=HERE / "build", help="scratch directory")
    arguments = parser.parse_args()

    verses = read_verses()
    candidates = draw_candidates(verses, random.Random(SEED), 2 * CANDIDATES_PER_KIND)
    repeated_candidates = candidates[:CANDIDATES_PER_KIND]
    held_out_candidates = candidates[CANDIDATES_PER_KIND:]

    tokenizer = train_tokenizer(
        [" ".join(document) for document in training_documents(verses, held_out_candidates)]
    )
    repeated = of_suitable_length(repeated_candidates, verses, tokenizer)
    held_out = of_suitable_length(held_out_candidates, verses, tokenizer)
    documents = training_documents(verses, held_out)

    (EXAMPLE / "model").mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.save(str(EXAMPLE / "model" / "tokenizer.json"), pretty=False)
    (EXAMPLE / "model" / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "bos_token": BEGIN_OF_TEXT,
                "eos_token": END_OF_TEXT,
                "model_max_length": MAX_POSITIONS,
                "clean_up_tokenization_spaces": False,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    arguments.build.mkdir(parents=True, exist_ok=True)
    (arguments.build / "training_documents.json").write_text(
        json.dumps(documents), encoding="utf-8"
    )
    write_passages(EXAMPLE / "passages.csv", repeated, held_out, verses)

    whole_text = "\n".join(verse.text for verse in verses)
    training_texts = [" ".join(document) for document in documents]
    record(
        EXAMPLE / "training_report.json",
        "text",
        {
            "verses": len(verses),
            "sha256_of_verses": hashlib.sha256(whole_text.encode()).hexdigest(),
            "training_documents": len(documents),
            "training_verses": sum(len(document) for document in documents),
            "training_tokens": sum(
                len(encoding.ids)
                for encoding in tokenizer.backend_tokenizer.encode_batch(
                    training_texts, add_special_tokens=False
                )
            ),
            "vocabulary": len(tokenizer),
            "repeated_passages": len(repeated),
            "held_out_passages": len(held_out),
        },
    )


if __name__ == "__main__":
    main()
