"""`$filter`: the part of OData's language that Outlook understands, read into a predicate."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.fakes.microsoft.clock import read_graph_time
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.schema import Structure

Scope = dict[str, Any]
Test = Callable[[Scope], bool]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)|(?P<number>-?\d+)"
    r"|(?P<word>[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)|(?P<mark>[(),:]))"
)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left is not None and left > right,
    "ge": lambda left, right: left is not None and left >= right,
    "lt": lambda left, right: left is not None and left < right,
    "le": lambda left, right: left is not None and left <= right,
}
_FUNCTIONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
    "contains": lambda text, part: part in text,
}
_WORDS: Final = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Filter:
    """A predicate over a resource's properties, and the properties that it names, in their order."""

    text: str
    test: Test
    properties: list[str]

    def matches(self, values: dict[str, Any]) -> bool:
        """True when the resource passes."""
        return self.test({"": values})


@dataclass(slots=True)
class _Reader:
    text: str
    entity: Structure
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0
    names: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)

    def scan(self) -> None:
        position, text = 0, self.text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise refuse("filter", what=text[position : position + 20])
            assert found.lastgroup is not None
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, *wanted: str) -> str:
        kind, value = self.peek()
        if wanted and value not in wanted and kind not in wanted:
            raise refuse("filter", what=value or "unexpected end")
        self.at += 1
        return value

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek() == ("word", "or"):
            self.take()
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda scope: any(test(scope) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.peek() == ("word", "and"):
            self.take()
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda scope: all(test(scope) for test in tests)

    def one(self) -> Test:
        kind, value = self.peek()
        if (kind, value) == ("word", "not"):
            self.take()
            test = self.one()
            return lambda scope: not test(scope)
        if value == "(":
            self.take()
            test = self.either()
            self.take(")")
            return test
        word = self.take("word")
        if word.lower() in _FUNCTIONS:
            return self.function(word.lower())
        if re.search(r"/(any|all)$", word, re.IGNORECASE) and self.peek()[1] == "(":
            return self.quantified(word)
        return self.comparison(self.path(word))

    def function(self, name: str) -> Test:
        self.take("(")
        get = self.path(self.take("word"))
        self.take(",")
        part = _unquote(self.take("text")).lower()
        self.take(")")
        if self.peek() == ("word", "eq"):
            self.take()
            self.take("true")
        call = _FUNCTIONS[name]
        return lambda scope: call(str(get(scope) or "").lower(), part)

    def quantified(self, word: str) -> Test:
        path, _, quantifier = word.rpartition("/")
        get = self.path(path)
        self.take("(")
        variable = self.take("word")
        self.take(":")
        self.variables.append(variable)
        test = self.either()
        self.variables.pop()
        self.take(")")
        combine = any if quantifier.lower() == "any" else all
        return lambda scope: combine(test(scope | {variable: item}) for item in get(scope) or ())

    def comparison(self, get: Callable[[Scope], Any]) -> Test:
        compare = _COMPARE.get(self.take("word"))
        if compare is None:
            raise refuse("filter", what=self.text)
        kind, value = self.peek()
        self.take("text", "time", "number", "true", "false", "null")
        match kind:
            case "text":
                right: Any = _unquote(value).lower()
            case "time":
                right = read_graph_time(value)
            case "number":
                right = int(value)
            case _:
                right = _WORDS[value]
        return lambda scope: compare(_like(get(scope), right), right)

    def path(self, word: str) -> Callable[[Scope], Any]:
        first, *rest = word.split("/")
        if first in self.variables:
            return lambda scope: _dig(scope[first], rest)
        if first not in self.entity.properties:
            raise refuse("select", name=first, type=self.entity.name)
        self.names.append(first)
        return lambda scope: _dig(scope[""], [first, *rest])


def _unquote(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _dig(value: Any, names: list[str]) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _like(value: Any, other: Any) -> Any:
    """The value as something that can be compared with the other: Outlook compares text without regard to case."""
    if isinstance(other, datetime):
        return read_graph_time(value) if isinstance(value, str) else None
    return value.lower() if isinstance(value, str) else value


def read_filter(text: str, entity: Structure) -> Filter:
    """The predicate. Raises when the text is not of the language, or names what the entity does not have."""
    reader = _Reader(text, entity)
    reader.scan()
    test = reader.either()
    if reader.at != len(reader.tokens):
        raise refuse("filter", what=reader.peek()[1])
    return Filter(text, test, reader.names)
