"""The labelled threads of `tests/corpora/followups` as typed records.

for thread in threads("develop"):
    thread.messages, thread.labels.turn, thread.labels.deadline
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

import yaml

FOLDER: Final = Path(__file__).resolve().parent.parent / "corpora" / "followups"

Split = Literal["develop", "held_out"]
Language = Literal["en", "it", "de", "fr", "es"]
Turn = Literal["waiting_on_me", "waiting_on_them", "nothing"]
Who = Literal["me", "them"]
Urgency = Literal["low", "normal", "high"]
Category = Literal[
    "project", "meeting", "sales", "support", "billing", "legal", "hiring", "travel", "personal",
    "newsletter", "notification", "auto_reply", "bounce", "list", "phishing",
]  # fmt: skip

CASES: Final = (
    "plain-question", "out-of-office", "newsletter-question-marks", "thanks-only", "no-need-to-reply",
    "quoted-question-only", "answered-in-another-thread", "reply-by-colleague", "half-answered", "polite-request",
    "rhetorical-question", "promise-with-date", "promise-by-attachment", "promise-overdue", "date-in-another-zone",
    "negated-date", "relative-date", "calendar-invitation", "bounce", "mailing-list", "forwarded-thread",
    "long-signature", "prompt-injection", "cc-only", "meeting-proposal", "waiting-in-silence", "notification",
    "cold-sales", "withdrawn-request",
)  # fmt: skip

When = date | datetime
"""A day, or a moment of a day with its zone."""

Choice = TypeVar("Choice", bound=str)


class Unreadable(Exception):
    """A file of the set that is not as its README says; the text names the file and the field."""


@dataclass(frozen=True, slots=True)
class Message:
    """One mail of a thread."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    date: datetime
    subject: str
    body: str
    headers: Mapping[str, str]
    attachments: tuple[str, ...]
    calendar: str

    @property
    def address(self) -> str:
        """The sender's bare address."""
        return parseaddr(self.sender)[1].lower()


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that somebody is to do: a promise, or a task."""

    who: Who
    what: str
    due: When | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event to suggest. Days include the last; moments are in the event's own zone."""

    title: str
    start: When
    end: When
    zone: ZoneInfo

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)


@dataclass(frozen=True, slots=True)
class Labels:
    """What a careful person makes of the thread."""

    turn: Turn
    why: str
    category: Category
    urgency: Urgency
    needs_reply: bool
    deadline: When | None
    promised: tuple[Owed, ...]
    tasks: tuple[Owed, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as it lies in the mailbox of `me` at the moment `now`; `elsewhere` is mail of other threads."""

    id: str
    split: Split
    case: str
    language: Language
    me: str
    zone: ZoneInfo
    now: datetime
    messages: tuple[Message, ...]
    elsewhere: tuple[Message, ...]
    labels: Labels

    @property
    def address(self) -> str:
        """My bare address."""
        return parseaddr(self.me)[1].lower()


def threads(*splits: Split) -> tuple[Thread, ...]:
    """The threads of these parts of the set, of both when none is named, in the order of their names."""
    return tuple(thread for split in splits or get_args(Split) for thread in _part(split))


@cache
def _part(split: Split) -> tuple[Thread, ...]:
    return tuple(read(path, split) for path in sorted((FOLDER / split).glob("*.yaml")))


def read(path: Path, split: Split) -> Thread:
    """One file. Raises Unreadable."""
    try:
        return _thread(yaml.safe_load(path.read_text(encoding="utf-8")), path.stem, split)
    except (KeyError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise Unreadable(f"{path.name}: {type(error).__name__}: {error}") from error


def _thread(told: Mapping[str, Any], name: str, split: Split) -> Thread:
    _known(told, "case language me zone now messages elsewhere labels")
    zone = ZoneInfo(told["zone"])
    return Thread(
        id=name,
        split=split,
        case=_one_of(told["case"], CASES),
        language=_one_of(told["language"], get_args(Language)),
        me=told["me"],
        zone=zone,
        now=_moment(told["now"]),
        messages=tuple(_message(one) for one in told["messages"]),
        elsewhere=tuple(_message(one) for one in told.get("elsewhere", ())),
        labels=_labels(told["labels"], zone),
    )


def _message(told: Mapping[str, Any]) -> Message:
    _known(told, "from to cc date subject headers attachments body calendar")
    return Message(
        sender=told["from"],
        to=tuple(told["to"]),
        cc=tuple(told.get("cc", ())),
        date=_moment(told["date"]),
        subject=told["subject"],
        body=told["body"],
        headers=dict(told.get("headers", {})),
        attachments=tuple(told.get("attachments", ())),
        calendar=told.get("calendar", ""),
    )


def _labels(told: Mapping[str, Any], zone: ZoneInfo) -> Labels:
    _known(told, "turn why category urgency needs_reply deadline promised tasks events")
    if not isinstance(told["needs_reply"], bool):
        raise ValueError(f"needs_reply is {told['needs_reply']!r}")
    return Labels(
        turn=_one_of(told["turn"], get_args(Turn)),
        why=told["why"],
        category=_one_of(told["category"], get_args(Category)),
        urgency=_one_of(told["urgency"], get_args(Urgency)),
        needs_reply=told["needs_reply"],
        deadline=_when(told["deadline"], zone) if "deadline" in told else None,
        promised=tuple(_owed(told.get("promised", ()), zone)),
        tasks=tuple(_owed(told.get("tasks", ()), zone)),
        events=tuple(_event(one) for one in told.get("events", ())),
    )


def _owed(told: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Iterator[Owed]:
    for one in told:
        _known(one, "who what due")
        due = _when(one["due"], zone) if "due" in one else None
        yield Owed(_one_of(one["who"], get_args(Who)), one["what"], due)


def _event(told: Mapping[str, Any]) -> Event:
    _known(told, "title start end zone")
    zone = ZoneInfo(told["zone"])
    event = Event(told["title"], _when(told["start"], zone), _when(told["end"], zone), zone)
    if isinstance(event.end, datetime) == event.all_day:
        raise ValueError(f"{event.title} starts as one kind of time and ends as the other")
    return event


def _when(told: str, zone: ZoneInfo) -> When:
    """A day, or a local time of the zone, which the file gives without an offset."""
    if "T" not in told:
        return date.fromisoformat(told)
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is not None:
        raise ValueError(f"{told} has an offset beside its zone")
    return moment.replace(tzinfo=zone)


def _moment(told: str) -> datetime:
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is None:
        raise ValueError(f"{told} has no offset")
    return moment


def _known(told: Mapping[str, Any], fields: str) -> None:
    unknown = set(told) - set(fields.split())
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")


def _one_of(told: str, choices: Sequence[Choice]) -> Choice:
    for choice in choices:
        if choice == told:
            return choice
    raise ValueError(f"{told!r} is none of {', '.join(choices)}")
