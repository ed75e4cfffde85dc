"""Reading one message: rules first, the model where they do not settle it, then rows and events in one transaction.

Done twice, the second finds it done. The model is asked, and actions are proposed, before the transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from apps.core.clock import now
from apps.core.folding import fold
from apps.mail import language as languages
from apps.mail.models import Message
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.realtime.journal import Event

from .. import consent, suggesting
from ..followups import judging, tracking
from ..followups.judging import Judgement, Turn
from ..followups.models import FollowUp
from ..followups.tracking import Matter
from ..model import asking, errors
from ..model.asking import Question
from ..people import important
from ..writing import drafts
from . import conversations, cues, prompting
from .letters import Conversation, Letter
from .models import Reading
from .shapes import Understanding, when

log = structlog.get_logger(__name__)

TRIES: Final = 4
PAUSE: Final = timedelta(minutes=2)
OTHERS_MOST: Final = 5
SOON: Final = timedelta(days=2)
NOT_WANTED: Final = (errors.SwitchedOff.code, errors.NoConsent.code)
"""Reasons for a model's silence for which rules suggest nothing either."""

CODES: Final = {"english": "en", "italian": "it", "german": "de", "french": "fr", "spanish": "es"}


class TryLater(Exception):
    """The model could not be asked now; the message is read when it can."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a message, and what is open in its conversation."""

    by: str
    category: str
    urgency: str
    sentiment: str
    needs_reply: bool
    language: str
    matters: tuple[Matter, ...]
    error: str = ""
    suggested: list[dict[str, Any]] = field(default_factory=list)


def read(reading: Reading) -> None:
    """Read a message that waits. Raises TryLater, having noted when."""
    message = Message.objects.select_related("account").filter(pk=reading.message_id, orphaned_at__isnull=True).first()
    talk = conversations.load(message.account, message.thread_id) if message else None
    letter = next((one for one in talk.letters if one.id == str(reading.message_id)), None) if talk else None
    if message is None or talk is None or letter is None:
        Reading.objects.filter(pk=reading.pk).delete()
        return
    verdict = by_rules(talk, letter)
    judged = judging.judge(talk)
    if not judged.sure:
        verdict = _by_model(reading, message, talk, letter, verdict)
        if verdict.by == Reading.By.RULES and verdict.error not in NOT_WANTED and verdict.category != "sales":
            verdict = replace(verdict, suggested=suggesting.propose(message.account, suggesting.dated(letter, talk)))
    if verdict.by == Reading.By.MODEL and verdict.needs_reply and letter is talk.letters[-1] and _wants_drafts(message):
        drafts.unasked(message, talk, letter)
    _write(message, talk, letter, verdict)
    if not letter.kind:
        _look_again(message, letter, talk)


def _wants_drafts(message: Message) -> bool:
    return consent.of([message.account_id])[message.account_id].drafting


def by_rules(talk: Conversation, letter: Letter) -> Verdict:
    """What rules alone say; a category only where the head, or a plain sign, tells it."""
    judged = judging.judge(talk)
    matters = tuple(tracking.matter_of(found, talk.own) for found in judged.matters)
    return Verdict(
        by=Reading.By.RULES.value,
        category=category(talk, letter),
        urgency=urgency(talk, letter, judged),
        sentiment="",
        needs_reply=judged.needs_reply and not talk.mine(letter) and letter is talk.letters[-1],
        language=CODES.get(languages.detect(letter.own or letter.text), ""),
        matters=matters,
    )


def category(talk: Conversation, letter: Letter) -> str:
    """The category that needs no model; empty when it does."""
    if letter.kind:
        return letter.kind
    if letter.method:
        return "meeting"
    stranger = not any(talk.ours(one) for one in talk.letters) and letter.sender not in talk.known
    text = f"{fold(letter.subject)} {' '.join(letter.folded)}"
    return "sales" if stranger and cues.SELLING.search(text) else ""


def urgency(talk: Conversation, letter: Letter, judged: Judgement) -> str:
    """How soon it matters: by what is due, and by what the words press for."""
    if letter.kind in cues.MASS or judged.turn == Turn.NOBODY:
        return "low"
    due = judged.deadline
    soon = due is not None and _day(due) <= (talk.now + SOON).date()
    pressed = any(cues.PRESSING.search(sentence) for sentence in letter.folded)
    return "high" if soon or pressed else "normal"


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _by_model(reading: Reading, message: Message, talk: Conversation, letter: Letter, rules: Verdict) -> Verdict:
    question = Question(
        "reading", prompting.READING, prompting.thread(talk), message.account_id, message.account.owner_id, message.pk,
        most_tokens=1_500,
    )  # fmt: skip
    try:
        answer = asking.ask(question, Understanding)
    except errors.Passing as error:
        if reading.tries + 1 < TRIES:
            pause = timedelta(seconds=error.retry_after) if error.retry_after else PAUSE * 2**reading.tries
            Reading.objects.filter(pk=reading.pk).update(
                tries=reading.tries + 1, not_before=now() + pause, error=error.code
            )
            raise TryLater from None
        return replace(rules, error=error.code)
    except errors.ModelError as error:
        return replace(rules, error=error.code)
    return understood(answer.value, talk, letter, rules, message.account)


def understood(
    told: Understanding, talk: Conversation, letter: Letter, rules: Verdict, account: ProviderAccount
) -> Verdict:
    """The model's word, bounded by what the rules are sure of; suggestions of it are proposed."""
    suspicious = told.category == "phishing" or bool(letter.kind)
    wanted = iter(()) if suspicious else suggesting.wishes(told, letter, talk)
    return Verdict(
        by=Reading.By.MODEL.value,
        category=letter.kind or told.category,
        urgency=told.urgency,
        sentiment=told.sentiment,
        needs_reply=told.needs_reply and not talk.mine(letter) and not letter.kind,
        language=told.language.lower() if told.language.isascii() and told.language.isalpha() else rules.language,
        matters=_matters(told, talk, letter, rules),
        suggested=suggesting.propose(account, wanted),
    )


def _matters(told: Understanding, talk: Conversation, letter: Letter, rules: Verdict) -> tuple[Matter, ...]:
    """What is open by the model's word; message and people are taken from the mail, never from the model."""
    turn = Turn(told.turn)
    if turn == Turn.NOBODY:
        return ()
    mine = turn == Turn.ME
    zone = talk.zone if isinstance(talk.zone, ZoneInfo) else ZoneInfo("UTC")
    agreed = tuple(one for one in rules.matters if one.mine == mine)
    if agreed:
        return agreed
    last = talk.letters[-1]
    kind = FollowUp.Kind.PROMISED if talk.ours(last) == mine else FollowUp.Kind.ASKED
    others = [one for one in (last.sender, *last.to) if one not in talk.own]
    said = told.request or (last.sentences[0] if last.sentences else "")
    due = when(told.deadline, zone)
    return (Matter(UUID(last.id), mine, kind.value, others[0] if others else "", said, due, last.at),)


def _write(message: Message, talk: Conversation, letter: Letter, verdict: Verdict) -> None:
    with transaction.atomic():
        reading = Reading.objects.select_for_update().filter(pk=message.pk).first()
        if reading is None or reading.state == Reading.State.DONE:
            return
        reading.state, reading.read_at = Reading.State.DONE, now()
        for name in ("by", "category", "urgency", "sentiment", "needs_reply", "language", "error"):
            setattr(reading, name, getattr(verdict, name))
        reading.important = important.important(message.account_id, letter.sender)
        reading.save()
        events = tracking.settle(message.account, message.thread_id, verdict.matters, verdict.by)
        events = [classified(message, reading), *events]
        if verdict.suggested:
            events.append(suggested(message, verdict.suggested))
        journal.append(events)


def classified(message: Message, reading: Reading) -> Event:
    """`ai:classification_done`."""
    data = {"message_id": str(message.pk), "thread_id": str(message.thread_id), "ai": as_json(reading)}
    return Event("ai:classification_done", message.account_id, data)


def suggested(message: Message, items: Sequence[dict[str, Any]]) -> Event:
    """`ai:task_suggest`."""
    data = {"message_id": str(message.pk), "thread_id": str(message.thread_id), "suggestions": list(items)}
    return Event("ai:task_suggest", message.account_id, data)


def as_json(reading: Reading) -> dict[str, Any]:
    """What is known of a message, as clients see it."""
    return {
        "category": reading.category or None,
        "urgency": reading.urgency or None,
        "sentiment": reading.sentiment or None,
        "needs_reply": reading.needs_reply,
        "language": reading.language or None,
        "important": reading.important,
        "by": reading.by,
    }


def _look_again(message: Message, letter: Letter, talk: Conversation) -> None:
    """What is open with the same people in other conversations may be settled by this message."""
    people = ({letter.sender, *letter.to} - talk.own) if letter.sender else set()
    rows = FollowUp.objects.filter(account=message.account, who__in=people, state__in=tracking.LASTING)
    rows = rows.exclude(thread_id=message.thread_id).filter(since__lt=letter.at)
    for thread_id in list(dict.fromkeys(rows.values_list("thread_id", flat=True)))[:OTHERS_MOST]:
        other = conversations.load(message.account, thread_id)
        if other is None:
            continue
        here = replace(other, elsewhere=())
        before, after = judging.judge(here), judging.judge(other)
        if before == after:
            continue  # this message settles nothing there; what the model found stays
        matters = [tracking.matter_of(found, other.own) for found in after.matters]
        with transaction.atomic():
            events = tracking.settle(message.account, thread_id, matters, Reading.By.RULES.value)
            if events:
                journal.append(events)
