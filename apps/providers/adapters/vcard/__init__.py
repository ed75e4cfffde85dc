"""vCards (RFC 6350, RFC 2426, and vCard 2.1 as it is found) as pure functions over octets."""

from .card import Address, Card, Labelled, Name, PartialDate, Photo
from .digest import digest, digest_of
from .importing import storable
from .merging import further, union, with_lines
from .reading import card_of, lines_of, read, split
from .writing import change, new

__all__ = [
    "Address",
    "Card",
    "Labelled",
    "Name",
    "PartialDate",
    "Photo",
    "card_of",
    "change",
    "digest",
    "digest_of",
    "further",
    "lines_of",
    "new",
    "read",
    "split",
    "storable",
    "union",
    "with_lines",
]
