"""What a TZID stands for: a zone of IANA's where it can be known, else what its VTIMEZONE says (RFC 5545, 3.6.5).

Programs name zones in many ways: with prefixes, by the names that Windows has, or by one of their own.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

from apps.providers.adapters.contentlines import unescape

from . import moments, rules, tree
from .tree import Component

NAMES: Final = {name.lower(): name for name in available_timezones()}
WINDOWS: Final = {name.lower(): zone for name, zone in win_tz.items()}
CITIES: Final = {
    name.rpartition("/")[2].lower(): name for name in sorted(NAMES.values(), reverse=True) if name.count("/") == 1
}
# “(UTC+01:00) Amsterdam, Berlin, Bern, Rome”, “(UTC-05:00) Eastern Time (US & Canada)”
SHOWN: Final = re.compile(r"\((?:utc|gmt)[+-]?[\d:.]*\) ?(.+)")
MEANS_UTC: Final = frozenset({"utc", "z", "gmt", "etc/utc", "etc/gmt", "utc0", "greenwich mean time"})
OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d):?(\d\d)?", re.ASCII)
LAST_YEAR: Final = 2100
CHANGES_MOST: Final = 1_000


def known(name: str) -> str:
    """The name that IANA has for a zone; empty where it has none."""
    plain = " ".join(unescape(name).strip().strip('"').split())
    low = plain.lower()
    if low in MEANS_UTC:
        return "UTC"
    if low in NAMES:
        return NAMES[low]
    if low in WINDOWS:
        return WINDOWS[low]
    # “/mozilla.org/20050126_1/Europe/Berlin”, “/freeassociation.sourceforge.net/Tzfile/America/New_York”
    pieces = low.replace(" ", "_").split("/")
    tails = ("/".join(pieces[-count:]) for count in (3, 2) if len(pieces) > count)
    return next((NAMES[tail] for tail in tails if tail in NAMES), "")


def _meant(tzid: str) -> str:
    """The name of a zone that its TZID hints at: by a hyphen for a slash, or by what Windows calls it on the screen,
    which is its cities or the zone of a country."""
    low = " ".join(tzid.lower().split())
    if (hyphened := low.replace("-", "/", 1)) in NAMES:
        return NAMES[hyphened]
    shown = SHOWN.fullmatch(low)
    if shown is None:
        return ""
    names = shown[1]
    standard = re.sub(r"\btime\b(?: \(.*\))?$", "standard time", names)
    if standard in WINDOWS:
        return WINDOWS[standard]
    cities = (CITIES.get(each.strip().replace(" ", "_")) for each in names.split(","))
    return next((city for city in cities if city), "")


class Zones:
    """The zones that one text names."""

    def __init__(self, vtimezones: Mapping[str, Component], default: str = "") -> None:
        """`default` is IANA's name of the zone for what cannot be known otherwise; empty: it is of no place."""
        self.held = dict(vtimezones)
        self._default = known(default) if default else ""
        self.unknown: set[str] = set()

    def find(self, tzid: str) -> tuple[tzinfo | None, str]:
        """The zone of a TZID and its name; none for one that nothing is known of, which is noted in `unknown`."""
        tzid = tzid.strip()
        if name := known(tzid):
            return zone(name), name
        held = self.held.get(tzid)
        if held is not None:
            location = held.first("X-LIC-LOCATION")
            if location is not None and (name := known(location.value)):
                return zone(name), name
            made = of_text(tree.write([held]))
            if made is not None:
                return made, tzid
        if name := _meant(tzid):
            return zone(name), name
        self.unknown.add(tzid)
        if self._default:
            return zone(self._default), self._default
        return None, ""


@lru_cache(1024)
def zone(name: str) -> tzinfo:
    """IANA's zone of this name."""
    return UTC if name == "UTC" else ZoneInfo(name)


@lru_cache(256)
def of_text(data: bytes) -> "RuleZone | None":
    """The zone that a VTIMEZONE describes; None when it describes none."""
    found = next((each for each in tree.parse(data) if isinstance(each, Component)), None)
    if found is None:
        return None
    changes = sorted(change for part in found.children("STANDARD", "DAYLIGHT") for change in _changes(part))
    return RuleZone(changes) if changes else None


def offset(text: str) -> timedelta | None:
    """A UTC-OFFSET (RFC 5545 section 3.3.14); None when it is none."""
    found = OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    length = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    if length >= timedelta(days=1):
        return None
    return -length if found[1] == "-" else length


Change = tuple[datetime, timedelta, timedelta]
"""When (UTC, naive), the offset before, the offset after."""


def _changes(part: Component) -> list[Change]:
    told = {name: line.value for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO") if (line := part.first(name))}
    before, after = offset(told.get("TZOFFSETFROM", "")), offset(told.get("TZOFFSETTO", ""))
    start = moments.parse(told.get("DTSTART", ""))
    if after is None or start is None:
        return []
    before = after if before is None else before
    onsets = {start.local}
    for line in part.lines("RDATE"):
        onsets |= {found.local for each in line.value.split(",") if (found := moments.parse(each))}
    for line in part.lines("RRULE"):
        try:
            rule = rules.parse(line.value)
            until = moments.parse(rules.parts(line.value).get("UNTIL", ""))
            end = datetime(LAST_YEAR, 1, 1)
            if until is not None:
                end = min(end, until.local + before if until.name == "UTC" else until.local)
            for each in islice(rules.instances(rule, start.local), CHANGES_MOST):
                if each > end:
                    break
                onsets.add(each)
        except (ValueError, rules.Endless):
            continue
    return [(onset - before, before, after) for onset in onsets if onset.year > 1]


class RuleZone(tzinfo):
    """A zone that changes its offset at the times of a VTIMEZONE."""

    def __init__(self, changes: list[Change]) -> None:
        self._at = [change[0] for change in changes]
        self._to = [change[2] for change in changes]
        # What one change comes from is what the one before led to, whatever the text says.
        self._from = [changes[0][1], *self._to[:-1]]

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """See tzinfo. A time that is skipped has the offset before the gap, unless its fold is set."""
        if moment is None:
            return self._to[-1]
        local = moment.replace(tzinfo=None)
        # Offsets are less than a day: only the changes around this day can matter.
        place = bisect_right(self._at, local + timedelta(days=1))
        while place:
            at, before, after = self._at[place - 1], self._from[place - 1], self._to[place - 1]
            bound = max(at + before, at + after) if not moment.fold else min(at + before, at + after)
            if local >= bound:
                return after
            place -= 1
        return self._from[0]

    def dst(self, moment: datetime | None) -> timedelta:
        """See tzinfo; what part of an offset is daylight saving is not told."""
        return timedelta()

    def tzname(self, moment: datetime | None) -> str:
        """See tzinfo."""
        return ""

    def fromutc(self, moment: datetime) -> datetime:
        """See tzinfo."""
        instant = moment.replace(tzinfo=None)
        place = bisect_right(self._at, instant)
        now = self._to[place - 1] if place else self._from[0]
        local = instant + now
        before = self._from[place - 1] if place else now
        again = place > 0 and before > now and local < self._at[place - 1] + before
        return local.replace(tzinfo=self, fold=int(again))
