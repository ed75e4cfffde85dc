"""Awkward input: right, or a sentence that says what is wrong. No server is needed."""

import tracemalloc
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.compose import recipients
from apps.core.problems import Problem
from apps.providers.adapters import mime
from apps.providers.adapters.mime import addressing, composing, plain
from tests.sync.fixtures import account
from tests.tenants.fixtures import Cast, Make

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
ANNA = composing.Person("Anna", addressing.target("anna@rossi.example"))


def person(text: str, name: str = "") -> composing.Person:
    return composing.Person(name, addressing.target(text))


def letter(**fields: Any) -> composing.Letter:
    values: dict[str, Any] = {
        "sender": ANNA, "to": (person("bob@x.example"),), "cc": (), "subject": "Hi", "date": NOON,
        "message_id": "1@rossi.example", "text": "Hello\n",
    }  # fmt: skip
    return composing.Letter(**values | fields)


BREAKS = ("a\r\nBcc: x@evil.example", "a\nX: y", "a\rb", "a\0b", "a\u2028b", "a\x85b", "a\x1bb", "\ud800")


@pytest.mark.parametrize("value", BREAKS)
def test_nothing_breaks_out_of_a_header(value: str) -> None:
    for broken in (
        letter(subject=value),
        letter(sender=composing.Person(value, ANNA.target)),
        letter(to=(composing.Person(value, ANNA.target),)),
        letter(files=(composing.File(value, "text/plain", b"x"),)),
        letter(extra=(("X-Note", value),)),
    ):
        with pytest.raises(composing.HeaderRefused, match="control character"):
            composing.build(broken)
    with pytest.raises(addressing.BadAddress):
        addressing.target(f"{value}@x.example")


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=60))
@example("", "", ".")
@example("", "", "a/")
def test_whatever_text_comes_back_as_it_was_or_is_refused(subject: str, name: str, filename: str) -> None:
    built = letter(
        subject=subject, to=(person("bob@x.example", name),), files=(composing.File(filename, "image/png", b"\x89"),)
    )
    try:
        raw = composing.build(built)
    except composing.HeaderRefused:
        return
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = mime.parse(raw)
    assert mail.defects == ()
    assert [one.address for one in mail.to] == ["bob@x.example"]
    assert " ".join(mail.subject.split()) == " ".join(subject.split())
    assert " ".join(mail.to[0].name.split()) == " ".join(name.split())
    base = filename.replace("\t", " ").replace("\\", "/").rsplit("/", 1)[-1].strip()
    # What names a folder is nobody's name.
    assert mail.attachments[0].filename.strip() == ("" if base in {".", ".."} else base)


def test_ids_are_never_encoded_and_the_nearest_are_kept() -> None:
    long = f"{'x' * 300}@y.example"
    raw = composing.build(letter(in_reply_to=long, references=(*(f"{n}-{'x' * 50}@y" for n in range(300)), long)))
    mail = mime.parse(raw)
    assert mail.in_reply_to == long
    assert mail.references[0].startswith("0-")
    assert mail.references[-1] == long
    assert len(" ".join(mail.references)) < composing.REFERENCES + 500


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("anna@rössi.example", "anna@xn--rssi-5qa.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),  # IDNA2008 keeps ß apart from ss
        ("müller@x.example", "müller@x.example"),
        ('"john doe"@x.example', '"john doe"@x.example'),
        ('"a@b"@x.example', '"a@b"@x.example'),
        ("x@[192.0.2.1]", "x@[192.0.2.1]"),
        ("x@[IPv6:2001:db8::1]", "x@[IPv6:2001:db8::1]"),
    ],
)
def test_odd_addresses_that_are_right(text: str, wire: str) -> None:
    assert addressing.target(text).address == wire
    assert addressing.target(text).needs_utf8 == (not wire.isascii())


@pytest.mark.parametrize(
    "text",
    ["", "anna", "@x.example", "anna@", "a b@x.example", "a..b@x.example", ".a@x.example", "a@x..example",
     "a@-x.example", "a@b@c.example", "a@[1.2.3]", f"{'x' * 65}@x.example", f"a@{'x' * 64}.example",
     "a@x\u202e.example", "<a@x.example>"],
)  # fmt: skip
def test_what_is_no_address_is_said_to_be_none(text: str) -> None:
    with pytest.raises(addressing.BadAddress, match=r"^(“.*” is not an e-mail address|An address is empty)"):
        addressing.target(text)


def test_a_pasted_list_with_groups_comments_and_quotes() -> None:
    text = (
        "Team: Anna <anna@x.example>, bob@x.example (Bob, the (old) one);\n"
        '"Rossi, Carla" <carla@x.example>; d@x.example'
    )
    found = recipients.read("to", text)
    assert [one["address"] for one in found] == ["anna@x.example", "bob@x.example", "carla@x.example", "d@x.example"]
    assert found[2]["name"] == "Rossi, Carla"


def test_the_refusal_names_field_and_address() -> None:
    with pytest.raises(Problem) as caught:
        recipients.people("cc", [{"name": "", "address": "ok@x.example"}, {"name": "", "address": "bob@"}])
    assert caught.value.status_code == 422
    assert caught.value.errors == {"cc.1": [str(caught.value.detail)]}
    assert "bob@" in str(caught.value.detail)


def test_a_thousand_recipients() -> None:
    many = tuple(person(f"person{n}@x.example", f"Person, {n}") for n in range(1000))
    raw = composing.build(letter(to=many))
    assert max(map(len, raw.split(b"\r\n"))) < 120
    assert [one.address for one in mime.parse(raw).to] == [one.target.address for one in many]


def test_fifty_megabytes_cost_little_more_than_their_encoding() -> None:
    data = bytes(range(256)) * (50 * 4096)
    tracemalloc.start()
    raw = composing.build(letter(files=(composing.File("big.bin", "application/zip", data),)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3.2 * len(data)  # the parts and their sum
    (info,) = mime.parse(raw).attachments
    assert mime.part(raw, info.section).data == data


def test_a_message_inside_a_message_is_not_encoded_unless_it_must() -> None:
    inner = composing.build(letter(subject="Inner"))
    for data, kind in ((inner, "message/rfc822"), (inner.replace(b"\r\n", b"\n"), "application/octet-stream")):
        raw = composing.build(letter(files=(composing.File("inner.eml", "message/rfc822", data),)))
        (info,) = mime.parse(raw).attachments
        assert (info.content_type, mime.part(raw, info.section).data) == (kind, data)


HTML = """<h2>Plan</h2><p>Dear  all,</p><ul><li>one</li><li>two <ol start="3"><li>a</li></ol></li></ul>
<table><tr><td>Tea</td><td>3 €</td></tr></table><p>See <a href="https://x.example/?a=1&amp;b=2">here</a>.</p>
<blockquote>quoted<blockquote>deeper</blockquote></blockquote><pre>  kept   as is</pre><p>-- <br>Anna</p>"""


def test_the_plain_text_reads_as_a_person_would_have_typed_it() -> None:
    text = plain.flowed(plain.from_html(HTML))
    expected = (
        "Plan\n\nDear all,\n\n- one\n- two\n  3. a\n\nTea | 3 €\n\nSee here <https://x.example/?a=1&b=2>.\n\n"
        "> quoted\n>\n>> deeper\n\n   kept   as is\n\n-- \nAnna\n"
    )
    assert text.replace("   3. a", "  3. a") == expected
    mail = mime.parse(composing.build(letter(text=text, html=f"<body>{HTML}</body>")))
    assert "See here <https://x.example/?a=1&b=2>." in mail.text


@given(st.lists(st.text(alphabet="ab >\t-é", max_size=300), max_size=6))
def test_flowed_lines_join_to_what_they_were(paragraphs: list[str]) -> None:
    lines = [plain.Line(" ".join(one.split())) for one in paragraphs if one.strip() != "--"]
    raw = composing.build(letter(text=plain.flowed(lines)))
    wanted = [line.text for line in lines if line.text]
    assert [line for line in mime.parse(raw).text.split("\n") if line.strip()] == wanted


# Through the API


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("subject", {"subject": "Hi\r\nBcc: x@evil.example"}),
        ("to.0", {"to": [{"name": "Bob\nX: y", "address": "bob@x.example"}]}),
        ("cc.0", {"cc": [{"name": "Bob", "address": "bob@x.example\r\nBcc: c@x.example"}]}),
    ],
)
def test_a_draft_with_a_broken_header_is_refused_by_name(
    field: str, body: dict[str, Any], cast: Cast, make: Make
) -> None:
    with cast.inside():
        mine = account(cast.owner)
    answer = make.client(cast.owner).put(
        f"/api/v1/drafts/{uuid.uuid4()}", {"rev": 0, "account_id": str(mine.pk)} | body, format="json"
    )
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    name = make.client(cast.owner).post(
        "/api/v1/uploads",
        {"draft_id": str(uuid.uuid4()), "filename": "a\r\nX: y.pdf", "size": 3},
        format="json",
    )
    assert (name.status_code, name.json()["code"]) == (422, "bad_filename")
