"""Whose turn it is in a conversation, by plain rules: what is asked, promised, answered, taken back, mail by mail.

Pure. Where a message does not fit the rules they rather leave a matter open on the side that was asked.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from apps.core.folding import fold

from ..reading import cues, dates
from ..reading.letters import Conversation, Letter
from . import overlooked


class Turn(StrEnum):
    """Who is expected to do something."""

    ME = "waiting_on_me"
    THEM = "waiting_on_them"
    NOBODY = "nothing"


class Kind(StrEnum):
    """Why something is open."""

    ASKED = "asked"
    PROMISED = "promised"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Open:
    """One matter: the sentence, the message it stands in, who is to do it, and until when."""

    kind: Kind
    mine: bool
    letter: Letter
    said: str
    due: date | datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules make of a conversation. `sure`: the head alone decided, and a model is not asked."""

    turn: Turn
    needs_reply: bool
    matters: tuple[Open, ...] = ()
    sure: bool = False

    @property
    def deadline(self) -> date | datetime | None:
        """The first day on which something of the one whose turn it is falls due."""
        mine = self.turn == Turn.ME
        due = [matter.due for matter in self.matters if matter.mine == mine and matter.due is not None]
        return min(due, key=_as_day, default=None)


def _as_day(when: date | datetime) -> tuple[date, bool]:
    return (when.date(), False) if isinstance(when, datetime) else (when, True)


@dataclass(slots=True)
class _State:
    """What is open after each message: asked of us, promised by us, asked of them, promised by them."""

    asked_us: list[Open] = field(default_factory=list)
    promised_us: list[Open] = field(default_factory=list)
    asked_them: list[Open] = field(default_factory=list)
    promised_them: list[Open] = field(default_factory=list)
    bounced: Open | None = None

    def matters(self) -> list[Open]:
        bounced = [self.bounced] if self.bounced else []
        return [*bounced, *self.asked_us, *self.promised_us, *self.asked_them, *self.promised_them]


MASS: Final = frozenset({"list", "newsletter", "notification"})
WORD: Final = re.compile(r"[^\W\d_]{5,}")
SHORT: Final = 12
"""Words of an answer that is so short that a day in it is a promise of that day."""


def judge(talk: Conversation) -> Judgement:
    """Whose turn it is at `talk.now`."""
    state = _State()
    for letter in talk.letters:
        _take(state, talk, letter)
    for letter in sorted(talk.elsewhere, key=lambda one: one.at):
        _elsewhere(state, talk, letter)
    matters = state.matters()
    sure = all(letter.kind in cues.MASS for letter in talk.letters)
    if any(one.mine for one in matters):
        reply = any(one.kind != Kind.BOUNCED and not _deed(one) for one in matters if one.mine)
        return Judgement(Turn.ME, reply, tuple(matters), sure)
    return Judgement(Turn.THEM if matters else Turn.NOBODY, False, tuple(matters), sure)


def _deed(matter: Open) -> bool:
    """True for a promise of a deed rather than of a message, and for a duty that a machine reminds of."""
    if matter.letter.kind:
        return True
    return matter.kind == Kind.PROMISED and bool(cues.DEED.search(fold(matter.said)))


def _take(state: _State, talk: Conversation, letter: Letter) -> None:
    match letter.kind:
        case "bounce":
            if state.asked_them or any(talk.ours(one) for one in talk.letters if one.at <= letter.at):
                _bounced(state, letter)
            return
        case "auto_reply":
            return
        case "newsletter":
            return
        case "notification":
            _duty(state, talk, letter)
            return
    if talk.ours(letter) and not _within(talk, letter):
        _from_us(state, talk, letter)
    else:
        _from_them(state, talk, letter)


def _within(talk: Conversation, letter: Letter) -> bool:
    """True for a colleague's message to the person: they stand on two sides of it."""
    return not talk.mine(letter) and bool(talk.own & set(letter.to)) and all(
        one in talk.own or one.rpartition("@")[2] in talk.domains for one in letter.to
    )  # fmt: skip


def _bounced(state: _State, letter: Letter) -> None:
    due = next((one.due for one in state.asked_them if one.due), None)
    state.asked_them.clear()
    state.bounced = Open(Kind.BOUNCED, True, letter, " ".join(letter.subject.split()), due)


def _duty(state: _State, talk: Conversation, letter: Letter) -> None:
    said = [(s, f) for s, f in zip(letter.sentences, letter.folded, strict=True) if cues.DUTY.search(f)]
    for sentence, folded in said:
        due = _due(talk, letter, [folded])
        if due is not None:
            state.asked_us.append(Open(Kind.ASKED, True, letter, sentence, due))
            return


def _from_them(state: _State, talk: Conversation, letter: Letter) -> None:
    """Somebody else writes: their word answers ours, and asks or promises anew."""
    text = " ".join(letter.folded)
    meant = _meant(talk, letter)
    asks, promises = _asks(letter) if meant else [], _promises(talk, letter) if meant else []
    if letter.kind == "list":
        # What one member answers does not end what was asked of all.
        return
    if cues.WITHDRAWING.search(text):
        state.asked_us.clear()
        asks = [one for one in asks if not cues.WITHDRAWING.search(fold(one))]
    first_contact = not any(talk.ours(one) for one in talk.letters) and letter.sender not in talk.known
    if first_contact and cues.SELLING.search(f"{fold(letter.subject)} {text}"):
        state.asked_us.clear()
        return
    if letter.method == "CANCEL":
        state.asked_us.clear()
        return
    if letter.method == "REQUEST" and talk.addressed(letter):
        state.asked_us = [Open(Kind.ASKED, True, letter, " ".join(letter.subject.split()), _due(talk, letter, []))]
        return
    if not _reaches_us(talk, letter):
        return
    left = _left_open(state.asked_them, letter)
    state.asked_them = [] if not left or promises else left
    if letter.attachments or promises or not asks:
        state.promised_them = []
    if cues.THANKS.search(text) and not asks:
        state.asked_us.clear()
        if any(talk.ours(one) and one.at <= letter.at for one in talk.letters):
            state.promised_us = [one for one in state.promised_us if one.due and _as_day(one.due)[0] > letter.at.date()]
    if asks:
        said = asks[0]
        state.asked_us = [Open(Kind.ASKED, True, letter, said, _due(talk, letter, [fold(one) for one in asks]))]
    if promises and not asks:
        state.promised_them = [Open(Kind.PROMISED, False, letter, promises[0], _promise_due(talk, letter, promises))]


def _from_us(state: _State, talk: Conversation, letter: Letter) -> None:
    """We write: that answers what was asked of us, unless we promise to, and asks or promises anew."""
    state.bounced = None
    promises, asks = _promises(talk, letter), _asks(letter) if letter.kind != "newsletter" else []
    left = _left_open(state.asked_us, letter)
    owed = state.promised_us if _still_owed(state, letter) else []
    before, state.asked_us = state.asked_us, left
    state.promised_us = list(owed)
    if promises and not (letter.attachments and cues.ATTACHING.search(" ".join(letter.folded))):
        due = _promise_due(talk, letter, promises) or next((one.due for one in before if one.due), None)
        state.promised_us = [Open(Kind.PROMISED, True, letter, promises[0], due)]
        state.asked_us = []
    if any(cues.NOT_ASKING.search(one) or cues.WITHDRAWING.search(one) for one in letter.folded) and not asks:
        state.asked_them.clear()
        state.asked_us.clear()
    if asks:
        due = _due(talk, letter, [fold(one) for one in asks]) or _due(talk, letter, list(letter.folded))
        state.asked_them = [Open(Kind.ASKED, False, letter, asks[0], due)]


def _still_owed(state: _State, letter: Letter) -> bool:
    """True when what we promised is not what this message brings."""
    if not state.promised_us:
        return False
    wanted = _things(
        " ".join(state.promised_us[0].letter.folded) + " ".join(f for one in state.asked_us for f in one.letter.folded)
    )
    text = " ".join(letter.folded)
    if letter.attachments:
        return bool(cues.FORGOT.search(text)) or (wanted > 1 and len(letter.attachments) < wanted)
    return (
        not (cues.ATTACHING.search(text) and not letter.attachments)
        and bool(_promise_words(text) or len(text.split()) < SHORT)
    ) or bool(cues.ATTACHING.search(text))


def _things(text: str) -> int:
    """How many files were promised or asked for, where a text says so."""
    return 2 if cues.BOTH.search(text) else 1


def _promise_words(text: str) -> bool:
    return bool(cues.PROMISING.search(text))


def _left_open(asked: list[Open], answer: Letter) -> list[Open]:
    """What is still open of what was asked, after an answer."""
    if not asked or answer.kind:
        return asked
    return [replace(asked[0], due=None)] if overlooked.passes_over(asked[0].letter, answer) else []


def _asks(letter: Letter) -> list[str]:
    """The sentences that ask the reader for something."""
    if any(cues.NOT_ASKING.search(one) for one in letter.folded):
        return []
    found = []
    thanked = any(cues.THANKS.search(one) for one in letter.folded)
    for said, folded in zip(letter.sentences, letter.folded, strict=True):
        question = "?" in folded and not cues.RHETORICAL.search(folded)
        if (
            question
            and thanked
            and not _you(folded)
            and len(letter.sentences) > 1
            and len(letter.folded) <= 4
            and _exclaims(letter)
        ):
            question = False
        if question or (cues.ASKING.search(folded) and not cues.WITHDRAWING.search(folded)):
            found.append(said)
    return found


def _you(folded: str) -> bool:
    return bool(cues.YOU.search(folded))


def _exclaims(letter: Letter) -> bool:
    """True for a message of thanks whose questions ask for nothing: one of them is a figure of speech."""
    return any(cues.RHETORICAL.search(one) for one in letter.folded)


def _meant(talk: Conversation, letter: Letter) -> bool:
    """True when the person is written to, or named in the text."""
    if letter.kind in MASS:
        return False
    if talk.addressed(letter):
        return True
    name = fold(talk.name).partition(" ")[0]
    asks = "can|could|please|puoi|potresti|kannst|peux|puedes|bitte"
    called = rf"(?:^|[.!?:,] ?|@){re.escape(name)}(?=[,:]| (?:{asks}))"
    return bool(name) and bool(re.search(called, " ".join(letter.folded)))


def _reaches_us(talk: Conversation, letter: Letter) -> bool:
    """True when somebody of our side is among those it is written to: then it answers what our side said."""
    return talk.addressed(letter) or any(one.rpartition("@")[2] in talk.domains for one in letter.to)


def _promises(talk: Conversation, letter: Letter) -> list[str]:
    """The sentences in which the writer says what they, or their house, will do."""
    found: list[str] = []
    vague: list[str] = []
    if letter.attachments and not any(dates.named(one, letter.at.date()) for one in letter.folded):
        return []  # "I send you the pictures" comes with them
    for said, folded in zip(letter.sentences, letter.folded, strict=True):
        if "?" in folded or cues.NOT_ASKING.search(folded):
            continue
        days = [one for one in dates.named(folded, letter.at.date()) if one.day >= letter.at.date()]
        brief = bool(days) and len(folded.split()) <= SHORT and _answering(talk, letter)
        if cues.PROMISING.search(folded):
            found.append(said)
        elif brief and not cues.ASKING.search(folded) and not _both_know(folded):
            vague.append(said)
    return found or vague


def _both_know(folded: str) -> bool:
    """True for an appointment: no open matter, both sides know of it."""
    return bool(cues.KNOWN_TO_BOTH.search(folded))


def _answering(talk: Conversation, letter: Letter) -> bool:
    """True when the other side spoke before."""
    return any(one.at < letter.at and talk.ours(one) != talk.ours(letter) and not one.kind for one in talk.letters)


def _due(talk: Conversation, letter: Letter, sentences: list[str]) -> date | datetime | None:
    """The first day named in what is asked, else in the rest of the message. An hour counts where it is a limit."""
    zone = _zone(talk)
    forwarded = [fold(letter.text)] if FORWARD.match(letter.subject) else []
    for texts in (sentences, list(letter.folded), [fold(letter.subject)], forwarded):
        found = [when for text in texts for when in dates.deadlines(text, letter.at, zone)]
        ahead = [when for when in found if _as_day(when)[0] >= letter.at.astimezone(zone).date()]
        if ahead:
            first = min(ahead, key=_as_day)
            limit = letter.method or any(cues.LIMIT.search(text) or dates.zone_of(text) for text in texts)
            return first if limit or not isinstance(first, datetime) else first.date()
    return None


FORWARD: Final = re.compile(r"(?:fwd?|wg|i|tr|rv|enc)\s*:", re.IGNORECASE)


def _promise_due(talk: Conversation, letter: Letter, promises: list[str]) -> date | datetime | None:
    zone = _zone(talk)
    found = [when for said in promises for when in dates.deadlines(fold(said), letter.at, zone)]
    ahead = [when for when in found if _as_day(when)[0] >= letter.at.astimezone(zone).date()]
    return min(ahead, key=_as_day, default=None)


def _zone(talk: Conversation) -> ZoneInfo:
    return talk.zone if isinstance(talk.zone, ZoneInfo) else ZoneInfo("UTC")


def _elsewhere(state: _State, talk: Conversation, letter: Letter) -> None:
    """A message in another thread to whom, or from whom, something is open here: it may settle it."""
    if letter.kind:
        return
    asked = state.asked_us if talk.ours(letter) else state.asked_them
    if not asked or letter.at <= asked[0].letter.at:
        return
    there = {letter.sender, *letter.to, *letter.cc}
    here = asked[0].letter
    other = {here.sender, *here.to} - talk.own
    if not other & there or not _about_the_same(here, letter):
        return
    asked.clear()
    promises = _promises(talk, letter)
    due = next((when for text in letter.folded for when in dates.deadlines(text, letter.at, _zone(talk))), None)
    if not talk.ours(letter) and (promises or (due and _as_day(due)[0] >= talk.now.date())):
        said = (promises or list(letter.sentences))[0]
        state.promised_them = [Open(Kind.PROMISED, False, letter, said, due)]


def _about_the_same(one: Letter, other: Letter) -> bool:
    """True when they share a rarer word, by its first letters."""

    def stems(letter: Letter) -> set[str]:
        words = WORD.findall(f"{fold(letter.subject)} {' '.join(letter.folded)}")
        return {word[:5] for word in words}

    numbers = set(re.findall(r"\d{3,}", one.own)) & set(re.findall(r"\d{3,}", other.own))
    return bool(stems(one) & stems(other)) or bool(numbers)


def overdue(matter: Open, now: datetime, silence: timedelta) -> bool:
    """True when its day has passed, or nobody said anything for so long."""
    if matter.due is not None:
        return _as_day(matter.due)[0] < now.date()
    return now - matter.letter.at > silence
