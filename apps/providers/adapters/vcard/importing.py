"""Cards of a file as an address book can hold them."""

import re
from typing import Final

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, line

from .card import Card
from .reading import lines_of
from .writing import OLDEST_WRITTEN, completed, modern

WRITTEN: Final = ("3.0", "4.0")
NAMES: Final = {b"FN", b"N"}
NAMED: Final = re.compile(rb"^(?:[A-Za-z0-9-]+\.)?(FN|N)[;:]", re.MULTILINE | re.IGNORECASE)


def storable(data: bytes, card: Card, uid: str) -> bytes:
    """The text of a card as servers take it: of vCard 3.0 or 4.0, with a UID (`uid` where it has none) and both names.

    A card that is all of this already comes back as it stands, octet for octet.
    """
    alone = data.upper().count(b"END:VCARD") == 1
    named = {found.upper() for found in NAMED.findall(data)}
    if alone and card.version in WRITTEN and card.uid and named == NAMES:
        return data[: data.upper().rindex(b"END:VCARD")] + b"END:VCARD\r\n"
    lines = _own(lines_of(data))
    if card.version not in WRITTEN:
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
