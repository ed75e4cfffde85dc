"""What an iCalendar object means, in 32 octets: two texts of one digest differ in nothing that a person sees."""

import hashlib
from collections.abc import Sequence
from typing import Final

from apps.providers.adapters.contentlines import Line, unescape

from . import tree, zones
from .tree import Component

# Written anew by programs whenever they touch an object (RFC 5545 sections 3.7.3, 3.8.7).
GENERATED: Final = frozenset({
    "DTSTAMP", "LAST-MODIFIED", "CREATED", "PRODID", "SEQUENCE", "VERSION", "CALSCALE", "METHOD",
    "X-MOZ-GENERATION", "X-MOZ-LASTACK", "X-LIC-ERROR",
})  # fmt: skip


def digest(data: bytes) -> bytes:
    """SHA-256 over the components and lines without their order and folds."""
    return digest_of(tree.parse(data))


def digest_of(nodes: Sequence[tree.Node]) -> bytes:
    """The same of a text that is read already."""
    return hashlib.sha256(b"".join(sorted(filter(None, map(_node, nodes))))).digest()


def _node(node: tree.Node) -> bytes:
    return _component(node) if isinstance(node, Component) else _line(node)


def _component(part: Component) -> bytes:
    # Servers add and rewrite the descriptions of zones that everybody knows.
    tzid = part.first("TZID") if part.name == "VTIMEZONE" else None
    if tzid is not None and zones.known(tzid.value):
        return b""
    inner = b"".join(sorted(filter(None, map(_node, part.items))))
    return hashlib.sha256(part.name.encode("utf-8", "replace") + b"\0" + inner).digest()


def _line(line: Line) -> bytes:
    if line.key in GENERATED or (not line.name and not line.raw.strip()):
        return b""
    parameters = sorted((name.upper(), tuple(sorted(values))) for name, values in line.parameters)
    told = repr((line.key or line.raw.strip(), parameters, unescape(line.value).strip()))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()
