"""IMAP answers, bytes in and typed responses out (RFC 3501 section 7, RFC 9051, RFC 7162). No I/O.

Two drivers share one assembler, so the synchronous session and the asyncio watcher read alike:

    response = read_response(source)        # pull: source has readline(limit) and read(n), as a
                                            # buffered file; raises EndOfStream when it is at its end
    feed = Feed(Limits(...))                # push: for a protocol that is handed bytes
    for response in feed.data(chunk): ...   # complete responses only; the rest waits for more

A response is one of four:

    Tagged(tag, status, code, text)         `a1 OK [READ-ONLY] done`        the end of a command
    Status(status, code, text)              `* OK|NO|BAD|BYE|PREAUTH ...`
    Data(name, number, parts)               everything else behind `*`: `* 12 FETCH (...)`, `* LIST ...`
    Continuation(text)                      `+ ...`

Framing (lines, literals) is separate from tokens: `Data` is tokenised only when `values()`,
`fetch_items()` or another function below is called, so that a malformed item costs that item alone
and a watcher, which needs just the name, pays for nothing else. Tokens are: bytes for an atom, a
number, a quoted string or a literal; None for NIL; a tuple for a list.

Everything is bounded by `Limits`; whatever breaks a bound or the grammar raises `WireError`. After
a WireError from a driver the stream is out of step and the connection must be dropped; after one
from `values()` and its kin the stream is intact.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

Value: TypeAlias = "bytes | tuple[Value, ...] | None"

_SHOWN: Final = 60  # bytes of a bad line that an error keeps
MAX_NUMBER: Final = 2**63 - 1
"""Numbers are 32 bits (RFC 3501 `number`) or 63 bits (RFC 7162 `mod-sequence-value`)."""


class WireError(Exception):
    """The server's bytes are not IMAP, or pass a limit.

    The text is safe to log; `sample` is what was read, which may be a piece of somebody's mail.
    """

    def __init__(self, text: str, sample: bytes = b"") -> None:
        super().__init__(text)
        self.sample = sample[:_SHOWN]


class EndOfStream(WireError):
    """The server closed the connection; `inside` says whether in the middle of a response."""

    def __init__(self, *, inside: bool) -> None:
        super().__init__("the server closed the connection" + (" in the middle of an answer" if inside else ""))
        self.inside = inside


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound on what a server may make us hold, each with its reason. Sizes in bytes."""

    line: int = 1_000_000
    """All of a response outside its literals: UID SEARCH over 50,000 UIDs needs 0.55 MB."""
    literal: int = 64 * 1024 * 1024
    """One literal: we ask for at most 8 MiB at a time, but a server may ignore a partial FETCH."""
    response: int = 96 * 1024 * 1024
    """All of one response: it is held in memory as a whole."""
    literals: int = 10_000
    """Literals in one response: an ENVELOPE may use one per address, a flood of `{0}` may not."""


DEFAULT: Final = Limits()
BULK: Final = Limits(line=8 * 1024 * 1024)
"""For a session that syncs: VANISHED names the deletions of months in one line, 0.8 million UIDs here."""
IDLE: Final = Limits(line=64 * 1024, literal=1024 * 1024, response=1024 * 1024, literals=100)
"""For a watcher, which is told small facts only and keeps thousands of these."""
DEPTH: Final = 100
"""Nested lists: a BODYSTRUCTURE of real mail stays below 30, an attack has 10,000."""


@dataclass(frozen=True, slots=True)
class Code:
    """A response code: `[UIDNEXT 12]` is Code("UIDNEXT", b"12")."""

    name: str
    data: bytes = b""

    def number(self) -> int:
        """Its argument as a number. Raises WireError."""
        return number(self.data.strip())

    def values(self) -> tuple[Value, ...]:
        """Its argument as tokens. Raises WireError."""
        return tokens((self.data,))


@dataclass(frozen=True, slots=True)
class Tagged:
    """The last line of a command's answer; `status` is OK, NO or BAD."""

    tag: bytes
    status: str
    code: Code | None
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """An untagged OK, NO, BAD, BYE or PREAUTH."""

    status: str
    code: Code | None
    text: str


@dataclass(frozen=True, slots=True)
class Continuation:
    """`+`: the server wants the rest of the command (or IDLE has begun)."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """Any other untagged response.

    `name` is upper case; `number` is what stood before it (`* 12 FETCH` has 12). `parts` is what
    follows the name: text and literals by turns, text first and last.
    """

    name: str
    number: int | None
    parts: tuple[bytes, ...]

    def values(self) -> tuple[Value, ...]:
        """All tokens. Raises WireError."""
        return tokens(self.parts)


Response: TypeAlias = Tagged | Status | Data | Continuation


class Source(Protocol):
    """What `read_response` draws from: a buffered binary file, for instance."""

    def readline(self, limit: int, /) -> bytes: ...
    def read(self, size: int, /) -> bytes: ...


_LITERAL: Final = re.compile(rb"~?\{(\d{1,20})\+?\}\Z")
_HEAD: Final = re.compile(rb"\* +(?:(\d{1,20}) +)?([^\s()\[\]\"{}]+) ?")
_STATUS: Final = re.compile(rb"(?:\*|([^\s*+(){}\"\\%]{1,64})) +(OK|NO|BAD|BYE|PREAUTH)(?: +|\Z)", re.IGNORECASE)
_CODE: Final = re.compile(rb"\[([^\s\]]+) ?((?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*)\] ?")


class Assembler:
    """Puts lines and literals together to responses. Give it a line; it says what it wants next."""

    __slots__ = ("_held", "_limits", "_parts", "_text")

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._parts: list[bytes] = []
        self._text = 0  # bytes of lines in the present response
        self._held = 0  # bytes of literals in it

    @property
    def inside(self) -> bool:
        """True in the middle of a response."""
        return bool(self._parts)

    def line(self, line: bytes) -> Response | int | None:
        """Take one line, with its line end.

        Answers the response it completes, the size of the literal that must follow, or None when
        the line was blank. Raises WireError.
        """
        limits = self._limits
        self._text += len(line)
        if self._text > limits.line:
            raise WireError(f"the server sent a line of more than {limits.line} bytes")
        line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if line.endswith(b"}"):
            size = self._literal_size(line)
            if size is not None:
                return size
        parts = self._parts
        self._text = 0
        if not parts:
            return parse_line(line) if line.strip() else None
        parts.append(line)
        self._parts, self._held = [], 0
        return _data(parts)

    def literal(self, data: bytes) -> None:
        """Take the literal that `line` asked for."""
        self._parts.append(data)

    def _literal_size(self, line: bytes) -> int | None:
        match = _LITERAL.search(line)
        # Text of a status line may end in braces, and so may a quoted string (curl/curl#20320).
        if match is None or (not self._parts and _STATUS.match(line)) or line[:1] == b"+" or _quote_open(line):
            return None
        size = int(match[1])
        self._held += size
        limits = self._limits
        if size > limits.literal or self._held > limits.response:
            raise WireError(f"the server announced {size} bytes at once; at most {limits.literal} are taken")
        if len(self._parts) >= 2 * limits.literals:
            raise WireError(f"the server sent more than {limits.literals} literals in one answer")
        self._parts.append(line[: match.start()])
        return size


def read_response(source: Source, limits: Limits = DEFAULT) -> Response:
    """Read the next response. Raises WireError, EndOfStream, and whatever `source` raises."""
    assembler = Assembler(limits)
    most = limits.line + 1
    while True:
        line = source.readline(most)
        if not line.endswith(b"\n"):
            if len(line) >= most:
                raise WireError(f"the server sent a line of more than {limits.line} bytes")
            raise EndOfStream(inside=bool(line) or assembler.inside)
        step = assembler.line(line)
        if isinstance(step, int):
            literal = source.read(step)
            if len(literal) < step:
                raise EndOfStream(inside=True)
            assembler.literal(literal)
        elif step is not None:
            return step


class Feed:
    """Takes bytes as they come and gives back what is complete. Holds at most one response."""

    __slots__ = ("_assembler", "_buffer", "_limits", "_scanned", "_wanted")

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._assembler = Assembler(limits)
        self._buffer = bytearray()
        self._scanned = 0  # bytes of the buffer known to hold no line end
        self._wanted: int | None = None  # size of the literal that is due

    @property
    def inside(self) -> bool:
        """True when bytes of an unfinished response are held."""
        return bool(self._buffer) or self._assembler.inside

    def data(self, chunk: bytes) -> Iterator[Response]:
        """Yield each response that `chunk` completes. Raises WireError.

        What is left when the caller stops early comes with the next call.
        """
        self._buffer += chunk
        while True:
            fragment = self._next_fragment()
            if fragment is None:
                return
            if self._wanted is not None:
                self._assembler.literal(fragment)
                self._wanted = None
                continue
            step = self._assembler.line(fragment)
            if isinstance(step, int):
                self._wanted = step
            elif step is not None:
                yield step

    def _next_fragment(self) -> bytes | None:
        buffer = self._buffer
        end = self._wanted
        if end is None:
            found = buffer.find(b"\n", self._scanned)
            if found < 0:
                self._scanned = len(buffer)
                if len(buffer) > self._limits.line:
                    raise WireError(f"the server sent a line of more than {self._limits.line} bytes")
                return None
            end = found + 1
        elif len(buffer) < end:
            return None
        fragment = bytes(buffer[:end])
        del buffer[:end]
        self._scanned = 0
        return fragment


def parse_line(line: bytes) -> Response:
    """One whole response without literals, without its line end. Raises WireError."""
    status = _STATUS.match(line)
    if status is not None:
        code, text = _code_and_text(line[status.end() :])
        word = status[2].decode("ascii").upper()
        if status[1] is None:
            return Status(word, code, text)
        if word in ("OK", "NO", "BAD"):
            return Tagged(status[1], word, code, text)
    if line[:1] == b"+":
        return Continuation(line[1:].lstrip(b" "))
    return _data([line])


def _data(parts: list[bytes]) -> Data:
    first = parts[0]
    head = _HEAD.match(first)
    if head is None:
        raise WireError("the server sent a line that is not IMAP", first)
    number, name = head.groups()
    parts[0] = first[head.end() :]
    return Data(_name(name), None if number is None else int(number), tuple(parts))


def _code_and_text(rest: bytes) -> tuple[Code | None, str]:
    code = None
    if rest[:1] == b"[":
        match = _CODE.match(rest)
        if match is not None:
            code = Code(match[1].decode("latin-1").upper(), match[2])
            rest = rest[match.end() :]
    return code, rest.decode("utf-8", "replace").strip()


def _quote_open(line: bytes) -> bool:
    if b'"' not in line:
        return False
    if b"\\" in line:
        line = re.sub(rb"\\.", b"", line)
    return line.count(b'"') % 2 == 1


_NAMES: Final[dict[bytes, str]] = {
    name.encode(): name
    for name in (
        *("FETCH", "EXISTS", "RECENT", "EXPUNGE", "VANISHED", "LIST", "STATUS", "SEARCH", "ESEARCH", "FLAGS"),
        *("UID", "INTERNALDATE", "RFC822.SIZE", "MODSEQ", "EMAILID", "THREADID", "BODYSTRUCTURE", "BODY[]"),
    )
}


def _name(token: bytes) -> str:
    return _NAMES.get(token) or token.decode("latin-1").upper()


# ---------------------------------------------------------------------------- tokens

# In order of the groups: list opens, list closes, quoted string, atom. An atom may hold a section
# with spaces and parentheses, `BODY[HEADER.FIELDS (FROM)]<0>`; a flag may hold brackets of its own.
_TOKEN: Final = re.compile(
    rb"[ \t\r]*(?:"
    rb"(\()|(\))"
    rb'|"((?:[^"\\]|\\.)*)"'
    rb"|((?:BODY|BINARY)(?:\.PEEK|\.SIZE)?\[[^\]]*\](?:<\d+>)?"
    rb'|[^ \t\r()"][^ \t\r()]*))',
    re.IGNORECASE | re.DOTALL,
)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


def tokens(parts: tuple[bytes, ...]) -> tuple[Value, ...]:
    """The tokens of text and literals by turns. Raises WireError."""
    stack: list[list[Value]] = []
    here: list[Value] = []
    match = _TOKEN.match
    for index, part in enumerate(parts):
        if index & 1:
            here.append(part)
            continue
        position = 0
        while found := match(part, position):
            position = found.end()
            kind = found.lastindex
            if kind == 4:
                atom = found[4]
                here.append(None if atom in (b"NIL", b"nil", b"Nil") else atom)
            elif kind == 1:
                if len(stack) >= DEPTH:
                    raise WireError(f"the server nested lists more than {DEPTH} deep")
                stack.append(here)
                here = []
            elif kind == 2:
                if not stack:
                    raise WireError("the server closed a list that was not open")
                closed = tuple(here)
                here = stack.pop()
                here.append(closed)
            else:
                text = found[3]
                here.append(_ESCAPED.sub(rb"\1", text) if b"\\" in text else text)
        if part[position:].strip():
            raise WireError("the server sent a string without an end", part[position:])
    if stack:
        raise WireError("the server left a list open")
    return tuple(here)


def fetch_items(data: Data) -> dict[str, Value]:
    """The items of one FETCH response by upper-case name, a section as the server wrote it. Raises WireError."""
    values = tokens(data.parts)
    if not values or not isinstance(values[0], tuple) or len(values[0]) % 2:
        raise WireError("a FETCH answer is not a list of pairs")
    pairs = iter(values[0])
    items: dict[str, Value] = {}
    for name in pairs:
        if not isinstance(name, bytes):
            raise WireError("a FETCH answer has an item without a name")
        items[_name(name)] = next(pairs)
    return items


def number(value: Value) -> int:
    """A token as a number from 0 to MAX_NUMBER. Raises WireError."""
    if isinstance(value, bytes) and value.isdigit() and len(value) <= 19:
        result = int(value)
        if result <= MAX_NUMBER:
            return result
    raise WireError("the server sent something else where a number belongs", value if isinstance(value, bytes) else b"")


def atoms(value: Value) -> tuple[str, ...]:
    """A list of atoms (flags, attributes) as text; each byte is kept, read as Latin-1. Raises WireError."""
    if isinstance(value, tuple):
        return tuple(item.decode("latin-1") for item in value if isinstance(item, bytes))
    raise WireError("the server sent no list where one belongs")


def uid_ranges(value: Value) -> tuple[tuple[int, int], ...]:
    """A UID set as (low, high) pairs in the order sent, never expanded: `1:4294967295` is legal.

    Raises WireError.
    """
    if not isinstance(value, bytes):
        raise WireError("the server sent no UID set where one belongs")
    ranges: list[tuple[int, int]] = []
    for piece in value.split(b","):
        low, _, high = piece.partition(b":")
        first = number(low)
        last = number(high) if high else first
        ranges.append((first, last) if first <= last else (last, first))
    return tuple(ranges)
