"""Cards of a file as an address book can hold them."""

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, line

from .reading import lines_of, read
from .writing import OLDEST_WRITTEN, completed, modern


def storable(data: bytes, uid: str) -> bytes:
    """A card that servers take: of vCard 3.0 or 4.0, with a UID (`uid` where it has none) and both names.

    A card that is all of this already comes back as it stands, octet for octet.
    """
    lines = _own(lines_of(data))
    card = read(data)
    if card.version not in ("3.0", "4.0"):
        lines = [modern(each) for each in lines if each.key != "VERSION"]
        lines.insert(1, line("VERSION", OLDEST_WRITTEN))
    if not card.uid:
        lines = [each for each in lines if each.key != "UID"]
        lines.insert(2, line("UID", uid))
    return contentlines.write(completed(lines, card))


def _own(lines: list[Line]) -> list[Line]:
    """The lines of the first card, its END the last."""
    depth = 0
    for place, each in enumerate(lines):
        depth += (each.key == "BEGIN") - (each.key == "END")
        if each.key == "END" and depth <= 0:
            return lines[: place + 1]
    return lines
