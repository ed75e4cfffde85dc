"""An event with all that belongs to it: a series and its exceptions, which make one iCalendar object. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

UID: Final = "pmsyncUid"
"""The private extended property that keeps the UID of an object that was made here."""
LINES: Final = "pmsyncLines"
"""And the one that keeps the lines of it which Google has no field for."""
CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class Family:
    """`master` is the series, a single event, or an exception whose series cannot be seen. `exceptions` are those
    of its instances that differ, the cancelled ones among them."""

    master: Json
    exceptions: tuple[Json, ...] = ()

    @property
    def id(self) -> str:
        """The remote id of the object."""
        return str(self.master["id"])

    @property
    def uid(self) -> str:
        """The UID: the one it was made with here rather than Google's own."""
        return str(private(self.master).get(UID) or self.master.get("iCalUID") or self.master["id"])

    @property
    def changed(self) -> list[Json]:
        """Exceptions that take place, differently."""
        return [one for one in self.exceptions if one.get("status") != CANCELLED]

    @property
    def dropped(self) -> list[Json]:
        """Instances that do not take place."""
        return [one for one in self.exceptions if one.get("status") == CANCELLED]


def private(event: Json) -> Json:
    """The private extended properties of an event."""
    found = (event.get("extendedProperties") or {}).get("private")
    return found if isinstance(found, dict) else {}


def is_series(event: Json) -> bool:
    """True for an event that repeats."""
    return bool(event.get("recurrence"))


def families(items: Iterable[Json]) -> dict[str, Family]:
    """The living objects of a whole listing by remote id. Exceptions come in no order, before their series or after;
    one whose series is not there (an invitation to one occurrence) stands alone."""
    masters: dict[str, Json] = {}
    exceptions: dict[str, dict[str, Json]] = defaultdict(dict)
    for item in items:
        series = item.get("recurringEventId")
        if series:
            exceptions[str(series)][str(item["id"])] = item
        elif item.get("status") == CANCELLED:
            masters.pop(str(item["id"]), None)
        else:
            masters[str(item["id"])] = item
    found = {one: Family(master, _sorted(exceptions.pop(one, {}))) for one, master in masters.items()}
    for orphans in exceptions.values():
        found |= {one: Family(event) for one, event in orphans.items() if event.get("status") != CANCELLED}
    return found


def _sorted(exceptions: dict[str, Json]) -> tuple[Json, ...]:
    return tuple(exceptions[one] for one in sorted(exceptions))
