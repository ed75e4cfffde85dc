"""Making, renaming and removing mailboxes. Each can be repeated: what is there already is what was wanted."""

from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import CreateMailbox, DeleteMailbox, Receipt, RenameMailbox
from apps.providers.adapters.imap import names, wire
from apps.providers.adapters.imap.arguments import mailbox_argument
from apps.providers.adapters.imap.session import ImapSession
from apps.providers.adapters.imap.writing import Writer, write

log = structlog.get_logger(__name__)

LONGEST: Final = 200
"""Characters of one component: with their encoding they fit the 255 bytes of a file's name on most servers."""


def name_problem(name: str, delimiter: str | None) -> str:
    """Why this cannot be a mailbox's name, for the person; empty when it can."""
    if not name.strip():
        return "A mailbox needs a name."
    if name != name.strip():
        return "A mailbox's name cannot begin or end with a space."
    if len(names.encode(name)) > LONGEST:
        return "This name is too long for a mailbox."
    if not name.isprintable():
        return "A mailbox's name cannot hold line breaks or control characters."
    if delimiter and delimiter in name:
        return f"A mailbox's name cannot hold “{delimiter}” here: the mail server divides names with it."
    if any(character in name for character in '%*\\"'):
        return "A mailbox's name cannot hold any of % * \" or \\."
    return ""


def create(writer: Writer, command: CreateMailbox) -> Receipt:
    """CREATE and SUBSCRIBE."""
    writer.leave()
    wire_name = _wire_name(writer.session, command.name, command.parent, command.delimiter)
    try:
        write(writer.session, b"CREATE ", mailbox_argument(wire_name))
    except errors.Rejected as exc:
        if not _exists(writer.session, wire_name):
            raise
        log.info("mailbox was there already", reason=exc.reason)
    _subscription(writer.session, b"SUBSCRIBE ", wire_name)
    return Receipt(mailbox=wire_name)


def rename(writer: Writer, command: RenameMailbox) -> Receipt:
    """RENAME; the subscription goes along."""
    writer.leave()
    session = writer.session
    wire_name = _wire_name(session, command.name, command.parent, command.delimiter)
    if wire_name == command.mailbox:
        return Receipt(mailbox=wire_name)
    try:
        write(session, b"RENAME ", mailbox_argument(command.mailbox), b" ", mailbox_argument(wire_name))
    except (errors.NotFound, errors.Rejected):
        # A first try that was cut off has done it: then the old name is gone and the new one there.
        if _exists(session, command.mailbox) or not _exists(session, wire_name):
            raise
    _subscription(session, b"UNSUBSCRIBE ", command.mailbox)
    _subscription(session, b"SUBSCRIBE ", wire_name)
    return Receipt(mailbox=wire_name)


def delete(writer: Writer, command: DeleteMailbox) -> Receipt:
    """DELETE; one that is gone already is no error."""
    writer.leave()
    try:
        write(writer.session, b"DELETE ", mailbox_argument(command.mailbox))
    except (errors.NotFound, errors.Rejected):
        if _exists(writer.session, command.mailbox):
            raise
    _subscription(writer.session, b"UNSUBSCRIBE ", command.mailbox)
    return Receipt(mailbox=command.mailbox)


def _wire_name(session: ImapSession, name: str, parent: str | None, delimiter: str | None) -> str:
    if parent is not None:
        return f"{parent}{delimiter or '/'}{names.encode(name)}"
    return f"{_prefix(session)}{names.encode(name)}"


def _prefix(session: ImapSession) -> str:
    """What the names of one's own mailboxes begin with (RFC 2342): `INBOX.` on some servers, mostly nothing."""
    if not session.has("NAMESPACE"):
        return ""
    answer = session.start(b"NAMESPACE")
    prefix = ""
    for data in answer:
        if data.name == "NAMESPACE":
            try:
                own = data.values()[0]
                first = own[0] if isinstance(own, tuple) and own else None
                if isinstance(first, tuple) and isinstance(first[0], bytes):
                    prefix = first[0].decode("latin-1")
            except (wire.WireError, IndexError) as exc:
                log.info("namespace line is malformed", reason=str(exc)[:80])
    answer.check()
    return prefix


def _exists(session: ImapSession, name: str) -> bool:
    answer = session.start(b'LIST "" ', mailbox_argument(name))
    found = False
    for data in answer:
        if data.name == "LIST":
            attributes = {item.lower() for item in wire.atoms(data.values()[0])}
            found = found or not {"\\nonexistent", "\\noselect"} & attributes
    answer.check()
    return found


def _subscription(session: ImapSession, verb: bytes, name: str) -> None:
    try:
        write(session, verb, mailbox_argument(name))
    except (errors.Rejected, errors.NotFound, errors.PermissionMissing) as exc:
        log.info("subscription not changed", reason=exc.reason)  # a convenience for other clients
