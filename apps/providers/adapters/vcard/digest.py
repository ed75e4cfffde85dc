"""What a vCard means, in 32 octets: two cards of one digest differ in nothing that a person sees."""

import hashlib
from collections.abc import Sequence
from typing import Final

from apps.providers.adapters.contentlines import Line

from .reading import lines_of, text_of

# Written anew by programs whenever they touch a card.
GENERATED: Final = frozenset({"REV", "PRODID", "BEGIN", "END", "VERSION"})


def digest(data: bytes) -> bytes:
    """SHA-256 over the lines without their order, folds and groups."""
    return digest_of(lines_of(data))


def digest_of(lines: Sequence[Line]) -> bytes:
    """The same of a text that is read already."""
    labels = {line.group.lower(): text_of(line) for line in lines if line.key == "X-ABLABEL" and line.group}
    told = []
    for line in lines:
        if (
            line.key in GENERATED
            or (not line.name and not line.raw.strip())
            or (line.key == "X-ABLABEL" and line.group)
        ):
            continue
        parameters = sorted(
            (name.upper(), tuple(sorted(value.lower() for value in values))) for name, values in line.parameters
        )
        value = "".join(text_of(line).split()) if line.key in ("PHOTO", "LOGO", "SOUND", "KEY") else text_of(line)
        told.append(repr((line.key or line.raw.strip(), parameters, labels.get(line.group.lower(), ""), value)))
    return hashlib.sha256("\n".join(sorted(told)).encode("utf-8", "surrogatepass")).digest()
