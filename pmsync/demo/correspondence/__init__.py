"""Realistic mail out of a seed: what the demo shows and what the benchmarks move. Pure: no clock, no network.

    for message in generate(7, 1_500, [Person("Giulia Rossi", "giulia@rossi.example", "it")], until=now):
        ...

`mix="demo"` is readable mail of one company, Italian or English after the first person's language.
`mix="bench"` is the measured mix of sizes and shapes, made at several thousand messages a second.
The same arguments give the same bytes. Every address is of a reserved domain (RFC 2606).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from . import bench, company
from .mime import Person

__all__ = ["ANCHOR", "GeneratedMessage", "Person", "generate"]

ANCHOR: Final = bench.HISTORY_ANCHOR
"""The newest date when none is given."""


@dataclass(frozen=True, slots=True)
class GeneratedMessage:
    """A message and where it is to be filed. Dates rise from one message to the next."""

    mailbox: str
    raw: bytes
    flags: tuple[str, ...]
    internal_date: datetime


def generate(
    seed: int,
    count: int,
    people: Sequence[Person],
    mix: Literal["demo", "bench"] = "demo",
    *,
    until: datetime = ANCHOR,
) -> Iterator[GeneratedMessage]:
    """`count` messages of the first person's account, oldest first; the others are their colleagues."""
    source = bench.history if mix == "bench" else company.history
    for placed in source(seed, count, people, until):
        yield GeneratedMessage(placed.mailbox, placed.raw, placed.flags, placed.at)
