"""What a FETCH tells about a message, and the key by which the message is known again elsewhere. Pure.

The key is the first that the server can give, its kind in front:

    gm:       X-GM-MSGID (Gmail)
    emailid:  EMAILID (RFC 8474 section 5.1); stays on COPY and MOVE
    f1:       hash of Message-ID, RFC822.SIZE and INTERNALDATE
    f2:       hash of the Date, From, To, Subject and Message-ID headers and INTERNALDATE, for a
              message without Message-ID: it needs the header, so such a message is always downloaded
    none:     the placement itself, for a message that the server lists but does not hand out

Message-ID alone is never enough: list copies, re-sent drafts and spam repeat it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from apps.providers.adapters.imap import wire
from apps.providers.adapters.imap.large import Outline

BASIC: Final = b"UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
RECENT: Final = "\\Recent"
"""A flag of the session, not of the message (RFC 3501 section 2.3.2): never mirrored."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One FETCH answer without its body. `body` is there when it was asked for."""

    uid: int
    flags: frozenset[str]
    internal_date: datetime | None
    size: int
    modseq: int | None = None
    message_id: str = ""
    provider_id: str = ""
    """EMAILID or X-GM-MSGID with its prefix."""
    thread_key: str | None = None
    body: bytes | None = None
    outline: Outline | None = None
    """Of a large message, when its beginning was asked for."""

    @property
    def identity(self) -> str | None:
        """The key, or None when only the header can tell it."""
        if self.provider_id:
            return self.provider_id
        if self.message_id:
            return "f1:" + _hash(self.message_id, str(self.size), _seconds(self.internal_date))
        return None

    def identity_with(self, header: bytes) -> str:
        """The key, by the message's header where nothing better is there."""
        if self.identity is not None:
            return self.identity
        fields = (_field(header, name) for name in ("date", "from", "to", "subject", "message-id"))
        return "f2:" + _hash(*fields, _seconds(self.internal_date))


def placement_identity(mailbox: str, uidvalidity: int, uid: int) -> str:
    """The key of a message of which nothing but its place is known."""
    return "none:" + _hash(mailbox, str(uidvalidity), str(uid))


def read_facts(items: Mapping[str, wire.Value]) -> Facts:
    """The facts of one FETCH answer. Raises WireError when it has no UID or is malformed."""
    uid = wire.number(items.get("UID"))
    if uid == 0:
        raise wire.WireError("a FETCH answer has UID 0")
    header = b""
    body: bytes | None = None
    for name, value in items.items():
        if name.startswith("BODY["):
            if name.startswith("BODY[HEADER.FIELDS"):
                header = value if isinstance(value, bytes) else b""
            elif name == "BODY[]" or name == "BODY[]<0>":
                body = value if isinstance(value, bytes) else None
    provider_id, thread_key = _provider_keys(items)
    return Facts(
        uid,
        read_flags(items.get("FLAGS", ())),
        read_date(items.get("INTERNALDATE")),
        wire.number(items.get("RFC822.SIZE", b"0")),
        read_modseq(items),
        _field(header, "message-id").strip(),
        provider_id,
        thread_key,
        body,
    )


def read_flags(value: wire.Value) -> frozenset[str]:
    """Flags and keywords as the server spells them. Raises WireError."""
    flags = frozenset(wire.atoms(value))
    return flags - {RECENT} if RECENT in flags else flags


def read_modseq(items: Mapping[str, wire.Value]) -> int | None:
    """MODSEQ comes in parentheses (RFC 7162 section 3.1.4.2). Raises WireError when it is no number."""
    value = items.get("MODSEQ")
    return wire.number(value[0]) if isinstance(value, tuple) and value else None


def _provider_keys(items: Mapping[str, wire.Value]) -> tuple[str, str | None]:
    """EMAILID and THREADID come in parentheses and may be NIL; Gmail's are plain numbers."""
    if "X-GM-MSGID" in items:
        thread = _text(items.get("X-GM-THRID"))
        return f"gm:{_text(items['X-GM-MSGID'])}", f"gm:{thread}" if thread else None
    email, thread = _text(items.get("EMAILID")), _text(items.get("THREADID"))
    return f"emailid:{email}" if email else "", f"threadid:{thread}" if thread else None


def _text(value: wire.Value) -> str:
    if isinstance(value, tuple):
        value = value[0] if value else None
    return value.decode("latin-1") if isinstance(value, bytes) else ""


_DATE: Final = re.compile(rb" ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\Z")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}


def read_date(value: wire.Value) -> datetime | None:
    """INTERNALDATE in UTC; None when it is missing or no date."""
    match = _DATE.match(value) if isinstance(value, bytes) else None
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    zone = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        return datetime(
            int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second),
            tzinfo=timezone(-zone if sign == b"-" else zone),
        ).astimezone(UTC)  # fmt: skip
    except (ValueError, KeyError, OverflowError):
        return None


_END_OF_HEADER: Final = re.compile(rb"\r?\n\r?\n")


def _field(header: bytes, name: str) -> str:
    """The raw value of the first field of this name, unfolded; empty when there is none."""
    end = _END_OF_HEADER.search(header)
    match = _FIELDS[name].search(header, 0, end.start() if end else len(header))
    return re.sub(rb"\r?\n", b"", match[1]).strip().decode("latin-1") if match else ""


_FIELDS: Final = {
    name: re.compile(rb"^" + name.encode() + rb"[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
    for name in ("date", "from", "to", "subject", "message-id")
}


def _seconds(date: datetime | None) -> str:
    return str(int(date.timestamp())) if date is not None else ""


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
