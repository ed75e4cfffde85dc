"""What badly behaved mail servers say: scripts for `tests.fakes.line_server`."""

import base64
import ssl

from tests.fakes.line_server import Line, Script

IMAP_OK = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\r\n"
IMAP_TLS = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"
SMTP_OK = b"220 mail.firm.example ESMTP\r\n"


def says(greeting: bytes) -> Script:
    """Greets and then only listens."""

    def script(line: Line) -> None:
        line.send(greeting)
        line.hang()

    return script


def silent(line: Line) -> None:
    """Never says a word."""
    line.hang()


def imap_with_starttls(context: ssl.SSLContext | None, *, then: bytes = b"", answer: bytes = b"OK go ahead") -> Script:
    """Offers STARTTLS; `then` is put behind its OK, in the same packet, before the hand-shake."""

    def script(line: Line) -> None:
        line.send(IMAP_TLS)
        while command := line.line():
            tag, _, verb = command.partition(b" ")
            if verb.upper().startswith(b"STARTTLS"):
                line.send(tag + b" " + answer + b"\r\n" + then)
                if context is None or not answer.startswith(b"OK"):
                    continue
                line.start_tls(context)
            elif verb.upper().startswith(b"CAPABILITY"):
                line.send(b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR\r\n" + tag + b" OK done\r\n")
            else:
                line.send(tag + b" NO not now\r\n")

    return script


def imap_login(answer: bytes) -> Script:
    """Takes any command; answers AUTHENTICATE and LOGIN with `answer` (without a tag)."""

    def script(line: Line) -> None:
        line.send(IMAP_OK)
        while command := line.line():
            tag, _, verb = command.partition(b" ")
            name = verb.split()[0].upper()
            if name in (b"AUTHENTICATE", b"LOGIN"):
                line.send(tag + b" " + answer + b"\r\n")
            elif name == b"CAPABILITY":
                line.send(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n" + tag + b" OK done\r\n")
            elif name in (b"SELECT", b"EXAMINE"):
                line.send(tag + b" NO [NONEXISTENT] no such mailbox\r\n")
            else:
                line.send(tag + b" OK done\r\n")

    return script


def imap_of(username: str, password: str) -> Script:
    """Lets one person in, by AUTHENTICATE PLAIN, and has an empty inbox."""
    expected = base64.b64encode(f"\0{username}\0{password}".encode())

    def script(line: Line) -> None:
        line.send(IMAP_OK)
        while command := line.line():
            tag, *words = command.split()
            name = words[0].upper()
            good = name != b"AUTHENTICATE" or words[-1] == expected
            if name in (b"SELECT", b"EXAMINE"):
                line.send(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 1]\r\n")
            elif name == b"CAPABILITY":
                line.send(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n")
            line.send(tag + (b" OK done\r\n" if good else b" NO [AUTHENTICATIONFAILED] no\r\n"))

    return script


def smtp(login: bytes = b"235 2.7.0 welcome", *, offers: tuple[bytes, ...] = (b"AUTH PLAIN LOGIN",)) -> Script:
    """A submission server that answers every log-in with `login`."""
    return smtp_with_starttls(None, login=login, before=offers)


def smtp_with_starttls(
    context: ssl.SSLContext | None,
    *,
    login: bytes = b"235 2.7.0 welcome",
    before: tuple[bytes, ...] = (b"STARTTLS",),
    after: tuple[bytes, ...] = (b"AUTH PLAIN LOGIN",),
    then: bytes = b"",
) -> Script:
    """Offers `before` in the clear and `after` once encrypted; `then` follows the 220 in the same packet."""

    def script(line: Line) -> None:
        line.send(SMTP_OK)
        offers = before
        while command := line.line():
            verb = command.split()[0].upper() if command.split() else b""
            if verb == b"EHLO":
                words = (b"mail.firm.example", *offers)
                line.send(b"".join(b"250-" + word + b"\r\n" for word in words[:-1]) + b"250 " + words[-1] + b"\r\n")
            elif verb == b"STARTTLS":
                line.send(b"220 go ahead\r\n" + then)
                if context is not None:
                    line.start_tls(context)
                    offers = after
            elif command.upper() == b"AUTH LOGIN":
                line.send(b"334 VXNlcm5hbWU6\r\n")
                line.line()
                line.send(b"334 UGFzc3dvcmQ6\r\n")
                line.line()
                line.send(login + b"\r\n")
            elif verb == b"AUTH":
                line.send(login + b"\r\n")
            elif verb == b"QUIT":
                line.send(b"221 bye\r\n")
                return
            else:
                line.send(b"502 no\r\n")

    return script
