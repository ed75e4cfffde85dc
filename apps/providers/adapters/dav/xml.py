"""The XML of WebDAV: requests as bytes, multistatus answers as records. Pure; no DTD, no entities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

DAV: Final = "DAV:"
CALDAV: Final = "urn:ietf:params:xml:ns:caldav"
CARDDAV: Final = "urn:ietf:params:xml:ns:carddav"
CALENDARSERVER: Final = "http://calendarserver.org/ns/"
APPLE: Final = "http://apple.com/ns/ical/"
PREFIXES: Final = {DAV: "d", CALDAV: "c", CARDDAV: "a", CALENDARSERVER: "s", APPLE: "i"}
OK: Final = " 200"
CONTENT_TYPE: Final = "application/xml; charset=utf-8"
DEEPEST: Final = 100
"""Levels of elements; ElementTree frees them recursively, so a hundred thousand would end the process."""


class NotDav(ValueError):
    """The answer is not a multistatus document."""


@dataclass(frozen=True, slots=True)
class Name:
    """A property's or element's name."""

    space: str
    local: str

    @property
    def tag(self) -> str:
        """As ElementTree writes it."""
        return f"{{{self.space}}}{self.local}"


ETAG: Final = Name(DAV, "getetag")


@dataclass(frozen=True, slots=True)
class Resource:
    """One response of a multistatus: where, and the properties that it has."""

    href: str
    properties: dict[str, Element]
    status: int = 200
    """Of the response as a whole; 404 says that the resource is gone (RFC 6578 section 3.5)."""

    def href_of(self, name: Name) -> str | None:
        """The first href inside a property."""
        return next(iter(self.hrefs_of(name)), None)

    def hrefs_of(self, name: Name) -> tuple[str, ...]:
        """Every href inside a property; a home set may hold several."""
        found = self.properties.get(name.tag)
        if found is None:
            return ()
        texts = (element.text or "" for element in found.iter(f"{{{DAV}}}href"))
        return tuple(text.strip() for text in texts if text.strip())

    def has_type(self, name: Name) -> bool:
        """Whether `resourcetype` names this type."""
        found = self.properties.get(f"{{{DAV}}}resourcetype")
        return found is not None and found.find(name.tag) is not None

    def text_of(self, name: Name) -> str:
        """The text of a property; empty without one."""
        found = self.properties.get(name.tag)
        return (found.text or "").strip() if found is not None else ""


def _spaces() -> str:
    return "".join(f' xmlns:{prefix}="{space}"' for space, prefix in PREFIXES.items())


def _asked(names: Sequence[Name]) -> str:
    return "".join(f"<{PREFIXES[name.space]}:{name.local}/>" for name in names)


def _document(name: Name, content: str) -> bytes:
    tag = f"{PREFIXES[name.space]}:{name.local}"
    return f'<?xml version="1.0" encoding="utf-8"?><{tag}{_spaces()}>{content}</{tag}>'.encode()


def propfind(names: Sequence[Name]) -> bytes:
    """The body that asks for these properties."""
    return _document(Name(DAV, "propfind"), f"<d:prop>{_asked(names)}</d:prop>")


def sync_collection(token: str, names: Sequence[Name]) -> bytes:
    """The body that asks what changed since a token; an empty one asks for everything (RFC 6578 section 3.2)."""
    told = f"<d:sync-token>{escape(token)}</d:sync-token><d:sync-level>1</d:sync-level>"
    return _document(Name(DAV, "sync-collection"), f"{told}<d:prop>{_asked(names)}</d:prop>")


def multiget(report: Name, hrefs: Sequence[str], names: Sequence[Name]) -> bytes:
    """The body that asks for these resources (RFC 4791 section 7.9, RFC 6352 section 8.7)."""
    told = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
    return _document(report, f"<d:prop>{_asked(names)}</d:prop>{told}")


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A whole answer: its resources, and the token of a synchronisation."""

    resources: tuple[Resource, ...]
    token: str = ""


def multistatus(body: bytes) -> list[Resource]:
    """The responses of a 207. Raises NotDav for anything else, a DTD or an entity."""
    return list(answer(body).resources)


def answer(body: bytes) -> Multistatus:
    """A 207 with what belongs to it as a whole. Raises NotDav likewise."""
    root = document(body)
    if root.tag != f"{{{DAV}}}multistatus":
        raise NotDav("not a multistatus")
    return Multistatus(tuple(_resources(root)), (root.findtext(f"{{{DAV}}}sync-token") or "").strip())


class _Shallow(TreeBuilder):
    """Builds a tree that is not deep."""

    _depth = 0

    def start(self, tag: Any, attrs: Any) -> Any:
        """Raise NotDav below DEEPEST."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotDav("too deep")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Any:
        """One level up."""
        self._depth -= 1
        return super().end(tag)


def document(body: bytes) -> Element:
    """The root of a document. Raises NotDav for what is none, is too deep, or has a DTD or an entity."""
    parser: Any = DefusedXMLParser(target=_Shallow(), forbid_dtd=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotDav(str(error) if isinstance(error, NotDav) else type(error).__name__) from None
    return root


def precondition(body: bytes) -> str:
    """The name of the condition that an error answer says was not met (RFC 4918 section 16); empty without one."""
    try:
        root = document(body) if body else None
    except NotDav:
        return ""
    if root is None or root.tag != f"{{{DAV}}}error":
        return ""
    return next((element.tag.rpartition("}")[2] for element in root), "")


def _resources(root: Element) -> Iterator[Resource]:
    for response in root.findall(f"{{{DAV}}}response"):
        href = (response.findtext(f"{{{DAV}}}href") or "").strip()
        properties: dict[str, Element] = {}
        for propstat in response.findall(f"{{{DAV}}}propstat"):
            if OK in (propstat.findtext(f"{{{DAV}}}status") or OK):
                for prop in propstat.findall(f"{{{DAV}}}prop"):
                    properties |= {element.tag: element for element in prop}
        yield Resource(href, properties, _status(response.findtext(f"{{{DAV}}}status")))


def _status(line: str | None) -> int:
    words = (line or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 200
