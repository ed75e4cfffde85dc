"""A person of the People API as a vCard (RFC 6350). Pure, and the same for the same JSON.

Groups are CATEGORIES: at Google a membership is a field of the contact, written with it in one request, and
so it is here. What no property tells goes along as X-PMSYNC-GOOGLE.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, escape

Json = dict[str, Any]

REST: Final = "X-PMSYNC-GOOGLE"
UID: Final = "pmsyncUid"
"""The key in a contact's clientData that keeps the UID of a card that was made here."""
MINE: Final = "contactGroups/myContacts"
EDITED: Final = (
    "names", "nicknames", "emailAddresses", "phoneNumbers", "addresses", "organizations", "birthdays", "urls",
    "biographies", "occupations",
)  # fmt: skip
"""Fields that people edit here, memberships and anniversaries apart."""
CARRIED: Final = (
    "events", "relations", "imClients", "userDefined", "externalIds", "calendarUrls", "sipAddresses", "genders",
    "interests", "locales", "locations", "miscKeywords", "skills", "clientData",
)  # fmt: skip
"""Fields that go along as they are."""
FIELDS: Final = ",".join((*EDITED, *CARRIED, "memberships", "metadata"))
TYPES: Final = {"mobile": "cell"}
ANNIVERSARY: Final = "anniversary"
_SIMPLE: Final = re.compile(r"[a-z]+", re.ASCII)


def uid(person: Json) -> str:
    """The UID: the one it was made with here rather than Google's name for it."""
    own = (str(one.get("value", "")) for one in person.get("clientData") or () if one.get("key") == UID)
    return next(filter(None, own), str(person["resourceName"]))


def text(person: Json, groups: Mapping[str, str]) -> bytes:
    """The card. `groups` are the names of contact groups by resource name."""
    card = _Card()
    card.add("BEGIN", "VCARD")
    card.add("VERSION", "4.0")
    card.say("UID", uid(person))
    name = _first(person, "names")
    card.say("FN", str(name.get("displayName") or name.get("unstructuredName") or _title(person)))
    parts = ("familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
    if any(name.get(part) for part in parts):
        card.add("N", ";".join(escape(str(name.get(part, ""))) for part in parts))
    card.say("NICKNAME", str(_first(person, "nicknames").get("value", "")))
    _reach(card, person)
    work = _first(person, "organizations")
    if work.get("name") or work.get("department"):
        units = ";" + escape(str(work["department"])) if work.get("department") else ""
        card.add("ORG", escape(str(work.get("name", ""))) + units)
    card.say("TITLE", str(work.get("title", "")))
    card.say("ROLE", str(_first(person, "occupations").get("value", "")))
    birthday = _first(person, "birthdays")
    if birthday:
        card.date("BDAY", birthday)
    _occasions(card, person)
    card.say("NOTE", str(_first(person, "biographies").get("value", "")))
    categories = sorted(groups[one] for one in memberships(person) if one in groups and one != MINE)
    if categories:
        card.add("CATEGORIES", ",".join(map(escape, categories)))
    rest = {field: bare(person[field]) for field in CARRIED if person.get(field)}
    rest["clientData"] = [one for one in rest.get("clientData", ()) if one.get("key") != UID]
    rest = {field: values for field, values in rest.items() if values}
    if rest:
        card.say(REST, json.dumps(rest, sort_keys=True, ensure_ascii=False))
    card.add("END", "VCARD")
    return contentlines.write(card.lines)


def memberships(person: Json) -> list[str]:
    """The resource names of the groups that a person is in."""
    told = [one.get("contactGroupMembership") or {} for one in person.get("memberships") or ()]
    return [str(one["contactGroupResourceName"]) for one in told if one.get("contactGroupResourceName")]


def bare(values: list[Json]) -> list[Json]:
    """Values without what Google adds to each: where it comes from, and its type in the reader's language."""
    dropped = ("metadata", "formattedType", "formattedProtocol", "displayNameLastFirst")
    return [{name: value for name, value in one.items() if name not in dropped} for one in values]


def _first(person: Json, field: str) -> Json:
    return next(iter(person.get(field) or ()), {})


def _title(person: Json) -> str:
    candidates = (
        _first(person, "organizations").get("name"),
        _first(person, "nicknames").get("value"),
        _first(person, "emailAddresses").get("value"),
        _first(person, "phoneNumbers").get("value"),
    )
    return next((str(one) for one in candidates if one), "")


def _reach(card: "_Card", person: Json) -> None:
    for property_, field in (("EMAIL", "emailAddresses"), ("TEL", "phoneNumbers"), ("URL", "urls")):
        for one in person.get(field) or ():
            card.labelled(property_, escape(str(one.get("value", ""))), str(one.get("type", "")))
    parts = ("poBox", "extendedAddress", "streetAddress", "city", "region", "postalCode", "country")
    for one in person.get("addresses") or ():
        if not any(one.get(part) for part in parts):
            one = {"streetAddress": one.get("formattedValue", "")}
        value = ";".join(escape(str(one.get(part, ""))) for part in parts)
        card.labelled("ADR", value, str(one.get("type", "")))
    for one in person.get("imClients") or ():
        card.labelled("IMPP", escape(f"{one.get('protocol', 'x-chat')}:{one.get('username', '')}"), "")


def _occasions(card: "_Card", person: Json) -> None:
    told = False
    for one in person.get("events") or ():
        if one.get("type") == ANNIVERSARY and not told:
            told = True
            card.date("ANNIVERSARY", one)
        elif one.get("date"):
            card.labelled("X-ABDATE", _date(one), str(one.get("type", "")) or "date", own=True)
    for one in person.get("relations") or ():
        card.labelled("X-ABRELATEDNAMES", escape(str(one.get("person", ""))), str(one.get("type", "")))


class _Card:
    """The lines of one card."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._groups = 0

    def add(self, name: str, value: str, parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> None:
        """A line whose value is escaped already."""
        self.lines.append(contentlines.line(name, value, parameters))

    def say(self, name: str, value: str) -> None:
        """A line of text, if it says something."""
        if value:
            self.add(name, escape(value))

    def labelled(self, name: str, value: str, kind: str, *, own: bool = False) -> None:
        """One of several values: with a TYPE, or with a label of the person's own."""
        plain = TYPES.get(kind, kind)
        if not value:
            return
        if not own and (not plain or _SIMPLE.fullmatch(plain)):
            self.add(name, value, (("TYPE", (plain,)),) if plain else ())
            return
        self._groups += 1
        group = f"item{self._groups}"
        self.lines.append(contentlines.line(name, value, (), group))
        self.lines.append(contentlines.line("X-ABLABEL", escape(plain), (), group))

    def date(self, name: str, told: Json) -> None:
        """A date as far as it is known."""
        value = _date(told)
        if value:
            self.add(name, value)
        elif told.get("text"):
            self.add(name, escape(str(told["text"])), (("VALUE", ("text",)),))


def _date(told: Json) -> str:
    date = told.get("date") or {}
    year, month, day = (int(date.get(part) or 0) for part in ("year", "month", "day"))
    if month and day:
        return f"{year:04d}{month:02d}{day:02d}" if year else f"--{month:02d}{day:02d}"
    return f"{year:04d}" if year else ""
