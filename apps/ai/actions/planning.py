"""Actions on calendars: make an event or a task, change one, answer an invitation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from rest_framework.exceptions import ValidationError

from apps.calendar import writing
from apps.calendar.forms import KEY, EventFields
from apps.calendar.kind import KIND
from apps.calendar.models import Calendar, Event
from apps.collections import locks, service
from apps.collections.over_http import plain
from apps.core.problems import Problem, not_found
from apps.outbound.models import CommandRequest
from apps.providers import access
from apps.providers.adapters import ical
from apps.providers.adapters.ical import Item, itip, series, values
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event as Told
from apps.scheduling import announcing, answering, cards, parties
from apps.scheduling.models import Said
from apps.users.members import Member

from ..models import Action
from .kinds import Args, Inverse, Kind, Risk, bad, key_of, maybe_id, of_account, read_id
from .previews import Field, Preview, spoken

WHOLE: Final = ("all", "this")
FIRST: Final = ("title", "start", "end", "due", "location")
"""The fields that a person looks for first, as they are shown."""


def fields_of(given: Mapping[str, Any]) -> Args:
    """The fields of an event among arguments, as calendars take them. Raises the 422 problem that names a wrong one."""
    form = EventFields(data={name: value for name, value in given.items() if name in EventFields().fields})
    try:
        form.is_valid(raise_exception=True)
    except ValidationError as error:
        name, said = next(iter(error.detail.items())) if isinstance(error.detail, dict) else ("fields", error.detail)
        raise bad(str(name), f"`{name}`: {_first(said)}") from None
    found: Args = plain(form.validated_data)
    return found


def _first(said: Any) -> str:
    while isinstance(said, list | dict):
        said = next(iter(said.values() if isinstance(said, dict) else said), "")
    return str(said)


class Making(Kind):
    """A new event or task."""

    def __init__(self, name: str, component: str) -> None:
        self._name, self._component = name, component

    @property
    def name(self) -> str:
        """See Kind."""
        return self._name

    def clean(self, member: Member, account: ProviderAccount, args: Args) -> Args:
        """{"calendar_id", "fields", "tell"}; fields may stand beside them. Without a calendar one of the account's,
        else the person's first, is taken."""
        place = self._place(member, account, args)
        fields = fields_of({**args, **args.get("fields", {})})
        if not fields.get("title"):
            raise bad("title", "Give it a title.")
        if self._component == "VEVENT" and not fields.get("start"):
            raise bad("start", "An event begins at some time.")
        try:
            ical.new(fields, str(uuid4()), announcing.stamp(), self._component)
        except ValueError as error:
            raise bad("fields", str(error)) from None
        return {"calendar_id": str(place.pk), "fields": fields, "tell": args.get("tell") is not False}

    def _place(self, member: Member, account: ProviderAccount, args: Args) -> Calendar:
        wanted = maybe_id(args, "calendar_id")
        if wanted is not None:
            place: Calendar = service.collection(KIND, member, wanted)
            service.to_make(KIND, member, place)
            return place
        held = Calendar.objects.filter(account_id__in=access.changeable_account_ids(member), writable=True)
        places = [each for each in held.order_by("name", "pk") if self._takes(each)]
        found = cards.preferred(places, account.pk)
        if found is None:
            raise Problem(409, "no_calendar", "There is no calendar that this could go into. Connect one first.")
        return found

    def _takes(self, place: Calendar) -> bool:
        return not place.components or self._component in place.components

    def home(self, member: Member, account: ProviderAccount, args: Args) -> ProviderAccount:
        """The calendar's account."""
        place: Calendar = service.collection(KIND, member, UUID(args["calendar_id"]))
        return place.account

    def recipients(self, account: ProviderAccount, args: Args) -> list[str]:
        """Those invited."""
        return addresses(args["fields"].get("attendees", []), account)

    def risk(self, args: Args, recipients: Sequence[str]) -> Risk:
        """An invitation leaves the account; an entry of one's own does not."""
        return Risk.HIGH if recipients else Risk.LOW

    def version(self, account: ProviderAccount, args: Args) -> str:
        """The calendar, as long as it takes new entries."""
        if not Calendar.objects.filter(pk=args["calendar_id"], account=account, writable=True).exists():
            raise not_found("calendar")
        return ""

    def title(self, account: ProviderAccount, args: Args) -> str:
        """See Kind."""
        return str(args["fields"].get("title", ""))

    def preview(self, member: Member, action: Action) -> Preview:
        """Every field of it."""
        place = Calendar.objects.filter(pk=action.args["calendar_id"], account=action.account).first()
        fields = action.args["fields"]
        order = sorted(fields, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
        shown = tuple(Field(name, None, text) for name in order if (text := spoken(fields[name])) is not None)
        return Preview(fields=shown, where=place.name if place else "", told=tuple(action.recipients))

    def editable(self, args: Args) -> tuple[str, ...]:
        """See Kind."""
        return ("title", "location", "description")

    def perform(self, member: Member, action: Action) -> Inverse | None:
        """As a person makes one."""
        args = action.args
        place = UUID(args["calendar_id"])
        made = writing.create(
            member, key_of(action), place, self._component, args["fields"], tell=args["tell"]
        )  # fmt: skip
        return {"event": made["object"]}

    def undo(self, member: Member, action: Action) -> None:
        """It is deleted; those invited hear of that as of any cancellation."""
        gone(member, action)


class Changing(Kind):
    """Other values for an event or a task."""

    @property
    def name(self) -> str:
        """See Kind."""
        return "calendar.update"

    def clean(self, member: Member, account: ProviderAccount, args: Args) -> Args:
        """{"event_id", "scope" (all, this), "key", "fields", "tell"}."""
        wanted = read_id(args, "event_id")
        row: Event = service.one(KIND, member, wanted)
        service.to_make(KIND, member, row.collection)
        fields = fields_of({**args, **args.get("fields", {})})
        if not fields:
            raise bad("fields", "Say which fields are to have other values.")
        key, scope = str(args.get("key", "")), args.get("scope", "all")
        if scope not in WHOLE or (scope == "this") != bool(key):
            raise bad("scope", "`scope` is `all`, or `this` with the `key` of an instance.")
        if item_of(row, key) is None:
            raise not_found("event")
        try:
            KIND.edit(bytes(row.data), _edit(scope, key, fields), {})
        except ValueError as error:
            raise bad("fields", str(error)) from None
        return {
            "event_id": str(row.pk), "scope": scope, "key": key, "fields": fields, "tell": args.get("tell") is not False
        }  # fmt: skip

    def home(self, member: Member, account: ProviderAccount, args: Args) -> ProviderAccount:
        """The event's account."""
        row: Event = service.one(KIND, member, UUID(args["event_id"]))
        return ProviderAccount.objects.get(pk=row.account_id)

    def recipients(self, account: ProviderAccount, args: Args) -> list[str]:
        """Those invited before, or after."""
        item = item_of(_event(account, args), args["key"])
        before = values.of(item, "attendees") if item is not None else []
        return addresses([*before, *args["fields"].get("attendees", [])], account)

    def risk(self, args: Args, recipients: Sequence[str]) -> Risk:
        """See Making."""
        return Risk.HIGH if recipients else Risk.MEDIUM

    def version(self, account: ProviderAccount, args: Args) -> str:
        """What the event says."""
        return bytes(_event(account, args).digest).hex()[:64]

    def title(self, account: ProviderAccount, args: Args) -> str:
        """See Kind."""
        return _event(account, args).title

    def preview(self, member: Member, action: Action) -> Preview:
        """What each field says now, and what it will say."""
        args = action.args
        row = _event(action.account, args)
        item = item_of(row, args["key"])
        changed = tuple(
            Field(name, spoken(values.of(item, name)) if item is not None else None, spoken(value))
            for name, value in sorted(args["fields"].items(), key=lambda one: (one[0] not in FIRST, one[0] == "end"))
        )
        return Preview(fields=changed, where=row.collection.name, label=row.title, told=tuple(action.recipients))

    def editable(self, args: Args) -> tuple[str, ...]:
        """Those of its text fields that it changes."""
        return tuple(name for name in ("title", "location", "description") if name in args["fields"])

    def lock(self, action: Action) -> None:
        """See Kind."""
        locks.account(KIND.name, action.account_id)

    def perform(self, member: Member, action: Action) -> Inverse | None:
        """As a person changes it, having seen it as it stands."""
        args = action.args
        before = self._now(action)
        writing.change(
            member, key_of(action), UUID(args["event_id"]), args["scope"], args["key"], args["fields"],
            seen=before, tell=args["tell"],
        )  # fmt: skip
        return {"before": before, "after": self._now(action)}

    def _now(self, action: Action) -> Args:
        item = item_of(_event(action.account, action.args), action.args["key"])
        if item is None:
            raise not_found("event")
        return {name: values.of(item, name) for name in action.args["fields"]}

    def undo(self, member: Member, action: Action) -> None:
        """The values from before, unless somebody changed them since. Raises 409 `changed_meanwhile` then."""
        args, inverse = action.args, action.inverse or {}
        writing.change(
            member, key_of(action, "undo"), UUID(args["event_id"]), args["scope"], args["key"], inverse["before"],
            seen=inverse["after"], tell=args["tell"],
        )  # fmt: skip


class Answering(Kind):
    """An answer to an invitation: of an event in a calendar, or of a message that holds one."""

    @property
    def name(self) -> str:
        """See Kind."""
        return "calendar.answer"

    def clean(self, member: Member, account: ProviderAccount, args: Args) -> Args:
        """{"status"} with {"event_id", "key"} or {"message_id", "calendar_id", "comment"}; and who invites."""
        status = args.get("status")
        if status not in writing.ANSWERS:
            raise bad("status", f"`status` must be one of {', '.join(writing.ANSWERS)}.")
        if args.get("message_id") is not None:
            return self._of_message(member, account, args, str(status))
        wanted = read_id(args, "event_id")
        row: Event = service.one(KIND, member, wanted)
        service.to_make(KIND, member, row.collection)
        key = str(args.get("key", "")) if row.repeats else ""
        item = item_of(row, key)
        if item is None or not row.organizer or own_status(item, row.account) is None:
            raise Problem(409, "not_invited", "This event does not ask you for an answer.")
        return {"status": status, "event_id": str(row.pk), "key": key, "organizer": row.organizer, "title": row.title}

    def _of_message(self, member: Member, account: ProviderAccount, args: Args, status: str) -> Args:
        wanted = read_id(args, "message_id")
        message, said = cards.opened(member, wanted)
        of_account(message.account_id, account, "message_id")
        access.may_act(member, [account.pk])
        organizer = itip.organizer_of(said.items)
        invited = parties.invited_as(said.items, parties.own_addresses(message.account))
        if said.method != itip.REQUEST or not organizer or not invited:
            raise Problem(409, "not_invited", "This message does not ask you for an answer.")
        place = maybe_id(args, "calendar_id")
        if place is not None:
            service.to_make(KIND, member, service.collection(KIND, member, place))
        comment = str(args.get("comment", ""))[:1_000]
        return {
            "status": status, "message_id": str(message.pk), "calendar_id": str(place) if place else None,
            "comment": comment, "organizer": organizer, "title": said.first.title, "uid": said.uid[:255],
        }  # fmt: skip

    def home(self, member: Member, account: ProviderAccount, args: Args) -> ProviderAccount:
        """The event's account, or the message's."""
        if "event_id" not in args:
            return account
        row: Event = service.one(KIND, member, UUID(args["event_id"]))
        return ProviderAccount.objects.get(pk=row.account_id)

    def recipients(self, account: ProviderAccount, args: Args) -> list[str]:
        """Who invites."""
        return [args["organizer"].lower()]

    def version(self, account: ProviderAccount, args: Args) -> str:
        """What the event says, or that the message is there."""
        if "event_id" in args:
            return bytes(_event(account, args).digest).hex()[:64]
        return str(args["message_id"])

    def title(self, account: ProviderAccount, args: Args) -> str:
        """See Kind."""
        return str(args["title"])

    def preview(self, member: Member, action: Action) -> Preview:
        """The answer now and as it will be, and who hears it."""
        args = action.args
        now = None
        if "event_id" in args:
            row = _event(action.account, args)
            item = item_of(row, args["key"])
            now = own_status(item, action.account) if item is not None else None
        fields = [Field("answer", now, args["status"])]
        if args.get("comment"):
            fields.append(Field("comment", None, args["comment"]))
        return Preview(fields=tuple(fields), label=args["title"], told=tuple(action.recipients))

    def lock(self, action: Action) -> None:
        """See Kind."""
        locks.account(KIND.name, action.account_id)

    def ready(self, member: Member, action: Action) -> Callable[[], Inverse | None]:
        """Read the invitation, which may be at the mail server still."""
        args = action.args
        if "event_id" in args:
            return lambda: self.perform(member, action)
        opened = cards.opened(member, UUID(args["message_id"]))

        def answer() -> Inverse | None:
            held = parties.held(access.changeable_account_ids(member), args["uid"], action.account_id)
            item = item_of(held, "") if held is not None else None
            before = own_status(item, held.account) if item is not None and held is not None else None
            place = UUID(args["calendar_id"]) if args["calendar_id"] else None
            done = answering.answer_to(member, key_of(action), opened, args["status"], place, args["comment"])
            made = held is None and done["object"] is not None
            return {
                "event": done["object"], "made": made, "key": "", "before": before, "remains": "organizer_told"
            }  # fmt: skip

        return answer

    def perform(self, member: Member, action: Action) -> Inverse | None:
        """As a person answers in the calendar."""
        args = action.args
        if "event_id" not in args:
            return self.ready(member, action)()
        row = _event(action.account, args)
        item = item_of(row, args["key"])
        before = own_status(item, action.account) if item is not None else None
        writing.answer(member, key_of(action), row.pk, args["key"], args["status"])
        return {
            "event": str(row.pk), "made": False, "key": args["key"], "before": before, "remains": "organizer_told"
        }  # fmt: skip

    def undo(self, member: Member, action: Action) -> None:
        """The calendar as it was. Who invites has the answer and keeps it."""
        inverse = action.inverse or {}
        if not inverse.get("event"):
            return
        if inverse["made"]:
            gone(member, action, tell=False)
            return

        def back(request: CommandRequest) -> list[Told]:
            row: Event = service.to_change(KIND, member, UUID(inverse["event"]))
            own = own_address(item_of(row, inverse["key"]), row.account) or row.account.address
            Said.objects.filter(account=row.account, uid=row.uid[:255], key=inverse["key"]).update(answer="")
            reply = [own, inverse["before"] or "NEEDS-ACTION"]
            edit = _edit("this" if inverse["key"] else "all", inverse["key"], None) | {"reply": reply}
            return service.edit(KIND, request, row, edit)

        service.once(KIND, member, key_of(action, "undo"), "change", 1, back)


def gone(member: Member, action: Action, *, tell: bool = True) -> None:
    """Delete what an action made, if it is still there."""
    made = (action.inverse or {}).get("event")
    if not made or not Event.objects.filter(pk=made, leaving__isnull=True).exists():
        return
    writing.delete(member, key_of(action, "undo"), UUID(made), "all", "", tell=tell)


def addresses(people: Sequence[Mapping[str, Any]], account: ProviderAccount) -> list[str]:
    """The addresses of people who take part, but for the account's own."""
    own = parties.own_addresses(account)
    return sorted({str(each["address"]).lower() for each in people} - own)


def item_of(row: Event, key: str) -> Item | None:
    """An event, or one instance of it; None when there is none of this key."""
    whole = ical.read(bytes(row.data), row.collection.timezone)
    if not key:
        return whole.master or next(iter(whole.items), None)
    times = series.of(whole)
    try:
        return ical.instance(whole, times, key) if times is not None else None
    except ValueError:
        raise bad("key", f"`key` is like 20260302T090000: {KEY}") from None


def own_address(item: Item | None, account: ProviderAccount) -> str | None:
    """The address under which the account's person is invited."""
    return parties.invited_as([item], parties.own_addresses(account)) or None if item is not None else None


def own_status(item: Item, account: ProviderAccount) -> str | None:
    """The answer of the account's person; None when they are not invited."""
    own = own_address(item, account)
    return itip.attendees_of([item])[own].status if own else None


def _event(account: ProviderAccount, args: Args) -> Event:
    found = Event.objects.select_related("collection", "account").filter(
        pk=args["event_id"], account=account, leaving__isnull=True, refused=""
    )
    row = found.first()
    if row is None:
        raise not_found("event")
    return row


def _edit(scope: str, key: str, fields: Args | None) -> dict[str, Any]:
    return {"stamp": announcing.stamp(), "scope": scope, "key": key, "fields": fields}


KINDS: Final = (Making("calendar.create", "VEVENT"), Making("task.create", "VTODO"), Changing(), Answering())
