"""winmail.dat: its text and attachments, over MimeKit's files and broken copies of them."""

from pathlib import Path

import pytest

from apps.providers.adapters.mime import PartNotFound, limits, parse, part, rtf, tnef
from tests.mime.corpora import CORPORA

FILES = sorted((CORPORA / "mail/mimekit/tnef").glob("*.tnef"))


def read(name: str) -> tnef.Content:
    content = tnef.read((CORPORA / "mail/mimekit/tnef" / f"{name}.tnef").read_bytes())
    assert content is not None
    return content


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("one-file", [("AUTHORS", 244)]),
        ("two-files", [("AUTHORS", 244), ("README", 893)]),
        ("data-before-name", [("AUTOEXEC.BAT", 0), ("CONFIG.SYS", 0), ("boot.ini", 289)]),
        ("long-filename", [("allproductsmar2000.dat", 279)]),
        ("attachments", [("zappa_av1.jpg", 2937), ("bookmark.htm", 85805)]),
        ("multi-value-attribute", [("208225__5_seconds__Voice_Mail.mp3", 10656)]),
        ("unicode-mapi-attr", [("example.dat", 1024)]),
        ("body", []),
        ("garbage-at-end", []),
    ],
)
def test_the_attachments_are_those_that_outlook_packed(name: str, files: list[tuple[str, int]]) -> None:
    assert [(one.filename, len(one.data)) for one in read(name).attachments] == files


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("body", "The Conventions of a number of the States"),
        ("rtf", "Senior Engineer/QADirector"),
        ("panic", "Sent: Friday, December 18, 2015 2:38 PM"),
        ("multi-value-attribute", "You received a voice mail"),
        ("unicode-mapi-attr-name", "Przesyłam poprawiony plik"),
        ("triples", "Sample description"),
    ],
)
def test_the_text_is_found_in_whichever_form_it_is(name: str, words: str) -> None:
    assert words in read(name).text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_cut_or_damaged_anywhere_is_read_as_far_as_it_goes(path: Path) -> None:
    data = path.read_bytes()
    step = max(1, len(data) // 60)
    for position in range(0, len(data), step):
        tnef.read(data[:position])
        tnef.read(data[:position] + b"\xff\xff\xff\xff" + data[position + 4 :])


def test_what_a_winmail_carries_is_listed_behind_it_and_handed_out() -> None:
    data = (CORPORA / "mail/mimekit/tnef/two-files.tnef").read_bytes()
    raw = b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: binary\n\n" + data
    found = parse(raw)
    assert [(one.section, one.filename) for one in found.attachments] == [
        ("1", "winmail.dat"),
        ("1/1", "AUTHORS"),
        ("1/2", "README"),
    ]
    assert len(part(raw, "1/2").data) == 893
    with pytest.raises(PartNotFound):
        part(raw, "1/3")


def test_a_message_whose_only_text_is_inside_is_read() -> None:
    data = (CORPORA / "mail/mimekit/tnef/body.tnef").read_bytes()
    raw = b"Content-Type: application/ms-tnef\n\n" + data
    assert parse(raw).text.startswith("THE BILL OF RIGHTS")


def test_a_winmail_that_is_none_is_an_attachment_and_a_defect() -> None:
    found = parse(b"Content-Type: application/octet-stream; name=WINMAIL.DAT\n\nnothing")
    assert found.defects == ("tnef",)
    assert [one.filename for one in found.attachments] == ["WINMAIL.DAT"]


def test_the_example_of_the_compressed_rtf_specification() -> None:
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf.decompress(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_a_copy_that_runs_into_itself_is_bounded() -> None:
    header = b"\xff\xff\xff\x7f" * 2 + b"LZFu" + b"\0\0\0\0"
    bomb = rtf.decompress(header + b"\x00aaaaaaaa" + b"\xff" + b"\x0d\xff" * 2_000_000)
    assert len(bomb) <= limits.RTF


def test_rtf_shows_its_text_and_hides_its_machinery() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\generator X}\pard Hello \b bold\b0\par "
        rb"\u8364?5 \'e8 \\ \{x\}\tab end {\*\htmltag64 <p>}\htmlrtf skipped\htmlrtf0 \u-10179?\u-8704?}"
    )
    assert rtf.to_text(source) == "Hello bold\n€5 è \\ {x}\tend \U0001f600"
