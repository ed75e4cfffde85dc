"""The instances of an event in a window of time: its rules and dates, without those taken out, with its overrides
(RFC 5545 section 3.8.5).

An instance goes by its key: the time at which the series has it, in the series' own form and zone
(`20260301T090000`, `20260301`), wherever an override has moved it to.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

from . import moments, rules, tree, zones
from .model import Item
from .moments import Length, Moment
from .reading import Whole, periods
from .rules import Rule

MOST: Final = 2_000
"""Instances of one series that one answer holds."""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Override:
    """One override. `item` counts from 0 in the order of the text; `gone`: the instance does not take place."""

    key: datetime
    item: int
    start: Moment
    length: Length
    onward: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The times of an event, without anything else of it. Keys and dates are local to `start`."""

    start: Moment
    length: Length
    rules: tuple[Rule, ...] = ()
    dates: tuple[tuple[datetime, Length | None], ...] = ()
    without_rules: tuple[Rule, ...] = ()
    without: frozenset[datetime] = frozenset()
    without_days: frozenset[date] = frozenset()
    overrides: tuple[Override, ...] = ()
    whole: bool = True
    """False where only overrides are there: somebody is invited to single instances of a series."""

    @property
    def repeats(self) -> bool:
        """Whether it is more than one event."""
        return bool(self.rules or self.dates or self.overrides)


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance. `item` is the override that tells of it, None the series itself."""

    key: str
    start: Moment
    end: Moment
    item: int | None = None


def of(whole: Whole) -> Series | None:
    """The times of an object; None when it has no start."""
    first = whole.master or next((item for item in whole.overrides if item.start is not None), None)
    if first is None or first.start is None:
        return None
    start = first.start
    if whole.master is None:
        start = next((item.recurrence_id for item in whole.overrides if item.recurrence_id), start)
        overrides = tuple(_overrides(whole, start))
        return Series(start, first.length, overrides=overrides, whole=not overrides)
    part = whole.parts[0]
    without, days = set(), set()
    for line in part.lines("EXDATE"):
        for moment, _ in periods(line, whole.zones):
            if moment.whole_day and not start.whole_day:
                days.add(moment.local.date())
            else:
                without.add(local_key(moment, start))
    return Series(
        start,
        first.length,
        tuple(_rules(part.lines("RRULE"), start)),
        tuple(_dates(part, whole, start)),
        tuple(_rules(part.lines("EXRULE"), start)),
        frozenset(without),
        frozenset(days),
        tuple(_overrides(whole, start)),
    )


def local_key(moment: Moment, start: Moment) -> datetime:
    """A moment as a key of the series that begins at `start`: the same instant whatever form it is written in."""
    if start.whole_day:
        return datetime.combine(moment.local.date(), datetime.min.time())
    if start.zone is None or moment.zone is None or moment.name == start.name:
        return moment.local
    return start.seen(moment.instant()).local


def key_text(local: datetime, start: Moment) -> str:
    """A key as it is told."""
    return moments.stamp(Moment(local, whole_day=start.whole_day))


def key_of(text: str, start: Moment) -> datetime:
    """A key from its text. Raises ValueError when it is none."""
    found = moments.parse(text)
    if found is None:
        raise ValueError("There is no such date.")
    return local_key(found, start)


def _rules(lines: Iterable[Any], start: Moment) -> Iterator[Rule]:
    for line in lines:
        try:
            rule = rule_of(line.value, start)
        except ValueError:
            continue
        yield settled(rule, start.local)


def rule_of(text: str, start: Moment) -> Rule:
    """A rule with its UNTIL as the start's own time has it. Raises ValueError that says what is wrong."""
    rule = rules.parse(text)
    told = rules.parts(text).get("UNTIL")
    if told is None:
        return rule
    until = moments.parse(told)
    if until is None:
        raise ValueError("the rule's UNTIL is no date")
    if until.whole_day and not start.whole_day:
        return replace(rule, until=until.local + DAY - timedelta(seconds=1))
    return replace(rule, until=local_key(until, start))


def settled(rule: Rule, start: datetime) -> Rule:
    """The same instances told by a last one instead of by their number, which would have to be counted each time."""
    end = rules.last(rule, start) if rule.count is not None else None
    return rule if end is None else replace(rule, count=None, until=end)


def _dates(part: tree.Component, whole: Whole, start: Moment) -> Iterator[tuple[datetime, Length | None]]:
    for line in part.lines("RDATE"):
        for moment, length in periods(line, whole.zones):
            yield local_key(moment, start), length


def _overrides(whole: Whole, start: Moment) -> Iterable[Override]:
    """Of several for one instance the latest (RFC 5546 section 2.1.5)."""
    found: dict[tuple[datetime, bool], Override] = {}
    for number, item in enumerate(whole.overrides):
        if item.recurrence_id is not None:
            key = local_key(item.recurrence_id, start)
            held = found.get((key, item.onward))
            if held is None or _age(item) >= _age(whole.overrides[held.item]):
                begin = item.start or start.at(key)
                found[key, item.onward] = Override(key, number, begin, item.length, item.onward, item.cancelled)
    return found.values()


def _age(item: Item) -> tuple[int, datetime]:
    return item.sequence, item.stamp.local if item.stamp else datetime.min


def expand(series: Series, begin: datetime, end: datetime, here: tzinfo = UTC, most: int = MOST) -> list[Instance]:
    """The instances that touch [begin, end) (UTC), by their start; dates and times of no place are those of `here`.

    At most `most`; a rule that has to be followed too far ends there.
    """
    found = []
    given = 0
    for instance in _instances(series, begin, end, here):
        starts, ends = instance.start.instant(here), instance.end.instant(here)
        if starts < end and (ends > begin or (starts == ends and starts >= begin)):
            found.append((starts, instance.key, instance))
            # Overrides come first and in any order; what follows is in its order.
            given += instance.item is None
            if given >= most:
                break
    return [instance for _, _, instance in sorted(found, key=lambda each: each[:2])[:most]]


def _instances(series: Series, begin: datetime, end: datetime, here: tzinfo) -> Iterator[Instance]:
    start = series.start
    own = {each.key: each for each in series.overrides if not each.onward}
    onward = sorted((each for each in series.overrides if each.onward), key=lambda each: each.key)
    for each in series.overrides:
        if not each.gone and not each.onward:
            yield _moved(series, each)
    if not series.whole:
        yield from (_moved(series, each) for each in onward if not each.gone)
        return
    # An override from its own on may move what lies outside the window into it.
    shifts = [abs(local_key(each.start, start) - each.key) for each in onward]
    longest = max((length.about for length in (series.length, *(each.length for each in onward))), default=DAY)
    low = _local(begin, start, here) - max([longest, *(length.about for _, length in series.dates if length)])
    margin = max(shifts, default=timedelta()) + DAY
    for key, length in _keys(series, _less(low, margin), _local(end, start, here) + margin):
        if key in own:
            continue
        ruling = next((each for each in reversed(onward) if each.key <= key), None)
        if ruling is None:
            at = start.at(key)
            yield Instance(_key(series, key), at, moments.after(at, length or series.length), None)
        elif not ruling.gone:
            at = ruling.start.at(key + (local_key(ruling.start, start) - ruling.key))
            if ruling.start.name != start.name and start.zone is not None and ruling.start.zone is not None:
                moved = start.at(key + (local_key(ruling.start, start) - ruling.key)).instant()
                at = ruling.start.seen(moved)
            yield Instance(_key(series, key), at, moments.after(at, ruling.length), ruling.item)


def _moved(series: Series, each: Override) -> Instance:
    return Instance(_key(series, each.key), each.start, moments.after(each.start, each.length), each.item)


def _key(series: Series, local: datetime) -> str:
    return key_text(local, series.start) if series.repeats else ""


def _local(instant: datetime, start: Moment, here: tzinfo) -> datetime:
    return instant.astimezone(start.zone or here).replace(tzinfo=None)


def _less(moment: datetime, length: timedelta) -> datetime:
    try:
        return moment - length
    except OverflowError:
        return datetime.min


def keys(series: Series, since: datetime | None = None) -> Iterator[datetime]:
    """The keys of the instances from `since` on, in order and with those that have overrides; without end, maybe."""
    return (key for key, _ in _keys(series, since or datetime.min, datetime.max))


def _keys(series: Series, low: datetime, high: datetime) -> Iterator[tuple[datetime, Length | None]]:
    gone = {each for rule in series.without_rules for each in _until(rule, series.start.local, low, high)}
    streams: list[Iterable[datetime]] = [_until(rule, series.start.local, low, high) for rule in series.rules]
    if not streams:
        streams = [[series.start.local]]
    lengths = dict(series.dates)
    streams.append(sorted(lengths))
    before: datetime | None = None
    for key in heapq.merge(*streams):
        if key == before or not low <= key <= high:
            continue
        before = key
        if key not in gone and key not in series.without and key.date() not in series.without_days:
            yield key, lengths.get(key)


def _until(rule: Rule, start: datetime, low: datetime, high: datetime) -> Iterator[datetime]:
    try:
        for each in rules.instances(rule, start, low):
            if each > high:
                return
            yield each
    except rules.Endless:
        return


def ends(series: Series) -> datetime | None:
    """The end of the last instance as its own clock shows it, about; None for a series that does not end."""
    length = max([series.length.about, *(told.about for _, told in series.dates if told)])
    found = [series.start.local] if series.whole else []
    for rule in series.rules:
        last = rules.last(rule, series.start.local)
        if last is None:
            return None
        found.append(last)
    found += [key for key, _ in series.dates]
    last_keys = [key + length for key in found]
    shift = timedelta()
    for each in series.overrides:
        end = local_key(each.start, series.start) + each.length.about
        last_keys.append(end)
        if each.onward:
            shift = max(shift, local_key(each.start, series.start) - each.key + each.length.about - length)
    return max(last_keys) + shift


def begins(series: Series) -> datetime:
    """The start of the first instance as its own clock shows it, about."""
    found = [series.start.local] if series.whole else []
    found += [key for key, _ in series.dates]
    shift = timedelta()
    for each in series.overrides:
        moved = local_key(each.start, series.start)
        found.append(moved)
        if each.onward:
            shift = min(shift, moved - each.key)
    return min(found) + shift


# How a series is kept beside its row, so that no text has to be read to expand it.
RULE_FIELDS: Final = tuple(Rule.__slots__)


def to_json(series: Series, whole: Whole) -> dict[str, Any]:
    """A series as JSON, with the VTIMEZONEs that it needs."""
    named = {each.start.name for each in series.overrides} | {series.start.name}
    own = {
        name: tree.write([part]).decode("utf-8", "replace")
        for name, part in whole.zones.held.items()
        if name in named and not zones.known(name)
    }
    told = {
        "start": _moment_json(series.start),
        "length": _length_json(series.length),
        "rules": [_rule_json(rule) for rule in series.rules],
        "dates": [[key.isoformat(), None if length is None else _length_json(length)] for key, length in series.dates],
        "without_rules": [_rule_json(rule) for rule in series.without_rules],
        "without": [each.isoformat() for each in sorted(series.without)],
        "without_days": [each.isoformat() for each in sorted(series.without_days)],
        "overrides": [
            [
                each.key.isoformat(),
                each.item,
                _moment_json(each.start),
                _length_json(each.length),
                each.onward,
                each.gone,
            ]
            for each in series.overrides
        ],
        "whole": series.whole,
        "zones": own,
    }
    return {name: value for name, value in told.items() if value not in ([], {})}


def from_json(told: Mapping[str, Any]) -> Series:
    """The series that `to_json` told."""
    own = told.get("zones", {})
    return Series(
        _moment(told["start"], own),
        Length(*told["length"]),
        tuple(_rule(each) for each in told.get("rules", ())),
        tuple(
            (datetime.fromisoformat(key), None if length is None else Length(*length))
            for key, length in told.get("dates", ())
        ),
        tuple(_rule(each) for each in told.get("without_rules", ())),
        frozenset(map(datetime.fromisoformat, told.get("without", ()))),
        frozenset(map(date.fromisoformat, told.get("without_days", ()))),
        tuple(
            Override(datetime.fromisoformat(key), item, _moment(start, own), Length(*length), onward, gone)
            for key, item, start, length, onward, gone in told.get("overrides", ())
        ),
        told["whole"],
    )


def _moment_json(moment: Moment) -> list[Any]:
    return [moment.local.isoformat(), moment.name, moment.whole_day]


def _moment(told: Any, own: Mapping[str, str]) -> Moment:
    local, name, whole_day = told
    return Moment(datetime.fromisoformat(local), _zone(name, own.get(name, "")) if name else None, name, whole_day)


@lru_cache(1024)
def _zone(name: str, text: str) -> tzinfo | None:
    return zones.of_text(text.encode()) if text else zones.zone(name)


def _length_json(length: Length) -> list[int]:
    return [length.days, length.seconds]


def _rule_json(rule: Rule) -> dict[str, Any]:
    told = {name: getattr(rule, name) for name in RULE_FIELDS}
    until = {"until": rule.until.isoformat()} if rule.until else {}
    return {name: value for name, value in told.items() if value not in ((), None)} | until


def _rule(told: Mapping[str, Any]) -> Rule:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    if "until" in given:
        given["until"] = datetime.fromisoformat(given["until"])
    if "by_day" in given:
        given["by_day"] = tuple((nth, weekday) for nth, weekday in given["by_day"])
    return Rule(**given)


def shown(whole: Whole, number: int | None) -> Item | None:
    """The item that tells of an instance."""
    return whole.master if number is None else whole.overrides[number]
