"""The language in which resources are declared: properties with types and access, and routes with permissions.

One declaration serves both ways: what a request may carry, and what a response must look like.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol

from tests.fakes.microsoft.errors import refuse

Purpose = Literal["create", "update", "response"]


class Type(Protocol):
    """What a property may hold."""

    @property
    def name(self) -> str: ...

    def faults(self, value: Any, where: str, purpose: Purpose) -> Iterator["Fault"]:
        """What is wrong with the value."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: the name of its wording, and the wording's values."""

    wording: str
    values: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.wording}: {dict(self.values)}"


def _literal(value: Any, where: str, name: str) -> Fault:
    return Fault("literal", {"value": str(value)[:80], "name": where, "type": name})


@dataclass(frozen=True, slots=True)
class Scalar:
    """One of OData's primitive types."""

    name: str

    def faults(self, value: Any, where: str, purpose: Purpose) -> Iterator[Fault]:
        if not _SCALARS[self.name](value):
            yield _literal(value, where, self.name)


def _is_time(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_binary(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_SCALARS: Final = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31,
    "Edm.DateTimeOffset": _is_time,
    "Edm.Date": _is_date,
    "Edm.Binary": _is_binary,
}
STRING: Final = Scalar("Edm.String")
BOOLEAN: Final = Scalar("Edm.Boolean")
INTEGER: Final = Scalar("Edm.Int32")
TIME: Final = Scalar("Edm.DateTimeOffset")
DATE: Final = Scalar("Edm.Date")
BINARY: Final = Scalar("Edm.Binary")


@dataclass(frozen=True, slots=True)
class Choice:
    """An enumeration."""

    name: str
    members: frozenset[str]

    def faults(self, value: Any, where: str, purpose: Purpose) -> Iterator[Fault]:
        if value not in self.members:
            yield _literal(value, where, self.name)


def choice(name: str, members: str) -> Choice:
    """An enumeration of these words."""
    return Choice(f"microsoft.graph.{name}", frozenset(members.split()))


@dataclass(frozen=True, slots=True)
class Many:
    """A collection."""

    of: Type

    @property
    def name(self) -> str:
        return f"Collection({self.of.name})"

    def faults(self, value: Any, where: str, purpose: Purpose) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield _literal(value, where, self.name)
            return
        for number, item in enumerate(value):
            yield from self.of.faults(item, f"{where}[{number}]", purpose)


@dataclass(frozen=True, slots=True)
class Property:
    """`access`: r(ead only), c(reate), u(pdate), d (update of a draft); `hidden`: shown only where it is selected."""

    type: Type
    access: str = "cu"
    null: bool = True
    required: bool = False
    hidden: bool = False
    navigation: bool = False
    sortable: bool = False


_NEEDED: Final = {"create": "c", "update": "ud"}


@dataclass(frozen=True, slots=True)
class Structure:
    """An entity or a complex type."""

    name: str
    properties: Mapping[str, Property]
    kinds: Mapping[str, "Structure"] = field(default_factory=dict)
    """Derived types, by their `@odata.type`."""

    def kind_of(self, value: Mapping[str, Any]) -> "Structure":
        """The derived type that the value says it is."""
        return self.kinds.get(str(value.get("@odata.type", "")), self)

    def faults(self, value: Any, where: str, purpose: Purpose) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield _literal(value, where, self.name)
            return
        mine = self.kind_of(value)
        for name, item in value.items():
            yield from mine.property_faults(name, item, f"{where}/{name}" if where else name, purpose)
        if purpose == "create":
            for name, wanted in mine.properties.items():
                if wanted.required and value.get(name) is None:
                    yield Fault("missing", {"name": name})

    def property_faults(self, name: str, item: Any, where: str, purpose: Purpose) -> Iterator[Fault]:
        """What is wrong with one member of an object."""
        if "@" in name:
            if purpose != "response" and not name.endswith("@odata.type"):
                yield Fault("unknown property", {"name": name, "type": self.name})
            return
        wanted = self.properties.get(name)
        if wanted is None:
            yield Fault("unknown property", {"name": name, "type": self.name})
        elif item is None:
            if not wanted.null:
                yield _literal("null", where, wanted.type.name)
        elif purpose != "response" and not set(_NEEDED[purpose]) & set(wanted.access):
            yield Fault("read-only", {"name": name})
        else:
            yield from wanted.type.faults(item, where, purpose)

    @property
    def shown(self) -> frozenset[str]:
        """The properties of a response without `$select`."""
        return frozenset(name for name, wanted in self.properties.items() if not (wanted.hidden or wanted.navigation))

    @property
    def selectable(self) -> frozenset[str]:
        return frozenset(name for name, wanted in self.properties.items() if not wanted.navigation)

    @property
    def navigations(self) -> frozenset[str]:
        return frozenset(name for name, wanted in self.properties.items() if wanted.navigation)


def structure(name: str, properties: Mapping[str, Property], *bases: Structure) -> Structure:
    """A type of Graph's own name space, with its bases' properties."""
    merged: dict[str, Property] = {}
    for base in bases:
        merged |= base.properties
    return Structure(f"microsoft.graph.{name}", merged | dict(properties))


def check(body: Any, wanted: Structure, purpose: Purpose) -> dict[str, Any]:
    """The body, or the refusal of the first thing that is wrong with it."""
    if not isinstance(body, dict):
        raise refuse("json")
    for fault in wanted.faults(body, "", purpose):
        raise refuse(fault.wording, **fault.values)
    return body


# Routes

Level = Literal["user", "service", "batch", "upload"]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of the interface, declared."""

    method: str
    path: str
    name: str
    delegated: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    entity: Structure | None = None
    """What `$select`, `$orderby` and the response are about."""
    returns: Literal["one", "many", "delta", "bytes", "nothing"] = "one"
    status: int = 200
    takes: Structure | None = None
    purpose: Literal["create", "update"] = "create"
    optional_body: bool = False
    mime: bool = False
    """A `text/plain` body with the base64 of a message is taken as well."""
    raw: bool = False
    """The body is the content itself, of any type."""
    level: Level = "user"
    requires: frozenset[str] = frozenset()
    tracking: str = ""
    """The resource's name in refusals of options that change tracking does not support."""

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(part for part in self.path.split("/") if part)


LIST: Final = frozenset("$select $top $skip $filter $orderby $count $expand".split())
GET: Final = frozenset("$select $expand".split())
NONE: Final[frozenset[str]] = frozenset()


def either(*least: str) -> tuple[str, ...]:
    """Permissions any of which is sufficient."""
    return least
