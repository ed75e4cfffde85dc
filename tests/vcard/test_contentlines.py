"""Content lines: nothing is lost in reading, nothing is smuggled in by writing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, escape, line, read, split, unescape, write

CORPORA = Path(__file__).parent.parent / "corpora"
FILES = sorted(path for folder in ("vcf", "ics") for path in (CORPORA / folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_not_edited_is_written_back_octet_for_octet(file: Path) -> None:
    data = file.read_bytes()
    for quoted_printable in (False, True):
        assert write(read(data, quoted_printable=quoted_printable)) == data


@given(st.binary())
def test_any_octets_have_a_reading(data: bytes) -> None:
    assert write(read(data)) == data


def test_a_line_has_its_group_its_parameters_and_its_value() -> None:
    (found,) = read(b'item1.TEL;TYPE=WORK,"a;b";X-A="say ^\'hi^\' ^^ ^n.":+39 02;1\r\n')
    assert (found.group, found.key, found.value) == ("item1", "TEL", "+39 02;1")
    assert found.of("type") == ("WORK", "a;b")
    assert found.first("X-A") == 'say "hi" ^ \n.'


def test_bare_words_of_vcard_2_are_types_and_encodings() -> None:
    (found,) = read(b"TEL;CELL;HOME;BASE64:1\r\n")
    assert (found.of("TYPE"), found.first("ENCODING")) == (("CELL", "HOME"), "BASE64")


def test_a_fold_may_part_a_character() -> None:
    octets = "NOTE:perché".encode()
    cut = octets.index("é".encode()) + 1
    assert read(octets[:cut] + b"\r\n " + octets[cut:] + b"\r\n")[0].value == "perché"


def test_a_soft_line_break_of_quoted_printable_belongs_to_the_line() -> None:
    lines = read(b"NOTE;ENCODING=QUOTED-PRINTABLE:one=\r\ntwo\r\nTEL:1\r\n", quoted_printable=True)
    assert [each.key for each in lines] == ["NOTE", "TEL"]


@pytest.mark.parametrize("broken", [b"no colon\r\n", b"A B:1\r\n", b":1\r\n", b'X;Y="1:2\r\n'])
def test_a_line_that_is_none_keeps_its_octets(broken: bytes) -> None:
    (found,) = read(broken)
    assert (found.name, found.raw) == ("", broken)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_written_and_read_again(text: str) -> None:
    made = line("NOTE", escape(text))
    octets = write([made])
    assert all(len(piece) <= contentlines.LONGEST for piece in octets.split(b"\r\n"))
    for piece in octets.split(b"\r\n "):
        piece.decode()
    (found,) = read(octets)
    said = text.replace("\r\n", "\n").replace("\r", "\n")
    assert unescape(found.value) == "".join(
        each for each in said if each == "\n" or not contentlines.CONTROLS.match(each)
    )


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_parameter_is_written_and_read_again(value: str, other: str) -> None:
    made = line("X-TEST", "1", [("X-P", [value or "-", other or "-"])])
    (found,) = read(write([made]))
    assert [each.strip() for each in found.of("X-P")] == [(value or "-").strip(), (other or "-").strip()]


@pytest.mark.parametrize("value", ["1\r\nTEL:2", "1\n2", "1\r2", "a\0b"])
def test_a_value_cannot_begin_a_line_of_its_own(value: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        line("TEL", value)
    with pytest.raises(ValueError, match="control characters"):
        line("TEL", "1", [("X-P", [value.replace("\n", "\r")])])
    assert len(read(write([line("NOTE", escape(value))]))) == 1


@pytest.mark.parametrize("name", ["", "A:B", "A\r\nB", "A;B"])
def test_a_name_is_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="name of a property"):
        line(name, "1")


def test_values_are_cut_where_nothing_escapes_it() -> None:
    assert split(r"a\;b;c\\;d", ";") == [r"a\;b", r"c\\", "d"]
    assert split("", ";") == [""]


def test_lines_are_compared_by_what_they_say() -> None:
    assert read(b"TEL:1\n")[0] == Line("TEL", "1")
