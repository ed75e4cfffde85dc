"""How well something extracts tasks and dates from the labelled mails: precision and recall, beside a plain rule."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.ai.followups import judging
from apps.ai.reading import dates, extracting
from tests.extraction.corpus import Mail, day

ASKS: Final = re.compile(r"\?|(?<!\w)(?:please|per favore|bitte|merci de|por favor)(?!\w)")


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found in a mail: starts of events as text to the minute, tasks as who and the day."""

    mail: Mail
    events: frozenset[str]
    tasks: tuple[tuple[str, Any], ...]


Extractor = Callable[[Mail], Extracted]


def said(start: Any) -> str:
    """A start as it is compared: a day, or a moment to the minute."""
    return f"{start:%Y-%m-%dT%H:%M}" if isinstance(start, datetime) else f"{start:%Y-%m-%d}"


def plain(mail: Mail) -> Extracted:
    """The plain rule: each day that the whole text names is an event, each question or "please" a task of mine."""
    folded = mail.letter.text.lower()
    written = mail.letter.at.astimezone(mail.zone)
    found = frozenset(said(one.at(mail.zone)) for one in dates.named(folded, written.date()))
    tasks = []
    for sentence in re.split(r"(?<=[.!?])\s", folded):
        if ASKS.search(sentence):
            named = dates.named(sentence, written.date())
            tasks.append(("me", named[0].day if named else None))
    return Extracted(mail, found, tuple(tasks))


def rules(mail: Mail) -> Extracted:
    """The agents' rules, without a model."""
    found = extracting.ahead(mail.letter, mail.zone, mail.talk.now)
    owed = [(("me" if one.mine else "them"), day(one.due, mail.zone)) for one in judging.judge(mail.talk).matters]
    return Extracted(mail, frozenset(said(one.start) for one in found), tuple(owed))


def events(found: Iterable[Extracted]) -> tuple[int, int, int]:
    """How many events are right (to the minute), were said, and are there."""
    some = list(found)
    true = [{said(start) for start in one.mail.events} for one in some]
    right = sum(len(one.events & wanted) for one, wanted in zip(some, true, strict=True))
    return right, sum(len(one.events) for one in some), sum(map(len, true))


def tasks(found: Iterable[Extracted]) -> tuple[int, int, int]:
    """Likewise of tasks: right is who is right about who, and about the day or that none is named."""
    some = list(found)
    right = sum((Counter(one.tasks) & Counter(one.mail.tasks)).total() for one in some)
    return right, sum(len(one.tasks) for one in some), sum(len(one.mail.tasks) for one in some)


def rates(counts: Sequence[int]) -> tuple[float, float]:
    """Precision and recall."""
    right, told, true = counts
    return right / told if told else 0.0, right / true if true else 0.0
