"""New vCards, and edits of those that exist: only the lines of what is edited change, octet for octet."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, escape, line

from . import values
from .card import Card
from .reading import GROUP_KIND, GROUP_MEMBER, bare_uid, lines_of, plain, read, text_of

PRODUCT: Final = "-//PMSync//PMSync//EN"
OLDEST_WRITTEN: Final = "3.0"
# Labels that are types of their property; any other is a label of the person's own.
TYPES: Final = {
    "EMAIL": frozenset({"home", "work", "other"}),
    "TEL": frozenset({"home", "work", "cell", "fax", "pager", "main", "other", "iphone"}),
    "URL": frozenset({"home", "work", "other"}),
    "ADR": frozenset({"home", "work", "other"}),
}
PROPERTY: Final = {"emails": "EMAIL", "phones": "TEL", "urls": "URL", "addresses": "ADR"}
TEXT: Final = {"full_name": "FN", "nickname": "NICKNAME", "title": "TITLE", "role": "ROLE", "notes": "NOTE"}


def new(fields: Mapping[str, Any], uid: str, version: str = OLDEST_WRITTEN) -> bytes:
    """A card of its own. `uid` is a UUID as text; `fields` are of `values.FIELDS`.

    Raises ValueError, with a sentence, for a field that there is not or a value that it cannot have.
    """
    version = "4.0" if version == "4.0" else OLDEST_WRITTEN
    told = f"urn:uuid:{uid}" if version == "4.0" else uid
    head = [line("BEGIN", "VCARD"), line("VERSION", version), line("PRODID", PRODUCT), line("UID", told)]
    return change(contentlines.write([*head, line("END", "VCARD")]), fields)


def change(data: bytes, fields: Mapping[str, Any]) -> bytes:
    """The card with these fields as they are given, all else untouched. One of vCard 2.1 becomes one of 3.0.

    Raises ValueError, with a sentence, for a field that there is not or a value that it cannot have.
    """
    unknown = sorted(set(fields) - set(values.FIELDS))
    if unknown:
        raise ValueError(f"A contact has no “{unknown[0]}”.")
    card = read(data)
    found = {name: value for name, value in fields.items() if values.of(card, name) != value}
    if not found:
        return data
    lines = lines_of(data)
    if card.version == "2.1":
        lines = [modern(each) for each in lines]
    book = _Book(lines, "4.0" if card.version == "4.0" else OLDEST_WRITTEN)
    if "name" in found and "full_name" not in fields and card.full_name in ("", card.name.shown):
        found["full_name"] = _shown(found["name"])
    for name, value in found.items():
        _write(book, name, value)
    book.complete(found.get("full_name") or card.full_name)
    return contentlines.write(book.lines)


def completed(lines: Sequence[Line], card: Card) -> list[Line]:
    """The lines of a card with both names in it."""
    book = _Book(lines, card.version)
    book.complete(card.full_name)
    return book.lines


def with_further(lines: Sequence[Line], wanted: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The lines of a card with more behind them, each with its label."""
    book = _Book(lines, OLDEST_WRITTEN)
    for each in wanted:
        group = book.unused() if each["label"] else ""
        book.put(line(each["name"], each["value"], each["parameters"], group))
        if group:
            book.put(line("X-ABLabel", escape(each["label"]), (), group))
    return book.lines


def _shown(name: Mapping[str, str]) -> str:
    return " ".join(
        filter(None, (name.get(part, "") for part in ("prefix", "given", "additional", "family", "suffix")))
    )


def _write(book: "_Book", name: str, value: Any) -> None:
    if name in TEXT:
        book.single(TEXT[name], escape(value))
    elif name == "name":
        book.single("N", ";".join(escape(value.get(part, "")) for part in values.NAMES), empty=";;;;")
    elif name in ("organization", "unit"):
        book.organization(name, value)
    elif name in PROPERTY:
        book.several(name, value)
    elif name == "categories":
        book.single("CATEGORIES", ",".join(map(escape, value)))
    elif name in values.DATES:
        book.date("BDAY" if name == "birthday" else "ANNIVERSARY", value)
    elif name == "photo":
        book.photo(value)
    else:
        book.members(value)


class _Book:
    """The lines of a card that is being edited."""

    def __init__(self, lines: Sequence[Line], version: str) -> None:
        self.lines = list(lines)
        self.version = version

    def places(self, *names: str) -> list[int]:
        return [place for place, each in enumerate(self.lines) if each.key in names]

    def put(self, made: Line, after: Iterable[int] = ()) -> None:
        """Insert a line behind the last of these places, else before the card's end."""
        place = max(after, default=-1) + 1 or next(iter(self.places("END")), len(self.lines))
        self.lines.insert(place, made)

    def single(
        self, name: str, value: str, parameters: Sequence[tuple[str, Sequence[str]]] = (), empty: str = ""
    ) -> None:
        """The one line of a name; without a value none. A second one of it goes: it would be shown as well."""
        held = self.places(name)
        for place in reversed(held[1:]):
            self.drop(place)
        if value == empty and name != "N":
            for place in held[:1]:
                self.drop(place)
        elif held:
            self.lines[held[0]] = line(name, value, parameters, self.lines[held[0]].group)
        else:
            self.put(line(name, value, parameters))

    def drop(self, place: int) -> None:
        """Take a line out, and the label that belongs to it alone."""
        gone = self.lines.pop(place)
        group = gone.group.lower()
        if group and not any(each.group.lower() == group and each.key != "X-ABLABEL" for each in self.lines):
            self.lines = [each for each in self.lines if each.group.lower() != group]

    def organization(self, name: str, value: str) -> None:
        held = self.places("ORG")
        organization, *units = contentlines.split(text_of(self.lines[held[0]]), ";") if held else [""]
        told = (
            [escape(value), *units] if name == "organization" else [organization, *([escape(value)] if value else [])]
        )
        while len(told) > 1 and not told[-1]:
            told.pop()
        self.single("ORG", ";".join(told))

    def several(self, field: str, wanted: Sequence[Mapping[str, Any]]) -> None:
        """All values of a field: a line whose value stays keeps all that is not edited."""
        name, key = PROPERTY[field], values.KEYS[field]
        held = {key(item): item for item in values.of(read(contentlines.write(self.lines)), field)}
        will = {key(item): dict(item) for item in wanted}
        for place in reversed(self.places(name)):
            if self._key(field, self.lines[place]) not in will:
                self.drop(place)
        kept = {self._key(field, self.lines[place]): place for place in self.places(name)}
        for number, item in will.items():
            if number not in kept:
                self._add(name, item)
            elif held.get(number) != item:
                self._again(kept[number], name, item)

    def _key(self, field: str, each: Line) -> Any:
        found = values.of(read(contentlines.write([line("BEGIN", "VCARD"), each, line("END", "VCARD")])), field)
        return values.KEYS[field](found[0]) if found else None

    def _value(self, name: str, item: Mapping[str, Any]) -> str:
        if name == "ADR":
            return ";".join(escape(str(item.get(part) or "")) for part in values.ADDRESS)
        text = str(item["value"]).strip()
        if not text or contentlines.CONTROLS.search(text):
            raise ValueError("An address, a number or a link is one line of text.")
        return text if name == "URL" else escape(text)

    def _add(self, name: str, item: Mapping[str, Any]) -> None:
        label = str(item.get("label") or "")
        own = bool(label) and label.lower() not in TYPES[name]
        group = self.unused() if own else ""
        held = self.places(name)
        self.put(line(name, self._value(name, item), self._parameters(name, item, ()), group), held)
        if own:
            self.put(line("X-ABLabel", escape(label), (), group), self.places(name))

    def _again(self, place: int, name: str, item: Mapping[str, Any]) -> None:
        """The same value with another label or preference, or written otherwise."""
        old = self.lines[place]
        kept = [(each, told) for each, told in old.parameters if each.upper() not in ("TYPE", "PREF")]
        technical = [
            each for told in old.of("TYPE") for each in told.split(",") if each.lower() in ("internet", "voice")
        ]
        label = str(item.get("label") or "")
        own = bool(label) and label.lower() not in TYPES[name]
        group = old.group or (self.unused() if own else "")
        made = line(name, self._value(name, item), [*kept, *self._parameters(name, item, technical)], group)
        self.lines[place] = made
        if old.group or own:
            self._label(group, label if own else "")

    def _label(self, group: str, label: str) -> None:
        for place in [place for place in self.places("X-ABLABEL") if self.lines[place].group.lower() == group.lower()]:
            del self.lines[place]
        if label:
            self.put(line("X-ABLabel", escape(label), (), group), [
                place for place, each in enumerate(self.lines) if each.group.lower() == group.lower()
            ])  # fmt: skip

    def _parameters(self, name: str, item: Mapping[str, Any], technical: Sequence[str]) -> list[tuple[str, list[str]]]:
        label = str(item.get("label") or "").lower()
        types = [*technical, *([label] if label in TYPES[name] else [])]
        if name == "EMAIL" and not technical and self.version == OLDEST_WRITTEN:
            types.insert(0, "INTERNET")
        if item.get("preferred") and self.version == OLDEST_WRITTEN:
            types.append("pref")
        found = [("TYPE", types)] if types else []
        return [*found, *([("PREF", ["1"])] if item.get("preferred") and self.version == "4.0" else [])]

    def unused(self) -> str:
        """A group that no line is in."""
        used = {each.group.lower() for each in self.lines}
        return next(f"item{number}" for number in range(1, len(self.lines) + 2) if f"item{number}" not in used)

    def date(self, name: str, value: Mapping[str, Any] | None) -> None:
        """A date as far as it is known, as the version has it written."""
        names = (name, f"X-{name}") if name == "ANNIVERSARY" else (name,)
        for place in reversed(self.places(*names)):
            self.drop(place)
        if value is None:
            return
        year, month, day = (value.get(part) for part in ("year", "month", "day"))
        if year is None and self.version == OLDEST_WRITTEN and month and day:
            self.put(line(name, f"1604-{month:02}-{day:02}", [("X-APPLE-OMIT-YEAR", ["1604"])]))
        elif month and day:
            self.put(
                line(
                    name,
                    f"{year:04}-{month:02}-{day:02}" if self.version == OLDEST_WRITTEN else _compact(year, month, day),
                )
            )
        elif year:
            self.put(line(name, f"{year:04}-{month:02}" if month else f"{year:04}"))
        elif value.get("text"):
            self.put(line(name, escape(str(value["text"])), [("VALUE", ["text"])]))
        else:
            raise ValueError("A date has at least a year, or a month and a day.")

    def photo(self, value: Mapping[str, str] | None) -> None:
        for place in reversed(self.places("PHOTO")):
            self.drop(place)
        if value is None:
            return
        found = re.fullmatch(r"image/([a-z0-9.+-]+)", value["media_type"].lower())
        if found is None:
            raise ValueError("A picture of a contact is an image.")
        try:
            body = base64.b64encode(base64.b64decode(value["data"], validate=True)).decode()
        except ValueError:
            raise ValueError("The picture is not in base64.") from None
        if self.version == "4.0":
            self.put(line("PHOTO", f"data:{value['media_type'].lower()};base64,{body}"))
        else:
            self.put(line("PHOTO", body, [("ENCODING", ["b"]), ("TYPE", [found.group(1).upper()])]))

    def members(self, wanted: Sequence[str]) -> None:
        """Who is in a group, in the way in which the card has its members."""
        apple = self.version != "4.0" or bool(self.places(GROUP_KIND))
        name = GROUP_MEMBER if apple else "MEMBER"
        for place in reversed(self.places("MEMBER", GROUP_MEMBER)):
            if bare_uid(plain(self.lines[place])) not in wanted:
                self.drop(place)
        held = {bare_uid(plain(self.lines[place])) for place in self.places("MEMBER", GROUP_MEMBER)}
        for uid in wanted:
            if uid not in held:
                self.put(line(name, f"urn:uuid:{escape(uid)}"), self.places("MEMBER", GROUP_MEMBER))
        if not self.places("KIND", GROUP_KIND):
            self.put(line(GROUP_KIND if apple else "KIND", "group"))

    def complete(self, full_name: str) -> None:
        """Both names, which 3.0 asks for and without which iCloud refuses a card."""
        if not self.places("FN"):
            self.put(line("FN", escape(full_name or "?")))
        if not self.places("N"):
            self.put(line("N", ";;;;"))


def _compact(year: int | None, month: int, day: int) -> str:
    return f"{year:04}{month:02}{day:02}" if year else f"--{month:02}{day:02}"


def modern(old: Line) -> Line:
    """A line of vCard 2.1 as 3.0 has it."""
    if not old.name:
        return old
    if old.key == "VERSION":
        return line("VERSION", OLDEST_WRITTEN)
    encoding = old.first("ENCODING").upper()
    types = [each for told in old.of("TYPE") for each in told.split(",") if each]
    kept = [pair for pair in old.parameters if pair[0].upper() not in ("TYPE", "ENCODING", "CHARSET")]
    parameters = [*kept, *([("TYPE", tuple(types))] if types else [])]
    if encoding in ("BASE64", "B"):
        return line(old.name, "".join(old.value.split()), [*parameters, ("ENCODING", ("b",))], old.group)
    if not (encoding or old.of("CHARSET") or types):
        return old
    return line(old.name, ";".join(_escaped(old)), parameters, old.group)


def _escaped(old: Line) -> list[str]:
    """The components of a value of 2.1, where only the semicolon is escaped; those of a name may be lists."""
    pieces = contentlines.split(text_of(old), ";") if old.key in ("N", "ADR", "ORG") else [text_of(old)]
    plain = [piece.replace("\\;", ";") for piece in pieces]
    return [",".join(map(escape, part.split(","))) if old.key == "N" else escape(part) for part in plain]
