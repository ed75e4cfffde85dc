"""The search language: a query's text to a tree, with a sentence for whatever is not understood. Pure.

`invoice from:anna -draft "exact words" in:inbox after:2026-01-31 (a OR b)`: words and operators are
joined by AND; OR binds the two beside it, as in Gmail; a hyphen negates; quotes make a phrase.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final


class BadQuery(ValueError):
    """The query cannot be understood; the message says why, for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words to be found: one word, or a phrase whose words follow each other."""

    value: str
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """`name:value`, its value checked and normalised (a date, a number of octets, a text)."""

    name: str
    value: str | int | date


@dataclass(frozen=True, slots=True)
class Not:
    """What must not match."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """All of these."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of these."""

    nodes: tuple["Node", ...]


Node = Text | Operator | Not | And | Or

IS: Final = ("unread", "read", "flagged", "starred", "answered", "draft")
HAS: Final = ("attachment",)
TEXT_OPERATORS: Final = ("from", "to", "cc", "subject", "in", "filename")
DATE_OPERATORS: Final = ("before", "after")
AGE_OPERATORS: Final = ("older_than", "newer_than")
SIZE_OPERATORS: Final = ("larger", "smaller")
NAMES: Final = (*TEXT_OPERATORS, *DATE_OPERATORS, *AGE_OPERATORS, *SIZE_OPERATORS, "is", "has")
EARLIEST: Final = date(1900, 1, 1)
MOST_TERMS: Final = 50
LONGEST: Final = 1000

TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<paren>[()])
        | (?P<minus>-(?=\S))
        | (?P<name>\w+):(?P<op>"[^"]*"?|[^\s()]*)
        | "(?P<phrase>[^"]*)"?
        | (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: its tree (None for an empty one), and operators that do not exist."""

    root: Node | None
    unknown: tuple[str, ...]


def parse(text: str, today: date) -> Query:
    """The tree of a query. Raises BadQuery with a sentence for a person."""
    if len(text) > LONGEST:
        raise BadQuery(f"The search is longer than {LONGEST} characters. Shorten it.")
    parser = _Parser(text.replace("\x00", " "), today)
    root = parser.all()
    return Query(root, tuple(dict.fromkeys(parser.unknown)))


class _Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, text: str, today: date) -> None:
        self.tokens = list(_tokens(text))
        self.today = today
        self.unknown: list[str] = []
        if len(self.tokens) > MOST_TERMS * 2:
            raise BadQuery(f"The search has more than {MOST_TERMS} terms. Shorten it.")

    def all(self) -> Node | None:
        """The whole query; a stray closing bracket is passed over."""
        nodes: list[Node] = []
        while self.tokens:
            if (node := self._sequence()) is not None:
                nodes.append(node)
            if self.tokens:
                self.tokens.pop(0)
        return _joined(nodes)

    def _sequence(self) -> Node | None:
        nodes: list[Node] = []
        while self.tokens and self.tokens[0] != ("paren", ")"):
            if self._at_or():
                self.tokens.pop(0)
                following = self._term() if self.tokens else None
                if nodes and following is not None:
                    left = nodes.pop()
                    options = left.nodes if isinstance(left, Or) else (left,)
                    nodes.append(Or((*options, following)))
                elif following is not None:
                    nodes.append(following)
            elif (node := self._term()) is not None:
                nodes.append(node)
        return _joined(nodes)

    def _at_or(self) -> bool:
        return self.tokens[0] == ("word", "OR")

    def _term(self) -> Node | None:
        kind, value = self.tokens.pop(0)
        if kind == "minus":
            negated = self._term() if self.tokens else None
            return Not(negated) if negated is not None else None
        if kind == "paren":
            inner = self._sequence() if value == "(" else None
            if self.tokens and self.tokens[0] == ("paren", ")"):
                self.tokens.pop(0)
            return inner
        if kind == "phrase":
            return Text(value, phrase=True) if value.strip() else None
        if kind == "word":
            return Text(value)
        name, _, argument = value.partition(":")
        return self._operator(name.lower(), argument.strip('"').strip(), value)

    def _operator(self, name: str, value: str, whole: str) -> Node | None:
        if name not in NAMES:
            if name.isascii() and name.isalpha() and value and not value.startswith("//"):
                self.unknown.append(name)
            return Text(whole.replace(":", " "), phrase=True)
        if not value:
            return None  # still being typed
        return Operator(*_checked(name, value, self.today))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in TOKEN.finditer(text):
        if match["name"] is not None:
            yield "operator", f"{match['name']}:{match['op']}"
        else:
            kind = match.lastgroup or "word"
            yield kind, match[kind]


def _joined(nodes: list[Node]) -> Node | None:
    if not nodes:
        return None
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes))


def _checked(name: str, value: str, today: date) -> tuple[str, str | int | date]:
    if name in DATE_OPERATORS:
        return name, _date(name, value)
    if name in AGE_OPERATORS:
        return ("before" if name == "older_than" else "after"), _ago(name, value, today)
    if name in SIZE_OPERATORS:
        return name, _size(name, value)
    if name == "is":
        return name, _one_of(name, value.lower(), IS)
    if name == "has":
        return name, _one_of(name, value.lower().rstrip("s"), HAS)
    return name, value


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise BadQuery(f"{name}: can be {', '.join(allowed)}; “{value}” is not one of them.")
    return "flagged" if value == "starred" else value


def _date(name: str, value: str) -> date:
    parts = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[/.](\d{1,2})[/.](\d{4})", value)
    try:
        if parts is None:
            raise ValueError
        year, month, day = parts.group(1, 2, 3) if parts[1] else parts.group(6, 5, 4)
        return date(int(year), int(month), int(day))
    except ValueError:
        raise BadQuery(f"{name}: needs a date like 2026-03-31 or 31/03/2026; “{value}” is none.") from None


def _ago(name: str, value: str, today: date) -> date:
    parts = re.fullmatch(r"(\d{1,4})([dwmy])", value.lower())
    if parts is None:
        raise BadQuery(f"{name}: needs a number and d, w, m or y, like {name}:7d; “{value}” is none.")
    days = int(parts[1]) * {"d": 1, "w": 7, "m": 30, "y": 365}[parts[2]]
    return today - timedelta(days=min(days, (today - EARLIEST).days))


def _size(name: str, value: str) -> int:
    parts = re.fullmatch(r"(\d{1,9}(?:[.,]\d)?)\s?([kmg]?)b?", value.lower())
    if parts is None:
        raise BadQuery(f"{name}: needs a size like 500K or 10M; “{value}” is none.")
    unit = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}[parts[2]]
    return int(float(parts[1].replace(",", ".")) * unit)


def texts(node: Node | None) -> Iterator[Text]:
    """The words and phrases that a match contains: those not negated."""
    match node:
        case Text():
            yield node
        case And(nodes) | Or(nodes):
            for inner in nodes:
                yield from texts(inner)
        case Operator("subject", value):
            yield Text(str(value))
        case _:
            return
