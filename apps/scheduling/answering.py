"""What a person does on the card of an invitation."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.calendar import writing
from apps.calendar.kind import KIND as CALENDAR
from apps.calendar.models import Calendar, Event
from apps.collections import locks, service
from apps.core.problems import Problem
from apps.mail.models import Message
from apps.outbound.models import CommandRequest
from apps.outbound.queue import Wanted
from apps.providers import access
from apps.providers.adapters import ical
from apps.providers.adapters.ical import itip, values
from apps.realtime.journal import Event as Told
from apps.users.members import Member

from . import announcing, arriving, cards, parties
from .models import Said


def act(member: Member, key: str, message_id: UUID, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for (`forms.ActIn`). Raises problems that say why not."""
    if given["action"] == "answer":
        return answer(member, key, message_id, given["status"], given["calendar_id"], given["comment"])
    if given["action"] == "add":
        return add(member, key, message_id, given["calendar_id"])
    return (accept_time if given["action"] == "accept" else refuse_time)(member, key, message_id)


def answer(
    member: Member, key: str, message_id: UUID, status: str, calendar_id: UUID | None, comment: str
) -> dict[str, Any]:
    """Answer an invitation: who invites hears of it, and it stands in a calendar unless it is declined.

    Raises problems that say why not.
    """
    return answer_to(member, key, cards.opened(member, message_id), status, calendar_id, comment)


def answer_to(
    member: Member, key: str, opened: tuple[Message, itip.Message], status: str, calendar_id: UUID | None, comment: str
) -> dict[str, Any]:
    """The same for an invitation that was read already (`cards.opened`): asks no server."""
    message, said = opened
    access.may_act(member, [message.account_id])
    me = parties.invited_as(said.items, parties.own_addresses(message.account))
    if said.method != itip.REQUEST or not me or not itip.organizer_of(said.items):
        raise Problem(409, "not_invited", "This message does not ask you for an answer.")

    def act(request: CommandRequest) -> list[Told]:
        row = _held(member, message, said)
        if row is not None:
            told = _answered(request, row, said, me, status)
            place: Calendar | None = row.collection
        else:
            place = _place(member, message, calendar_id) if status != "DECLINED" else None
            data = itip.invitation(said.data, me, status)
            told = writing.make(request, place, data, tell=False) if place is not None else []
        Said.objects.update_or_create(
            account_id=message.account_id, uid=said.uid[:255], key=said.key(), defaults={"answer": status}
        )
        if place is None or not place.schedules or place.account_id != message.account_id:
            announcing.reply(request, message.account, said.data, me, status, comment)
        return told

    return service.once(CALENDAR, member, key, "answer", 1, act)


def _held(member: Member, message: Message, said: itip.Message) -> Event | None:
    """The event in a calendar that the person may change, under its lock."""
    locks.account(CALENDAR.name, message.account_id)  # two clicks at once put it there once
    row = parties.held(access.changeable_account_ids(member), said.uid, message.account_id)
    if row is None or not row.collection.writable:
        return None
    changed: Event = service.to_change(CALENDAR, member, row.pk)
    return changed


def _answered(request: CommandRequest, row: Event, said: itip.Message, me: str, status: str) -> list[Told]:
    told = service.edit(CALENDAR, request, row, arriving.taking(said, me))
    whole = ical.read(bytes(row.data), row.collection.timezone)
    for key in dict.fromkeys(itip.key_of(item, whole) for item in said.items):
        told += writing.answered(request, row, me, status, key, tell=False)
    return told


def _place(member: Member, message: Message, calendar_id: UUID | None) -> Calendar | None:
    """The calendar that is chosen, else one of the account's own, else the first one; None when there is none."""
    takers = cards.takers(member)
    if calendar_id is None:
        return cards.preferred(takers, message.account_id)
    chosen = next((each for each in takers if each.pk == calendar_id), None)
    if chosen is None:
        raise Problem(404, "not_found", "There is no such calendar, or it takes no events.")
    return chosen


def add(member: Member, key: str, message_id: UUID, calendar_id: UUID | None) -> dict[str, Any]:
    """Put what a message holds into a calendar, or bring the event there up to it, and tell nobody.

    Raises problems that say why not.
    """
    message, said = cards.opened(member, message_id)
    if said.method not in (itip.REQUEST, "PUBLISH", "ADD", "CANCEL"):
        raise Problem(409, "nothing_to_add", "This message holds no event to put into a calendar.")
    me = parties.invited_as(said.items, parties.own_addresses(message.account))

    def act(request: CommandRequest) -> list[Told]:
        row = _held(member, message, said)
        if row is not None:
            return service.edit(CALENDAR, request, row, arriving.taking(said, me))
        place = _place(member, message, calendar_id) if said.method != "CANCEL" else None
        if place is None:
            raise Problem(409, "no_calendar", "You have no calendar that this could go into. Connect one first.")
        return writing.make(request, place, itip.invitation(said.data), tell=False)

    return service.once(CALENDAR, member, key, "add", 1, act)


def accept_time(member: Member, key: str, message_id: UUID) -> dict[str, Any]:
    """Move one's own event to the time that somebody proposes; all who are invited hear of it."""
    row, item, instance = _proposed(member, message_id)
    fields = {"start": values.moment(item.start), "end": values.moment(item.end)}
    scope = "this" if instance else "all"
    return writing.change(member, key, row.pk, scope, instance, fields)


def refuse_time(member: Member, key: str, message_id: UUID) -> dict[str, Any]:
    """Leave it at the time that it has, and let who proposed another one know."""
    message, said = cards.opened(member, message_id)
    row, _, _ = _proposed(member, message_id)

    def act(request: CommandRequest) -> list[Told]:
        args = {"text": b64encode(said.data).decode(), "own": row.organizer}
        announcing.put(message.account, request, Wanted(announcing.KIND, "refuse", [], args))
        return []

    return service.once(CALENDAR, member, key, "refuse", 0, act)


def _proposed(member: Member, message_id: UUID) -> tuple[Event, ical.Item, str]:
    """The event that another time is proposed for, what is proposed, and for which instance."""
    message, said = cards.opened(member, message_id)
    access.may_act(member, [message.account_id])
    row = parties.held(access.changeable_account_ids(member), said.uid, message.account_id)
    if said.method != "COUNTER" or row is None or row.organizer not in parties.own_addresses(row.account):
        raise Problem(409, "nothing_proposed", "This message proposes nothing for an event of yours.")
    if said.first.start is None or said.first.end is None:
        raise Problem(409, "nothing_proposed", "This message proposes no time.")
    return row, said.first, itip.key_of(said.first, ical.read(bytes(row.data)))
