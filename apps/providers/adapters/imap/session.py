"""One logged-in IMAP connection: commands out, typed answers streaming in. Used by one thread at a time.

imapclient connects, encrypts and logs in (`client`); from then on commands go over the same
buffered stream through `wire`, because imaplib keeps whole answers in memory and drops VANISHED
lines and the FETCH lines that it did not ask for.

    answer = session.start(b"UID FETCH 1:5 (UID FLAGS)")    # sent; several may be under way
    for item in answer: ...                                 # wire.Data as it comes
    answer.check()                                          # raises the typed error of a NO or BAD

Answers may be read in any order: what belongs to another command is kept meanwhile. An untagged
line goes to the oldest command under way that produces lines of its name, ESEARCH to the one that it
names (RFC 4466). With several FETCH commands under way this is a guess: Dovecot works on them at the
same time when its output is slow (RFC 3501 section 5.5 allows that). Their answers are therefore
read through one `Fetches`, which looks at the UIDs. Unsolicited lines are legal anywhere: who reads
an answer skips what it did not ask for.
"""

import io
import re
import ssl
import threading
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn, Self, TypeGuard

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login, Traffic
from apps.providers.adapters.imap import login as sasl
from apps.providers.adapters.imap import wire
from apps.providers.adapters.imap.arguments import mailbox_argument
from apps.providers.adapters.imap.capabilities import effective
from apps.providers.adapters.imap.channel import Channel, Timeouts, dial
from apps.providers.adapters.imap.client import Client
from apps.providers.adapters.imap.errors import LOWER, Stage, from_exception, from_refusal, may_concern_one
from apps.providers.adapters.imap.refusals import LEARNT
from apps.providers.adapters.tls import for_mail

log = structlog.get_logger(__name__)

IDENTITY: Final = b'("name" "PMSync" "version" "1" "vendor" "PMSync")'
DEFAULT_TIMEOUTS: Final = Timeouts()
UPLOAD_PIECE: Final = 64 * 1024  # bytes of a literal sent at once
LAST_WORDS: Final = 5  # untagged status lines kept: the reason of a hang-up stands in the last ones


@dataclass(frozen=True, slots=True)
class Selected:
    """What the server said when a mailbox was opened. None where it said nothing."""

    name: str
    exists: int
    uidvalidity: int
    """0 when absent: the mailbox has no lasting UIDs."""
    uidnext: int | None
    modseq: int | None
    """HIGHESTMODSEQ; None for 0 (RFC 7162 section 3.1.2), and without CONDSTORE or UIDVALIDITY."""
    data: tuple[wire.Data, ...] = ()
    """FETCH and VANISHED lines of a QRESYNC."""


@dataclass(slots=True)
class Answer:
    """The answer to one command. Its data can be read once."""

    session: "ImapSession"
    tag: bytes
    stage: Stage
    uses: tuple[str, ...] = ()
    """Capabilities that the command relies on: a BAD is held against them."""
    statuses: list[wire.Status] = field(default_factory=list)
    tagged: wire.Tagged | None = None

    def __iter__(self) -> Iterator[wire.Data]:
        """Yield the untagged data. Raises what `ImapSession.read_for` raises."""
        read, tag = self.session.read_for, self.tag
        while self.tagged is None:
            response = read(tag)
            if isinstance(response, wire.Data):
                yield response
            elif isinstance(response, wire.Tagged):
                self.tagged = response
                if response.status == "BAD" and may_concern_one(response):
                    self.session.suspect(self.uses)
            elif isinstance(response, wire.Status):
                self.statuses.append(response)

    def finish(self) -> wire.Tagged:
        """Read to the end, dropping the data that is left."""
        for _ in self:
            pass
        if self.tagged is None:
            raise TypeError("an answer ends with a tagged line")
        return self.tagged

    def check(self) -> wire.Tagged:
        """Read to the end. Raises the typed error of a NO or BAD."""
        tagged = self.finish()
        if tagged.status != "OK":
            raise from_refusal(tagged, self.stage)
        return tagged

    def code(self, name: str) -> wire.Code | None:
        """The last response code of this name, tagged or untagged."""
        codes = [status.code for status in self.statuses] + [self.tagged.code if self.tagged else None]
        return next((code for code in reversed(codes) if code is not None and code.name == name), None)

    def code_number(self, name: str) -> int | None:
        """Its argument as a number; None when it was not said, or not as a number."""
        code = self.code(name)
        try:
            return None if code is None else code.number()
        except wire.WireError:
            return None  # as good as not said: the mailbox is then compared in full


class ImapSession:
    """A connection in the authenticated or selected state."""

    def __init__(
        self, channel: Channel, reader: io.BufferedReader, endpoint: Endpoint, capabilities: Collection[str]
    ) -> None:
        self._channel = channel
        self._reader = reader
        self._host, self._port = endpoint.host, endpoint.port
        self._lock = threading.Lock()
        self._count = 0
        # Commands without their tagged answer, oldest first, with the names of the lines they produce.
        self._under_way: dict[bytes, frozenset[str]] = {}
        self._kept: dict[bytes, deque[wire.Response]] = {}  # by tag: read from the wire, not yet by its reader
        self._dead = False
        self._last_words: deque[wire.Status] = deque(maxlen=LAST_WORDS)
        self.capabilities = effective(capabilities, self._host) - LEARNT.of(self._host, self._port)
        self.enabled: frozenset[str] = frozenset()
        self._foreign: tuple[str, ...] = ()
        self.selected: Selected | None = None
        self.throttled = False
        """True once a successful answer carried [THROTTLED] (mscdex/node-imap#593): background work should stop."""

    @classmethod
    def open(
        cls,
        endpoint: Endpoint,
        login: Login,
        *,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Connect, encrypt, log in, introduce ourselves. Raises the errors of `adapters.errors`."""
        sasl.check(login)
        stage = Stage.CONNECT
        channel: Channel | None = None
        try:
            channel = Channel(dial(endpoint, timeouts.connect), timeouts)
            client = Client(endpoint, channel, tls or for_mail())
            client.encrypt()
            stage = Stage.OAUTH if login.access_token else Stage.LOGIN
            session = cls(channel, client.reader, endpoint, client.log_in(login))
        except (errors.AdapterError, *LOWER) as exc:
            if channel is not None:
                channel.close()
            raise from_exception(exc, stage) from exc
        session._introduce()
        return session

    # ------------------------------------------------------------------ commands

    def start(self, *pieces: bytes, stage: Stage = Stage.READ, uses: tuple[str, ...] = ()) -> Answer:
        """Send one command and give its answer, still to be read.

        `pieces` are joined as they are; build strings with `arguments`. `uses`
        names the extensions that it relies on. Raises Transient, and what a BYE means.
        """
        if self._dead:
            raise errors.Transient("the connection is closed")
        if not self._under_way:
            self._drain()
        tag = b"p%d" % self._count
        self._count += 1
        self._under_way[tag] = _produced(pieces[0])
        self._kept[tag] = deque()
        self._channel.ask()
        self._send(b"%b %b\r\n" % (tag, b"".join(pieces)), tag)
        return Answer(self, tag, stage, uses)

    def command(self, *pieces: bytes, stage: Stage = Stage.READ) -> Answer:
        """Send one command and read its answer away. Raises the typed error of a NO or BAD."""
        answer = self.start(*pieces, stage=stage)
        answer.check()
        return answer

    def start_upload(self, command: bytes, literal: bytes, *, stage: Stage = Stage.WRITE) -> Answer:
        """Send one command that ends with a literal of any content and size, as APPEND does; its answer is still
        to be read. Without LITERAL+ the server is asked first (RFC 7888: LITERAL- is for 4,096 bytes)."""
        if self._dead:
            raise errors.Transient("the connection is closed")
        self.settle()
        self._drain()
        tag = b"p%d" % self._count
        self._count += 1
        self._under_way[tag] = frozenset()
        self._kept[tag] = deque()
        self._channel.ask()
        at_once = self.has("LITERAL+")
        with self._guard():
            self._channel.send(b"%b %b{%d%b}\r\n" % (tag, command, len(literal), b"+" if at_once else b""))
        if at_once or self._invited(tag):
            # In pieces: the channel's clock is for each of them, whatever the size of the message.
            for start in range(0, len(literal), UPLOAD_PIECE):
                with self._guard():
                    self._channel.send(literal[start : start + UPLOAD_PIECE])
            with self._guard():
                self._channel.send(b"\r\n")
        return Answer(self, tag, stage)

    def _send(self, data: bytes, tag: bytes) -> None:
        # Names and search terms are far below the 4,096 bytes that LITERAL- allows (RFC 7888).
        if not self.capabilities.isdisjoint({"LITERAL+", "LITERAL-"}):
            data = _LITERAL_HEAD.sub(rb"{\1+}\r\n", data)
        while (head := _LITERAL_HEAD.search(data)) is not None:
            with self._guard():
                self._channel.send(data[: head.end()])
            data = data[head.end() :]
            if not self._invited(tag):
                return  # refused: the tagged line waits for the reader of the answer
        with self._guard():
            self._channel.send(data)

    def _invited(self, tag: bytes) -> bool:
        """Wait until the server asks for the literal; False when it refuses the command instead."""
        while tag in self._under_way:
            response = self._read()
            if isinstance(response, wire.Continuation):
                return True
            self._keep(response)
        return False

    # ------------------------------------------------------------------ answers

    def read_for(self, tag: bytes) -> wire.Response:
        """The next response to the command `tag`. Raises Transient, and what a BYE means."""
        kept = self._kept.get(tag)
        if kept is None:
            raise RuntimeError("another use of the connection has put an end to this answer")
        while not kept:
            response = self._read()
            if len(self._under_way) == 1 and not isinstance(response, wire.Tagged):
                return response
            self._keep(response)
        response = kept.popleft()
        if isinstance(response, wire.Tagged):
            del self._kept[tag]
        return response

    def _keep(self, response: wire.Response) -> None:
        if not isinstance(response, wire.Tagged):
            self._kept[self._owner(response)].append(response)
        elif response.tag in self._under_way:
            del self._under_way[response.tag]
            self._kept[response.tag].append(response)
        else:
            self._fail(wire.WireError("the server completed a command that was not sent"))

    def _owner(self, response: wire.Response) -> bytes:
        oldest = next(iter(self._under_way))
        if not isinstance(response, wire.Data):
            return oldest
        if response.name == "ESEARCH":
            named = _CORRELATOR.match(response.parts[0])
            if named is not None and named[1] in self._under_way:
                return named[1]
        return next((tag for tag, names in self._under_way.items() if response.name in names), oldest)

    def _read(self) -> wire.Response:
        with self._guard():
            response = wire.read_response(self._reader, wire.BULK)
        if isinstance(response, wire.Status | wire.Tagged):
            self._note(response)
        return response

    def _note(self, response: wire.Status | wire.Tagged) -> None:
        if response.code is not None and response.code.name == "THROTTLED" and response.status == "OK":
            self.throttled = True
        if isinstance(response, wire.Status):
            self._last_words.append(response)
            if response.status == "BYE":
                self.abandon()
                raise from_refusal(response, Stage.READ)

    def _drain(self) -> None:
        """What lies unread before a command is not its answer (mjs/imapclient#334)."""
        while self._has_input():
            if isinstance(self._read(), wire.Tagged):
                self._fail(wire.WireError("the server completed a command that was not sent"))

    def _has_input(self) -> bool:
        with self._guard():
            return bool(self._channel.buffered(self._reader)) or self._channel.ready()

    def settle(self) -> None:
        """Forget every answer under way: read them from the wire and drop them."""
        while self._under_way and not self._dead:
            self._keep(self._read())
            for kept in self._kept.values():
                kept.clear()
        self._kept.clear()

    def _guard(self) -> "_Guard":
        return _Guard(self, self._lock)

    def _fail(self, exc: BaseException) -> NoReturn:
        """The connection is of no use any more. Raises the typed error, with the server's last words."""
        self.abandon()
        # The reason of a close comes as an untagged line just before it (mjs/imapclient#152).
        last = next((line for line in reversed(self._last_words) if line.status in ("NO", "BAD")), None)
        log.info(
            "connection lost", host=self._host, reason=type(exc).__name__, last=[w.status for w in self._last_words]
        )
        if last is not None and isinstance(exc, wire.EndOfStream):
            raise from_refusal(last, Stage.READ) from None
        raise from_exception(exc, Stage.READ) from None

    # ------------------------------------------------------------------ state

    def has(self, capability: str) -> bool:
        """True when the server offers it and the host keeps it."""
        return capability in self.capabilities

    def suspect(self, capabilities: tuple[str, ...]) -> None:
        """Hold a BAD against the capabilities that a command relied on; the second time they are dropped."""
        for capability in capabilities:
            if LEARNT.add(self._host, self._port, capability):
                log.warning("capability refused by its server", host=self._host, capability=capability)
                self.capabilities = self.capabilities - {capability}
                self.enabled = self.enabled - {capability}

    @property
    def usable(self) -> bool:
        """False once the connection is closed, by whichever side."""
        return not self._dead

    @property
    def qresync(self) -> bool:
        """True when SELECT may carry QRESYNC."""
        return "QRESYNC" in self.enabled

    @property
    def condstore(self) -> bool:
        """True when MODSEQ may be asked for. A HIGHESTMODSEQ alone proves nothing (whiteout-io/imap-client#40)."""
        return "CONDSTORE" in self.capabilities

    @property
    def traffic(self) -> Traffic:
        """What the connection cost so far."""
        return self._channel.traffic

    def foreign(self, name: str) -> bool:
        """True for a mailbox of another user or a shared one (RFC 2342)."""
        return any(name.startswith(prefix) for prefix in self._foreign)

    def start_examine(self, name: str, parameter: bytes = b"") -> Answer:
        """Open a mailbox for reading only, so that `\\Recent` stays; read the answer with `examined`."""
        if not parameter and self.condstore and not self.enabled:
            parameter = b" (CONDSTORE)"
        self.selected = None
        uses = ("QRESYNC",) if b"QRESYNC" in parameter else ("CONDSTORE",) if parameter else ()
        return self.start(b"EXAMINE ", mailbox_argument(name), parameter, uses=uses)

    def examined(self, name: str, answer: Answer) -> Selected:
        """Read the answer of `start_examine`. Raises NotFound, PermissionMissing, Transient."""
        exists, kept = 0, []
        for item in answer:
            if item.name == "EXISTS" and item.number is not None:
                exists = item.number
            elif item.name in ("FETCH", "VANISHED"):
                kept.append(item)
        answer.check()
        uidvalidity = answer.code_number("UIDVALIDITY") or 0
        self.selected = Selected(
            name,
            exists,
            uidvalidity,
            answer.code_number("UIDNEXT") or None,
            (answer.code_number("HIGHESTMODSEQ") or None) if self.condstore and uidvalidity else None,
            tuple(kept),
        )
        return self.selected

    def examine(self, name: str) -> Selected:
        """Open a mailbox, always anew: its counts are those of this moment."""
        return self.examined(name, self.start_examine(name))

    def require(self, name: str) -> Selected:
        """Have a mailbox open; its counts are those of when it was opened."""
        if self.selected is not None and self.selected.name == name:
            return self.selected
        return self.examine(name)

    def unselect(self) -> None:
        """Leave the mailbox, without waiting: STATUS must not ask for the selected one (RFC 3501 section 6.3.10)."""
        if self.selected is not None and self.has("UNSELECT"):
            self.start(b"UNSELECT")
            self.selected = None

    def close(self) -> None:
        """Say LOGOUT and close; never raises."""
        if not self._dead:
            try:
                self._channel.send(b"bye LOGOUT\r\n")
            except OSError:
                log.debug("connection was closed already", host=self._host)
        self.abandon()

    def abandon(self) -> None:
        """Close at once."""
        self._dead = True
        self.selected = None
        self._under_way.clear()
        self._kept.clear()
        self._channel.close()

    def _introduce(self) -> None:
        """ID, ENABLE and NAMESPACE in one packet; none of them is fatal when refused.

        NetEase refuses every SELECT until it has seen an ID (OfflineIMAP/offlineimap#696). ENABLE
        must come before the first SELECT: iCloud shows no HIGHESTMODSEQ otherwise.
        """
        wanted = next((name for name in ("QRESYNC", "CONDSTORE") if self.has(name) and self.has("ENABLE")), None)
        introduction = self.start(b"ID ", IDENTITY) if self.has("ID") else None
        enable = self.start(b"ENABLE ", wanted.encode()) if wanted else None
        namespace = self.start(b"NAMESPACE") if self.has("NAMESPACE") else None
        if introduction is not None:
            introduction.finish()
        if namespace is not None:
            self._foreign = _foreign_prefixes(namespace)
        # iCloud's ENABLED line may be empty or missing, so the tagged OK is what counts.
        if enable is not None and wanted is not None and enable.finish().status == "OK":
            self.enabled = frozenset({wanted})


class _Guard:
    """One thread at a time; a failure below becomes a typed error."""

    __slots__ = ("_lock", "_session")

    def __init__(self, session: ImapSession, lock: threading.Lock) -> None:
        self._session = session
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("two threads use one IMAP connection")

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: object) -> None:
        self._lock.release()
        if isinstance(exc, LOWER):
            self._session._fail(exc)


_CORRELATOR: Final = re.compile(rb'\(TAG "?([^" )]+)"?\)', re.IGNORECASE)
_LITERAL_HEAD: Final = re.compile(rb"\{(\d+)\}\r\n")


PRODUCED: Final[dict[bytes, frozenset[str]]] = {
    b"FETCH": frozenset({"FETCH"}),
    b"SEARCH": frozenset({"SEARCH", "ESEARCH"}),
    b"STATUS": frozenset({"STATUS"}),
    b"LIST": frozenset({"LIST", "STATUS"}),
    b"XLIST": frozenset({"XLIST"}),
    b"LSUB": frozenset({"LSUB"}),
    b"NAMESPACE": frozenset({"NAMESPACE"}),
    b"EXAMINE": frozenset({"EXISTS", "RECENT", "FLAGS", "FETCH", "VANISHED"}),
}
"""The untagged lines that a command asks for."""


def _produced(command: bytes) -> frozenset[str]:
    verb = command.removeprefix(b"UID ").split(b" ", 1)[0]
    return PRODUCED.get(verb, frozenset())


def _foreign_prefixes(answer: Answer) -> tuple[str, ...]:
    """The prefixes of the namespaces of others and of the shared ones, as NAMESPACE tells them."""
    prefixes: list[str] = []
    for data in answer:
        if data.name == "NAMESPACE":
            try:
                for space in data.values()[1:3]:
                    entries = space if isinstance(space, tuple) else ()
                    prefixes += [str(entry[0], "latin-1") for entry in entries if _has_prefix(entry)]
            except wire.WireError as exc:
                log.info("namespace line is malformed", reason=str(exc)[:80])
    return tuple(prefixes)


def _has_prefix(entry: wire.Value) -> TypeGuard[tuple[bytes, ...]]:
    """An empty prefix would make every mailbox foreign."""
    return isinstance(entry, tuple) and bool(entry) and isinstance(entry[0], bytes) and bool(entry[0])
