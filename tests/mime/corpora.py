"""The corpora that these tests run over, read from the files as published."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

CORPORA = Path(__file__).parent.parent / "corpora"


def mails() -> list[Path]:
    """Every file of the mail corpus, in a stable order."""
    return sorted(path for path in (CORPORA / "mail").rglob("*") if path.is_file())


def mail_name(path: Path) -> str:
    """The file's name inside the mail corpus."""
    return path.relative_to(CORPORA / "mail").as_posix()


def mbox(name: str) -> list[bytes]:
    """The messages of one imaptest mbox, without their From_ lines."""
    content = (CORPORA / "threads" / "imaptest" / name).read_bytes().replace(b"\r\n", b"\n")
    pieces = re.split(rb"(?:\A|(?<=\n))From [^\n]*\n", content)
    return [piece.removesuffix(b"\n") for piece in pieces[1:]]


def mbox_dates(name: str) -> list[str]:
    """The arrival date of each message of an imaptest mbox, from its From_ line, as a mail date."""
    content = (CORPORA / "threads" / "imaptest" / name).read_text("latin-1")
    found = re.findall(r"^From \S+\s+\w{3} (\w{3}) +(\d+) ([\d:]+) (\d{4})(?: ([+-]\d{4}))?", content, re.MULTILINE)
    return [f"{day} {month} {year} {time} {zone or '+0000'}" for month, day, time, year, zone in found]


def html_vectors() -> Iterator[tuple[str, str]]:
    """(name, payload) of every attack in the HTML corpus, and each whole file as one document."""
    html = CORPORA / "html"
    for number, row in enumerate(json.loads((html / "dompurify/expect.json").read_text("utf-8"))):
        yield f"dompurify/{number}", row["payload"]
    for path in sorted((html / "bleach").glob("*.test")):
        yield f"bleach/{path.name}", path.read_text("utf-8").partition("\n--\n")[0]
    h5sc = (html / "h5sc/vectors.txt").read_text("utf-8", "replace")
    for number, piece in enumerate(re.split(r"(?=<div id=\"\d+\">)", h5sc)):
        yield f"h5sc/{number}", piece
    loofah = (html / "loofah/testdata_sanitizer_tests1.dat").read_text("utf-8")
    for number, found in enumerate(re.findall(r'"input": ("(?:[^"\\]|\\.)*")', loofah)):
        yield f"loofah/{number}", json.loads(found)
    lists = [html / "payloadbox/xss-payload-list.txt", *sorted((html / "payloads").rglob("*.txt"))]
    lists += sorted((html / "payloads").rglob("*.fuzz"))
    for path in lists:
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines()):
            yield f"{path.name}/{number}", line
    for path in sorted(html.rglob("*")):
        if path.is_file():
            yield path.relative_to(html).as_posix(), path.read_bytes().decode("utf-8", "replace")
