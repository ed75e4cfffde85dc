"""vCards of phones, programs and servers: read without losing anything, edited line by line."""

import base64
import random
from pathlib import Path
from typing import Any

import pytest
import vobject

from apps.providers.adapters import contentlines, three_way, vcard
from apps.providers.adapters.vcard import matching, values

FOLDER = Path(__file__).parent.parent / "corpora" / "vcf"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
CARDS = [(file.name, card) for file in FILES for card in vcard.split(file.read_bytes())]
EDITS: dict[str, tuple[Any, frozenset[str]]] = {
    "notes": ("Una nota; con, tutto\nsu due righe \\ così", frozenset({"NOTE"})),
    "title": ("Capo", frozenset({"TITLE"})),
    "organization": ("ACME; Söhne", frozenset({"ORG"})),
    "birthday": ({"year": None, "month": 4, "day": 15, "text": ""}, frozenset({"BDAY"})),
    "name": (
        {"family": "Rossi", "given": "Anna", "additional": "", "prefix": "", "suffix": ""},
        frozenset({"N", "FN"}),
    ),
}
EXAMPLE = (
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Anna Rossi\r\nN:Rossi;Anna;;;\r\n"
    b"item1.EMAIL;TYPE=INTERNET:anna@example.test\r\nitem1.X-ABLabel:_$!<Work>!$_\r\n"
    b"EMAIL;TYPE=INTERNET,HOME;X-OURS=kept:anna@home.test\r\nTEL;TYPE=CELL:+39 333 1234567\r\n"
    b"X-UNKNOWN;X-P=1:kept as it is\r\nEND:VCARD\r\n"
)


def of(data: bytes, field: str) -> Any:
    return values.of(vcard.read(data), field)


def without_text(value: Any) -> Any:
    return {name: part for name, part in value.items() if name != "text"} if isinstance(value, dict) else value


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize(("name", "card"), CARDS, ids=[name for name, _ in CARDS])
def test_one_field_is_edited_and_everything_else_stays(name: str, card: bytes, edit: str) -> None:
    wanted, lines = EDITS[edit]
    before = vcard.read(card)
    made = vcard.change(card, {edit: wanted})
    assert without_text(of(made, edit)) == without_text(wanted)
    for field in values.FIELDS:
        # A card without any name is given one, since every version asks for it.
        if field != edit and (field != "full_name" or (edit != "name" and before.full_name)):
            assert of(made, field) == values.of(before, field)
    if before.version in ("3.0", "4.0"):
        kept = {each.raw for each in contentlines.read(made)}
        lost = {each.key for each in contentlines.read(card) if each.raw not in kept}
        assert lost <= lines


@pytest.mark.parametrize(("name", "card"), CARDS, ids=[name for name, _ in CARDS])
def test_an_edit_that_is_there_already_changes_no_octet(name: str, card: bytes) -> None:
    read = vcard.read(card)
    assert vcard.change(card, {field: values.of(read, field) for field in values.FIELDS}) == card


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_damaged_cards_have_a_reading(file: Path) -> None:
    data, rng = file.read_bytes(), random.Random(file.name)
    for _ in range(20):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 8)):
            place = rng.randrange(len(broken))
            broken[place : place + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        for card in vcard.split(bytes(broken)) or [bytes(broken)]:
            vcard.read(card)
            vcard.digest(card)


# Files of vCard 3.0 that vobject itself cannot read, or reads against the RFC.
NOT_VOBJECT = {
    "v30_ios_613_multiline.vcf": "lines end in CR CR LF",
    "John_Doe_IPHONE.vcf": "lines end in CR CR LF",
    "John_Doe_LOTUS_NOTES.vcf": "PROFILE stands before the name",
    "vcard-antoni-kontact.vcf": "a property's name holds a slash",
    "v30_comma_separated.vcf": "FN is missing",
    "v30_japanese.vcf": "takes no heed of CHARSET",
    "John_Doe_GMAIL.vcf": "takes the comma in FN, which Gmail does not escape, for the end of the name",
}


@pytest.mark.parametrize(
    ("name", "card"),
    [(name, card) for name, card in CARDS if vcard.read(card).version == "3.0" and name not in NOT_VOBJECT],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_independent_library_reads_the_same(name: str, card: bytes) -> None:
    theirs = vobject.readOne(contentlines.decode(card))
    ours = vcard.read(card)
    if "fn" in theirs.contents and theirs.fn.value.strip():
        assert ours.full_name == theirs.fn.value.strip()
    if "n" in theirs.contents and isinstance(theirs.n.value.family, str):
        assert ours.name.family == theirs.n.value.family.strip()
    told = {item.value.strip() for item in theirs.contents.get("email", [])}
    assert {item.value for item in ours.emails} == {address for address in told if address}


def test_labels_are_those_that_the_person_sees() -> None:
    assert [(item.value, item.label) for item in vcard.read(EXAMPLE).emails] == [
        ("anna@example.test", "work"),
        ("anna@home.test", "home"),
    ]


def test_a_value_that_goes_takes_its_label_along() -> None:
    kept = [item for item in of(EXAMPLE, "emails") if item["label"] == "home"]
    made = vcard.change(EXAMPLE, {"emails": kept})
    assert b"item1" not in made
    assert b"EMAIL;TYPE=INTERNET,HOME;X-OURS=kept:anna@home.test\r\n" in made


def test_a_label_of_the_persons_own_stands_beside_its_value() -> None:
    new = {"value": "ufficio@example.test", "label": "Ufficio di Roma", "preferred": True}
    made = vcard.change(EXAMPLE, {"emails": [*of(EXAMPLE, "emails"), new]})
    assert new in of(made, "emails")
    assert b"item2.X-ABLabel:Ufficio di Roma\r\n" in made
    again = vcard.change(made, {"emails": [dict(item, label="work") if item["value"] == new["value"] else item
                                           for item in of(made, "emails")]})  # fmt: skip
    assert b"Ufficio di Roma" not in again
    assert {"value": new["value"], "label": "work", "preferred": True} in of(again, "emails")


def test_a_value_whose_label_changes_keeps_what_is_unknown() -> None:
    wanted = [dict(item, label="work") for item in of(EXAMPLE, "emails")]
    made = vcard.change(EXAMPLE, {"emails": wanted})
    assert of(made, "emails") == wanted
    assert b"X-OURS=kept" in made


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_a_new_card_says_what_was_given(version: str) -> None:
    picture = {"media_type": "image/png", "data": base64.b64encode(b"\x89PNG" * 100).decode()}
    fields = {
        "name": {"family": "D'Amico", "given": "Zoë", "additional": "", "prefix": "Dott.", "suffix": ""},
        "emails": [{"value": "zoe@example.test", "label": "work", "preferred": True}],
        "phones": [{"value": "+39 06 1", "label": "cell", "preferred": False}],
        "addresses": [{"box": "", "extended": "", "street": "Via Roma 1; scala B", "locality": "Roma", "region": "RM",
                       "code": "00100", "country": "Italia", "label": "home", "preferred": False}],
        "categories": ["Amici, veri", "Lavoro"],
        "photo": picture,
        "notes": "due\nrighe",
    }  # fmt: skip
    made = vcard.new(fields, "0f7e1c1a-0000-4000-8000-000000000001", version)
    assert vcard.read(made).full_name == "Dott. Zoë D'Amico"
    assert vcard.read(made).uid == "0f7e1c1a-0000-4000-8000-000000000001"
    assert vcard.read(made).problems == ()
    for field, value in fields.items():
        assert of(made, field) == value
    assert b"\r\nFN:" in made
    assert b"\r\nN:" in made
    if version == "3.0":
        theirs = vobject.readOne(made.decode())
        assert (theirs.n.value.family, theirs.email.value) == ("D'Amico", "zoe@example.test")


@pytest.mark.parametrize(
    ("written", "known"),
    [
        (b"BDAY:19850415", (1985, 4, 15)),
        (b"BDAY:1985-04-15T00:00:00Z", (1985, 4, 15)),
        (b"BDAY:--0415", (None, 4, 15)),
        (b"BDAY:1985-04", (1985, 4, None)),
        (b"BDAY:1985", (1985, None, None)),
        (b"BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15", (None, 4, 15)),
        (b"BDAY;VALUE=text:circa 1800", (None, None, None)),
        (b"BDAY:1985-13-45", (None, None, None)),
    ],
)
def test_no_part_of_a_date_is_invented(written: bytes, known: tuple[int | None, ...]) -> None:
    found = vcard.read(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\n" + written + b"\r\nEND:VCARD\r\n").birthday
    assert found is not None
    assert (found.year, found.month, found.day) == known


@pytest.mark.parametrize("evil", ["a\r\nTEL:1", "a\nEND:VCARD\nBEGIN:VCARD", "a\0b", "x\x85y", "a\\,b;c"])
@pytest.mark.parametrize("field", ["full_name", "nickname", "title", "notes", "organization"])
def test_a_text_cannot_become_a_line(field: str, evil: str) -> None:
    made = vcard.change(EXAMPLE, {field: evil})
    assert len(vcard.split(made)) == 1
    assert [item.value for item in vcard.read(made).phones] == ["+39 333 1234567"]
    assert of(made, field).replace("\n", "") == evil.replace("\r", "").replace("\n", "").replace("\0", "").strip()


@pytest.mark.parametrize(
    "fields",
    [
        {"emails": [{"value": "a@b.test\r\nTEL:1", "label": "", "preferred": False}]},
        {"emails": [{"value": " ", "label": "", "preferred": False}]},
        {"photo": {"media_type": "text/html", "data": "aaaa"}},
        {"photo": {"media_type": "image/png", "data": "not base64!"}},
        {"birthday": {"year": None, "month": None, "day": 3, "text": ""}},
        {"salary": "a lot"},
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        vcard.change(EXAMPLE, fields)


def test_a_digest_knows_no_order_no_folds_and_no_time_of_writing() -> None:
    lines = contentlines.read(EXAMPLE)
    other = contentlines.write([*lines[:1], *reversed(lines[1:-1]), lines[-1]])
    assert vcard.digest(other.replace(b"\r\n", b"\n")) == vcard.digest(EXAMPLE)
    assert vcard.digest(EXAMPLE.replace(b"UID:1\r\n", b"UID:1\r\nREV:20260101T000000Z\r\n")) == vcard.digest(EXAMPLE)
    assert vcard.digest(EXAMPLE.replace(b"Work", b"Home")) != vcard.digest(EXAMPLE)


def test_the_members_of_a_group_come_and_go() -> None:
    group = (
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g\r\nFN:Amici\r\nN:Amici;;;;\r\nX-ADDRESSBOOKSERVER-KIND:group\r\n"
        b"X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:one\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:two\r\nEND:VCARD\r\n"
    )
    assert vcard.read(group).kind == "group"
    made = vcard.change(group, {"members": ["two", "three"]})
    assert vcard.read(made).members == ("two", "three")
    assert b"X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:three\r\n" in made


# What becomes of an edit when somebody else edited, too


def settle(field: str, before: Any, wanted: Any, now: Any) -> tuple[Any, bool]:
    return three_way.settled(values.KEYS.get(field), before, wanted, now)


def mail(*addresses: str) -> list[dict[str, Any]]:
    return [{"value": address, "label": "", "preferred": False} for address in addresses]


def test_additions_of_both_sides_are_kept_and_removals_of_either() -> None:
    found, conflict = settle("emails", mail("a@x", "b@x"), mail("a@x", "c@x"), mail("A@x", "b@x", "d@x"))
    assert [item["value"] for item in found] == ["A@x", "d@x", "c@x"]
    assert not conflict


def test_the_same_text_changed_by_both_is_a_conflict() -> None:
    assert settle("title", "old", "mine", "theirs") == ("mine", True)
    assert settle("title", "old", "same", "same") == ("same", False)
    assert settle("title", "old", "mine", "old") == ("mine", False)


@pytest.mark.parametrize(
    ("written", "compared"), [("+39 06 123", "+3906123"), ("0039-06-123", "+3906123"), ("06 123", "06123"), ("ext", "")]
)
def test_numbers_are_compared_by_their_digits(written: str, compared: str) -> None:
    assert matching.phone(written) == compared
