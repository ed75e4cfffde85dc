"""A vCard as fields of the People API, and the difference of two cards as what is to be written. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from apps.providers.adapters import errors, vcard
from apps.providers.adapters.contentlines import unescape
from apps.providers.adapters.google.contacts.texts import ANNIVERSARY, CARRIED, MINE, REST, TYPES, bare, memberships
from apps.providers.adapters.vcard.card import Address, Card, Labelled, PartialDate
from apps.providers.adapters.vcard.reading import lines_of

Json = dict[str, Any]

KINDS: Final = {told: kind for kind, told in TYPES.items()}
SEVERAL: Final[Mapping[str, str]] = {"emailAddresses": "emails", "phoneNumbers": "phones", "urls": "urls"}
SINGLE: Final[Mapping[str, str]] = {"nicknames": "nickname", "biographies": "notes", "occupations": "role"}


def read(data: bytes) -> Card:
    """What a card says. Raises Rejected, in a sentence, for what Google cannot hold."""
    card = vcard.read(data)
    if card.kind == "group":
        raise errors.Rejected("Google's groups are made by giving contacts a category, not as a card.")
    return card


def whole(card: Card, data: bytes) -> Json:
    """A new person's JSON, memberships apart."""
    body = _carried(data)
    nobody = Card()
    for field in _FIELDS:
        values = _FIELDS[field](card, nobody, [])
        if values:
            body[field] = values
    occasions = _events(card, nobody, body.get("events", []))
    if occasions:
        body["events"] = occasions
    return body


def changed(before: Card, wanted: Card, person: Json) -> Json:
    """The fields that an edit changes, each whole as it is to become; what no property tells of a value stays."""
    body: Json = {}
    for field, make in _FIELDS.items():
        held = bare(person.get(field) or [])
        if make(before, before, held) != make(wanted, before, held) or _differs(field, before, wanted):
            body[field] = make(wanted, before, held)
    if before.anniversary != wanted.anniversary:
        body["events"] = _events(wanted, before, bare(person.get("events") or []))
    return body


def groups_of(card: Card, before: Card, person: Json | None, groups: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The groups that a person is to be in, by resource name, and the names of those that are still to be made."""
    by_name = {name.casefold(): one for one, name in groups.items()}
    held = memberships(person) if person else [MINE]
    was = {name.casefold() for name in before.categories}
    will = {name.casefold(): name for name in card.categories}
    stays = [one for one in held if groups.get(one, "").casefold() not in was - will.keys()]
    wanted = [by_name[one] for one in will if one in by_name]
    found = list(dict.fromkeys((*stays, *wanted)))
    return found or [MINE], [name for lower, name in will.items() if lower not in by_name]


def _differs(field: str, before: Card, wanted: Card) -> bool:
    """A full name that is edited by itself: Google has it from the parts, so it is told as one."""
    return field == "names" and (before.full_name, before.name) != (wanted.full_name, wanted.name)


def _carried(data: bytes) -> Json:
    line = next((one for one in lines_of(data) if one.key == REST), None)
    try:
        told = json.loads(unescape(line.value)) if line else {}
    except ValueError:
        return {}
    return {name: told[name] for name in CARRIED if isinstance(told.get(name), list)} if isinstance(told, dict) else {}


def _names(card: Card, before: Card, held: list[Json]) -> list[Json]:
    name = card.name
    if not name or (name == before.name and card.full_name != before.full_name and before.full_name):
        return [{"unstructuredName": card.full_name}] if card.full_name and _named(card) else []
    parts = {
        "familyName": name.family, "givenName": name.given, "middleName": name.additional,
        "honorificPrefix": name.prefix, "honorificSuffix": name.suffix,
    }  # fmt: skip
    computed = (*parts, "displayName", "unstructuredName")
    kept = {key: value for key, value in (held[0] if held else {}).items() if key not in computed}
    return [kept | {key: value for key, value in parts.items() if value}]


def _named(card: Card) -> bool:
    """False where what is shown as the name is only the organisation, or an address."""
    others = (card.organization, card.nickname, *(one.value for one in (*card.emails, *card.phones)))
    return bool(card.name) or card.full_name not in others


def _single(attribute: str) -> Callable[[Card, Card, list[Json]], list[Json]]:
    def make(card: Card, before: Card, held: list[Json]) -> list[Json]:
        value = getattr(card, attribute)
        rest = held[1:]
        return [{**(held[0] if held else {}), "value": value}, *rest] if value else rest

    return make


def _several(attribute: str) -> Callable[[Card, Card, list[Json]], list[Json]]:
    def make(card: Card, before: Card, held: list[Json]) -> list[Json]:
        known = {str(one.get("value", "")): one for one in held}
        labels = {one.value: one.label for one in getattr(before, attribute)}
        return [_labelled(one, known.get(one.value), labels.get(one.value)) for one in getattr(card, attribute)]

    return make


def _labelled(one: Labelled, held: Json | None, label: str | None) -> Json:
    if held is not None and label == one.label:
        return held
    told = {name: value for name, value in (held or {}).items() if name != "type"} | {"value": one.value}
    return told | ({"type": KINDS.get(one.label, one.label)} if one.label else {})


_ADDRESS: Final = (
    ("poBox", "box"), ("extendedAddress", "extended"), ("streetAddress", "street"), ("city", "locality"),
    ("region", "region"), ("postalCode", "code"), ("country", "country"),
)  # fmt: skip


def _addresses(card: Card, before: Card, held: list[Json]) -> list[Json]:
    known = dict(zip(before.addresses, held, strict=False))
    return [known[one] if one in known else _address(one) for one in card.addresses]


def _address(one: Address) -> Json:
    told = {field: getattr(one, part) for field, part in _ADDRESS if getattr(one, part)}
    return told | ({"type": KINDS.get(one.label, one.label)} if one.label else {})


def _organizations(card: Card, before: Card, held: list[Json]) -> list[Json]:
    told = {"name": card.organization, "department": card.unit, "title": card.title}
    kept = {name: value for name, value in (held[0] if held else {}).items() if name not in told}
    made = kept | {name: value for name, value in told.items() if value}
    return [*([made] if any(told.values()) else []), *held[1:]]


def _birthdays(card: Card, before: Card, held: list[Json]) -> list[Json]:
    return [_date(card.birthday)] if card.birthday else []


def _date(found: PartialDate) -> Json:
    parts = {"year": found.year, "month": found.month, "day": found.day}
    known = {name: value for name, value in parts.items() if value}
    return {"date": known} if known else {"text": found.text}


def _events(card: Card, before: Card, held: list[Json]) -> list[Json]:
    """The occasions, with the one anniversary that a card has."""
    first = next((one for one in held if one.get("type") == ANNIVERSARY), None)
    others = [one for one in held if one is not first]
    if card.anniversary is None:
        return others
    if first is not None and card.anniversary == before.anniversary:
        return held
    return [{"type": ANNIVERSARY} | _date(card.anniversary), *others]


_FIELDS: Final[Mapping[str, Callable[[Card, Card, list[Json]], list[Json]]]] = {
    "names": _names,
    **{field: _single(attribute) for field, attribute in SINGLE.items()},
    **{field: _several(attribute) for field, attribute in SEVERAL.items()},
    "addresses": _addresses,
    "organizations": _organizations,
    "birthdays": _birthdays,
}
