"""The few words that PMSync itself writes into a message, in the language of the person who writes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.users.models import User


@dataclass(frozen=True, slots=True)
class Words:
    """One language's. `wrote` and `date` are format strings."""

    months: tuple[str, ...]
    date: str
    wrote: str
    forwarded: str
    sender: str
    sent: str
    subject: str
    to: str
    cc: str


WORDS: Final[Mapping[str, Words]] = {
    "en": Words(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        "{day} {month} {year} at {time}", "On {date}, {who} wrote:", "---------- Forwarded message ----------",
        "From", "Date", "Subject", "To", "Cc",
    ),
    "it": Words(
        ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"),
        "{day} {month} {year} alle {time}", "Il {date}, {who} ha scritto:", "---------- Messaggio inoltrato ----------",
        "Da", "Data", "Oggetto", "A", "Cc",
    ),
}  # fmt: skip


def of(user: User) -> Words:
    """The words of the person's language."""
    return WORDS.get(user.locale, WORDS["en"])


def zone(user: User) -> tzinfo:
    """The person's time zone; UTC for a name that this machine does not know."""
    try:
        return ZoneInfo(user.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def date(user: User, moment: datetime) -> str:
    """A moment as the person would write it."""
    words, local = of(user), moment.astimezone(zone(user))
    return words.date.format(day=local.day, month=words.months[local.month - 1], year=local.year, time=f"{local:%H:%M}")
