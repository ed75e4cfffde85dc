"""Several cards of one person as one: what each field becomes, and what else the others say."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.providers.adapters.contentlines import Line, write

from . import values
from .card import Card
from .reading import GROUP_KIND, GROUP_MEMBER, lines_of, text_of
from .writing import modern, with_further

# Lines that the fields of `values.FIELDS` are made of, and those that are each card's own.
KNOWN: Final = frozenset(
    "BEGIN END VERSION PRODID REV UID KIND FN N NICKNAME ORG TITLE ROLE NOTE EMAIL TEL URL ADR BDAY ANNIVERSARY "
    "X-ANNIVERSARY CATEGORIES MEMBER PHOTO LOGO X-ABLABEL X-ABSHOWAS X-ABUID CLIENTPIDMAP SORT-STRING".split()
) | {GROUP_KIND, GROUP_MEMBER}

Further = Mapping[str, Any]
"""A line as it is kept with an edit: `name`, `value`, `parameters`, and the person's own `label` of it."""


def union(cards: Sequence[Card]) -> dict[str, Any]:
    """The fields of the first card as they become with the others: several values of all of them, each once; of single
    values the first there is, but notes one below the other."""
    first = cards[0]
    found: dict[str, Any] = {}
    for field in values.FIELDS:
        told = [values.of(card, field) for card in cards]
        wanted: Any
        if field in values.KEYS:
            key = values.KEYS[field]
            held: dict[Any, Any] = {}
            for item in (item for some in told for item in some):
                held.setdefault(key(item), item)
            wanted = list(held.values())
            if field not in ("categories", "members"):
                wanted = _one_preferred(wanted)
        elif field == "notes":
            wanted = "\n\n".join(dict.fromkeys(filter(None, told)))
        elif field == "name":
            wanted = next((name for name in told if any(name.values())), told[0])
        else:
            wanted = next(filter(None, told), told[0])
        if wanted != values.of(first, field):
            found[field] = wanted
    return found


def _one_preferred(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of several values one is the preferred: the first that is."""
    found, had = [], False
    for item in items:
        found.append({**item, "preferred": bool(item["preferred"]) and not had})
        had = had or bool(item["preferred"])
    return found


def further(texts: Sequence[bytes]) -> list[Further]:
    """What the cards behind the first say that is in no field and not in the first: chats, keys, what programs keep."""
    held = {_said(line) for line in lines_of(texts[0])}
    found: list[Further] = []
    for text in texts[1:]:
        lines = [modern(line) for line in lines_of(text)]
        labels = {line.group.lower(): text_of(line) for line in lines if line.key == "X-ABLABEL" and line.group}
        for line in lines:
            if line.name and line.key not in KNOWN and _said(line) not in held:
                held.add(_said(line))
                parameters = [[name, [*told]] for name, told in line.parameters]
                label = labels.get(line.group.lower(), "") if line.group else ""
                found.append({"name": line.name, "value": line.value, "parameters": parameters, "label": label})
    return found


def _said(line: Line) -> tuple[str, str]:
    return line.key, text_of(line)


def with_lines(data: bytes, wanted: Sequence[Further]) -> bytes:
    """The card with these lines, which `further` found; those that it has already are not added again."""
    lines = lines_of(data)
    held = {_said(line) for line in lines}
    missing = [each for each in wanted if (str(each["name"]).upper(), str(each["value"])) not in held]
    return write(with_further(lines, missing)) if missing else data
