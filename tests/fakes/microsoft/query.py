"""OData's query options, read against what a method allows."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.filters import Filter, read_filter
from tests.fakes.microsoft.resources.mail import ATTACHMENT
from tests.fakes.microsoft.schema import Route, Structure
from tests.fakes.microsoft.zones import known_zone

TOP: Final = 1000
_PREFERENCE: Final = re.compile(r'\s*([\w.-]+)\s*(?:=\s*("[^"]*"|[^,;\s]*))?\s*(?:,|;|$)')
_EXTENDED: Final = re.compile(
    r"singleValueExtendedProperties\s*\(\s*\$filter\s*=\s*"
    r"(id eq '(?:[^']|'')+'(?:\s+or\s+id eq '(?:[^']|'')+')*)\s*\)",
    re.IGNORECASE,
)
_IDS: Final = re.compile(r"id eq '((?:[^']|'')+)'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """The options of one request."""

    select: frozenset[str] | None = None
    top: int | None = None
    skip: int = 0
    filter: Filter | None = None
    order: tuple[tuple[str, bool], ...] = ()
    count: bool = False
    search: str = ""
    expand: frozenset[str] = frozenset()
    expand_extended: tuple[str, ...] = ()
    expand_attachments: frozenset[str] | None = None
    """What is shown of expanded attachments; None: all."""
    custom: dict[str, str] = field(default_factory=dict)


_ATTACHMENTS: Final = re.compile(r"attachments\s*\(\s*\$select\s*=\s*([\w,\s]+)\)")


def read_query(pairs: list[tuple[str, str]], route: Route) -> Query:
    """The options. Raises the refusal of the first that the method does not take, or that is malformed."""
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise refuse("twice", option=name)
    given = dict(pairs)
    allowed = route.options | {"$skiptoken", "$deltatoken"} if route.returns in ("many", "delta") else route.options
    unknown = [name for name in given if name not in allowed]
    if unknown and route.tracking:
        raise refuse("tracking", resource=route.tracking, options=", ".join(unknown))
    if unknown:
        raise refuse("option", option=unknown[0])
    for name in sorted(route.requires - given.keys()):
        if not {"$skiptoken", "$deltatoken"} & given.keys():
            raise refuse("required option", option=name)
    entity = route.entity
    assert entity is not None or not route.options
    parts: dict[str, Any] = {}
    if entity is not None:
        parts = {name: read(given[option], entity) for option, (name, read) in _READERS.items() if option in given}
    extended = _EXTENDED.search(given.get("$expand", ""))
    attachments = _ATTACHMENTS.search(given.get("$expand", ""))
    query = Query(
        **parts,
        expand_attachments=_select(attachments[1], ATTACHMENT) if attachments else None,
        expand_extended=tuple(name.replace("''", "'") for name in _IDS.findall(extended[1])) if extended else (),
        custom={name: value for name, value in given.items() if name not in _READERS},
    )
    _check_together(query, route)
    return query


def _check_together(query: Query, route: Route) -> None:
    if query.search and (query.filter or query.order):
        raise refuse("search and", option="Filter" if query.filter else "OrderBy")
    if route.name == "message_list" and query.filter and query.order:
        ordered = [name.split("/")[0] for name, _ in query.order]
        if query.filter.properties[: len(ordered)] != ordered:
            raise refuse("inefficient")


def _select(text: str, entity: Structure) -> frozenset[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name.split("/")[0] not in entity.selectable:
            raise refuse("select", name=name, type=entity.name)
    return frozenset(name.split("/")[0] for name in names)


def _number(option: str) -> Callable[[str, Structure], int]:
    def read(text: str, _: Structure) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or (option == "$top" and text == "0"):
            raise refuse("number", value=text, option=option)
        if option == "$top" and int(text) > TOP:
            raise refuse("top", limit=TOP, value=text)
        return int(text)

    return read


def _filter(text: str, entity: Structure) -> Filter:
    return read_filter(text, entity)


def _order(text: str, entity: Structure) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        wanted = entity.properties.get(name.split("/")[0])
        if wanted is None:
            raise refuse("order", name=name, type=entity.name)
        if direction.strip() not in ("", "asc", "desc"):
            raise refuse("uri", what=part)
        if not wanted.sortable:
            raise refuse("inefficient")
        order.append((name, direction.strip() == "desc"))
    return tuple(order)


def _expand(text: str, entity: Structure) -> frozenset[str]:
    bare = _ATTACHMENTS.sub("attachments", _EXTENDED.sub("singleValueExtendedProperties", text))
    names = {part.strip() for part in bare.split(",")}
    for name in names:
        if name.split("(")[0] not in entity.navigations:
            raise refuse("expand", name=name, type=entity.name)
        if "(" in name:
            raise refuse("uri", what=name)
    return frozenset(names)


def _count(text: str, _: Structure) -> bool:
    if text not in ("true", "false"):
        raise refuse("uri", what=f"$count={text}")
    return text == "true"


def _search(text: str, _: Structure) -> str:
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)+)"', text)
    if quoted is None:
        raise refuse("search")
    return quoted[1]


_READERS: Final[dict[str, tuple[str, Callable[[str, Structure], Any]]]] = {
    "$select": ("select", _select),
    "$top": ("top", _number("$top")),
    "$skip": ("skip", _number("$skip")),
    "$filter": ("filter", _filter),
    "$orderby": ("order", _order),
    "$expand": ("expand", _expand),
    "$count": ("count", _count),
    "$search": ("search", _search),
}


@dataclass(frozen=True, slots=True)
class Prefer:
    """The preferences that Outlook knows, and which of them were applied."""

    immutable: bool = False
    zone: str = "UTC"
    body: str = ""
    page: int | None = None
    applied: tuple[str, ...] = ()


def read_prefer(header: str) -> Prefer:
    """The preferences. Those that nobody knows are ignored, as RFC 7240 has it; known ones must be right."""
    found: dict[str, Any] = {}
    applied = []
    for name, raw in _PREFERENCE.findall(header):
        value = raw.strip('"')
        match name.lower():
            case "idtype":
                if value != "ImmutableId":
                    raise refuse("prefer", what=f"IdType={value}")
                found["immutable"] = True
            case "outlook.timezone":
                if known_zone(value) is None:
                    raise refuse("zone", zone=value)
                found["zone"] = value
            case "outlook.body-content-type":
                if value.lower() not in ("text", "html"):
                    raise refuse("prefer", what=f"outlook.body-content-type={value}")
                found["body"] = value.lower()
            case "odata.maxpagesize":
                if not re.fullmatch(r"[1-9]\d{0,5}", value):
                    raise refuse("prefer", what=f"odata.maxpagesize={value}")
                found["page"] = min(int(value), TOP)
            case _:
                continue
        applied.append(f"{name}={raw}")
    return Prefer(**found, applied=tuple(applied))
