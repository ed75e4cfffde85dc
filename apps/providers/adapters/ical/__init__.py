"""iCalendar objects (RFC 5545) as pure functions over octets: read, expanded, edited line by line."""

from .digest import digest, digest_of
from .files import join, pieces, with_uid
from .model import Attachment, Attendee, Item
from .moments import Length, Moment, after, between, stamp
from .reading import Whole, read
from .series import Instance, Series, expand
from .shifting import follows, moved
from .writing import Change, before, change, instance, new, split

__all__ = [
    "Attachment",
    "Attendee",
    "Change",
    "Instance",
    "Item",
    "Length",
    "Moment",
    "Series",
    "Whole",
    "after",
    "before",
    "between",
    "change",
    "digest",
    "digest_of",
    "expand",
    "follows",
    "instance",
    "join",
    "moved",
    "new",
    "pieces",
    "read",
    "split",
    "stamp",
    "with_uid",
]
