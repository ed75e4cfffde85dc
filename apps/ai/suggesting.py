"""From what was read to suggestions: tasks and events, proposed as actions that a person, or a policy, decides on."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from apps.core.problems import Problem
from apps.providers.models import ProviderAccount
from apps.tenants import context
from apps.users import members
from apps.users.members import Member
from apps.users.models import User

from . import actions
from .actions import Wish
from .reading import extracting
from .reading.letters import Conversation, Letter
from .reading.shapes import Meeting, Task, Understanding, when

log = structlog.get_logger(__name__)

AGENT: Final = "reader"
AHEAD_MOST: Final = timedelta(days=400)
LONGEST: Final = timedelta(days=31)


def owner_of(account: ProviderAccount) -> Member | None:
    """The account's owner as a member of the open tenant; None when they have left it."""
    user = User.objects.filter(pk=account.owner_id).first()
    return members.of(user, context.current()) if user else None


def wishes(read: Understanding, letter: Letter, talk: Conversation) -> Iterator[Wish]:
    """What may be proposed of it: my tasks, and events that lie ahead."""
    zone = talk.zone if isinstance(talk.zone, ZoneInfo) else ZoneInfo("UTC")
    for number, task in enumerate(read.tasks):
        if task.who == "me" and task.what:
            yield _wish("task.create", _task(task, zone), letter, f"task:{letter.id}:{number}", task.what)
    for number, meeting in enumerate(read.events):
        args = _event(meeting, zone, talk.now)
        if args is not None:
            yield _wish("calendar.create", args, letter, f"event:{letter.id}:{number}", meeting.title)


def dated(letter: Letter, talk: Conversation) -> Iterator[Wish]:
    """What may be proposed of it without a model: what the mail says, in so many words, will take place."""
    zone = talk.zone if isinstance(talk.zone, ZoneInfo) else ZoneInfo("UTC")
    if letter.kind or letter.method or talk.mine(letter):
        return
    for number, one in enumerate(extracting.ahead(letter, zone, talk.now)):
        meeting = Meeting(title=letter.subject or one.said, start=one.start.isoformat(), end=None, location="")
        args = _event(meeting, zone, talk.now)
        if args is not None and meeting.title:
            yield _wish("calendar.create", args, letter, f"date:{letter.id}:{number}", one.said)


def _wish(kind: str, args: dict[str, Any], letter: Letter, key: str, why: str) -> Wish:
    return Wish(AGENT, kind, args, why, key, [{"type": "message", "id": letter.id}])


def _task(task: Task, zone: ZoneInfo) -> dict[str, Any]:
    due = when(task.due, zone)
    return {"title": task.what} | ({"due": _moment(due, zone)} if due is not None else {})


def _event(meeting: Meeting, zone: ZoneInfo, now: datetime) -> dict[str, Any] | None:
    """None for what has no start, lies behind, or lasts absurdly long."""
    start, end = when(meeting.start, zone), when(meeting.end, zone)
    if start is None or not meeting.title:
        return None
    if not now.astimezone(zone).date() <= _day(start, zone) <= (now + AHEAD_MOST).date():
        return None
    if isinstance(start, datetime):
        if not isinstance(end, datetime) or not timedelta(0) < end - start <= LONGEST:
            end = start + timedelta(hours=1)
    else:
        last = _day(end, zone) if end is not None else start
        if not timedelta(0) <= last - start <= LONGEST:
            last = start
        end = last + timedelta(days=1)  # a calendar's end of whole days is the day after (RFC 5545, section 3.6.1)
    args = {"title": meeting.title, "start": _moment(start, zone), "end": _moment(end, zone)}
    return args | ({"location": meeting.location} if meeting.location else {})


def _day(moment: date | datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment


def _moment(moment: date | datetime, zone: ZoneInfo) -> dict[str, str]:
    """As calendars take it: a day, or a local time of a zone."""
    if isinstance(moment, datetime):
        return {"at": moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S"), "zone": str(zone)}
    return {"date": moment.isoformat()}


def propose(account: ProviderAccount, wanted: Iterator[Wish]) -> list[dict[str, Any]]:
    """Propose each; answers those that stand. Outside a transaction; twice, the same stand.

    What cannot be done (no calendar, a kind that nobody carries out) is left out with a line in the log.
    """
    member = owner_of(account)
    if member is None:
        return []
    stand = []
    for wish in wanted:
        try:
            action = actions.propose(member, account, wish)
        except KeyError:
            log.info("nobody carries out this kind of action", kind=wish.kind)
        except Problem as problem:
            log.info("a suggestion cannot be carried out", kind=wish.kind, reason=problem.code)
        else:
            stand.append(
                {"action_id": str(action.pk), "kind": wish.kind, "title": wish.args.get("title", ""), "why": wish.why}
            )
    return stand
