"""The XML of WebDAV: requests as bytes, multistatus answers as records. Pure; no DTD, no entities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

DAV: Final = "DAV:"
CALDAV: Final = "urn:ietf:params:xml:ns:caldav"
CARDDAV: Final = "urn:ietf:params:xml:ns:carddav"
PREFIXES: Final = {DAV: "d", CALDAV: "c", CARDDAV: "a"}
OK: Final = " 200"


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


@dataclass(frozen=True, slots=True)
class Resource:
    """One response of a multistatus: where, and the properties that it has."""

    href: str
    properties: dict[str, Element]

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


def propfind(names: Sequence[Name]) -> bytes:
    """The body that asks for these properties."""
    spaces = "".join(f' xmlns:{prefix}="{space}"' for space, prefix in PREFIXES.items())
    asked = "".join(f"<{PREFIXES[name.space]}:{name.local}/>" for name in names)
    return f'<?xml version="1.0" encoding="utf-8"?><d:propfind{spaces}><d:prop>{asked}</d:prop></d:propfind>'.encode()


def multistatus(body: bytes) -> list[Resource]:
    """The responses of a 207. Raises NotDav for anything else, a DTD or an entity."""
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotDav(type(error).__name__) from None
    if root.tag != f"{{{DAV}}}multistatus":
        raise NotDav("not a multistatus")
    return list(_resources(root))


def _resources(root: Element) -> Iterator[Resource]:
    for response in root.findall(f"{{{DAV}}}response"):
        href = (response.findtext(f"{{{DAV}}}href") or "").strip()
        properties: dict[str, Element] = {}
        for propstat in response.findall(f"{{{DAV}}}propstat"):
            if OK in (propstat.findtext(f"{{{DAV}}}status") or OK):
                for prop in propstat.findall(f"{{{DAV}}}prop"):
                    properties |= {element.tag: element for element in prop}
        yield Resource(href, properties)
