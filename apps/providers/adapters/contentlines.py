"""Content lines, of which vCards and iCalendar objects consist (RFC 6350 section 3.2, RFC 5545 section 3.1).

A text is read into lines and written back from them octet for octet; whoever changes something
replaces single lines. So everything that is not understood survives. Pure; never raises for what a
text holds.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

COMMON: Final = 80
"""Octets of the lines that are looked up rather than read again."""
LONGEST: Final = 75
"""Octets of a line that we write, its end not counted."""
NAME: Final = re.compile(r"(?:([A-Za-z0-9_-]+)\.)?([A-Za-z0-9_/-]+)", re.ASCII)
PARAMETER: Final = re.compile(
    r';\s*([A-Za-z0-9_-]+)(?:=((?:\s*"[^"]*"|[^";:,]*)(?:,(?:\s*"[^"]*"|[^";:,]*))*))?', re.ASCII
)
VALUE: Final = re.compile(r'\s*"[^"]*"|[^",]+')
# Some programs end a line twice over: CR CR LF.
FOLD: Final = re.compile(rb"(?:\r*\n|\r)[ \t]")
ENDS: Final = re.compile(rb"[^\r\n]*(?:\r*\n|\r|$)")
QUOTED_PRINTABLE: Final = re.compile(rb"^[^:\r\n]*;(?:ENCODING=)?QUOTED-PRINTABLE[^:\r\n]*:", re.IGNORECASE)
# What may stand in no line at all (RFC 5545 section 3.1: CONTROL), the tab apart.
CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
CIRCUMFLEX: Final = {"^n": "\n", "^N": "\n", "^'": '"', "^^": "^"}
ESCAPES: Final = {"\\n": "\n", "\\N": "\n"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `group.NAME;PARAM=a,b:value`. `value` is as it stands in the text, escapes and all.

    A line that cannot be understood has no name; like every other it is written back as `raw`. A line of
    our own has no `raw`.
    """

    name: str
    value: str = ""
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    group: str = ""
    raw: bytes = field(default=b"", repr=False, compare=False)
    key: str = field(init=False, repr=False, compare=False)
    """The name in upper case: names are compared so, many times for each line."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.name.upper())

    def of(self, parameter: str) -> tuple[str, ...]:
        """All values of a parameter, however often it is given; a bare `;HOME` (vCard 2.1) is a TYPE."""
        if not self.parameters:
            return ()
        wanted = parameter.upper()
        return tuple(value for name, values in self.parameters if name.upper() == wanted for value in values)

    def first(self, parameter: str) -> str:
        """The first value of a parameter; empty without one."""
        return next(iter(self.of(parameter)), "")


def read(data: bytes, *, quoted_printable: bool = False) -> list[Line]:
    """The lines of a text. `quoted_printable`: soft line breaks belong to the value (vCard 2.1)."""
    return [_common(raw) if len(raw) <= COMMON else parse(raw) for raw in _logical(data, quoted_printable)]


def _logical(data: bytes, quoted_printable: bool) -> list[bytes]:
    """The octets of each line with its folds and its end; nothing is lost."""
    found: list[bytes] = []
    soft = False
    for piece in ENDS.findall(data):
        if not piece:
            continue
        if found and (soft or (piece[:1] in (b" ", b"\t") and piece.strip())):
            found[-1] += piece
        else:
            found.append(piece)
            soft = False
        if quoted_printable and (soft or QUOTED_PRINTABLE.match(found[-1])):
            soft = piece.rstrip(b"\r\n").endswith(b"=")
    return found


def parse(raw: bytes) -> Line:
    """One line from its octets: unfolded before it is decoded, since a fold may part the octets of a character."""
    text = decode(FOLD.sub(b"", raw.rstrip(b"\r\n"))).lstrip("\ufeff \t")
    head = NAME.match(text)
    if head is None:
        return Line("", raw=raw)
    parameters, place = [], head.end()
    while (found := PARAMETER.match(text, place)) is not None:
        parameters.append(_parameter(found))
        place = found.end()
    if text[place : place + 1] != ":":
        return Line("", raw=raw)
    return Line(head.group(2), text[place + 1 :], tuple(parameters), head.group(1) or "", raw)


# Most lines of an object are those of all others of its program: of its time zone, its beginnings and ends.
_common = lru_cache(4096)(parse)


def _parameter(found: "re.Match[str]") -> tuple[str, tuple[str, ...]]:
    name, values = found.group(1), found.group(2)
    if values is None:
        return ("ENCODING", (name,)) if name.upper() in ("BASE64", "QUOTED-PRINTABLE") else ("TYPE", (name,))
    return name, tuple(_unwrapped(value) for value in VALUE.findall(values))


def _unwrapped(value: str) -> str:
    return re.sub(r"\^[nN'^]", lambda found: CIRCUMFLEX[found.group()], value.strip().strip('"'))


def decode(octets: bytes) -> str:
    """UTF-8, as it should be; else what Windows programs write. Any octets have a reading."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def write(lines: Iterable[Line]) -> bytes:
    """The text of these lines: those that were read as they stood, our own folded."""
    return b"".join(line.raw or fold(line) for line in lines)


def fold(line: Line) -> bytes:
    """The octets of a line of our own: at most 75 to a piece, no character parted, CRLF at the end."""
    octets = _unfolded(line).encode()
    pieces, start = [], 0
    room = LONGEST
    while start < len(octets):
        end = min(start + room, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, LONGEST - 1
    return b"\r\n ".join(pieces) + b"\r\n"


def _unfolded(line: Line) -> str:
    head = f"{line.group}.{line.name}" if line.group else line.name
    parameters = "".join(f";{name}={','.join(map(_wrapped, values))}" for name, values in line.parameters)
    return f"{head}{parameters}:{line.value}"


def _wrapped(value: str) -> str:
    """A parameter's value as RFC 6868 has it written, in quotation marks where it needs them."""
    safe = value.replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    return f'"{safe}"' if re.search(r"[:;,]", safe) else safe


def line(name: str, value: str, parameters: Sequence[tuple[str, Sequence[str]]] = (), group: str = "") -> Line:
    """A line of our own. `value` stands as it is given: text is escaped by who knows that it is text.

    Raises ValueError for control characters: they would end the line and begin another.
    """
    told = tuple((each, tuple(values)) for each, values in parameters)
    names = [name, *(each for each, _ in told), *([group] if group else [])]
    if not all(re.fullmatch(r"[A-Za-z0-9-]+", each) for each in names):
        raise ValueError("the name of a property holds letters, digits and hyphens")
    texts = [value, *(each.replace("\n", "") for _, values in told for each in values)]
    if any(CONTROLS.search(each) for each in texts):
        raise ValueError("control characters cannot be written")
    return Line(name, value, told, group)


def escape(text: str) -> str:
    """A TEXT value as it is written (RFC 5545 section 3.3.11): control characters other than line ends go."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    escaped = plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return CONTROLS.sub("", escaped)


def unescape(text: str) -> str:
    """What a TEXT value says. A backslash before anything else is taken away, as all programs do."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found.group(), found.group(1)), text, flags=re.DOTALL)


def split(value: str, by: str) -> list[str]:
    """The parts of a structured value or of a list, still escaped: cut at each `by` that is not escaped."""
    parts, start, place = [], 0, 0
    while place < len(value):
        if value[place] == "\\":
            place += 2
            continue
        if value[place] == by:
            parts.append(value[start:place])
            start = place + 1
        place += 1
    return [*parts, value[start:]]
