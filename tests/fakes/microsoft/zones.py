"""Time zones by their Windows and IANA names, and times as Graph writes them: naive, beside a zone's name."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tests.fakes.microsoft.errors import refuse

_ALIASES: Final = {"utc": "UTC", "tzone://microsoft/utc": "UTC", "gmt": "UTC"}
_WINDOWS: Final = {name.lower(): zone for name, zone in WINDOWS_TO_OLSON.items()}


@cache
def _iana() -> Mapping[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def known_zone(name: str) -> ZoneInfo | None:
    """The zone of a Windows or IANA name, whatever its case."""
    low = name.lower()
    key = _ALIASES.get(low) or _WINDOWS.get(low) or _iana().get(low)
    return ZoneInfo(key) if key else None


def zone(name: str) -> ZoneInfo:
    """The zone. Raises the refusal of a name that nobody knows."""
    found = known_zone(name)
    if found is None:
        raise refuse("zone", zone=name)
    return found


def read_local(value: Mapping[str, Any], where: str) -> tuple[datetime, str]:
    """The naive time and its zone's name. Raises when it is no time, or the zone is unknown."""
    text, name = str(value.get("dateTime", "")), value.get("timeZone") or "UTC"
    zone(name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refuse("parameter", name=where, what=text) from None
    if moment.tzinfo is not None:
        # A time with an offset says when it is by itself; the zone is what it is shown in.
        moment = moment.astimezone(zone(name)).replace(tzinfo=None)
    return moment.replace(microsecond=0), name


def write_local(moment: datetime, name: str) -> dict[str, str]:
    """A naive time beside its zone's name."""
    return {"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": name}


def to_utc(moment: datetime, name: str) -> datetime:
    """The point in time that a naive time means in a zone."""
    return moment.replace(tzinfo=zone(name)).astimezone(UTC)


def from_utc(moment: datetime, name: str) -> datetime:
    """The naive time in a zone of a point in time."""
    return moment.astimezone(zone(name)).replace(tzinfo=None)
