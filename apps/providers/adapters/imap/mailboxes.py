"""The mailbox list with each mailbox's status, in one round trip where the server can do that.

RFC 5258 (LIST-EXTENDED), 5819 (LIST-STATUS), 6154 (SPECIAL-USE), 8474 (MAILBOXID). Names come from
the server in full: no namespace prefix is ever added or taken away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailboxRecord, Role
from apps.providers.adapters.imap import names, wire
from apps.providers.adapters.imap.arguments import mailbox_argument
from apps.providers.adapters.imap.session import Answer, ImapSession

log = structlog.get_logger(__name__)

AT_ONCE: Final = 50
"""STATUS commands under way: enough to hide the latency, few enough for any server's input buffer."""

ATTRIBUTES: Final[dict[str, Role]] = {
    "\\sent": Role.SENT,
    "\\drafts": Role.DRAFTS,
    "\\archive": Role.ARCHIVE,
    "\\junk": Role.JUNK,
    "\\spam": Role.JUNK,  # XLIST
    "\\trash": Role.TRASH,
    "\\all": Role.ALL,
    "\\allmail": Role.ALL,  # XLIST
    "\\flagged": Role.FLAGGED,
    "\\starred": Role.FLAGGED,  # XLIST
    "\\important": Role.IMPORTANT,
}
VIEWS: Final = frozenset({Role.ALL, Role.FLAGGED, Role.IMPORTANT})
"""Roles of mailboxes that show messages of others: no placement of their own."""

NAMES: Final[dict[Role, tuple[str, ...]]] = {
    Role.SENT: (
        "sent", "sent items", "sent messages", "sent mail",
        "posta inviata", "inviata", "inviati", "messaggi inviati", "elementi inviati",
        "gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten",
        "envoyés", "messages envoyés", "éléments envoyés", "objets envoyés",
        "enviados", "mensajes enviados", "elementos enviados", "correo enviado",
    ),
    Role.DRAFTS: (
        "drafts", "draft", "bozze", "entwürfe", "entwurf", "brouillons", "brouillon", "borradores", "borrador",
    ),
    Role.ARCHIVE: (
        "archive", "archives", "archivio", "archiviati", "archiv", "archivo", "archivos", "archivados",
    ),
    Role.JUNK: (
        "junk", "spam", "junk e-mail", "junk email", "bulk mail",
        "posta indesiderata", "indesiderata", "spamverdacht", "junk-e-mail", "unerwünscht",
        "courrier indésirable", "indésirables", "pourriel", "correo no deseado", "correo basura", "no deseado",
    ),
    Role.TRASH: (
        "trash", "deleted items", "deleted messages", "deleted", "bin",
        "cestino", "posta eliminata", "elementi eliminati", "eliminati",
        "papierkorb", "gelöscht", "gelöschte objekte", "gelöschte elemente",
        "corbeille", "éléments supprimés", "messages supprimés",
        "papelera", "elementos eliminados", "eliminados",
    ),
}  # fmt: skip
"""What mailboxes are called where no attribute tells, English, Italian, German, French, Spanish; best first."""

ORDER: Final = (Role.INBOX, Role.SENT, Role.DRAFTS, Role.ARCHIVE, None, Role.TRASH, Role.JUNK)
"""Which mailboxes come first: what a person looks at, what moves come from before where they go."""


@dataclass(frozen=True, slots=True)
class Status:
    """What STATUS told. None where the server said nothing."""

    messages: int | None = None
    uidnext: int | None = None
    uidvalidity: int | None = None
    modseq: int | None = None
    mailboxid: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One mailbox: its record, and its status where one could be had."""

    record: MailboxRecord
    status: Status | None = None

    @property
    def mirrored(self) -> bool:
        """True when its messages are placements of their own."""
        return self.record.selectable and self.record.role not in VIEWS


def listing(session: ImapSession) -> list[Listed]:
    """Every mailbox, those first that sync first. Raises Transient when the list cannot be true."""
    found, statuses = _list_with_status(session) or _list(session)
    if names.INBOX not in found:
        # Every account has an INBOX (RFC 3501 section 5.1): an OK without it is a server in trouble.
        raise errors.Transient("the server's mailbox list lacks INBOX", retry_after=60.0)
    records = _with_roles(found.values())
    if not statuses:
        records, statuses = _ask_status(session, records)
    return sorted(
        (Listed(record, statuses.get(record.remote_id)) for record in records),
        key=lambda item: (ORDER.index(item.record.role if item.record.role in ORDER else None), item.record.path),
    )


def names_only(session: ImapSession) -> list[MailboxRecord]:
    """The list by LIST alone, without STATUS."""
    found, _ = _list(session)
    return _with_roles(found.values())


# ---------------------------------------------------------------------------- LIST


def _list_with_status(session: ImapSession) -> tuple[dict[str, MailboxRecord], dict[str, Status]] | None:
    """All in one command; None where the server cannot, or says that it cannot after all."""
    session.unselect()
    if not session.has("LIST-STATUS"):
        return None
    options = [b"SUBSCRIBED", b"CHILDREN"] + [b"SPECIAL-USE"] * session.has("SPECIAL-USE")
    answer = session.start(
        b'LIST "" "*" RETURN (',
        b" ".join(options),
        b" STATUS (",
        b" ".join(_status_items(session)),
        b"))",
        uses=("LIST-STATUS",),
    )
    found: dict[str, MailboxRecord] = {}
    statuses: dict[str, Status] = {}
    for data in answer:
        if data.name == "LIST":
            _add(found, data, session)
        elif data.name == "STATUS":
            statuses |= _read_status(data)
    if answer.finish().status == "BAD":
        return None
    answer.check()
    return _with_ids(found, statuses), statuses


def _list(session: ImapSession) -> tuple[dict[str, MailboxRecord], dict[str, Status]]:
    """LIST in the best form short of LIST-STATUS, with LSUB where subscriptions come no other way."""
    extended = session.has("LIST-EXTENDED")
    verb = b"LIST"
    options = b""
    if extended:
        options = b" RETURN (SUBSCRIBED" + b" SPECIAL-USE" * session.has("SPECIAL-USE") + b")"
    elif session.has("SPECIAL-USE"):
        options = b" RETURN (SPECIAL-USE)"  # RFC 6154 section 2 allows it without LIST-EXTENDED
    elif session.has("XLIST"):
        verb = b"XLIST"
    answer = session.start(verb, b' "" "*"', options)
    subscriptions = None if extended else session.start(b'LSUB "" "*"')
    found: dict[str, MailboxRecord] = {}
    for data in answer:
        if data.name in ("LIST", "XLIST"):
            _add(found, data, session)
    answer.check()
    return _with_subscriptions(found, subscriptions) if subscriptions is not None else found, {}


def _with_subscriptions(found: dict[str, MailboxRecord], answer: Answer) -> dict[str, MailboxRecord]:
    subscribed = {entry[2] for data in answer if data.name == "LSUB" and (entry := _entry(data)) is not None}
    known = answer.finish().status == "OK"
    return {name: replace(record, subscribed=not known or name in subscribed) for name, record in found.items()}


def _add(found: dict[str, MailboxRecord], data: wire.Data, session: ImapSession) -> None:
    """Take one LIST line. One that makes no sense costs that mailbox, not the list."""
    entry = _entry(data)
    if entry is None:
        return
    attributes, delimiter, name = entry
    if name in found or "\0" in name:
        return  # INBOX in several cases is one mailbox; NUL cannot be said in a command
    if not session.foreign(name) or "\\subscribed" in attributes:
        found[name] = MailboxRecord(
            name,
            names.path(name, delimiter),
            delimiter,
            Role.INBOX if name == names.INBOX else next(filter(None, map(ATTRIBUTES.get, attributes)), None),
            selectable=not {"\\noselect", "\\nonexistent"} & attributes.keys(),
            subscribed="\\subscribed" in attributes,
        )


def _entry(data: wire.Data) -> tuple[dict[str, None], str | None, str] | None:
    """The lower-case attributes in order, the delimiter and the key of one LIST line."""
    try:
        attributes, delimiter, name = data.values()[:3]
        listed = dict.fromkeys(item.lower() for item in wire.atoms(attributes))
    except (wire.WireError, ValueError) as exc:
        log.info("mailbox line is malformed", reason=str(exc)[:80])
        return None
    if not isinstance(name, bytes):
        return None
    # Old Gmail lists INBOX under a translated name, marked so.
    key = names.INBOX if "\\inbox" in listed else names.key(name)
    return listed, delimiter.decode("latin-1") if isinstance(delimiter, bytes) and delimiter else None, key


def _with_roles(records: Iterable[MailboxRecord]) -> list[MailboxRecord]:
    """At most one mailbox per role: attributes first, then names at the top of the tree."""
    taken: set[Role] = set()
    result: list[MailboxRecord] = []
    for record in records:
        if record.role is not None and (record.role in taken or not record.selectable):
            record = replace(record, role=None)
        if record.role is not None:
            taken.add(record.role)
        result.append(record)
    for role, spellings in NAMES.items():
        if role not in taken:
            _name_role(result, role, spellings)
    return result


def _name_role(records: list[MailboxRecord], role: Role, spellings: Sequence[str]) -> None:
    candidates = [
        (spellings.index(record.path[-1].casefold()), index)
        for index, record in enumerate(records)
        if record.role is None and record.selectable and _at_top(record) and record.path[-1].casefold() in spellings
    ]
    if candidates:
        index = min(candidates)[1]
        records[index] = replace(records[index], role=role)


def _at_top(record: MailboxRecord) -> bool:
    """Top level, or directly below INBOX or a container of the provider's like `[Gmail]`."""
    return len(record.path) == 1 or (len(record.path) == 2 and record.path[0].upper() in ("INBOX", "[GMAIL]"))


# ---------------------------------------------------------------------------- STATUS


def _status_items(session: ImapSession) -> list[bytes]:
    items = [b"MESSAGES", b"UIDNEXT", b"UIDVALIDITY"]
    if session.condstore:
        items.append(b"HIGHESTMODSEQ")
    if session.has("OBJECTID"):
        items.append(b"MAILBOXID")
    return items


def _read_status(data: wire.Data) -> dict[str, Status]:
    try:
        name, pairs = data.values()[:2]
        if not isinstance(name, bytes) or not isinstance(pairs, tuple):
            raise wire.WireError("a STATUS answer lacks its name or its list")
        items = dict(zip(map(_upper, pairs[::2]), pairs[1::2], strict=False))
        mailboxid = items.get("MAILBOXID")
        if isinstance(mailboxid, tuple):
            mailboxid = mailboxid[0] if mailboxid else None
        status = Status(
            _count(items, "MESSAGES"),
            _count(items, "UIDNEXT"),
            _count(items, "UIDVALIDITY"),
            _count(items, "HIGHESTMODSEQ") or None,
            mailboxid.decode("latin-1") if isinstance(mailboxid, bytes) else None,
        )
    except (wire.WireError, ValueError) as exc:
        log.info("status line is malformed", reason=str(exc)[:80])
        return {}
    return {names.key(name): status}


def _upper(value: wire.Value) -> str:
    return value.decode("latin-1").upper() if isinstance(value, bytes) else ""


def _count(items: dict[str, wire.Value], name: str) -> int | None:
    return wire.number(items[name]) if name in items else None


def _ask_status(
    session: ImapSession, records: Sequence[MailboxRecord]
) -> tuple[list[MailboxRecord], dict[str, Status]]:
    """STATUS of each mailbox but the selected one, many under way at a time.

    A mailbox that vanished between LIST and STATUS is left out (Foundry376/Mailspring#50).
    """
    items = b" (" + b" ".join(_status_items(session)) + b")"
    selected = session.selected.name if session.selected else None
    asked = [r for r in records if r.selectable and r.role not in VIEWS and r.remote_id != selected]
    statuses: dict[str, Status] = {}
    gone: set[str] = set()
    for begin in range(0, len(asked), AT_ONCE):
        group = asked[begin : begin + AT_ONCE]
        answers = [session.start(b"STATUS ", mailbox_argument(record.remote_id), items) for record in group]
        for record, answer in zip(group, answers, strict=True):
            if not _take_status(answer, statuses):
                gone.add(record.remote_id)
    kept = {record.remote_id: record for record in records if record.remote_id not in gone}
    return list(_with_ids(kept, statuses).values()), statuses


def _take_status(answer: Answer, statuses: dict[str, Status]) -> bool:
    """False when the mailbox is gone. Any other refusal leaves it without a status: it is opened instead."""
    for data in answer:
        if data.name == "STATUS":
            statuses |= _read_status(data)
    try:
        answer.check()
    except errors.NotFound:
        return False
    except (errors.RateLimited, errors.AuthExpired, errors.NeedsReconnect):
        raise  # these concern all mailboxes
    except errors.AdapterError as exc:
        if not answer.session.usable:
            raise
        log.info("status refused", reason=exc.reason)
    return True


def _with_ids(found: dict[str, MailboxRecord], statuses: dict[str, Status]) -> dict[str, MailboxRecord]:
    return {
        name: replace(record, stable_id=statuses[name].mailboxid)
        if name in statuses and statuses[name].mailboxid
        else record
        for name, record in found.items()
    }
