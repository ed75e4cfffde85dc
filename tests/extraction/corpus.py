"""The labelled mails of `tests/corpora/extraction`, and what of the threads of `followups` is about the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

from apps.ai.reading.letters import Conversation, Letter
from tests.followups import corpus, talks

FOLDER: Final = Path(__file__).resolve().parent.parent / "corpora" / "extraction"
CASES: Final = frozenset(
    "relative-date negation past-date forwarded quoted time-zone by-end-of-day range recurring conditional cancelled "
    "deadline-is-no-event promise nothing several".split()
)
"""What both parts hold; `develop` has more."""
ROME: Final = ZoneInfo("Europe/Rome")
WRITTEN: Final = datetime(2026, 11, 4, 9, tzinfo=ROME)
ME, BOB = "anna@rossi.example", "bob@partner.example"
When = date | datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail in its conversation. `events` are starts, `tasks` who is to do something until which day."""

    case: str
    language: str
    talk: Conversation
    events: tuple[When, ...]
    tasks: tuple[tuple[str, date | None], ...]

    @property
    def letter(self) -> Letter:
        return self.talk.letters[-1]

    @property
    def zone(self) -> ZoneInfo:
        assert isinstance(self.talk.zone, ZoneInfo)
        return self.talk.zone


def mails(split: str) -> list[Mail]:
    """The mails of one part."""
    items = yaml.safe_load((FOLDER / f"{split}.yaml").read_text())
    return [_mail(number, item) for number, item in enumerate(items)]


def _mail(number: int, item: dict[str, Any]) -> Mail:
    letter = Letter(f"{number}", BOB, "Bob", (ME,), (), WRITTEN.astimezone(UTC), "Works", item["body"])
    talk = Conversation(frozenset({ME}), (letter,), ROME, WRITTEN, name="Anna Rossi")
    tasks = tuple((one["who"], date.fromisoformat(one["due"]) if one["due"] else None) for one in item["tasks"])
    return Mail(item["case"], item["language"], talk, tuple(map(_when, item["events"])), tasks)


def _when(text: str) -> When:
    return datetime.fromisoformat(text).replace(tzinfo=ROME) if "T" in text else date.fromisoformat(text)


def threads(split: corpus.Split) -> Iterator[Mail]:
    """The newest message of each thread of the other set, with what is labelled of the thread."""
    for thread in corpus.threads(split):
        zone = thread.zone
        starts = tuple(one.start.astimezone(zone) if isinstance(one.start, datetime) else one.start
                       for one in thread.labels.events)  # fmt: skip
        owed = tuple((one.who, day(one.due, zone)) for one in thread.labels.tasks)
        yield Mail(thread.case, thread.language, talks.talk_of(thread), starts, owed)


def day(when: When | None, zone: ZoneInfo) -> date | None:
    """The day of a moment in a zone."""
    return when.astimezone(zone).date() if isinstance(when, datetime) else when
