"""Every bound of the mail parser, each with its reason.

A bound never makes a message unreadable: what lies beyond it is left out of the parsed form, the
name of the bound is put into `ParsedMail.truncated`, and the raw bytes stay with the caller.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

HEADER_BLOCK: Final = 256 * KIB
"""Octets of one header block. Servers refuse more than 64-256 KiB; honest mail needs under 40."""

HEADER: Final = 64 * KIB
"""Octets of one unfolded header: a To of some 1,500 recipients. Longer ones are cut."""

HEADER_LINES: Final = 2_000
"""Header fields of one block, so that 100,000 empty fields cost no 100,000 objects."""

DEPTH: Final = 30
"""Levels of multipart. Mail of people stays below 8; recursion below 30 cannot fill the stack."""

PARTS: Final = 1_000
"""Parts of one message: a digest of a busy list has 200."""

ENCLOSED: Final = 8
"""Levels of message/rfc822 followed in search of a text when the message itself has none."""

REFERENCES: Final = 200
"""Ids of one References header. Beyond, the root and the nearest parents are what links."""

REFERENCES_KEPT: Final = 50
"""How many of the nearest parents stay when References is over its limit, beside the root."""

MESSAGE_ID: Final = 998
"""Octets of one id: the longest line that mail may carry (RFC 5322 section 2.1.1)."""

ADDRESSES: Final = 2_000
"""Addresses of one field: more than fit into a header of `HEADER` octets in honest mail."""

TEXT: Final = 4 * MIB
"""Characters of `text`: thirty novels; PostgreSQL's tsvector ends at 1 MiB of lexemes anyway."""

HTML: Final = 8 * MIB
"""Octets of `html`: pictures pasted as data: URLs make megabytes, and text may follow them."""

HTML_TEXT: Final = 2 * MIB
"""Characters of HTML turned into text, data: URLs taken out first."""

FILENAME: Final = 255
"""UTF-8 octets of a file name: what common file systems take."""

PARAMETERS: Final = 200
"""Parameters of one Content-Type or Content-Disposition, RFC 2231 pieces counted singly."""

DETECTIONS: Final = 4
"""Runs of the charset detector per message: each costs milliseconds, a thousand parts may ask."""

DETECTION_SAMPLE: Final = 8 * KIB
"""Octets that the detector looks at."""

SIZE_BY_DECODING: Final = 64 * KIB
"""Encoded octets up to which an attachment's size is told by decoding it; above, by counting."""

REPORT_RECIPIENTS: Final = 200
"""Recipients of one delivery report."""

TNEF: Final = 32 * MIB
"""Octets of one winmail.dat that are looked into."""

TNEF_PARTS: Final = 200
"""Attachments taken out of one winmail.dat."""

RTF: Final = 2 * MIB
"""Octets of decompressed RTF: LZFu grows by up to 17 times, so the output is what is bounded."""

STUB: Final = 240
"""Characters of a text/plain that may be a mere "your program shows no HTML" beside the real HTML."""
