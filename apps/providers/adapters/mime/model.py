"""What the parser gives back: plain values, without a reference into the raw bytes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address field (RFC 5322 section 3.4).

    `name` is decoded and only for show: it never decides. `address` is the true addr-spec as the
    header has it, never taken out of an encoded word or a quoted name; empty when there is none.
    """

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """One part that is no body text.

    `section` is the IMAP section number (RFC 3501 section 6.4.5); a part taken out of a
    winmail.dat has its carrier's number, a slash and its place ("2/1"). `size` is in decoded
    octets; for an omitted part it is what X-PMSync-Size says. `inline` is true when the HTML
    shows the part by its Content-ID or Content-Location. `method` is the iTIP method of a
    text/calendar part (RFC 6047), upper case, else empty.
    """

    section: str
    filename: str
    content_type: str
    size: int
    content_id: str = ""
    content_location: str = ""
    inline: bool = False
    omitted: bool = False
    method: str = ""


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One recipient of a delivery report (RFC 3464 section 2.3)."""

    address: str
    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A message as it is read, searched and threaded. No text in it has a NUL or a lone surrogate.

    Ids are bare (no angle brackets, no space). Dates are aware and in UTC: `date` is the Date
    header when valid, `sent_at` what to show, `sort_date` what to sort by (see `dates.choose`).
    `html` is decoded but NOT sanitised: show it through `sanitise` only. Several HTML parts are
    joined by `PART_BREAK`, which `sanitise` reads as the border between documents.
    `signed` and `encrypted` say what the message claims ("pgp", "smime"): nothing was verified,
    and `signed` is set only when the whole message is covered.
    `truncated` names the limits of `limits.py` that cut something, `defects` what was broken.
    """

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    date: datetime | None
    date_text: str
    sent_at: datetime | None
    sort_date: datetime | None
    text: str
    html: str | None
    attachments: tuple[AttachmentInfo, ...]
    list_id: str
    list_unsubscribe: str
    list_unsubscribe_post: str
    auto_submitted: str
    auto_response_suppress: str
    precedence: str
    priority: str
    return_path: str | None
    report_type: str
    is_bounce: bool
    bounced: tuple[BouncedRecipient, ...]
    bounced_message_id: str
    signed: str
    encrypted: str
    truncated: tuple[str, ...]
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartBytes:
    """One part, decoded from its transfer encoding and otherwise untouched."""

    content_type: str
    filename: str
    data: bytes


class MimeError(Exception):
    """A part cannot be handed out."""


class PartNotFound(MimeError):
    """The message has no part of that section number."""

    def __init__(self, section: str) -> None:
        super().__init__(f"the message has no part {section!r}")
        self.section = section


class PartOmitted(MimeError):
    """The part stayed at the server: fetch `section` there and give it to `decode_part`.

    `headers` is the part's own header block, which says how the fetched bytes are encoded.
    """

    def __init__(self, section: str, headers: bytes) -> None:
        super().__init__(f"part {section!r} was left at the server")
        self.section = section
        self.headers = headers
