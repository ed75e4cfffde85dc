"""What a new message says of an event that the account's calendars hold: taken in, when who says it may say it.

An event that no calendar holds is never put there: that is for the person to decide. Where the server schedules
(RFC 6638) it is the server that does this.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from apps.calendar.kind import KIND as CALENDAR
from apps.calendar.models import Calendar, Event
from apps.collections import locks, service
from apps.core.clock import now
from apps.core.problems import Problem
from apps.mail.models import Mailbox, Message
from apps.mail.prepare import Draft as Arrived
from apps.outbound import queue
from apps.outbound.models import Command
from apps.outbound.queue import Wanted
from apps.outbound.run import Run
from apps.providers.adapters import ical
from apps.providers.adapters.base import Role
from apps.providers.adapters.ical import itip
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event as Told

from . import parties, reading
from .announcing import KIND, stamp

RECENT: Final = timedelta(days=14)
"""What is older is no news: it comes with the first import of a mailbox."""
AT_ONCE: Final = 100
NOT_FROM: Final = frozenset({Role.SENT.value, Role.DRAFTS.value, Role.TRASH.value, Role.JUNK.value})


def told(account: ProviderAccount, mailbox: Mailbox, new: Sequence[Arrived]) -> list[Told]:
    """See `mail.arrivals.Listener`."""
    if mailbox.role in NOT_FROM:
        return []
    since = now() - RECENT
    some = [str(item.id) for item in new if item.at > since and _speaks(item)]
    if some and Calendar.objects.filter(account__owner_id=account.owner_id).exists():
        parts = (some[place : place + AT_ONCE] for place in range(0, len(some), AT_ONCE))
        queue.put(account, [Wanted(KIND, "take", [], {"messages": part}) for part in parts])
    return []


def _speaks(item: Arrived) -> bool:
    return any(part.content_type in reading.TYPES for part in item.mail.attachments)


def read(run: Run, command: Command) -> dict[str, Any]:
    """What the messages change in the account's calendars."""
    held = Message.objects.select_related("account").filter(pk__in=command.args["messages"]).order_by("at", "pk")
    said = [(message, each) for message in held if (each := _said(message)) is not None]
    said.sort(key=lambda pair: pair[1].age)  # the mails of one second come in any order
    return {"edits": [edit for message, each in said for edit in _edits(message, each)]}


def _said(message: Message) -> itip.Message | None:
    try:
        return reading.invitation(message)
    except Problem:
        return None  # its bytes are not to be had now; the person can still take it in from its card


def _edits(message: Message, said: itip.Message) -> list[dict[str, Any]]:
    theirs = ProviderAccount.objects.filter(owner_id=message.account.owner_id).values_list("pk", flat=True)
    row = parties.held(theirs, said.uid, message.account_id)
    if row is None or row.collection.schedules or not row.collection.writable:
        return []
    own, sender = parties.own_addresses(message.account), reading.sender(message)
    whole = ical.read(bytes(row.data), row.collection.timezone)
    if said.method in itip.FROM_ORGANIZER and row.organizer == sender and sender not in own:
        return [_edit(row, taking(said, parties.invited_as(whole.items, own)))]
    if said.method == "REPLY" and row.organizer in own:
        return [_edit(row, change) for change in _answers(said, whole, sender)]
    return []


def _edit(row: Event, change: dict[str, Any]) -> dict[str, Any]:
    return {"event": str(row.pk), "account": str(row.account_id), "change": change}


def taking(said: itip.Message, own: str) -> dict[str, Any]:
    """The edit that takes what the organizer says into the event."""
    return {"stamp": stamp(), "itip": said.data.decode("utf-8", "surrogateescape"), "own": own}


def _answers(said: itip.Message, whole: ical.Whole, sender: str) -> list[dict[str, Any]]:
    """The edits that note what somebody who is invited answers for themselves, to what they were last told."""
    invited = itip.attendees_of(whole.items)
    found = []
    for each in itip.answers(said):
        if each.address != sender or each.address not in invited or itip.older(each.item, whole):
            continue
        key = itip.key_of(each.item, whole)
        found.append({"stamp": stamp(), "scope": "this" if key else "all", "key": key, "reply": [sender, each.status]})
    return found


def take(account: ProviderAccount, command: Command, receipt: dict[str, Any]) -> list[Told]:
    """Make the calendars say so."""
    events: list[Told] = []
    for account_id in sorted({edit["account"] for edit in receipt["edits"]}):
        locks.account(CALENDAR.name, UUID(account_id))
    for edit in receipt["edits"]:
        row = Event.objects.select_related("collection", "account").filter(pk=edit["event"], leaving=None).first()
        if row is None:
            continue
        try:
            events += service.edit(CALENDAR, None, row, edit["change"])
        except Problem:
            continue  # an instance that the series does not have
    return events
