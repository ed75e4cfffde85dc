"""Recipients as clients send them: kept as they are typed in a draft, made strict when it is sent."""

from collections.abc import Sequence
from typing import Any, Final

from apps.core.problems import Problem
from apps.providers.adapters.mime import addressing, composing

MOST: Final = 2_000
FIELDS: Final = {"to": "To", "cc": "Cc", "bcc": "Bcc"}


def refused(field: str, sentence: str, code: str = "bad_recipient") -> Problem:
    """The 422 problem that names the field."""
    return Problem(422, code, sentence, errors={field: [sentence]})


def read(field: str, given: Any) -> list[dict[str, str]]:
    """The people of one field, from a list of {name, address} or text, or from text alone (groups, comments, quotes).

    What is no address yet is kept: a draft may be half typed. Raises a problem for control characters.
    """
    items = given if isinstance(given, list) else [given] if given else []
    found: list[dict[str, str]] = []
    for number, item in enumerate(items):
        if isinstance(item, dict):
            name, address = str(item.get("name") or "").strip(), str(item.get("address") or "").strip()
            if addressing.has_control(name.replace("\t", " ")) or addressing.has_control(address):
                raise refused(
                    f"{field}.{number}",
                    f"A recipient in {FIELDS.get(field, field)} holds a line break or another control character, "
                    "which mail cannot carry.",
                )
            if name or address:
                found.append({"name": name, "address": address})
        else:
            found += _typed(f"{field}.{number}", str(item))
    if len(found) > MOST:
        raise refused(field, f"{FIELDS.get(field, field)} has {len(found)} recipients; at most {MOST} can be named.")
    return found


def _typed(field: str, text: str) -> list[dict[str, str]]:
    try:
        people = addressing.typed(text)
    except addressing.BadAddress as bad:
        raise refused(field, str(bad)) from None
    return [{"name": one.name, "address": one.address or ""} for one in people]


def people(field: str, items: Sequence[dict[str, str]]) -> tuple[composing.Person, ...]:
    """The same, fit to send to. Raises a problem that names the first that is not, and says why."""
    found: list[composing.Person] = []
    for number, item in enumerate(items):
        try:
            found.append(composing.Person(item.get("name", ""), addressing.target(item.get("address", ""))))
        except addressing.BadAddress as bad:
            raise refused(f"{field}.{number}", str(bad)) from None
    return tuple(found)
