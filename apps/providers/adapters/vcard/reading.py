"""From a vCard's octets to what it says. Any octets have a reading; what could not be understood is named."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from typing import Final

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, unescape

from .card import Address, Card, Labelled, Name, PartialDate, Photo

# What says more about a value than about where it is used.
TECHNICAL: Final = frozenset({"internet", "x400", "pref", "voice", "text", "jpeg", "png", "gif", "uri", "b", "base64"})
APPLE_LABEL: Final = re.compile(r"_\$!<(.*)>!\$_")
PHOTO_MOST: Final = 4 * 1024 * 1024
GROUP_KIND: Final = "X-ADDRESSBOOKSERVER-KIND"
GROUP_MEMBER: Final = "X-ADDRESSBOOKSERVER-MEMBER"
CHATS: Final = ("X-AIM", "X-ICQ", "X-JABBER", "X-MSN", "X-SKYPE", "X-SKYPE-USERNAME", "X-YAHOO", "X-GTALK", "X-TWITTER")
KINDS: Final = frozenset({"individual", "group", "org", "location"})
BASIC: Final = re.compile(r"(\d{4}|--)-?(?:(\d{2}|-)-?(\d{2})?)?(?:[T ].*)?")
BEGIN: Final = re.compile(rb"^[ \t]*(?:\xef\xbb\xbf)?BEGIN[ \t]*:[ \t]*VCARD[ \t]*$", re.IGNORECASE | re.MULTILINE)


def lines_of(data: bytes) -> list[Line]:
    """The card's lines, cut as its version has them."""
    return contentlines.read(data, quoted_printable=b"QUOTED-PRINTABLE" in data.upper())


def read(data: bytes) -> Card:
    """What the first card of a text says."""
    return card_of(lines_of(data))


def card_of(every: Sequence[Line]) -> Card:
    """The same of a text that is cut into lines already."""
    lines = _first_card(every)
    problems = [f"line not understood: {line.raw[:40]!r}" for line in lines if not line.name and line.raw.strip()]
    if not any(line.key == "BEGIN" for line in lines):
        problems.append("no BEGIN:VCARD")
    reader = _Reader(lines)
    return reader.card(tuple(problems))


def split(data: bytes) -> list[bytes]:
    """The cards of a .vcf file, each whole; what stands before the first is dropped."""
    starts = [found.start() for found in BEGIN.finditer(data.replace(b"\r\n", b"\n\n").replace(b"\r", b"\n"))]
    return [data[begin:end] for begin, end in zip(starts, [*starts[1:], len(data)], strict=False)]


def _first_card(lines: Sequence[Line]) -> list[Line]:
    """Up to the first card's end; a card within the card (AGENT, vCard 2.1) belongs to it and says nothing here."""
    found, depth = [], 0
    for line in lines:
        if line.key == "BEGIN":
            depth += 1
        if depth <= 1:
            found.append(line)
        if line.key == "END":
            depth -= 1
            if depth <= 0:
                break
    return found


def text_of(line: Line) -> str:
    """The value as its encoding and charset have it, escapes still in it."""
    encoding = line.first("ENCODING").upper()
    if encoding == "QUOTED-PRINTABLE":
        octets = quopri.decodestring(re.sub(r"=\r*\n", "", line.value).encode("latin-1", "replace"))
        return _decoded(octets, line.first("CHARSET"))
    charset = line.first("CHARSET")
    if charset and line.raw:
        octets = line.raw.partition(b":")[2] if b'"' not in line.raw else line.value.encode()
        return _decoded(contentlines.FOLD.sub(b"", octets.rstrip(b"\r\n")), charset)
    return line.value


def _decoded(octets: bytes, charset: str) -> str:
    if charset:
        try:
            return octets.decode(charset)
        except (LookupError, ValueError):
            pass  # there is no such charset, or it is not in it
    return contentlines.decode(octets)


def plain(line: Line) -> str:
    """A TEXT value as it is meant."""
    return _clean(text_of(line))


def parts(line: Line, joined: str | None = " ") -> list[str]:
    """The components of a structured value; several values of one are joined, or left as one (vCard 2.1)."""
    components = contentlines.split(text_of(line), ";")
    if joined is None:
        return [_clean(each) for each in components]
    return [joined.join(filter(None, map(_clean, contentlines.split(each, ",")))) for each in components]


def _clean(text: str) -> str:
    return unescape(text).replace("\r\n", "\n").replace("\r", "\n").strip()


class _Reader:
    """The lines of one card, by name."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._named: dict[str, list[Line]] = {}
        for line in sorted(lines, key=lambda line: not preferred(line)):
            self._named.setdefault(line.key, []).append(line)
        self.labels = {
            line.group.lower(): _apple(plain(line)) for line in lines if line.key == "X-ABLABEL" and line.group
        }

    def card(self, problems: tuple[str, ...]) -> Card:
        """All that they say."""
        name = next((Name(*_five(parts(line))) for line in self.all("N")), Name())
        organization, *units = next((parts(line, None) for line in self.all("ORG")), [""])
        emails, phones = self.several("EMAIL"), self.several("TEL")
        nickname = self.text("NICKNAME")
        full = self.text("FN") or name.shown or organization or nickname
        full = full or next((value.value for value in (*emails, *phones)), "")
        return Card(
            version=self.text("VERSION"),
            uid=bare_uid(self.text("UID")),
            kind=self.kind(),
            full_name=full,
            name=name,
            nickname=nickname,
            organization=organization,
            unit=", ".join(filter(None, units)),
            title=self.text("TITLE"),
            role=self.text("ROLE"),
            emails=emails,
            phones=phones,
            urls=self.several("URL"),
            chats=tuple(self.chats()),
            related=(*self.several("RELATED"), *self.several("X-ABRELATEDNAMES")),
            addresses=tuple(self.address(line) for line in self.all("ADR")),
            birthday=self.date("BDAY"),
            anniversary=self.date("ANNIVERSARY", "X-ANNIVERSARY"),
            dates=tuple((self.label(line), date_of(line)) for line in self.all("X-ABDATE")),
            notes="\n\n".join(filter(None, map(plain, self.all("NOTE")))),
            categories=tuple(dict.fromkeys(self.list("CATEGORIES"))),
            members=tuple(bare_uid(plain(line)) for line in (*self.all("MEMBER"), *self.all(GROUP_MEMBER))),
            photo=next(filter(None, map(photo_of, (*self.all("PHOTO"), *self.all("LOGO")))), None),
            problems=problems,
        )

    def all(self, name: str) -> list[Line]:
        """The lines of a name, the preferred ones first."""
        return self._named.get(name, [])

    def text(self, name: str) -> str:
        """The first value of a name that says something."""
        return next(filter(None, map(plain, self.all(name))), "")

    def list(self, name: str) -> Iterator[str]:
        """All values of lines that hold lists."""
        for line in self.all(name):
            yield from filter(None, map(_clean, contentlines.split(text_of(line), ",")))

    def several(self, name: str) -> tuple[Labelled, ...]:
        """All values of a name with their labels."""
        found = (Labelled(value_of(line), self.label(line), preferred(line)) for line in self.all(name))
        return tuple(item for item in found if item.value)

    def chats(self) -> Iterator[Labelled]:
        yield from self.several("IMPP")
        for name in CHATS:
            for line in self.all(name):
                yield Labelled(plain(line), name[2:].lower().partition("-")[0], preferred(line))
        for line in self.all("X-SOCIALPROFILE"):
            yield Labelled(plain(line), line.first("TYPE").lower(), preferred(line))

    def address(self, line: Line) -> Address:
        joined = None if self.text("VERSION") == "2.1" else ", "
        box, extended, street, locality, region, code, country = [*parts(line, joined), *[""] * 7][:7]
        label = self.label(line)
        return Address(box, extended, street, locality, region, code, country, label, preferred(line))

    def label(self, line: Line) -> str:
        """What a value is called: the person's own label before the types."""
        own = self.labels.get(line.group.lower()) if line.group else None
        if own:
            return own
        types = [part.strip().lower() for value in line.of("TYPE") for part in value.split(",")]
        return next((each for each in types if each and each not in TECHNICAL), "")

    def kind(self) -> str:
        told = (self.text("KIND") or self.text(GROUP_KIND)).lower()
        if told in KINDS:
            return told
        return "org" if self.text("X-ABSHOWAS").upper() == "COMPANY" else "individual"

    def date(self, *names: str) -> PartialDate | None:
        return next((date_of(line) for name in names for line in self.all(name) if plain(line)), None)


def _five(found: Sequence[str]) -> list[str]:
    return [*found, "", "", "", "", ""][:5]


def _apple(label: str) -> str:
    found = APPLE_LABEL.fullmatch(label)
    return found.group(1).lower() if found else label


def preferred(line: Line) -> bool:
    """Whether the card prefers this value (PREF of 4.0, TYPE=pref of 3.0, a bare PREF of 2.1)."""
    return bool(line.of("PREF")) or any("pref" in value.lower().split(",") for value in line.of("TYPE"))


def value_of(line: Line) -> str:
    """A telephone number, an address, a reference: without its scheme where it has one."""
    value = plain(line)
    head, colon, rest = value.partition(":")
    return rest.strip() if colon and head.lower() in ("tel", "mailto") else value


def bare_uid(uid: str) -> str:
    """A UID as it is compared: `urn:uuid:` is optional."""
    return uid[9:] if uid.lower().startswith("urn:uuid:") else uid


def date_of(line: Line) -> PartialDate:
    """A date as far as it is known (RFC 6350 section 4.3.1, and Apple's year that is none)."""
    text = plain(line)
    found = BASIC.fullmatch(text)
    if found is None or line.first("VALUE").lower() == "text":
        return PartialDate(text)
    year, month, day = (int(part) if part and part.isdigit() else None for part in found.groups())
    omitted = line.first("X-APPLE-OMIT-YEAR")
    if year is not None and (str(year) == omitted or (omitted and year == 1604)):
        year = None
    if not (month is None or 1 <= month <= 12) or not (day is None or 1 <= day <= 31):
        return PartialDate(text)
    return PartialDate(text, year, month, day)


def photo_of(line: Line) -> Photo | None:
    """The picture of a line; None for one that is empty, too big or not what it says."""
    value = "".join(line.value.split())
    if value[:5].lower() == "data:":
        head, _, body = value[5:].partition(",")
        return _inline(head.partition(";")[0], body) if ";base64" in head.lower() else None
    if line.first("ENCODING").upper() in ("B", "BASE64"):
        kind = line.first("TYPE").lower()
        return _inline(kind if "/" in kind else f"image/{kind or 'jpeg'}", value)
    return Photo(uri=value) if "://" in value else None


def _inline(media_type: str, body: str) -> Photo | None:
    if len(body) > PHOTO_MOST * 4 // 3:
        return None
    try:
        return Photo(media_type.lower(), base64.b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError):
        return None
