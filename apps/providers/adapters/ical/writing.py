"""New events, and edits of those that exist: only the lines of what is edited change, octet for octet.

An edit names its scope: `all` of a series, `this` instance of it, or `until` (the series ends before an
instance). Applied to a text that has it already it changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from apps.providers.adapters.contentlines import Line, escape, line

from . import moments, rules, series, tree, values, zone_text, zones
from .model import Item
from .moments import Moment
from .reading import Whole, address_of, minutes_before, periods, read
from .series import Series
from .tree import Component

PRODUCT: Final = "-//PMSync//PMSync//EN"
TEXT: Final = {"title": "SUMMARY", "location": "LOCATION", "description": "DESCRIPTION"}
PLAIN: Final = {"url": "URL", "status": "STATUS", "visibility": "CLASS", "color": "COLOR", "rule": "RRULE"}
TIMES: Final = {"start": "DTSTART", "end": "DTEND", "due": "DUE", "completed": "COMPLETED"}
NUMBER: Final = {"priority": "PRIORITY", "percent": "PERCENT-COMPLETE"}
RECURRENCE: Final = ("RRULE", "RDATE", "EXDATE", "EXRULE")
# What attendees must hear of (RFC 5546 section 2.1.4).
WEIGHTY: Final = frozenset({"start", "end", "rule", "location", "due", "status"})


@dataclass(frozen=True, slots=True)
class Change:
    """An edit. `key` names the instance; `fields` are of `values.FIELDS`; `gone`: the instance is taken out;
    `reply`: an attendee's address and PARTSTAT. `stamp` is when the edit was made, a UTC DATE-TIME."""

    stamp: str
    scope: str = "all"
    key: str = ""
    fields: Mapping[str, Any] | None = None
    gone: bool = False
    reply: tuple[str, str] | None = None


def new(fields: Mapping[str, Any], uid: str, stamp: str, component: str = "VEVENT") -> bytes:
    """An object of its own. Raises ValueError, with a sentence, for values that make no event."""
    item = Component(component, line("BEGIN", component), end=line("END", component))
    item.items += [line("UID", escape(uid)), line("DTSTAMP", stamp), line("CREATED", stamp)]
    made = Component("VCALENDAR", line("BEGIN", "VCALENDAR"), end=line("END", "VCALENDAR"))
    made.items += [line("VERSION", "2.0"), line("PRODID", PRODUCT), item]
    data, _ = change(tree.write([made]), Change(stamp, fields=fields), {})
    whole = read(data)
    whole.parts[0].drop("SEQUENCE")  # nobody has heard of it before
    return tree.write(whole.nodes)


def before(data: bytes, edit: Change) -> dict[str, Any]:
    """What a text says now of all that an edit is about."""
    item = target(read(data), edit)
    return {} if item is None else {field: values.of(item, field) for field in edit.fields or ()}


def target(whole: Whole, edit: Change) -> Item | None:
    """The item that an edit is about, with the times of its instance; None when there is none."""
    times = series.of(whole)
    if edit.scope != "this":
        return whole.master
    return None if times is None else instance(whole, times, edit.key)


def instance(whole: Whole, times: Series, key: str) -> Item | None:
    """One instance of a series as an event of its own; None when the series has none of this key.

    Raises ValueError when the key is none.
    """
    local = series.key_of(key, times.start)
    own = next((each for each in times.overrides if each.key == local and not each.onward), None)
    if own is not None:
        return None if own.gone else whole.overrides[own.item]
    day = timedelta(days=1)
    low = times.start.at(local).instant() - day
    for found in series.expand(times, low, low + 3 * day):
        if found.key == series.key_text(local, times.start):
            item = series.shown(whole, found.item)
            return (
                None if item is None else replace(item, start=found.start, end=found.end, rule="", recurrence_id=None)
            )
    return None


def change(data: bytes, edit: Change, known: Mapping[str, Any]) -> tuple[bytes, tuple[str, ...]]:
    """The text with an edit applied, and what the edit changed that somebody else had changed from `known`.

    Raises ValueError, with a sentence, for an edit that makes no sense.
    """
    unknown = sorted(set(edit.fields or ()) - set(values.FIELDS))
    if unknown:
        raise ValueError(f"An event has no “{unknown[0]}”.")
    whole = read(data)
    if not whole.parts:
        raise ValueError("This holds no event.")
    writer = _Writer(whole, edit)
    conflicts = writer.apply(known)
    return (tree.write(whole.nodes) if writer.changed else data), conflicts


def split(data: bytes, key: str, uid: str, stamp: str) -> bytes:
    """The instances of a series from one on, as a series of its own (never RANGE=THISANDFUTURE, which few read).

    Raises ValueError, with a sentence, when there are none.
    """
    whole = read(data)
    times = series.of(whole)
    if times is None or whole.master is None:
        raise ValueError("This is no series.")
    local = series.key_of(key, times.start)
    if instance(whole, times, key) is None:
        raise ValueError("The series has no such date any more.")
    _Writer(whole, Change(stamp, key=key)).begin_at(times, local, uid)
    return tree.write(whole.nodes)


class _Writer:
    """One object that is being edited."""

    def __init__(self, whole: Whole, edit: Change) -> None:
        self.whole, self.edit = whole, edit
        self.times = series.of(whole)
        self.changed = False

    def apply(self, known: Mapping[str, Any]) -> tuple[str, ...]:
        """All of the edit."""
        if self.edit.scope == "until":
            self._end_before()
            return ()
        part, item = self._target()
        if part is None or item is None:
            return ()
        found, conflicts = values.changes(item, self.edit.fields or {}, known)
        reply = self._reply(item)
        if not found and not reply:
            return conflicts
        if self.edit.scope == "this":
            part = self._override(part, item)
        self.changed = True
        if self.edit.scope == "all" and ("start" in found or "rule" in found) and self.times is not None:
            self._move_overrides(found, item)
        self._write(part, item, found)
        if reply:
            self._answer(part)
        self._mark(part, weighty=bool(found.keys() & WEIGHTY) and not reply, sequence=item.sequence)
        return conflicts

    def _target(self) -> tuple[Component | None, Item | None]:
        if self.edit.scope == "all":
            if self.whole.master is None:
                raise ValueError("You know of single dates of this series only: change them one by one.")
            return self.whole.parts[0], self.whole.master
        if self.times is None:
            raise ValueError("This is no series.")
        local = series.key_of(self.edit.key, self.times.start)
        item = instance(self.whole, self.times, self.edit.key)
        if self.edit.gone:
            self._take_out(local, item)
            return None, None
        if item is None:
            raise ValueError("The series has no such date any more.")
        own = next((each for each in self.times.overrides if each.key == local and not each.onward), None)
        return self.whole.parts[0 if own is None else own.item + (self.whole.master is not None)], item

    # Whole series.

    def _end_before(self) -> None:
        """The series ends before the instance of the key."""
        if self.times is None or self.whole.master is None:
            raise ValueError("This is no series.")
        local = series.key_of(self.edit.key, self.times.start)
        if local <= self.times.start.local:
            raise ValueError("This is the first date of the series: delete all of it.")
        master = self.whole.parts[0]
        later = any(key >= local for key, _ in zip(series.keys(self.times, local), range(1), strict=False))
        later = later or any(each.key >= local for each in self.times.overrides)
        if not later:
            return
        start = self.times.start
        last = local - (timedelta(days=1) if start.whole_day else timedelta(seconds=1))
        for each in master.lines("RRULE"):
            kept = [
                part
                for part in each.value.split(";")
                if part.partition("=")[0].strip().upper() not in ("UNTIL", "COUNT")
            ]
            master.items[master.items.index(each)] = line(
                "RRULE", ";".join([*kept, f"UNTIL={_until(start, last)}"]), each.parameters
            )
        self._keep_dates(master, lambda key: key < local)
        self._keep_overrides(lambda key: key < local)
        self.changed = True
        self._mark(master, weighty=True, sequence=self.whole.master.sequence)

    def begin_at(self, times: Series, local: datetime, uid: str) -> None:
        """The series begins with the instance of the key, under another UID."""
        master = self.whole.parts[0]
        for each in master.lines("RRULE"):
            told = rules.parts(each.value)
            if "COUNT" in told:
                rule = replace(rules.parse(each.value), count=None)
                passed = 0
                for key in rules.instances(rule, times.start.local):
                    if key >= local:
                        break
                    passed += 1
                left = max(1, int(told["COUNT"]) - passed)
                kept = [part for part in each.value.split(";") if not part.strip().upper().startswith("COUNT=")]
                place = master.items.index(each)
                master.items[place] = line("RRULE", ";".join([*kept, f"COUNT={left}"]), each.parameters)
        self._keep_dates(master, lambda key: key > local)
        self._keep_overrides(lambda key: key >= local)
        begin = times.start.at(local)
        self._time(master, "DTSTART", begin)
        if master.first("DTEND") is not None:
            self._time(master, "DTEND", moments.after(begin, times.length))
        old = master.first("UID")
        for part in self.whole.calendar.children(self.whole.component):
            part.set("UID", line("UID", escape(uid)))
        master.drop("SEQUENCE")
        master.set("DTSTAMP", line("DTSTAMP", self.edit.stamp))
        if old is not None:
            master.put(line("RELATED-TO", old.value, [("RELTYPE", ["SIBLING"])]))

    def _keep_dates(self, master: Component, keep: Any) -> None:
        assert self.times is not None
        for each in master.lines("RDATE", "EXDATE"):
            found = list(periods(each, self.whole.zones))
            texts = each.value.split(",")
            kept = [text for text, (moment, _) in zip(texts, found, strict=False)
                    if keep(series.local_key(moment, self.times.start))]  # fmt: skip
            if len(kept) == len(texts):
                continue
            place = master.items.index(each)
            if kept:
                master.items[place] = line(each.name, ",".join(kept), each.parameters)
            else:
                del master.items[place]

    def _keep_overrides(self, keep: Any) -> None:
        assert self.times is not None
        own = bool(self.whole.master)
        for each in self.times.overrides:
            if not keep(each.key):
                self.whole.calendar.items.remove(self.whole.parts[each.item + own])

    def _move_overrides(self, found: Mapping[str, Any], item: Item) -> None:
        """What the series has overrides for moves with it; what it does not have any more goes."""
        assert self.times is not None
        start = values.to_moment(found["start"], item) if "start" in found else self.times.start
        delta = start.local - self.times.start.local
        if start.whole_day != self.times.start.whole_day:
            delta = datetime.combine(start.local, datetime.min.time()) - datetime.combine(
                self.times.start.local, datetime.min.time()
            )
        kept = self._keys_after(start, found.get("rule", item.rule), delta)
        master = self.whole.parts[0]
        for each in master.lines("EXDATE", "RDATE"):
            moved = []
            for moment, length in periods(each, self.whole.zones):
                key = series.local_key(moment, self.times.start)
                if length is None and (each.key == "RDATE" or key in kept):
                    moved.append(start.at(_of_day(key + delta, start)))
            master.items.remove(each)
            if moved:
                master.put(self._times_line(each.name, moved), "RRULE")
        for override in self.times.overrides:
            part = self.whole.parts[override.item + 1]
            if override.key not in kept:
                self.whole.calendar.items.remove(part)
                continue
            at = start.at(_of_day(override.key + delta, start))
            held = part.first("RECURRENCE-ID")
            told = [pair for pair in (held.parameters if held else ()) if pair[0].upper() == "RANGE"]
            part.set("RECURRENCE-ID", self._time_line("RECURRENCE-ID", at, told))
            if override.start == self.times.start.at(override.key):
                self._time(part, "DTSTART", at)
                if part.first("DTEND") is not None:
                    length = override.length if start.whole_day == self.times.start.whole_day else None
                    self._time(part, "DTEND", moments.after(at, length or moments.Length(seconds=3600)))

    def _keys_after(self, start: Moment, rule: str, delta: timedelta) -> set[datetime]:
        """Which keys with overrides, or taken out, the series has still when it is moved and follows this rule."""
        assert self.times is not None
        every = {each.key for each in self.times.overrides} | self.times.without
        if not every:
            return set()
        told = (series.settled(series.rule_of(rule, start), start.local),) if rule else ()
        moved = Series(start, self.times.length, told)
        latest = max(every) + delta
        found = set()
        for key in series.keys(moved, min(every) + delta - timedelta(days=1)):
            if key > latest + timedelta(days=1):
                break
            found.add(key)
        dates = {key for key, _ in self.times.dates}
        return {key for key in every if key in dates or _of_day(key + delta, start) in found}

    # One instance.

    def _take_out(self, local: datetime, item: Item | None) -> None:
        """The instance does not take place: it is an EXDATE, and has no override."""
        assert self.times is not None
        own = next((each for each in self.times.overrides if each.key == local and not each.onward), None)
        if item is None and own is None:
            return
        self.changed = True
        if own is not None:
            self.whole.calendar.items.remove(self.whole.parts[own.item + (self.whole.master is not None)])
        if self.whole.master is None:
            return
        master = self.whole.parts[0]
        if local not in self.times.without:
            master.put(
                self._times_line("EXDATE", [self.times.start.at(local)]),
                "EXDATE" if master.first("EXDATE") else "RRULE",
            )
        self._mark(master, weighty=True, sequence=self.whole.master.sequence)

    def _override(self, part: Component, item: Item) -> Component:
        """The override's own component: a copy of the series' where there is none yet."""
        assert self.times is not None
        if part.first("RECURRENCE-ID") is not None and not self._onward(part):
            return part
        made = Component(part.name, part.begin, [_copy(each) for each in part.items], part.end)
        made.drop(*RECURRENCE, "RECURRENCE-ID")
        local = series.key_of(self.edit.key, self.times.start)
        assert item.start is not None
        self._time(made, "DTSTART", item.start)
        if made.first("DTEND") is not None and item.end is not None:
            self._time(made, "DTEND", item.end)
        made.put(self._time_line("RECURRENCE-ID", self.times.start.at(local)), "DTSTART")
        siblings = self.whole.calendar.items
        siblings.insert(siblings.index(self.whole.parts[-1]) + 1, made)
        return made

    def _onward(self, part: Component) -> bool:
        held = part.first("RECURRENCE-ID")
        return held is not None and held.first("RANGE").upper() == "THISANDFUTURE"

    # Fields.

    def _write(self, part: Component, item: Item, found: Mapping[str, Any]) -> None:
        for field, value in found.items():
            if field in TEXT:
                part.set(TEXT[field], line(TEXT[field], escape(value)) if value else None)
            elif field == "rule":
                self._rule(part, value, found, item)
            elif field in PLAIN:
                part.set(PLAIN[field], line(PLAIN[field], _bare(value)) if value else None)
            elif field in NUMBER:
                part.set(NUMBER[field], line(NUMBER[field], str(int(value))) if value else None)
            elif field == "busy":
                part.set("TRANSP", line("TRANSP", "OPAQUE" if value else "TRANSPARENT"))
            elif field == "categories":
                part.drop("CATEGORIES")
                if value:
                    part.put(line("CATEGORIES", ",".join(map(escape, value))))
            elif field == "organizer":
                part.set("ORGANIZER", _person("ORGANIZER", value, {}) if value else None)
            elif field == "attendees":
                self._attendees(part, value)
            elif field == "alarms":
                self._alarms(part, value, found.get("title", item.title))
        self._times(part, item, found)

    def _rule(self, part: Component, value: str, found: Mapping[str, Any], item: Item) -> None:
        if value:
            start = values.to_moment(found["start"], item) if "start" in found else item.start
            if start is None:
                raise ValueError("What has no date cannot be repeated.")
            try:
                series.rule_of(value, start)
            except ValueError as error:
                raise ValueError(f"It cannot be repeated so: {error}.") from None
        part.set("RRULE", line("RRULE", _bare(value)) if value else None)
        if not value:
            part.drop(*RECURRENCE)

    def _times(self, part: Component, item: Item, found: Mapping[str, Any]) -> None:
        """The start and what goes by it: an event that is moved lasts as long as before, unless its end is told."""
        for field in ("due", "completed"):
            if field in found:
                value = found[field]
                part.set(TIMES[field], None)
                if value is not None:
                    self._time(part, TIMES[field], values.to_moment(value, item))
        if "start" not in found and "end" not in found:
            return
        start = values.to_moment(found["start"], item) if found.get("start") else item.start
        if start is None:
            raise ValueError("An event begins at some time.")
        end = values.to_moment(found["end"], item) if found.get("end") else None
        if end is None:
            same = item.start is not None and item.start.whole_day == start.whole_day
            length = (
                item.length if same else moments.Length(days=1) if start.whole_day else moments.Length(seconds=3600)
            )
            end = moments.after(start, length)
        if start.whole_day != end.whole_day:
            raise ValueError("An event begins and ends with a date, or with a time of day: not one of each.")
        backwards = (
            end.local < start.local if start.zone is None or end.zone is None else end.instant() < start.instant()
        )
        if backwards or (start.whole_day and end.local == start.local):
            raise ValueError("An event cannot end before it begins.")
        self._time(part, "DTSTART", start)
        if part.name == "VEVENT":
            part.drop("DURATION")
            self._time(part, "DTEND", end)

    def _attendees(self, part: Component, wanted: Sequence[Mapping[str, Any]]) -> None:
        will = {each["address"].lower(): each for each in wanted}
        for held in part.lines("ATTENDEE"):
            told = will.pop(address_of(held.value).lower(), None)
            place = part.items.index(held)
            if told is None:
                del part.items[place]
            elif _differs(held, told):
                part.items[place] = _person("ATTENDEE", told, dict(held.parameters), held.value)
        for each in will.values():
            part.put(_person("ATTENDEE", each, {}), "ATTENDEE")

    def _alarms(self, part: Component, wanted: Sequence[int], title: str) -> None:
        held = set()
        for alarm in part.children("VALARM"):
            minutes = minutes_before(alarm)
            if minutes is not None and minutes not in wanted:
                part.items.remove(alarm)
            elif minutes is not None:
                held.add(minutes)
        for minutes in wanted:
            if minutes not in held:
                made = Component("VALARM", line("BEGIN", "VALARM"), end=line("END", "VALARM"))
                trigger = moments.stamp_length(-moments.Length(seconds=int(minutes) * 60))
                made.items += [line("ACTION", "DISPLAY"), line("DESCRIPTION", escape(title or "Reminder")),
                               line("TRIGGER", trigger)]  # fmt: skip
                part.items.append(made)

    def _reply(self, item: Item) -> bool:
        """Whether the reply is to be written: it is not there yet."""
        if self.edit.reply is None:
            return False
        address, status = self.edit.reply
        held = next((each for each in item.attendees if each.address.lower() == address.lower()), None)
        if held is None:
            raise ValueError("You are not among those who are invited.")
        return held.status != status

    def _answer(self, part: Component) -> None:
        assert self.edit.reply is not None
        address, status = self.edit.reply
        for held in part.lines("ATTENDEE"):
            if address_of(held.value).lower() == address.lower():
                kept = [pair for pair in held.parameters if pair[0].upper() not in ("PARTSTAT", "RSVP")]
                made = Line(held.name, held.value, (*kept, ("PARTSTAT", (status,))), held.group)
                part.items[part.items.index(held)] = made

    def _mark(self, part: Component, *, weighty: bool, sequence: int) -> None:
        part.set("DTSTAMP", line("DTSTAMP", self.edit.stamp))
        if part.first("LAST-MODIFIED") is not None:
            part.set("LAST-MODIFIED", line("LAST-MODIFIED", self.edit.stamp))
        if weighty:
            part.set("SEQUENCE", line("SEQUENCE", str(sequence + 1)))

    # Times.

    def _time(self, part: Component, name: str, moment: Moment) -> None:
        if name == "COMPLETED":
            moment = Moment(moment.instant().replace(tzinfo=None), zones.zone("UTC"), "UTC")
        part.set(name, self._time_line(name, moment))

    def _time_line(self, name: str, moment: Moment, more: Sequence[tuple[str, tuple[str, ...]]] = ()) -> Line:
        return line(name, moments.stamp(moment), [*self._form(moment), *more])

    def _times_line(self, name: str, found: Sequence[Moment]) -> Line:
        return line(name, ",".join(map(moments.stamp, found)), self._form(found[0]))

    def _form(self, moment: Moment) -> list[tuple[str, tuple[str, ...]]]:
        if moment.whole_day:
            return [("VALUE", ("DATE",))]
        if moment.zone is None or moment.name == "UTC":
            return []
        return [("TZID", (self._tzid(moment),))]

    def _tzid(self, moment: Moment) -> str:
        """The name by which the text has a zone; one that it does not have is described in it."""
        for tzid in self.whole.zones.held:
            if tzid == moment.name or self.whole.zones.find(tzid)[1] == moment.name:
                return tzid
        made = zone_text.vtimezone(moment.name, moment.local.year)
        siblings = self.whole.calendar.items
        place = next((place for place, each in enumerate(siblings) if isinstance(each, Component)), len(siblings))
        siblings.insert(place, made)
        self.whole.zones.held[moment.name] = made
        return moment.name


def _until(start: Moment, last: datetime) -> str:
    """The last moment of a rule in the form that its start asks for (RFC 5545 section 3.3.10)."""
    moment = start.at(last)
    if start.whole_day or start.zone is None:
        return moments.stamp(moment)
    instant = moment.instant().replace(tzinfo=None)
    return moments.stamp(Moment(instant, zones.zone("UTC"), "UTC"))


def _of_day(local: datetime, start: Moment) -> datetime:
    return datetime.combine(local.date(), datetime.min.time()) if start.whole_day else local


def _copy(node: tree.Node) -> tree.Node:
    if isinstance(node, Line):
        return node
    return Component(node.name, node.begin, [_copy(each) for each in node.items], node.end)


def _bare(value: str) -> str:
    return "".join(value.split()) if value else ""


def _person(name: str, told: Mapping[str, Any], held: Mapping[str, tuple[str, ...]], value: str = "") -> Line:
    """An ATTENDEE or ORGANIZER; parameters that are not edited stay."""
    address = told["address"].strip()
    if "@" not in address or any(each.isspace() or ord(each) < 32 for each in address):
        raise ValueError(f"“{address}” is no address.")
    wanted = {"CN": told.get("name", "").replace('"', "'")}
    if name == "ATTENDEE":
        wanted |= {"ROLE": told.get("role", ""), "PARTSTAT": told.get("status", ""), "CUTYPE": told.get("kind", "")}
        wanted["RSVP"] = "TRUE" if told.get("rsvp") else ""
    kept = [(each, texts) for each, texts in held.items() if each.upper() not in wanted]
    defaults = {"ROLE": "REQ-PARTICIPANT", "CUTYPE": "INDIVIDUAL"}
    parameters = [(each, (text,)) for each, text in wanted.items() if text and defaults.get(each) != text]
    return line(name, value or f"mailto:{address}", [*parameters, *kept])


def _differs(held: Line, told: Mapping[str, Any]) -> bool:
    now = {
        "name": held.first("CN").strip(),
        "status": held.first("PARTSTAT").upper() or "NEEDS-ACTION",
        "role": held.first("ROLE").upper() or "REQ-PARTICIPANT",
        "kind": held.first("CUTYPE").upper() or "INDIVIDUAL",
        "rsvp": held.first("RSVP").upper() == "TRUE",
    }
    return any(told.get(field, value) != value for field, value in now.items())
