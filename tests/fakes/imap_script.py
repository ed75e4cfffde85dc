"""A scripted IMAP server: a small honest one, and rules that make it lie, stall or break off.

    box = FakeMailbox("INBOX", messages=[FakeMessage(1, raw), FakeMessage(2, raw)])
    with ScriptedServer([box], rules=[Rule(rb"UID FETCH .*", b"{tag} OK nothing\\r\\n")]) as server:
        adapter = connect(server.endpoint, LOGIN)
        ...
    server.commands                           # what arrived, without tags

A rule's answer is bytes (`{tag}` stands for the command's tag) or a function of the dialogue and the
tag. Each connection has a thread of its own; what no rule matches is answered truthfully.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from apps.providers.adapters.base import Endpoint, Login

LOGIN: Final = Login("ada", "pencil")
CAPABILITY: Final = b"IMAP4rev1 SASL-IR AUTH=PLAIN ID NAMESPACE UNSELECT LITERAL+"
FULL: Final = CAPABILITY + b" ENABLE CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE"
STRICT: Final[dict[bytes, tuple[bytes, ...]]] = {
    b" MODSEQ": (b"CONDSTORE", b"QRESYNC"),
    b"HIGHESTMODSEQ": (b"CONDSTORE", b"QRESYNC"),
    b"CHANGEDSINCE": (b"CONDSTORE", b"QRESYNC"),
    b"(CONDSTORE": (b"CONDSTORE", b"QRESYNC"),
    b"(QRESYNC": (b"QRESYNC",),
    b"SEARCH RETURN": (b"ESEARCH",),
    b"STATUS (": (b"LIST-STATUS", b"IMAP4REV1"),
    b'"*" RETURN': (b"LIST-EXTENDED", b"SPECIAL-USE", b"LIST-STATUS"),
    b"EMAILID": (b"OBJECTID",),
    b"MAILBOXID": (b"OBJECTID",),
    b"X-GM-": (b"X-GM-EXT-1",),
    b"ENABLE ": (b"ENABLE",),
    b"UNSELECT": (b"UNSELECT",),
    b"NAMESPACE": (b"NAMESPACE",),
    b"ID (": (b"ID",),
}
"""Words that a strict server answers with BAD unless it offers one of these."""
DATE: Final = b"17-Jul-2024 02:44:25 +0000"


@dataclass
class FakeMessage:
    """One message of a mailbox."""

    uid: int
    raw: bytes
    flags: str = ""
    modseq: int = 1
    email_id: str = ""
    date: bytes = DATE


@dataclass
class FakeMailbox:
    """One mailbox; `uidnext`, `exists` and `modseq` may be set to a lie."""

    name: str
    messages: list[FakeMessage] = field(default_factory=list)
    uidvalidity: int | None = 7
    uidnext: int | None = None
    exists: int | None = None
    modseq: int | None = None
    attributes: str = ""
    vanished: list[tuple[int, str]] = field(default_factory=list)
    """(modseq, UID set) of deletions, for QRESYNC."""
    mailbox_id: str = ""

    def told_uidnext(self) -> int:
        return self.uidnext or max((m.uid for m in self.messages), default=0) + 1

    def told_exists(self) -> int:
        return len(self.messages) if self.exists is None else self.exists

    def told_modseq(self) -> int:
        known = [m.modseq for m in self.messages] + [modseq for modseq, _ in self.vanished]
        return self.modseq if self.modseq is not None else max(known, default=1)


class Dialogue:
    """One connection, for a rule's function."""

    def __init__(self, server: "ScriptedServer", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.file = sock.makefile("rb")
        self.selected: FakeMailbox | None = None
        self.closed = False
        self.said = 0

    def send(self, data: bytes) -> None:
        left = None if self.server.cut_after is None else self.server.cut_after - self.said
        self.said += len(data)
        self.sock.sendall(data[:left] if left is not None else data)
        if left is not None and left <= len(data):
            self.sock.shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("cut, as the test asked for")

    def drip(self, data: bytes, pause: float) -> None:
        """One byte at a time."""
        for byte in data:
            self.send(bytes([byte]))
            time.sleep(pause)

    def hang(self) -> None:
        """Say nothing until the server is stopped or the client is gone."""
        self.server.stopping.wait(20)
        self.close()

    def close(self) -> None:
        self.closed = True
        self.sock.close()

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.file = self.sock.makefile("rb")


Answer = bytes | Callable[[Dialogue, bytes], None]


@dataclass
class Rule:
    """What to do with a command that matches, as often as `times` says (None: always)."""

    pattern: bytes
    answer: Answer
    times: int | None = None


class ScriptedServer:
    """Listens on a free port of the loopback."""

    def __init__(
        self,
        mailboxes: Sequence[FakeMailbox] = (),
        *,
        capability: bytes = CAPABILITY,
        greeting: Answer | None = None,
        rules: Sequence[Rule] = (),
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.mailboxes = list(mailboxes) or [FakeMailbox("INBOX")]
        self.capability = capability
        self.rules = list(rules)
        self.commands: list[bytes] = []
        self.refused: list[bytes] = []  # what a strict server answers with BAD
        self.received = b""
        self.connections = 0
        self.stopping = threading.Event()
        self.cut_after: int | None = None
        """Break each connection off when so many bytes were said on it."""
        self._greeting = greeting
        self._tls = tls
        self._upgrade = starttls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._dialogues: list[Dialogue] = []

    @property
    def endpoint(self) -> Endpoint:
        security = "tls" if self._tls else "starttls" if self._upgrade else "none"
        return Endpoint("127.0.0.1", self._port, security)

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        with socket.create_connection(self._listener.getsockname()):
            pass  # wakes `accept`
        for dialogue in self._dialogues:
            try:
                dialogue.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed already
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            self.connections += 1
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            dialogue = Dialogue(self, self._tls.wrap_socket(sock, server_side=True) if self._tls else sock)
        except OSError:
            sock.close()
            return
        self._dialogues.append(dialogue)
        try:
            self._answer(dialogue, b"*", self._greeting or b"* OK [CAPABILITY %b] ready\r\n" % self.capability)
            while not dialogue.closed and (line := self._command(dialogue)):
                self._handle(dialogue, line)
        except (OSError, ValueError):
            pass  # the client is gone, or a rule closed the connection
        finally:
            dialogue.file.close()
            dialogue.sock.close()

    def _command(self, dialogue: Dialogue) -> bytes:
        """One command with its literals put in place."""
        command = b""
        while line := dialogue.file.readline():
            self.received += line
            literal = re.search(rb"\{(\d+)(\+?)\}\r\n\Z", line)
            if literal is None:
                return command + line.rstrip(b"\r\n")
            if not literal[2]:
                dialogue.send(b"+ go on\r\n")
            command += line + dialogue.file.read(int(literal[1]))
        return b""

    def _handle(self, dialogue: Dialogue, line: bytes) -> None:
        tag, _, command = line.partition(b" ")
        self.commands.append(command)
        for rule in self.rules:
            if rule.times != 0 and re.fullmatch(rule.pattern, command, re.DOTALL | re.IGNORECASE):
                if rule.times is not None:
                    rule.times -= 1
                self._answer(dialogue, tag, rule.answer)
                return
        self.honest(dialogue, tag, command)

    def _answer(self, dialogue: Dialogue, tag: bytes, answer: Answer) -> None:
        if isinstance(answer, bytes):
            dialogue.send(answer.replace(b"{tag}", tag))
        else:
            answer(dialogue, tag)

    def _offers(self, names: tuple[bytes, ...]) -> bool:
        return any(name in self.capability.upper().split() for name in names)

    # ------------------------------------------------------------------ the honest server

    def honest(self, dialogue: Dialogue, tag: bytes, command: bytes) -> None:
        """Answer a command truthfully, in one write."""
        if any(token in command.upper() and not self._offers(names) for token, names in STRICT.items()):
            self.refused.append(command)
            dialogue.send(tag + b" BAD an extension that is not offered\r\n")
            return
        verb = command.upper().removeprefix(b"UID ").split(b" ")[0].decode("ascii", "replace")
        handler = getattr(self, f"_{verb.lower()}", None)
        if handler is None:
            self.refused.append(command)
            dialogue.send(tag + b" BAD what?\r\n")
            return
        said = handler(dialogue, command)
        if verb == "STARTTLS" and self._upgrade is not None:
            dialogue.send(tag + b" OK begin\r\n")
            dialogue.start_tls(self._upgrade)
        else:
            said += b"" if b"{tag}" in said else b"{tag} OK done\r\n"
            dialogue.send(said.replace(b"{tag}", tag))
        if verb == "LOGOUT":
            dialogue.close()

    def _capability(self, dialogue: Dialogue, command: bytes) -> bytes:
        return b"* CAPABILITY %b\r\n" % self.capability

    def _ok(self, dialogue: Dialogue, command: bytes) -> bytes:
        return b""

    _login = _authenticate = _id = _noop = _starttls = _ok

    def _logout(self, dialogue: Dialogue, command: bytes) -> bytes:
        return b"* BYE bye\r\n"

    def _enable(self, dialogue: Dialogue, command: bytes) -> bytes:
        return b"* ENABLED %b\r\n" % command.split(b" ")[1]

    def _namespace(self, dialogue: Dialogue, command: bytes) -> bytes:
        return b'* NAMESPACE (("" "/")) NIL NIL\r\n'

    def _unselect(self, dialogue: Dialogue, command: bytes) -> bytes:
        dialogue.selected = None
        return b""

    def _list(self, dialogue: Dialogue, command: bytes) -> bytes:
        lines = b""
        for box in self.mailboxes:
            lines += b'* LIST (%b) "/" "%b"\r\n' % (box.attributes.encode(), box.name.encode("latin-1"))
            if b"STATUS" in command and "\\Noselect" not in box.attributes:
                lines += self._status_line(box, command)
        return lines

    def _lsub(self, dialogue: Dialogue, command: bytes) -> bytes:
        return b"".join(b'* LSUB () "/" "%b"\r\n' % box.name.encode("latin-1") for box in self.mailboxes)

    def _status(self, dialogue: Dialogue, command: bytes) -> bytes:
        return self._status_line(self._box(command), command)

    def _status_line(self, box: FakeMailbox, command: bytes) -> bytes:
        items = [b"MESSAGES %d" % box.told_exists(), b"UIDNEXT %d" % box.told_uidnext()]
        if box.uidvalidity is not None:
            items.append(b"UIDVALIDITY %d" % box.uidvalidity)
        if b"HIGHESTMODSEQ" in command:
            items.append(b"HIGHESTMODSEQ %d" % box.told_modseq())
        if b"MAILBOXID" in command and box.mailbox_id:
            items.append(b"MAILBOXID (%b)" % box.mailbox_id.encode())
        return b'* STATUS "%b" (%b)\r\n' % (box.name.encode("latin-1"), b" ".join(items))

    def _box(self, command: bytes) -> FakeMailbox:
        name = re.search(rb'"((?:[^"\\]|\\.)*)"', command)
        return next(box for box in self.mailboxes if name and box.name.encode("latin-1") == name[1])

    def _examine(self, dialogue: Dialogue, command: bytes) -> bytes:
        box = dialogue.selected = self._box(command)
        said = b"* FLAGS (\\Seen \\Deleted)\r\n* %d EXISTS\r\n" % box.told_exists()
        if box.uidvalidity is not None:
            said += b"* OK [UIDVALIDITY %d] ok\r\n" % box.uidvalidity
        if box.uidnext != 0:
            said += b"* OK [UIDNEXT %d] ok\r\n" % box.told_uidnext()
        if b"CONDSTORE" in self.capability and box.modseq != 0:
            said += b"* OK [HIGHESTMODSEQ %d] ok\r\n" % box.told_modseq()
        since = re.search(rb"QRESYNC \((\d+) (\d+)", command)
        if since is not None and int(since[1]) == box.uidvalidity:
            said += b"".join(
                b"* VANISHED (EARLIER) %b\r\n" % uids.encode() for at, uids in box.vanished if at > int(since[2])
            )
            modseq = int(since[2])
            said += b"".join(self._lines(box, lambda m: m.modseq > modseq, b"UID FLAGS MODSEQ"))
        return said + b"{tag} OK [READ-ONLY] done\r\n"

    def _fetch(self, dialogue: Dialogue, command: bytes) -> bytes:
        return b"".join(self.fetch_lines(dialogue, command))

    def fetch_lines(self, dialogue: Dialogue, command: bytes) -> list[bytes]:
        """The untagged lines that answer a FETCH or UID FETCH, one for each message."""
        box = dialogue.selected
        wanted = re.match(rb"(UID )?FETCH ([\d:,*]+) \((.*?)\)( \(CHANGEDSINCE (\d+)\))?$", command, re.IGNORECASE)
        if box is None or wanted is None:
            raise ValueError(f"no mailbox, or no FETCH: {command!r}")
        number = {id(m): m.uid if wanted[1] else place for place, m in enumerate(box.messages, 1)}
        chosen = _expand(wanted[2], max(number.values(), default=0))
        since = int(wanted[5] or 0)
        return self._lines(box, lambda m: chosen(number[id(m)]) and m.modseq > since, wanted[3])

    def _lines(self, box: FakeMailbox, chosen: Callable[[FakeMessage], bool], items: bytes) -> list[bytes]:
        return [
            b"* %d FETCH (%b)\r\n" % (place, b" ".join(self.item(m, name) for name in _split(items)))
            for place, m in enumerate(box.messages, 1)
            if chosen(m)
        ]

    def item(self, message: FakeMessage, name: bytes) -> bytes:
        """One item of a FETCH answer."""
        plain = {
            b"UID": b"UID %d" % message.uid,
            b"FLAGS": b"FLAGS (%b)" % message.flags.encode("latin-1"),
            b"INTERNALDATE": b'INTERNALDATE "%b"' % message.date,
            b"RFC822.SIZE": b"RFC822.SIZE %d" % len(message.raw),
            b"MODSEQ": b"MODSEQ (%d)" % message.modseq,
            b"EMAILID": b"EMAILID (%b)" % message.email_id.encode() if message.email_id else b"EMAILID NIL",
            b"THREADID": b"THREADID NIL",
        }
        if name.upper() in plain:
            return plain[name.upper()]
        part = re.fullmatch(rb"BODY(?:\.PEEK)?\[(.*)\](?:<(\d+)\.(\d+)>)?", name)
        if part is None:
            return name + b" NIL"
        head, _, _ = message.raw.partition(b"\r\n\r\n")
        value = message.raw
        if part[1].startswith(b"HEADER.FIELDS"):
            found = re.search(rb"(?im)^message-id:.*$", head)
            value = (found[0].rstrip() + b"\r\n" if found else b"") + b"\r\n"
        elif part[1] == b"HEADER":
            value = head + b"\r\n\r\n"
        origin = b""
        if part[2] is not None:
            value, origin = value[int(part[2]) : int(part[2]) + int(part[3])], b"<%b>" % part[2]
        return b"BODY[%b]%b {%d}\r\n%b" % (part[1], origin, len(value), value)

    def _search(self, dialogue: Dialogue, command: bytes) -> bytes:
        box = dialogue.selected
        if box is None:
            return b"{tag} BAD no mailbox\r\n"
        chosen = _expand(command.rsplit(b" ", 1)[1], box.told_uidnext())
        uids = [m.uid for m in box.messages if chosen(m.uid)]
        if b"RETURN (COUNT)" in command:
            return b'* ESEARCH (TAG "{tag}") UID COUNT %d\r\n{tag} OK done\r\n' % len(uids)
        if b"RETURN" in command:
            found = b" ALL " + b",".join(b"%d" % uid for uid in uids) if uids else b""
            return b'* ESEARCH (TAG "{tag}") UID%b\r\n{tag} OK done\r\n' % found
        return b"* SEARCH %b\r\n" % b" ".join(b"%d" % uid for uid in uids)


def _split(items: bytes) -> list[bytes]:
    return re.findall(rb"[A-Za-z0-9.]+(?:\[[^\]]*\](?:<[\d.]+>)?)?", items)


def _expand(uid_set: bytes, top: int) -> Callable[[int], bool]:
    """A membership test; `n:*` is swapped when n is above the top (RFC 3501 section 6.4.8)."""
    ranges = []
    for piece in uid_set.split(b","):
        low, _, high = piece.partition(b":")
        first, last = (top if text == b"*" else int(text) for text in (low, high or low))
        ranges.append((min(first, last), max(first, last)))
    return lambda number: any(low <= number <= high for low, high in ranges)
