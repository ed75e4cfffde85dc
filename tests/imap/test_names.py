"""Mailbox names: modified UTF-7 both ways, and keys that keep any byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.providers.adapters.imap import names


@pytest.mark.parametrize(
    ("wire", "shown"),
    [
        ("INBOX", "INBOX"),
        ("R&-D", "R&D"),
        ("Entw&APw-rfe", "Entwürfe"),
        ("&ZeVnLIqe-", "日本語"),
        ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),  # RFC 3501 section 5.1.3
        ("&2D3eAA-", "😀"),
        ("1200+1201", "1200+1201"),  # general UTF-7 would read a Chinese character here
        ("a+b", "a+b"),
        ("", ""),
    ],
)
def test_names_are_decoded_and_encoded_back(wire: str, shown: str) -> None:
    assert names.decode(wire) == shown
    assert names.encode(shown) == wire


@pytest.mark.parametrize(
    "wire",
    [
        "&",  # no end
        "a&b",
        "&AOk",
        "&!-",
        "&AO-",  # half a character
        "&2D0-",  # half a surrogate pair
        "&AGE-",  # a letter that must not be encoded: a second spelling of `a`
        "&AOk-&AOk-",  # two runs that must be one
        "&AAA-",  # NUL
        "&AA0ACg-",  # CR LF
        "&AOk--",
    ],
)
def test_what_is_not_valid_is_shown_raw(wire: str) -> None:
    shown = names.decode(wire)
    assert shown == wire or names.encode(shown) == wire


def test_names_in_utf_8_are_shown_as_that_and_other_8_bit_names_raw() -> None:
    assert names.decode("Grüße".encode().decode("latin-1")) == "Grüße"
    assert names.decode("Gr\xfc") == "Gr\xfc"


@given(st.text(max_size=40))
def test_every_printable_text_survives_the_way_there_and_back(text: str) -> None:
    wire = names.encode(text)
    assert wire.isascii()
    assert wire.isprintable()
    if text.isprintable():
        assert names.decode(wire) == text


@given(st.binary(max_size=30))
def test_no_wire_name_raises_and_each_key_gives_its_bytes_back(raw: bytes) -> None:
    key = names.key(raw)
    shown = names.path(key, "/")
    assert shown
    assert not any(ord(character) < 32 for part in shown for character in part)
    assert key == "INBOX" or key.encode("latin-1") == raw


@pytest.mark.parametrize("spelling", [b"INBOX", b"inbox", b"InBox"])
def test_inbox_is_one_name_in_any_case(spelling: bytes) -> None:
    assert names.key(spelling) == "INBOX"


def test_children_of_inbox_keep_their_case() -> None:
    assert names.key(b"inbox/Work") == "inbox/Work"


@pytest.mark.parametrize(
    ("key", "delimiter", "path"),
    [
        ("a/b.com", "/", ("a", "b.com")),
        ("a/b.com", ".", ("a/b", "com")),
        ("a/b.com", None, ("a/b.com",)),
        ("INBOX.Entw&APw-rfe", ".", ("INBOX", "Entwürfe")),
        ("/lead//twice/", "/", ("lead", "twice")),
        ("/", "/", ("/",)),
        ("a\r\nb", "/", ("a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b",)),
    ],
)
def test_the_delimiter_is_the_mailboxs_own(key: str, delimiter: str | None, path: tuple[str, ...]) -> None:
    assert names.path(key, delimiter) == path
