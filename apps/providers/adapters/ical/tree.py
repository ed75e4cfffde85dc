"""iCalendar objects as the tree of components that they are (RFC 5545 section 3.4), over lines kept octet for octet.

Pure; never raises for what a text holds. What is written back from an untouched tree is the text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Union

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line

DEEPEST: Final = 20
"""Components within components; what is deeper is kept as lines of the deepest."""


@dataclass(slots=True)
class Component:
    """`BEGIN:name` to `END:name`, with the lines and components between in their order. One that is cut off has
    no end."""

    name: str
    begin: Line
    items: list[Union[Line, "Component"]] = field(default_factory=list)
    end: Line | None = None

    def lines(self, *names: str) -> list[Line]:
        """Its own lines, those of these names when any is given."""
        return [each for each in self.items if isinstance(each, Line) and (not names or each.key in names)]

    def first(self, name: str) -> Line | None:
        """The first line of a name."""
        return next((each for each in self.items if isinstance(each, Line) and each.key == name), None)

    def children(self, *names: str) -> list["Component"]:
        """Its components, those of these names when any is given."""
        return [each for each in self.items if isinstance(each, Component) and (not names or each.name in names)]

    def put(self, line: Line, after: str = "") -> None:
        """Add a line: behind the last one of a name, else behind the last of all."""
        places = [place for place, each in enumerate(self.items) if isinstance(each, Line) and each.name]
        near = [place for place in places if after and self.items[place].key == after]  # type: ignore[union-attr]
        self.items.insert(max(near or places, default=-1) + 1, line)

    def drop(self, *names: str) -> list[Line]:
        """Take all lines of these names out; they are returned."""
        gone = self.lines(*names)
        self.items = [each for each in self.items if not (isinstance(each, Line) and each.key in names)]
        return gone

    def set(self, name: str, line: Line | None) -> None:
        """Make this the one line of a name, where the first one stood; None: no line."""
        held = [place for place, each in enumerate(self.items) if isinstance(each, Line) and each.key == name]
        for place in reversed(held if line is None else held[1:]):
            del self.items[place]
        if line is None:
            return
        if held:
            self.items[held[0]] = line
        else:
            self.put(line)


Node = Line | Component


def parse(data: bytes) -> list[Node]:
    """The components of a text, and the lines that stand in none."""
    top: list[Node] = []
    open_now: list[Component] = []
    for line in contentlines.read(data):
        name = line.value.strip().upper()
        into = open_now[-1].items if open_now else top
        if line.key == "BEGIN" and name and len(open_now) < DEEPEST:
            made = Component(name, line)
            into.append(made)
            open_now.append(made)
        elif line.key == "END" and any(each.name == name for each in open_now):
            while open_now[-1].name != name:
                open_now.pop()
            open_now.pop().end = line
        else:
            into.append(line)
    return top


def write(nodes: Sequence[Node]) -> bytes:
    """The text of a tree: lines that were read as they stood, our own folded."""
    return contentlines.write(_whole(list(flat(nodes))))


def _whole(lines: list[Line]) -> Iterator[Line]:
    """A line that was the last of its text may have no end: one that something follows is given one."""
    for place, line in enumerate(lines):
        bare = line.raw and not line.raw.endswith((b"\n", b"\r")) and place + 1 < len(lines)
        yield Line(line.name, line.value, line.parameters, line.group, line.raw + b"\r\n") if bare else line


def flat(nodes: Sequence[Node]) -> Iterator[Line]:
    """All lines of a tree, in order."""
    for node in nodes:
        if isinstance(node, Line):
            yield node
        else:
            yield node.begin
            yield from flat(node.items)
            if node.end is not None:
                yield node.end


def calendars(nodes: Sequence[Node]) -> list[Component]:
    """The VCALENDARs of a text (RFC 5545 section 3.4 allows several)."""
    return [node for node in nodes if isinstance(node, Component) and node.name == "VCALENDAR"]
