"""Sessions as they are kept: sealed, as long as the tenant keeps what its model was asked, for their person only."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection, transaction

from apps.ai import consent
from apps.ai.model import errors, switches
from apps.ai.model.models import ModelCall
from apps.core import crypto
from apps.core.clock import now
from apps.core.ids import new_id
from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.accounts import iso
from apps.tenants import context, keys
from apps.users.members import Member

from .models import ChatSession, ChatTurn, TurnState

LISTED: Final = 50
AT_ONCE: Final = 2
"""Questions of one person that are being answered at the same time."""

GIVEN_UP: Final = timedelta(seconds=120)
"""After this a question that has no answer gets none: its process died."""

TITLE: Final = 80


@dataclass(slots=True)
class Content:
    """What a turn holds: the question, the answer as text, what it cites, which tools were used, why it failed, and the
    actions that were proposed in it."""

    question: str
    answer: str = ""
    citations: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    problem: dict[str, Any] | None = None
    proposed: list[dict[str, Any]] = field(default_factory=list)


def readable(member: Member) -> frozenset[UUID]:
    """The accounts that the person may see and whose owners let agents read them."""
    return consent.consented(access.visible_account_ids(member))


def begin(member: Member, session_id: UUID | None, question: str) -> ChatTurn:
    """A turn that waits for its answer, in this session or a new one. Raises 404 for another's, 429 for too many."""
    with transaction.atomic(), connection.cursor() as cursor:
        # One person's questions begin one after the other, so that two of them are counted.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"chat:{member.user_id}"])
        moment = now()
        open_turns = ChatTurn.objects.filter(
            session__user_id=member.user_id, state=TurnState.ASKED, created_at__gt=moment - GIVEN_UP
        )
        if open_turns.count() >= AT_ONCE:
            detail = "Your earlier questions are still being answered. Ask again when one of them is."
            raise Problem(429, "busy", detail, retry_after=5)
        if session_id is None:
            session = ChatSession.objects.create(user_id=member.user_id, updated_at=moment)
        else:
            session = visible(member, session_id)
            ChatSession.objects.filter(pk=session.pk).update(updated_at=moment)
        last = session.turns.order_by("-number").values_list("number", flat=True).first() or 0
        turn_id = new_id()
        return ChatTurn.objects.create(
            id=turn_id, session=session, number=last + 1, content=_sealed(turn_id, Content(question)), created_at=moment
        )


def end(turn: ChatTurn, state: TurnState, content: Content, accounts: Collection[UUID]) -> None:
    """Keep what came of a turn, and whose accounts it was made of. A session that was deleted meanwhile stays so."""
    with transaction.atomic():
        session = ChatSession.objects.select_for_update().filter(pk=turn.session_id).first()
        if session is None:
            return
        session.accounts = sorted({*session.accounts, *accounts})
        session.updated_at = now()
        session.save(update_fields=["accounts", "updated_at"])
        # What was stopped meanwhile stays so, with as much of the answer as there was.
        stopped = ChatTurn.objects.filter(pk=turn.pk, state=TurnState.STOPPED).exists()
        turn.state, turn.content = TurnState.STOPPED if stopped else state, _sealed(turn.pk, content)
        turn.save(update_fields=["state", "content"])


def stop(member: Member, session_id: UUID) -> None:
    """Want no more of what is being answered in a session. Raises the 404 problem."""
    if not ChatSession.objects.filter(pk=session_id, user_id=member.user_id).exists():
        raise not_found("conversation")
    ChatTurn.objects.filter(session_id=session_id, state=TurnState.ASKED).update(state=TurnState.STOPPED)


def wanted(turn: ChatTurn) -> bool:
    """False once its person has stopped the turn, or forgotten its session."""
    return ChatTurn.objects.filter(pk=turn.pk, state=TurnState.ASKED).exists()


def _sealed(turn_id: UUID, content: Content) -> bytes:
    return crypto.seal(keys.newest(context.current()), orjson.dumps(asdict(content)), f"chat:{turn_id}")


def opened(turn: ChatTurn) -> Content:
    """What a turn holds."""
    plain = crypto.unseal(keys.all_of(context.current()), bytes(turn.content), f"chat:{turn.pk}")
    return Content(**orjson.loads(plain))


def visible(member: Member, session_id: UUID) -> ChatSession:
    """One of the person's sessions. Raises the same 404 for another's, and for one of what they may not read now."""
    session = ChatSession.objects.filter(pk=session_id, user_id=member.user_id).first()
    if session is None or not set(session.accounts) <= readable(member):
        raise not_found("conversation")
    return session


def sessions(member: Member) -> list[dict[str, Any]]:
    """The person's sessions, the newest first, each by how it began."""
    allowed = readable(member)
    held = ChatSession.objects.filter(user_id=member.user_id, accounts__contained_by=list(allowed))
    found = list(held.order_by("-updated_at")[:LISTED])
    first = {turn.session_id: turn for turn in ChatTurn.objects.filter(session__in=found, number=1)}
    return [
        {
            "id": str(session.pk),
            "title": opened(first[session.pk]).question[:TITLE],
            "updated_at": iso(session.updated_at),
        }
        for session in found
        if session.pk in first
    ]


def session_json(member: Member, session_id: UUID) -> dict[str, Any]:
    """A session with its turns."""
    session = visible(member, session_id)
    turns = [turn_json(turn) for turn in session.turns.order_by("number")]
    return {"id": str(session.pk), "updated_at": iso(session.updated_at), "turns": turns}


def turn_json(turn: ChatTurn) -> dict[str, Any]:
    """A turn as a client shows it; one whose process died has failed."""
    lost = turn.state == TurnState.ASKED and turn.created_at < now() - GIVEN_UP
    told = asdict(opened(turn))
    if lost:
        told["problem"] = {"code": "interrupted", "detail": "This was interrupted before it was answered. Ask again."}
    elif turn.state == TurnState.STOPPED and told["problem"] is None:
        told["problem"] = {"code": errors.Stopped.code, "detail": errors.Stopped.detail}
    return {
        "id": str(turn.pk),
        "session_id": str(turn.session_id),
        "state": TurnState.FAILED if lost else turn.state,
        "at": iso(turn.created_at),
    } | told


def before(turn: ChatTurn, most: int) -> Sequence[Content]:
    """The answered turns before this one, at most so many, oldest first."""
    held = ChatTurn.objects.filter(session_id=turn.session_id, number__lt=turn.number, state=TurnState.ANSWERED)
    return [opened(one) for one in reversed(held.order_by("-number")[:most])]


def showed(turn: ChatTurn) -> bool:
    """Whether any turn of the session, as far as it has ended, showed the model what others wrote."""
    return ChatSession.objects.filter(pk=turn.session_id).exclude(accounts=[]).exists()


def delete(member: Member, session_id: UUID) -> None:
    """Forget a session, and what the model was asked in it. Raises the 404 problem."""
    session = ChatSession.objects.filter(pk=session_id, user_id=member.user_id).first()
    if session is None:
        raise not_found("conversation")
    _forget([session.pk])


def forget(account_ids: Collection[UUID]) -> int:
    """Forget every session that was made of one of these accounts; return how many."""
    return _forget(list(ChatSession.objects.filter(accounts__overlap=list(account_ids)).values_list("pk", flat=True)))


def forget_withdrawn() -> int:
    """Forget the sessions of accounts that may not be read any more, or are gone; return how many."""
    named = {pk for accounts in ChatSession.objects.values_list("accounts", flat=True) for pk in accounts}
    return forget(named - consent.consented(named)) if named else 0


def prune(moment: datetime | None = None) -> int:
    """Forget sessions in which nothing was said for as long as the tenant keeps such things; return how many."""
    limit = (moment or now()) - timedelta(days=switches.bounds().kept_days)
    return _forget(list(ChatSession.objects.filter(updated_at__lt=limit).values_list("pk", flat=True)))


def _forget(session_ids: Collection[UUID]) -> int:
    # What the model was asked is kept under the session's id.
    ModelCall.objects.filter(about__in=session_ids).delete()
    ChatSession.objects.filter(pk__in=session_ids).delete()
    return len(session_ids)
