"""What people do to events: make, change, move, answer, delete; one instance, from one on, or all of a series."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final
from uuid import UUID, uuid4

from apps.collections import service
from apps.core.clock import now
from apps.core.problems import Problem
from apps.outbound.models import CommandRequest
from apps.providers.adapters import ical
from apps.providers.adapters.ical import Whole, series, values
from apps.realtime.journal import Event as Told
from apps.users.members import Member

from . import announcing
from .announcing import Doing
from .kind import KIND
from .models import Calendar, Event

ANSWERS: Final = ("ACCEPTED", "TENTATIVE", "DECLINED")
Fields = Mapping[str, Any]


def create(
    member: Member, key: str, calendar_id: UUID, component: str, fields: Fields, *, tell: bool = True
) -> dict[str, Any]:
    """A new event or task in a calendar; `tell`: those invited hear of it. Raises problems that say what is wrong."""
    place = service.collection(KIND, member, calendar_id)
    _takes(place, component)
    if component == "VEVENT" and not fields.get("start"):
        raise Problem(400, "invalid", "An event begins at some time.")
    uid = str(uuid4())
    try:
        data = ical.new(_with_organizer(fields, place), uid, _stamp(), component)
    except ValueError as error:
        raise Problem(400, "invalid", str(error)) from None
    service.to_make(KIND, member, place)

    def act(request: CommandRequest) -> list[Told]:
        return make(request, place, data, tell=tell)

    return service.once(KIND, member, key, "create", 1, act)


def make(request: CommandRequest, place: Calendar, data: bytes, *, tell: bool = True) -> list[Told]:
    """Put an event into a calendar where that may be done, as part of an act, and have those invited told."""
    told = service.make(KIND, request, place, data)
    if tell:
        announcing.tell(Doing(request, Event.objects.get(pk=request.args["object"])))
    return told


def change(
    member: Member,
    key: str,
    event_id: UUID,
    scope: str,
    instance: str,
    fields: Fields,
    *,
    seen: Fields | None = None,
    tell: bool = True,
) -> dict[str, Any]:
    """Other values for an event: `scope` is `this` (instance), `following` (from it on) or `all`.

    What an instance of a series is given for `all` is given to the series: its start moves by as much. `seen` are the
    fields as the person saw them. Raises problems that say what is wrong.
    """

    def act(request: CommandRequest) -> list[Told]:
        row = service.to_change(KIND, member, event_id)
        whole = _whole(row)
        told = dict(_with_organizer(fields, row.collection) if fields.get("attendees") else fields)
        if not row.repeats or not instance:
            return _edited(request, row, {"stamp": _stamp(), "fields": told}, seen, tell=tell)
        if scope == "this":
            return _edited(request, row, _edit("this", instance, fields=told), seen, tell=tell)
        if scope == "following" and not _first(whole, instance):
            return _from_here(request, row, instance, told, tell=tell)
        edit = {"stamp": _stamp(), "fields": _of_all(whole, instance, told)}
        # The times of one date say nothing of those of the series.
        of_all = {field: value for field, value in (seen or {}).items() if field not in ("start", "end")}
        return _edited(request, row, edit, of_all, tell=tell)

    return service.once(KIND, member, key, "change", 1, _sensible(act))


def _edited(
    request: CommandRequest, row: Event, edit: dict[str, Any], seen: Fields | None = None, *, tell: bool
) -> list[Told]:
    """An edit, and those invited told."""
    before = bytes(row.data)
    told = service.edit(KIND, request, row, edit, seen=seen)
    if tell:
        announcing.tell(Doing(request, row, before))
    return told


def delete(member: Member, key: str, event_id: UUID, scope: str, instance: str, *, tell: bool = True) -> dict[str, Any]:
    """Delete an event, likewise."""

    def act(request: CommandRequest) -> list[Told]:
        row = service.to_change(KIND, member, event_id)
        if scope == "this" and row.repeats and instance:
            return _edited(request, row, _edit("this", instance, gone=True), tell=tell)
        if scope == "following" and row.repeats and instance and not _first(_whole(row), instance):
            return _edited(request, row, _edit("until", instance), tell=tell)
        told = service.remove(KIND, request, [row])
        if tell:
            announcing.tell(Doing(request, row, bytes(row.data), gone=True))
        return told

    return service.once(KIND, member, key, "delete", 1, _sensible(act))


def move(member: Member, key: str, event_id: UUID, calendar_id: UUID) -> dict[str, Any]:
    """Move an event, with all its instances, to another calendar; nobody is told. Raises problems that say why not."""
    place = service.collection(KIND, member, calendar_id)
    service.to_make(KIND, member, place)

    def act(request: CommandRequest) -> list[Told]:
        row = service.to_change(KIND, member, event_id)
        _takes(place, row.component)
        if row.collection_id == place.pk:
            return []
        return service.move(KIND, request, row, place)

    return service.once(KIND, member, key, "move", 1, act)


def _takes(place: Calendar, component: str) -> None:
    """Raise the problem that says a calendar is for other things."""
    if place.components and component not in place.components:
        what = "tasks" if component == "VTODO" else "events"
        raise Problem(400, "invalid", f"“{place.name}” takes no {what}. Choose another calendar.")


def answer(
    member: Member, key: str, event_id: UUID, instance: str, status: str, *, tell: bool = True
) -> dict[str, Any]:
    """Answer an invitation: the whole series, or one instance. Raises problems that say what is wrong."""

    def act(request: CommandRequest) -> list[Told]:
        row = service.to_change(KIND, member, event_id)
        return answered(request, row, row.account.address, status, instance if row.repeats else "", tell=tell)

    return service.once(KIND, member, key, "change", 1, _sensible(act))


def answered(
    request: CommandRequest, row: Event, own: str, status: str, instance: str = "", *, tell: bool
) -> list[Told]:
    """The answer of the person invited as `own`, as part of an act, and who invites told."""
    edit = _edit("this" if instance else "all", instance, reply=[own, status])
    told = service.edit(KIND, request, row, edit)
    if tell:
        announcing.tell(Doing(request, row, answer=status, key=instance))
    return told


def _sensible(act: service.Act) -> service.Act:
    """The act, whose nonsense is told as a problem."""

    def told(request: CommandRequest) -> list[Told]:
        try:
            return act(request)
        except ValueError as error:
            raise Problem(400, "invalid", str(error)) from None

    return told


def _whole(row: Event) -> Whole:
    return ical.read(bytes(row.data), row.collection.timezone)


def _first(whole: Whole, instance: str) -> bool:
    """Whether an instance is the first of its series: from it on is then all of it."""
    times = series.of(whole)
    return times is None or whole.master is None or series.key_of(instance, times.start) <= times.start.local


def _from_here(request: CommandRequest, row: Event, instance: str, fields: dict[str, Any], *, tell: bool) -> list[Told]:
    """The series ends before the instance, and another one, as it is to be, begins there."""
    uid, stamp = str(uuid4()), _stamp()
    rest = ical.split(bytes(row.data), instance, uid, stamp)
    made = ical.read(rest, row.collection.timezone)
    key = "" if made.master is None or made.master.start is None else ical.stamp(made.master.start)
    told = _of_all(made, key.rstrip("Z"), fields)
    data, _ = ical.change(rest, ical.Change(stamp, fields=told), {})
    events = _edited(request, row, _edit("until", instance), tell=tell)
    return [*events, *make(request, row.collection, data, tell=tell)]


def _of_all(whole: Whole, instance: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What is wanted of an instance, as it is wanted of the series."""
    times = series.of(whole)
    if times is None or whole.master is None or not (fields.get("start") or fields.get("end")):
        return fields
    shown = ical.instance(whole, times, instance)
    if shown is None or shown.start is None or shown.end is None:
        raise ValueError("The series has no such date any more.")
    wanted = values.to_moment(fields["start"], shown) if fields.get("start") else shown.start
    end = values.to_moment(fields["end"], shown) if fields.get("end") else None
    start = ical.moved(times.start, shown.start, wanted)
    told = fields | {"start": values.moment(start)}
    if end is not None:
        told["end"] = values.moment(ical.after(start, ical.between(wanted, end)))
    if "rule" not in fields:
        told["rule"] = ical.follows(whole.master.rule, times.start, start)
    return told


def _edit(scope: str, instance: str, **more: Any) -> dict[str, Any]:
    return {"stamp": _stamp(), "scope": scope, "key": instance, **more}


def _with_organizer(fields: Fields, place: Calendar) -> dict[str, Any]:
    """Who invites others is named as the organizer."""
    told = dict(fields)
    if told.get("attendees") and "organizer" not in told:
        told["organizer"] = {"address": place.account.address, "name": place.account.display_name}
    return told


def _stamp() -> str:
    return f"{now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
