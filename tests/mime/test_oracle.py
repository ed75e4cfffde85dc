"""Structure and decoding against the standard library's compat32 parser, part by part.

compat32 is the tolerant reading that everyone knows. Ours is another implementation (spans of the
bytes, linear, bounded), so over the corpus both must find the same parts with the same content,
except where the list below says why ours differs.
"""

import email
from email.message import Message

from apps.providers.adapters.mime import structure, transfer
from apps.providers.adapters.mime.headers import Notes
from tests.mime.corpora import mail_name, mails

Leaves = list[tuple[str, bytes]]

DIFFERENCES = {
    # A multipart that has no delimiter line is text to us; compat32 leaves it a multipart without parts.
    "cpython/msg_15.txt": "no delimiter",
    "cpython/msg_17.txt": "no delimiter",
    "cpython/msg_39.txt": "no delimiter",
    "cpython/msg_41.txt": "no delimiter",
    "enmime/testdata/mail/header-only.raw": "no delimiter",
    "enmime/testdata/mail/multipart-wo-boundary.raw": "no delimiter",
    "mime4j/testmsgs/ending-boundaries.msg": "no delimiter",
    "mime4j/testmsgs/missing-inner-boundary.msg": "no delimiter",
    "mime4j/testmsgs/missing-inner-start-boundary.msg": "no delimiter",
    "mimekit/mbox/simple.mbox.txt": "no delimiter",
    "mimekit/messages/empty-multipart.txt": "no delimiter",
    "rspamd/alternative-empty-related.eml": "no delimiter",
    "rspamd/external_relay.eml": "no delimiter",
    "ruby-mail/error_emails/bad_date_header2.eml": "no delimiter",
    "ruby-mail/error_emails/empty_in_reply_to.eml": "no delimiter",
    "ruby-mail/error_emails/missing_body.eml": "no delimiter",
    "stalwart/malformed/001.eml": "no delimiter",
    "stalwart/malformed/002.eml": "no delimiter",
    "stalwart/malformed/005.eml": "no delimiter",
    "stalwart/malformed/013.eml": "no delimiter",
    # The boundary parameter is missing or wrong, and the delimiter lines above part headers tell it.
    "cpython/msg_25.txt": "boundary guessed",
    "cpython/msg_31.txt": "boundary guessed",
    "mime4j/mimetools-testmsgs/multi-badnames.msg": "boundary guessed",
    "mime4j/mimetools-testmsgs/multi-clen.msg": "boundary guessed",
    "mime4j/mimetools-testmsgs/multi-digest.msg": "boundary guessed",
    "mime4j/mimetools-testmsgs/multi-simple.msg": "boundary guessed",
    "stalwart/malformed/004.eml": "boundary guessed",
    "stalwart/malformed/017.eml": "boundary guessed",
    "zbateson/m0021.txt": "boundary guessed",
    # Two delimiter lines in a row: an empty part to us, as RFC 2046 says, nothing to compat32.
    "cpython/msg_37.txt": "empty parts",
    "mime4j/mimetools-testmsgs/double-bound.msg": "empty parts",
    "mime4j/testmsgs/multipartemptypart.msg": "empty parts",
    "stalwart/malformed/000.eml": "empty parts",
    # A broken line, or a space before a colon, ends the header block for compat32; plainly it goes on.
    "mime4j/testmsgs/obsolete.msg": "header goes on",
    "mimekit/messages/issue358.txt": "header goes on",
    "ruby-mail/plain_emails/raw_email_incorrect_header.eml": "header goes on",
    "ruby-mail/rfc2822/example13.eml": "header goes on",
    "stalwart/malformed/019.eml": "header goes on",
    # Broken or false base64: compat32 gives the encoded text back whole, we decode what decodes.
    "enmime/testdata/low-quality/bad-header-wrap.raw": "base64",
    "enmime/testdata/mail/mime-bad-content-transfer-encoding.raw": "base64",
    "enmime/testdata/parts/extra-base64-character.raw": "base64",
    "php-imap/boolean_decoded_content.eml": "base64",
    "rspamd/fname.eml": "base64",
    # HTML without any Content-Type is HTML to a reader.
    "deltachat/gmx-quote-body.eml": "HTML by its first tag",
    "talon/html_replies/ms_outlook_2003.html": "HTML by its first tag",
    "talon/html_replies/ms_outlook_2010.html": "HTML by its first tag",
    "talon/html_replies/windows_mail.html": "HTML by its first tag",
    # A byte order mark stands before the header block.
    "mimekit/mbox/unmunged.mbox.txt": "byte order mark",
    "mimekit/messages/feedback-report.txt": "byte order mark",
    # The rest, one by one.
    "enmime/testdata/mail/mime-bad-content-type.raw": "the type ends at a space",
    "mailparse/nested.eml": "53 levels, our limit is 30",
    "sisimai/mac/lhost-exchange2007-01.eml": "quoted-printable with bare CR line ends",
}


def _theirs(message: Message) -> Leaves:
    if message.get_content_maintype() == "message":
        return [(message.get_content_type(), b"")]
    if message.is_multipart():
        return [leaf for child in message.get_payload() if isinstance(child, Message) for leaf in _theirs(child)]
    data = message.get_payload(decode=True)
    return [(message.get_content_type(), _lines(data if isinstance(data, bytes) else b""))]


def _ours(raw: bytes) -> Leaves:
    root = structure.read(structure.normal(raw), Notes())
    return [
        (leaf.type, b"" if leaf.type.startswith("message/") else _lines(transfer.decode(leaf.body, leaf.encoding)))
        for leaf in root.leaves()
    ]


def _lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n")


def test_parts_and_their_content_are_those_of_the_standard_library() -> None:
    different = set()
    for path in mails():
        raw = path.read_bytes()
        if _ours(raw) != _theirs(email.message_from_bytes(raw)):
            different.add(mail_name(path))
    assert different == set(DIFFERENCES)
