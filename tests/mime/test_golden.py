"""The parser over the whole mail corpus, held to the outcomes that were read and accepted."""

import email
from email.message import Message

import pytest

from apps.providers.adapters.mime import PartOmitted, parse, part
from tests.mime.corpora import CORPORA, mail_name, mails
from tests.mime.golden import outcome, written

GOLDEN = written()


@pytest.mark.parametrize("folder", sorted(GOLDEN))
def test_each_file_of_the_corpus_has_its_accepted_outcome(folder: str) -> None:
    found = {}
    for path in mails():
        place, _, name = mail_name(path).partition("/")
        if place == folder:
            found[name] = outcome(path.read_bytes())
    assert found == GOLDEN[folder]


def test_every_corpus_file_has_a_golden_outcome() -> None:
    assert sum(map(len, GOLDEN.values())) == len(mails()) == 692


def test_the_same_bytes_always_give_the_same_mail() -> None:
    for path in mails():
        raw = path.read_bytes()
        assert parse(raw) == parse(raw), path.name


def test_every_listed_part_comes_out_with_the_size_it_was_listed_with() -> None:
    for path in mails():
        raw = path.read_bytes()
        for listed in parse(raw).attachments:
            assert not listed.omitted
            found = part(raw, listed.section)
            assert (len(found.data), found.content_type) == (listed.size, listed.content_type), path.name


# What the standard library finds and we do not show, each looked at: HTML without a word in it, an
# epilogue that it takes for a part, and the middle pieces of a split message, which are base64.
WORDLESS = {
    "mime4j/testmsgs/multipartemptypart.msg",
    "mimekit/partial/message-partial.1.eml",
    "mimekit/partial/message-partial.2.eml",
    "php-imap/inline_attachment.eml",
    "php-mime-mail-parser/issue133",
    "php-mime-mail-parser/issue149",
    "php-mime-mail-parser/issue182",
    "php-mime-mail-parser/m0002",
    "php-mime-mail-parser/m0007",
    "rspamd/pdf_encrypted.eml",
    "ruby-mail/attachment_emails/attachment_message_rfc822_inline_image.eml",
}


def _has_text(message: Message) -> bool:
    return any(
        part.get_content_maintype() == "text"
        and isinstance(data := part.get_payload(decode=True), bytes)
        and data.strip()
        for part in message.walk()
        if not part.is_multipart()
    )


def test_a_message_in_which_the_standard_library_finds_text_has_text() -> None:
    silent = set()
    for path in mails():
        raw = path.read_bytes()
        if _has_text(email.message_from_bytes(raw)) and not parse(raw).text.strip():
            silent.add(mail_name(path))
    assert silent == WORDLESS


def test_no_text_of_the_corpus_has_a_nul_or_a_lone_surrogate() -> None:
    for path in mails():
        mail = parse(path.read_bytes())
        for text in (mail.text, mail.html or "", mail.subject, *(one.filename for one in mail.attachments)):
            assert "\0" not in text
            text.encode()


def test_a_whole_message_never_claims_an_omitted_part() -> None:
    raw = (CORPORA / "mail/cpython/msg_07.txt").read_bytes()
    try:
        found = part(raw, "2")
    except PartOmitted:
        pytest.fail("nothing was omitted")
    assert found.filename == "dingusfish.gif"
    assert found.data.startswith(b"GIF8")
