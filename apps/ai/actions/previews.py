"""What exactly an action would do, as data: screens and clients put it into words. Pure."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Letter:
    """A message: `text` and `quote` are all that it says, `sends` whether it leaves or becomes a draft."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str
    text: str
    quote: str
    sends: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A field that gets another value; None for none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Concerned:
    """A message that something is done to, and where it lies."""

    id: str
    subject: str
    sender: str
    at: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """One of: a letter, fields, messages. `where` is the calendar, address book or mailbox; `note` a code."""

    letter: Letter | None = None
    fields: tuple[Field, ...] = ()
    messages: tuple[Concerned, ...] = ()
    where: str = ""
    label: str = ""
    told: tuple[str, ...] = ()
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the API answers it."""
        return asdict(self)


def person(item: dict[str, Any]) -> str:
    """One of {name, address} as it is shown."""
    return f"{item['name']} <{item['address']}>" if item.get("name") else str(item.get("address", ""))


def spoken(value: Any) -> str | None:
    """A field's value on one or several lines; None when it says nothing."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(filter(None, (spoken(each) for each in value)))
    if isinstance(value, dict):
        return _spoken(value)
    return str(value)


def _spoken(value: dict[str, Any]) -> str:
    if "date" in value:
        return str(value["date"])
    if "at" in value:
        return f"{str(value['at']).replace('T', ' ')} {value.get('zone', '')}".rstrip()
    if "address" in value:
        return person(value)
    if "value" in value:
        return f"{value['value']} ({value['label']})" if value.get("label") else str(value["value"])
    if "year" in value:
        known = (value.get("year"), value.get("month"), value.get("day"))
        return value.get("text") or "-".join(f"{part:02d}" for part in known if part)
    if "media_type" in value:
        return str(value["media_type"])
    return " ".join(str(part) for part in value.values() if part not in ("", None, False))
