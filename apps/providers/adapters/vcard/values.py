"""The parts of a card that can be edited, as JSON; and what becomes of an edit when somebody else edited, too."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from apps.providers.adapters import three_way

from .card import Address, Card, Labelled, PartialDate
from .matching import email, phone

Value = Any
Item = dict[str, Any]

TEXTS: Final = ("full_name", "nickname", "organization", "unit", "title", "role", "notes")
LABELLED: Final = ("emails", "phones", "urls")
DATES: Final = ("birthday", "anniversary")
NAMES: Final = ("family", "given", "additional", "prefix", "suffix")
ADDRESS: Final = ("box", "extended", "street", "locality", "region", "code", "country")
FIELDS: Final = ("name", *TEXTS, *LABELLED, "addresses", *DATES, "categories", "members", "photo")


def of(card: Card, field: str) -> Value:
    """What a card says now of one of FIELDS."""
    if field in TEXTS:
        return getattr(card, field)
    if field in LABELLED:
        return [labelled(item) for item in getattr(card, field)]
    if field == "name":
        return {part: getattr(card.name, part) for part in NAMES}
    if field == "addresses":
        return [address(item) for item in card.addresses]
    if field in DATES:
        return date(getattr(card, field))
    if field == "photo":
        photo = card.photo
        return (
            {"media_type": photo.media_type, "data": base64.b64encode(photo.data).decode()}
            if photo and photo.data
            else None
        )
    return list(getattr(card, field))


def labelled(item: Labelled) -> Item:
    """One of several values."""
    return {"value": item.value, "label": item.label, "preferred": item.preferred}


def address(item: Address) -> Item:
    """A postal address."""
    return {part: getattr(item, part) for part in ADDRESS} | {"label": item.label, "preferred": item.preferred}


def date(found: PartialDate | None) -> Item | None:
    """A date as far as it is known."""
    if found is None:
        return None
    return {"year": found.year, "month": found.month, "day": found.day, "text": found.text}


KEYS: Final[dict[str, Callable[[Any], Any]]] = {
    "emails": lambda item: email(item["value"]),
    "phones": lambda item: phone(item["value"]) or item["value"],
    "urls": lambda item: item["value"],
    "addresses": lambda item: tuple(item.get(part, "") for part in ADDRESS),
    "categories": lambda item: item,
    "members": lambda item: item,
}
"""Fields that hold several values, and by what one is told from another."""


def changes(
    card: Card, wanted: Mapping[str, Value], before: Mapping[str, Value]
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The fields of an edit that a card does not have yet, as they are to become; and those that override somebody."""
    found, conflicts = {}, []
    for field, value in wanted.items():
        now = of(card, field)
        becomes, overrides = three_way.settled(KEYS.get(field), before.get(field, now), value, now)
        if becomes != now:
            found[field] = becomes
        if overrides:
            conflicts.append(field)
    return found, tuple(conflicts)
