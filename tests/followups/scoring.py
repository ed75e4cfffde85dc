"""How well something says what is open in the labelled threads: precision and recall for each side, and deadlines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from apps.ai.followups import judging
from tests.followups.corpus import Thread
from tests.followups.letters import letters, sent_by_me

SIDES: Final = {"mine": "waiting_on_me", "theirs": "waiting_on_them"}


@dataclass(frozen=True, slots=True)
class Guess:
    """What was said of a thread."""

    thread: Thread
    turn: str
    due: date | datetime | None = None


Guesser = Callable[[Thread], Guess]


def plain(thread: Thread) -> Guess:
    """The plain rule: whoever was asked a question mark in the newest message is to answer it."""
    newest, _ = [pair for pair in letters(thread) if pair[0] in thread.messages][-1]
    if "?" not in newest.body:
        return Guess(thread, "nothing")
    return Guess(thread, SIDES["theirs"] if sent_by_me(thread, newest) else SIDES["mine"])


def rules(thread: Thread) -> Guess:
    """The agents' rules, without a model."""
    from tests.followups.talks import talk_of

    judged = judging.judge(talk_of(thread))
    return Guess(thread, judged.turn.value, judged.deadline)


def precision(guesses: Iterable[Guess], side: str) -> float:
    """Of what was said to wait on this side, the share that does."""
    said = [one for one in guesses if one.turn == SIDES[side]]
    return sum(one.thread.labels.turn == SIDES[side] for one in said) / len(said) if said else 0.0


def recall(guesses: Iterable[Guess], side: str) -> float:
    """Of what does wait on this side, the share that was said to."""
    true = [one for one in guesses if one.thread.labels.turn == SIDES[side]]
    return sum(one.turn == SIDES[side] for one in true) / len(true) if true else 0.0


def accuracy(guesses: Iterable[Guess]) -> float:
    """The share of threads of which the turn was said rightly."""
    some = list(guesses)
    return sum(one.turn == one.thread.labels.turn for one in some) / len(some)


def deadlines(guesses: Iterable[Guess]) -> float:
    """Of the open matters that were seen, the share whose deadline, or lack of one, is right to the day."""
    seen = [one for one in guesses if one.turn == one.thread.labels.turn != "nothing"]
    return sum(_day(one.due) == _day(one.thread.labels.deadline) for one in seen) / len(seen) if seen else 0.0


def _day(when: date | datetime | None) -> date | None:
    return when.date() if isinstance(when, datetime) else when
