"""The labelled questions of `tests/corpora/retrieval`, and how much of their answers a list of hits holds."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).resolve().parent.parent / "corpora" / "retrieval" / "questions.jsonl"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message: what stands above it and in it."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the letters that answer it and those that only seem to."""

    id: str
    kind: str
    question: str
    answers: tuple[Letter, ...]
    distractors: tuple[Letter, ...]


def questions() -> list[Question]:
    """All of them, in their order."""
    return [_question(json.loads(line)) for line in FILE.read_text().splitlines()]


def _question(told: dict[str, object]) -> Question:
    letters = {name: tuple(Letter(**one) for one in told[name]) for name in ("answers", "distractors")}  # type: ignore[attr-defined]  # a list of objects
    return Question(str(told["id"]), str(told["kind"]), str(told["question"]), **letters)


def recall(found: Sequence[object], answers: Collection[object], most: int = 10) -> float:
    """What part of the answers is among the first `most` that were found."""
    return len(set(found[:most]) & set(answers)) / len(answers)
