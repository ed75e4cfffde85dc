"""The card of an invitation in a message: what it says, how it stands in the calendar now, what else is then."""

from datetime import timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from apps.calendar import queries as calendar
from apps.calendar import rows
from apps.calendar.models import Calendar, Event
from apps.calendar.queries import Window
from apps.core.clock import now
from apps.core.problems import Problem
from apps.mail import queries
from apps.mail.models import Message
from apps.providers import access
from apps.providers.adapters import ical
from apps.providers.adapters.contentlines import unescape
from apps.providers.adapters.ical import Instance, Item, itip, series
from apps.users.members import Member

from . import parties, reading
from .models import Said

AHEAD: Final = timedelta(days=366)
OVERLAPS: Final = 20


def opened(member: Member, message_id: UUID) -> tuple[Message, itip.Message]:
    """A message the person sees, and its invitation. Raises the 404 problem when there is none."""
    message = queries.visible_message(member, message_id)
    told = reading.invitation(message)
    if told is None:
        raise Problem(404, "no_invitation", "This message holds no invitation that can be read.")
    return message, told


def card(member: Member, message_id: UUID, here: tzinfo) -> dict[str, Any]:
    """All that is shown of an invitation. Raises problems, likewise."""
    message, told = opened(member, message_id)
    own = parties.own_addresses(message.account)
    organizer, me = itip.organizer_of(told.items), parties.invited_as(told.items, own)
    row = parties.held(access.visible_account_ids(member), told.uid, message.account_id)
    whole = ical.read(bytes(row.data), row.collection.timezone) if row is not None else None
    shown = _shown(told, here)
    places = takers(member)
    return {
        "method": told.method,
        "item": rows.item_json(told.first),
        "key": told.key(whole),
        "problems": [*told.whole.problems],
        "own": me,
        "organizes": organizer in own,
        "sender": reading.sender(message),
        "from_organizer": reading.sender(message) == organizer,
        "outdated": whole is not None and itip.outdated(told, whole),
        "instance": rows.times_json(shown, here) | {"all_day": shown.start.whole_day, "zone": shown.start.name}
        if shown
        else None,
        "event": _event(row, whole, told, here) if row is not None and whole is not None else None,
        "mine": _mine(message, told, row, whole, me),
        "may_answer": bool(me and organizer)
        and told.method == itip.REQUEST
        and message.account_id in access.changeable_account_ids(member),
        "calendars": [
            {"id": str(each.pk), "account_id": str(each.account_id), "name": each.name, "color": each.color}
            for each in places
        ],
        "calendar_id": str(chosen.pk) if (chosen := preferred(places, message.account_id)) else None,
        "overlaps": _overlaps(member, shown, row, here) if told.method in (itip.REQUEST, "PUBLISH", "COUNTER") else [],
        "answer": _answer(told),
    }


def _shown(told: itip.Message, here: tzinfo) -> Instance | None:
    """The instance that a card shows: of a series the next one, or else its last."""
    item = told.first
    if item.start is None or item.end is None:
        return None
    times = series.of(told.whole)
    if times is None or not times.repeats or told.key():
        return Instance("", item.start, item.end)
    moment = now()
    begin = max(moment, item.start.instant(here) - timedelta(days=1))
    coming = series.expand(times, begin, begin + AHEAD, here, 1)
    return coming[0] if coming else Instance("", item.start, item.end)


def _event(row: Event, whole: ical.Whole, told: itip.Message, here: tzinfo) -> dict[str, Any]:
    key = told.key(whole)
    item = _item(whole, key)
    return {
        "id": str(row.pk),
        "key": key if row.repeats else "",
        "collection_id": str(row.collection_id),
        "calendar": row.collection.name,
        "status": item.status if item else row.status,
        "writable": row.collection.writable,
        "pending": row.base is not None or not row.etag,
        "rev": row.rev,
        "start": _starts(item, here) if key or not row.repeats else None,
    }


def _starts(item: Item | None, here: tzinfo) -> str | None:
    if item is None or item.start is None or item.end is None:
        return None
    return rows.times_json(Instance("", item.start, item.end), here)["start"]


def _item(whole: ical.Whole, key: str) -> Item | None:
    """What a calendar has of the instance that a message is about."""
    if not key:
        return whole.master or next(iter(whole.overrides), None)
    times = series.of(whole)
    try:
        return ical.instance(whole, times, key) if times is not None else whole.master
    except ValueError:
        return None


def _mine(message: Message, told: itip.Message, row: Event | None, whole: ical.Whole | None, me: str) -> str:
    """The person's own answer as it stands: in the calendar, else as it was sent."""
    if row is not None and whole is not None and me:
        item = _item(whole, told.key(whole))
        held = itip.attendees_of([item]).get(me) if item is not None else None
        if held is not None:
            return held.status
    said = Said.objects.filter(account_id=message.account_id, uid=told.uid[:255], key=told.key()).first()
    if said is not None and said.answer:
        return said.answer
    return itip.attendees_of(told.items)[me].status if me else ""


def takers(member: Member) -> list[Calendar]:
    """Where the person can put an event, the accounts in their order."""
    order = {account.pk: place for place, account in enumerate(access.visible_accounts(member))}
    found = Calendar.objects.filter(account_id__in=access.changeable_account_ids(member), writable=True)
    taking = [each for each in found if not each.components or "VEVENT" in each.components]
    return sorted(taking, key=lambda each: (order.get(each.account_id, 0), each.name.lower(), each.pk))


def preferred(places: list[Calendar], account_id: UUID) -> Calendar | None:
    """A calendar of the account that was invited, else the first one."""
    return next((each for each in places if each.account_id == account_id), next(iter(places), None))


def _overlaps(member: Member, shown: Instance | None, row: Event | None, here: tzinfo) -> list[dict[str, Any]]:
    if shown is None or shown.start.whole_day:
        return []
    begin, end = shown.start.instant(here), shown.end.instant(here)
    if end <= begin or end - begin > calendar.LONGEST:
        return []
    found = calendar.overlaps(member, Window(begin, end, here), row.pk if row is not None else None)
    return [each for each in found["items"] if not each["all_day"]][:OVERLAPS]


def _answer(told: itip.Message) -> dict[str, Any] | None:
    """What somebody answered, or proposes instead."""
    if told.method not in ("REPLY", "COUNTER"):
        return None
    said = next(iter(itip.answers(told)), None)
    comment = next((each.value for part in told.whole.parts for each in part.lines("COMMENT")), "")
    return {
        "address": said.address if said else "",
        "name": said.name if said else "",
        "status": said.status if said else "",
        "comment": unescape(comment),
    }
