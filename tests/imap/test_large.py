"""Large messages: a skeleton that parses like the message, with what was left at the server marked."""

import io
from email import message_from_bytes
from email.message import EmailMessage, Message

import pytest

from apps.providers.adapters.imap import connect, wire
from apps.providers.adapters.imap.large import MOST, PARTS, TEXT, WHOLE, structure
from tests.fakes.imap_script import FULL, LOGIN, Dialogue, FakeMailbox, FakeMessage, Rule, ScriptedServer
from tests.imap.dovecot import Dovecot
from tests.imap.messages import message, with_attachment
from tests.imap.mirror import MemoryMirror

pytestmark = pytest.mark.dovecot
BIG = WHOLE + 50_000


def crlf(mail: Message) -> bytes:
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def forwarded() -> bytes:
    """An attachment, and a whole message inside, both large."""
    mail = EmailMessage()
    mail["Message-ID"], mail["From"], mail["Subject"] = "<outer@example.test>", "ada@example.test", "Fwd"
    mail.set_content("See below.\n")
    inner = message_from_bytes(with_attachment(5, BIG))
    mail.make_mixed()
    part = EmailMessage()
    part["Content-Type"] = "message/rfc822"
    part.set_payload([inner])
    mail.attach(part)
    mail.add_attachment(b"x" * BIG, "application", "zip", filename="z.zip")
    return crlf(mail)


def single_pdf() -> bytes:
    mail = EmailMessage()
    mail["Message-ID"], mail["Subject"] = "<pdf@example.test>", "Only a file"
    mail.set_content(b"%PDF" * BIG, "application", "pdf")
    return crlf(mail)


def attached_text() -> bytes:
    mail = EmailMessage()
    mail["Message-ID"], mail["Subject"] = "<log@example.test>", "A log"
    mail.set_content("Here it is.\n")
    mail.add_attachment("line\n" * BIG, filename="server.log")
    return crlf(mail)


@pytest.fixture
def mirrored(dovecot: Dovecot) -> tuple[Dovecot, str, MemoryMirror]:
    user = dovecot.new_user()
    messages = (with_attachment(1, BIG), forwarded(), single_pdf(), attached_text(), message(2, size=WHOLE - 500))
    dovecot.append(user, "INBOX", *messages, message(3, size=BIG), message(4, size=TEXT + BIG))
    adapter = connect(dovecot.endpoint, dovecot.login(user))
    mirror = MemoryMirror()
    mirror.sync(adapter)
    adapter.close()
    return dovecot, user, mirror


def omitted(raw: bytes) -> list[tuple[str, int]]:
    """What a skeleton says was left out: sections and sizes."""
    parts = message_from_bytes(raw).walk()
    return [(part["X-PMSync-Omitted"], int(part["X-PMSync-Size"])) for part in parts if part["X-PMSync-Omitted"]]


def shape(mail: Message) -> list[tuple[str, str | None]]:
    """Types and file names, not looking into messages inside."""
    found: list[tuple[str, str | None]] = [(mail.get_content_type(), mail.get_filename())]
    parts = mail.get_payload()
    if mail.get_content_maintype() == "multipart" and isinstance(parts, list):
        for part in parts:
            assert isinstance(part, Message)
            found += shape(part)
    return found


def test_a_skeleton_has_every_header_every_text_and_marks_for_the_rest(
    mirrored: tuple[Dovecot, str, MemoryMirror],
) -> None:
    dovecot, user, mirror = mirrored
    adapter = connect(dovecot.endpoint, dovecot.login(user))
    expected = {1: ["2"], 2: ["2", "3"], 3: ["1"], 4: ["2"], 5: [], 6: [], 7: ["1"]}
    for uid, sections in expected.items():
        raw = mirror.raw("INBOX", uid)
        assert raw is not None
        record = mirror.messages[mirror.boxes["INBOX"].placements[uid].identity]
        assert record.complete is not bool(sections)
        original = adapter.fetch("INBOX", None, uid)
        ours, theirs = message_from_bytes(raw), message_from_bytes(original)
        marks = omitted(raw)
        assert [section for section, _ in marks] == sections
        for section, size in marks:
            part = adapter.fetch_part("INBOX", None, uid, section)
            assert len(part) == size
            assert part in original
        ours_top = [(name, value) for name, value in ours.items() if not name.startswith("X-PMSync-")]
        assert ours_top == theirs.items()
        assert shape(ours) == shape(theirs)
        if not sections:
            assert raw == original
        else:
            assert len(raw) < 20_000
    adapter.close()


def test_the_text_of_a_skeleton_is_that_of_the_message(mirrored: tuple[Dovecot, str, MemoryMirror]) -> None:
    _, _, mirror = mirrored
    raw = mirror.raw("INBOX", 1)
    assert raw is not None
    parts = list(message_from_bytes(raw).walk())
    texts = [part.get_payload(decode=True) for part in parts if part.get_content_maintype() == "text"]
    assert texts == ["The text, grüßend.\r\n".encode(), b"<p>The text.</p>\r\n"]


def test_a_large_arrival_in_inbox_comes_as_a_skeleton_too(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    adapter = connect(dovecot.endpoint, dovecot.login(user))
    mirror = MemoryMirror()
    mirror.sync(adapter)
    dovecot.append(user, "INBOX", message(1), with_attachment(2, BIG))
    before = adapter.traffic
    mirror.sync(adapter)
    raw = mirror.raw("INBOX", 2)
    assert raw is not None
    assert [section for section, _ in omitted(raw)] == ["2"]
    # The first 256 KiB came with the question how large it is, and no byte beyond.
    assert adapter.traffic.bytes_in - before.bytes_in < WHOLE + 10_000
    assert mirror.differences(adapter) == []
    adapter.close()


# ---------------------------------------------------------------------------- structures that cannot be read

HUGE = with_attachment(1, BIG)


def big_mailbox(raw: bytes = HUGE) -> FakeMailbox:
    return FakeMailbox("INBOX", [FakeMessage(1, raw), FakeMessage(2, message(2))])


def replying(server: ScriptedServer, structure: bytes, size: int | None = None) -> Rule:
    """Answers BODYSTRUCTURE so, and all else honestly."""

    def answer(dialogue: Dialogue, tag: bytes) -> None:
        (line,) = server.fetch_lines(dialogue, server.commands[-1])
        line = line.replace(b"BODYSTRUCTURE NIL", b"BODYSTRUCTURE " + structure)
        if size is not None:
            line = line.replace(b"RFC822.SIZE %d" % len(HUGE), b"RFC822.SIZE %d" % size)
        dialogue.send(line + tag + b" OK done\r\n")

    return Rule(rb"UID FETCH 1 .*\[HEADER\].*", answer)


@pytest.mark.parametrize(
    "broken",
    [
        b"NIL",
        b"()",
        b"(" * 300,
        b'("TEXT" "PLAIN")',
        b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" NIL)',
        b'((NIL NIL) "MIXED")',
        b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" -1 1) "MIXED")',
        b"(" + b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1)' * (PARTS + 1) + b' "MIXED")',
        b'("a"b"c" "PLAIN" NIL NIL NIL "7BIT" 1 1)',
    ],
)
def test_a_structure_that_makes_no_sense_means_the_whole_message(broken: bytes) -> None:
    """Exchange, Yandex, mail.ru (jstedfast/MailKit#919, modern-email/defects#50)."""
    with ScriptedServer([big_mailbox()], capability=FULL) as server:
        server.rules.append(replying(server, broken))
        adapter = connect(server.endpoint, LOGIN)
        mirror = MemoryMirror()
        mirror.sync(adapter)
        adapter.close()
    assert mirror.raw("INBOX", 1) == HUGE
    assert mirror.raw("INBOX", 2) == message(2)


def test_a_multipart_without_boundary_means_the_whole_message() -> None:
    raw = HUGE.replace(b"boundary=", b"boundless=", 1)
    with ScriptedServer([big_mailbox(raw)], capability=FULL) as server:
        two = b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1)("APPLICATION" "PDF" NIL NIL NIL "BASE64" 9) "MIXED")'
        server.rules.append(replying(server, two))
        adapter = connect(server.endpoint, LOGIN)
        mirror = MemoryMirror()
        mirror.sync(adapter)
        adapter.close()
    assert mirror.raw("INBOX", 1) == raw


def test_a_text_that_did_not_come_leaves_the_message_incomplete() -> None:
    with ScriptedServer([big_mailbox()], capability=FULL) as server:
        texts = b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1)("TEXT" "HTML" NIL NIL NIL "7BIT" 1 1) "ALTERNATIVE")'
        nothing = b"* 1 FETCH (UID 1 BODY[1] NIL BODY[2] NIL BODY[1.MIME] NIL BODY[2.MIME] NIL)\r\n{tag} OK done\r\n"
        server.rules += [replying(server, texts), Rule(rb"UID FETCH 1 \(UID BODY\.PEEK\[1\].*", nothing)]
        adapter = connect(server.endpoint, LOGIN)
        mirror = MemoryMirror()
        mirror.sync(adapter)
        adapter.close()
    held = mirror.messages[mirror.boxes["INBOX"].placements[1].identity]
    assert held.raw is not None
    assert [section for section, _ in omitted(held.raw)] == ["1", "2"]
    assert not held.complete


def test_a_message_too_large_to_hold_keeps_its_header() -> None:
    with ScriptedServer([big_mailbox()], capability=FULL) as server:
        server.rules.append(replying(server, b"NIL", size=MOST + 1))
        adapter = connect(server.endpoint, LOGIN)
        mirror = MemoryMirror()
        mirror.sync(adapter)
        adapter.close()
    raw = mirror.raw("INBOX", 1)
    assert raw is not None
    assert [section for section, _ in omitted(raw)] == ["TEXT"]
    assert message_from_bytes(raw)["Subject"] == "With attachment 1"


def test_a_large_message_that_is_not_handed_out_is_unreadable() -> None:
    with ScriptedServer([big_mailbox()], capability=FULL) as server:
        server.rules.append(Rule(rb"UID FETCH 1 .*", b"{tag} NO [SERVERBUG] cannot\r\n"))
        adapter = connect(server.endpoint, LOGIN)
        mirror = MemoryMirror()
        mirror.sync(adapter)
        adapter.close()
    assert mirror.boxes["INBOX"].placements[1].unreadable
    assert mirror.raw("INBOX", 2) == message(2)


def test_ten_thousand_levels_of_structure_are_a_typed_error() -> None:
    line = b"* 1 FETCH (BODYSTRUCTURE " + b"(" * 10_000 + b"\r\n"
    data = wire.read_response(io.BytesIO(line))
    assert isinstance(data, wire.Data)
    with pytest.raises(wire.WireError):
        wire.fetch_items(data)


def test_a_real_structure_is_read_with_its_sections() -> None:
    line = (
        b'(((("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 5 1 NIL NIL NIL NIL)'
        b'("text" "html" NIL NIL NIL "7bit" 9 1 NIL ("inline" NIL) NIL) "alternative" ("boundary" "b") NIL NIL)'
        b'("image" "png" NIL "<c>" NIL "base64" 100 NIL ("inline" ("filename" "a.png")) NIL) "related")'
        b'("message" "rfc822" NIL NIL NIL "7bit" 300 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'
        b' ("text" "plain" NIL NIL NIL "7bit" 1 1) 10 NIL ("attachment" NIL))'
        b'("text" "csv" NIL NIL NIL "7bit" 7 1 NIL ("attachment" ("filename" "t.csv")) NIL) "mixed")'
    )
    root = structure(wire.tokens((line,))[0])
    found = {part.section: (part.type, part.size, part.text) for part in root.walk() if not part.parts}
    assert found == {
        "1.1.1": ("text/plain", 5, True),
        "1.1.2": ("text/html", 9, True),
        "1.2": ("image/png", 100, False),
        "2": ("message/rfc822", 300, False),
        "3": ("text/csv", 7, False),
    }
