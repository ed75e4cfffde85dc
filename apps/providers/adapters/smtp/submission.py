"""One message handed to a submission server (RFC 6409), at most once. Knows neither Django nor Celery.

    sender = connect(endpoint, login)
    sender.submit(envelope, message, before_the_end)

`before_the_end` runs when every byte but the final `CRLF . CRLF` is on its way: up to there the
server takes nothing on, so a cut is harmless. From there on a cut is `Unknown`: the server may have
the message, and only the caller can find out. All recipients are accepted or nothing is sent.
"""

import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.errors import Refusal
from apps.providers.adapters.imap.channel import Timeouts

from . import replies
from .errors import LOWER, Reply, from_exception
from .session import DEFAULT_TIMEOUTS, SmtpSession

PATIENCE: Final = Timeouts(idle=300.0, total=300.0)
"""Replies to MAIL, RCPT and DATA: five minutes (RFC 5321 section 4.5.3.2)."""
LAST_PATIENCE: Final = Timeouts(idle=600.0, total=600.0)
"""The reply to the final dot: ten minutes. Who hangs up earlier makes doubt where there was none."""
PIECE: Final = 64 * 1024
AT_ONCE: Final = 100
"""RCPT commands under way where the server takes several (RFC 2920)."""
_BARE: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_NUMBER: Final = re.compile(r"\d{1,18}")


class Unknown(Exception):
    """The connection broke after the message was ended: the server may have taken it. The cause is an AdapterError."""

    def __init__(self, cause: errors.AdapterError) -> None:
        super().__init__(cause.reason)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom. `utf8` when an address, or a header, is not ASCII."""

    sender: str
    recipients: tuple[str, ...] = field(repr=False)
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server says it can do. None where it does not say."""

    message_bytes: int | None
    recipients: int | None
    utf8: bool
    eight_bit: bool
    pipelining: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """The server has the message."""

    said: str


class Submission(Protocol):
    """What sends one message at most once, whatever the provider. One thread at a time."""

    @property
    def offer(self) -> Offer:
        """What it takes."""
        ...

    def submit(self, envelope: Envelope, message: bytes, before_the_end: Callable[[], None]) -> Taken:
        """Send one message with CRLF line ends; `before_the_end` is called when nothing but the last step is left.

        Raises Unknown when nobody can tell whether it was taken, RecipientsRefused, the errors of `adapters.errors`.
        """
        ...

    def alive(self) -> bool:
        """True when the kept connection still answers."""
        ...

    def close(self) -> None:
        """Let the connection go; never raises."""
        ...


class SubmissionAdapter:
    """A logged-in connection over SMTP. Make one with `connect`."""

    def __init__(self, session: SmtpSession) -> None:
        self._session = session

    @property
    def offer(self) -> Offer:
        """What the last EHLO offered."""
        told = self._session.extensions
        limits = dict(re.findall(r"([A-Z]+)=?[ =](\d{1,9})", told.get("LIMITS", "")))
        size = _NUMBER.match(told.get("SIZE", ""))
        return Offer(
            message_bytes=int(size[0]) or None if size else None,  # 0: no fixed limit (RFC 1870 section 4)
            recipients=int(limits["RCPTMAX"]) if "RCPTMAX" in limits else None,
            utf8="SMTPUTF8" in told,
            eight_bit="8BITMIME" in told,
            pipelining="PIPELINING" in told,
        )

    def submit(self, envelope: Envelope, message: bytes, before_the_end: Callable[[], None]) -> Taken:
        """Send one message with CRLF line ends. Raises Unknown, RecipientsRefused, the errors of `adapters.errors`.

        What `before_the_end` raises ends the connection, with nothing sent, and goes to the caller.
        """
        options = self._options(envelope, message)
        try:
            self._session.patient(PATIENCE)
            self._envelope(envelope, options)
            self._ask("DATA", 354)
            for piece in _stuffed(message):
                self._session.send(piece)
            self._check_before_the_end()
        except (errors.AdapterError, *LOWER) as error:
            raise self._ended(error) from None
        try:
            before_the_end()
        except BaseException:
            self._session.abort()
            raise
        return self._finish()

    def alive(self) -> bool:
        """True when the kept connection still answers."""
        try:
            return self._session.command("NOOP").code == 250
        except LOWER:
            return False

    def close(self) -> None:
        """Say QUIT and close; never raises."""
        self._session.close()

    # ------------------------------------------------------------------ steps

    def _options(self, envelope: Envelope, message: bytes) -> str:
        offer, size = self.offer, len(message)
        if _BARE.search(message) or b"\0" in message:
            raise ValueError("a message to be sent has CRLF line ends and no NUL")  # SMTP smuggling begins so
        if offer.message_bytes is not None and size > offer.message_bytes:
            raise errors.Rejected(f"the message has {size} bytes, and the server takes {offer.message_bytes}")
        if envelope.utf8 and not offer.utf8:
            raise errors.Rejected("the server does not take addresses that are not ASCII")
        options = f" SIZE={size}" if "SIZE" in self._session.extensions else ""
        if not message.isascii():
            if not offer.eight_bit:
                raise errors.Rejected("the server takes 7-bit messages only, and this one is not")
            options += " BODY=8BITMIME"
        return options + (" SMTPUTF8" if envelope.utf8 else "")

    def _envelope(self, envelope: Envelope, options: str) -> None:
        lines = [f"RCPT TO:<{address}>" for address in envelope.recipients]
        self._ask(f"MAIL FROM:<{envelope.sender}>{options}", 250)
        refusals: list[Refusal] = []
        step = AT_ONCE if self.offer.pipelining else 1
        for start in range(0, len(lines), step):
            answered = self._session.commands(lines[start : start + step])
            for address, reply in zip(envelope.recipients[start:], answered, strict=False):
                if reply.code == 421:
                    raise replies.at_recipient(reply)
                if reply.code not in (250, 251):
                    refusals.append(Refusal(address, reply.said, reply.code >= 500))
        if refusals:
            self._forget()
            raise replies.of_recipients(refusals)

    def _ask(self, line: str, wanted: int) -> Reply:
        reply = self._session.command(line)
        if reply.code != wanted:
            self._forget()
            raise replies.from_transaction(reply)
        return reply

    def _forget(self) -> None:
        """End the transaction, so that the connection can be used for the next message."""
        if self._session.command("RSET").code != 250:
            self._session.abort()

    def _check_before_the_end(self) -> None:
        """A server that has hung up or spoken already will not take the message: noticed here, it makes no doubt."""
        if self._session.has_spoken():
            reply = self._session.reply()
            self._session.abort()
            raise replies.from_transaction(reply)

    def _finish(self) -> Taken:
        """The final dot: from its first byte on, the server may have the message."""
        try:
            self._session.patient(LAST_PATIENCE)
            self._session.send(b".\r\n")
            reply = self._session.reply()
        except LOWER as error:
            self._session.abort()
            raise Unknown(from_exception(error)) from None
        if reply.code == 250:
            return Taken(reply.said)
        raise replies.from_transaction(reply)

    def _ended(self, error: BaseException) -> errors.AdapterError:
        """The typed error of a step before the end. A refusal leaves the connection usable, all else ends it."""
        if not isinstance(error, errors.AdapterError):
            self._session.abort()
        return from_exception(error)


def _stuffed(message: bytes) -> Iterator[bytes]:
    """The message in pieces, ending with CRLF, with each dot that begins a line doubled (RFC 5321 section 4.5.2)."""
    position = 0
    while position < len(message):
        end = message.find(b"\r\n", position + PIECE)
        end = len(message) if end < 0 else end + 2
        piece = message[position:end]
        yield (b"." if piece.startswith(b".") else b"") + piece.replace(b"\r\n.", b"\r\n..")
        position = end
    if not message.endswith(b"\r\n"):
        yield b"\r\n"


def connect(
    endpoint: Endpoint,
    login: Login,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    tls: ssl.SSLContext | None = None,
) -> SubmissionAdapter:
    """Log in and give the adapter. Raises the errors of `adapters.errors`."""
    return SubmissionAdapter(SmtpSession.open(endpoint, login, timeouts=timeouts, tls=tls))
