"""A submission server that keeps a ledger of what it took, refuses whom a test names, and hangs up where it is told.

    with Sink() as sink:
        sink.refusals["nobody@x.example"] = "550 5.1.1 No such user"
        sink.fault = lambda stage: stage == "after the dot"

Stages, in the order of a transaction: connect, mail, rcpt, data, body, before taking (the final dot has
arrived, the message is thrown away), in the answer (taken, half a reply), after taking (no reply),
after the answer (250, then a reset).
"""

import base64
import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Self

PASSWORD: Final = "secret"  # noqa: S105  # of throw-away users on the loopback
STAGES: Final = (
    "connect", "mail", "rcpt", "data", "body", "before taking", "in the answer", "after taking", "after the answer",
)  # fmt: skip
EXTENSIONS: Final = ("PIPELINING", "SIZE 36700160", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN")


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that the server is responsible for."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    options: str

    @property
    def message_id(self) -> str:
        head = self.data.split(b"\r\n\r\n", 1)[0]
        lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:")]
        return lines[0].partition(b":")[2].strip().decode() if lines else ""


class _Cut(Exception):
    """The connection is reset."""


@dataclass
class Sink:
    """Runs threads of its own. `latency` (seconds) is before each reply."""

    extensions: tuple[str, ...] = EXTENSIONS
    refusals: dict[str, str] = field(default_factory=dict)
    answer: str = "250 2.0.0 Taken"
    fault: Callable[[str], bool] = lambda stage: False
    latency: float = 0.0
    taken: list[Taken] = field(default_factory=list)
    sessions: int = 0
    port: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def counts(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        with self._lock:
            return Counter(one.message_id for one in self.taken)

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        # Both are closed: a socket whose file is still open stays open.
        with contextlib.suppress(OSError, _Cut, EOFError), sock, sock.makefile("rb") as reader:
            _Session(self, sock, reader).run()

    def take(self, message: Taken) -> None:
        """Write into the ledger."""
        with self._lock:
            self.taken.append(message)


class _Session:
    def __init__(self, sink: Sink, sock: socket.socket, reader: BinaryIO) -> None:
        self.sink, self.sock, self.reader = sink, sock, reader
        self.sender, self.options, self.recipients = "", "", list[str]()

    def run(self) -> None:
        self.perhaps("connect")
        self.say("220 sink.example ESMTP")
        while True:
            line = self.line()
            verb = line.split(" ", 1)[0].split(":", 1)[0].upper()
            match verb:
                case "EHLO":
                    told = ["sink.example", *self.sink.extensions]
                    self.say(*(f"250{'-' if at < len(told) - 1 else ' '}{text}" for at, text in enumerate(told)))
                case "AUTH":
                    given = base64.b64decode(line.split(" ")[-1]).split(b"\0")
                    self.say("235 2.7.0 OK" if given[-1].decode() == PASSWORD else "535 5.7.8 Wrong")
                case "MAIL":
                    self.perhaps("mail")
                    self.sender, _, self.options = line[len("MAIL FROM:<") :].partition(">")
                    self.recipients = []
                    self.say("250 2.1.0 OK")
                case "RCPT":
                    self.perhaps("rcpt")
                    address = line[len("RCPT TO:<") :].partition(">")[0]
                    refusal = self.sink.refusals.get(address)
                    if refusal is None:
                        self.recipients.append(address)
                    self.say(refusal or "250 2.1.5 OK")
                case "DATA":
                    self.perhaps("data")
                    self.say("354 Go on")
                    self.body()
                case "RSET" | "NOOP":
                    self.say("250 2.0.0 OK")
                case "QUIT":
                    self.say("221 2.0.0 Bye")
                    return
                case _:
                    self.say("502 5.5.1 What?")

    def body(self) -> None:
        lines: list[bytes] = []
        size = 0
        while True:
            line = self.reader.readline(4096)
            if not line:
                raise EOFError
            if line == b".\r\n":
                break
            if len(lines) == 3:
                self.perhaps("body")
            size += len(line)
            lines.append(line[1:] if line.startswith(b".") else line)
        self.perhaps("before taking")
        if self.sink.answer.startswith("2"):
            self.sink.take(Taken(self.sender, tuple(self.recipients), b"".join(lines), self.options.strip()))
        if self.sink.fault("in the answer"):
            self.sock.sendall(self.sink.answer[:2].encode())
            raise self.reset()
        self.perhaps("after taking")
        self.say(self.sink.answer)
        self.perhaps("after the answer")

    def perhaps(self, stage: str) -> None:
        if self.sink.fault(stage):
            raise self.reset()

    def reset(self) -> _Cut:
        """End the connection with a reset, as a crashed machine's would."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return _Cut()

    def line(self) -> str:
        text = self.reader.readline(8192)
        if not text:
            raise EOFError
        return text.decode("utf-8", "replace").rstrip("\r\n")

    def say(self, *lines: str) -> None:
        time.sleep(self.sink.latency)
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode("utf-8"))
