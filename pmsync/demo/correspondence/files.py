"""Small real files for attachments: PDF, PNG, CSV and iCalendar, made in code and pure."""

import struct
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final

from .mime import Person

INK: Final = (36, 86, 214)
PAPER: Final = (255, 255, 255)
LINE: Final = (227, 230, 235)


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """A one-page A4 document (PDF 1.4, Helvetica, WinAnsi)."""
    shown = [f"BT /F1 20 Tf 56 770 Td ({_pdf_text(title)}) Tj ET", "0.6 w 56 756 m 539 756 l S"]
    for row, line in enumerate(lines):
        shown.append(f"BT /F1 11 Tf 56 {726 - 18 * row} Td ({_pdf_text(line)}) Tj ET")
    stream = zlib.compress("\n".join(shown).encode("cp1252", "replace"))
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _pdf_text(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def png(width: int, height: int, pixels: bytes) -> bytes:
    """An 8-bit RGB image out of `width * height * 3` bytes."""
    rows = b"".join(b"\0" + pixels[y * width * 3 : (y + 1) * width * 3] for y in range(height))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 6)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def chart(rng: Random, bars: int = 8, width: int = 480, height: int = 220) -> bytes:
    """A bar chart as PNG."""
    heights = [rng.uniform(0.25, 0.95) for _ in range(bars)]
    slot = width // bars
    rows = []
    for y in range(height):
        level = 1 - y / height
        line = bytes(LINE if y % (height // 4) == 0 else PAPER)
        row = b"".join(
            line * 6 + (bytes(INK) if level < heights[column] else line) * (slot - 12) + line * 6
            for column in range(bars)
        )
        rows.append(row + bytes(PAPER) * (width - slot * bars))
    return png(width, height, b"".join(rows))


def csv(rng: Random, headings: Sequence[str], rows: int = 24) -> bytes:
    """A table of made-up figures, with semicolons as Italian spreadsheets write them."""
    lines = [";".join(headings)]
    for row in range(1, rows + 1):
        cells = [f"{row:03}", *(f"{rng.uniform(10, 9000):.2f}".replace(".", ",") for _ in headings[1:])]
        lines.append(";".join(cells))
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")


def invitation(uid: str, summary: str, where: str, start: datetime, organizer: Person, guest: Person) -> str:
    """An iCalendar REQUEST (RFC 5546) for one hour."""
    stamp = "%Y%m%dT%H%M%SZ"
    lines = (
        "BEGIN:VCALENDAR", "PRODID:-//PMSync//Demo//EN", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VEVENT",
        f"UID:{uid}", f"DTSTAMP:{(start - timedelta(days=3)).strftime(stamp)}", f"DTSTART:{start.strftime(stamp)}",
        f"DTEND:{(start + timedelta(hours=1)).strftime(stamp)}", f"SUMMARY:{summary}", f"LOCATION:{where}",
        f"ORGANIZER;CN={organizer.name}:mailto:{organizer.address}",
        f"ATTENDEE;CN={guest.name};PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest.address}",
        "SEQUENCE:0", "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR",
    )  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def card(person: Person) -> bytes:
    """A contact's vCard 3.0 (RFC 2426)."""
    given, _, family = person.name.partition(" ")
    lines = (
        "BEGIN:VCARD", "VERSION:3.0", f"UID:{person.address}", f"FN:{person.name}", f"N:{family};{given};;;",
        f"ORG:{person.company}", f"EMAIL;TYPE=INTERNET,WORK:{person.address}", "END:VCARD",
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode()
