"""Files of many objects, as calendars are exported and imported: taken apart, and put together."""

from collections.abc import Iterable, Iterator

from apps.providers.adapters.contentlines import Line, escape, line

from . import tree
from .reading import COMPONENTS
from .tree import Component
from .writing import PRODUCT


def pieces(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The objects of a file: the UID and text of each, with the zones that it names. What has no UID has an empty one.

    A METHOD stays out: a calendar holds no messages (RFC 4791 section 4.1).
    """
    for whole in tree.calendars(tree.parse(data)):
        groups: dict[str, list[Component]] = {}
        for number, part in enumerate(whole.children(*COMPONENTS)):
            uid = part.first("UID")
            groups.setdefault(uid.value.strip() if uid else f"\0{number}", []).append(part)
        head = [each for each in whole.items if isinstance(each, Line) and each.key != "METHOD"]
        for uid_text, parts in groups.items():
            named = {value for part in parts for each in tree.flat([part]) for value in each.of("TZID")}
            told = [zone for zone in whole.children("VTIMEZONE") if named & {each.value for each in zone.lines("TZID")}]
            made = Component("VCALENDAR", whole.begin, [*head, *told, *parts], whole.end or line("END", "VCALENDAR"))
            yield ("" if uid_text.startswith("\0") else uid_text), tree.write([made])


def join(texts: Iterable[bytes], name: str) -> bytes:
    """One file of many objects, each component as it stands; a zone that several describe alike is described once."""
    zones: dict[bytes, Component] = {}
    parts: list[Component] = []
    for text in texts:
        for whole in tree.calendars(tree.parse(text)):
            for part in whole.children():
                if part.name == "VTIMEZONE":
                    zones.setdefault(tree.write([part]), part)
                else:
                    parts.append(part)
    head = [line("VERSION", "2.0"), line("PRODID", PRODUCT), line("X-WR-CALNAME", escape(name))]
    made = Component(
        "VCALENDAR", line("BEGIN", "VCALENDAR"), [*head, *zones.values(), *parts], line("END", "VCALENDAR")
    )
    return tree.write([made])


def with_uid(text: bytes, uid: str) -> bytes:
    """An object whose components have no UID, with this one (RFC 5545 section 3.8.4.7 requires it)."""
    nodes = tree.parse(text)
    for whole in tree.calendars(nodes):
        for part in whole.children(*COMPONENTS):
            part.set("UID", line("UID", uid))
    return tree.write(nodes)
