"""Opens an account's connections, and keeps them warm for the next run in this process.

A kept connection saves three round trips and a TLS handshake per sync. It belongs to one thread at
a time: taken out of the pool while in use, put back only when the block ended well.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from apps.core import net
from apps.tenants import context

from . import clouds, credentials, tokens
from .adapters import dav, imap
from .adapters.base import Endpoint, Login, MailAdapter, MailMirror
from .adapters.collections import CollectionAdapter
from .adapters.errors import ProviderDown, Rejected
from .adapters.smtp import submission
from .adapters.smtp.submission import Submission
from .adapters.web import Resolve
from .clouds import Surface
from .metering import AccountMeter
from .models import ProviderAccount
from .network import Network

KEEP_SECONDS: Final = 600.0
# A session's own view can grow old (Dovecot was seen to list mailboxes as they had been): none is kept for longer.
OLDEST_SECONDS: Final = 600.0
# A connection quiet for longer is asked whether it lives before it is used.
TRUST_SECONDS: Final = 20.0
MOST_KEPT: Final = 64
SERVICES: Final = {Surface.CALENDAR: dav.Service.CALDAV, Surface.CONTACTS: dav.Service.CARDDAV}
FILES_SENT: Final = frozenset(
    {"smtp.gmail.com", "smtp.office365.com", "smtp-mail.outlook.com", "smtp.mail.me.com", "smtp.mail.yahoo.com"}
)
"""Submission servers that put a copy into the Sent mailbox by themselves."""


class Opener(Protocol):
    """Whatever opens a kind's adapter: the registered kinds of `sync`."""

    @property
    def name(self) -> str: ...
    def open(self, account: ProviderAccount) -> Any: ...


@dataclass(slots=True)
class _Kept:
    adapter: Any
    opened_for: int
    opened_at: float
    used_at: float


_pool: dict[tuple[UUID, str], _Kept] = {}
_lock = threading.Lock()


@contextmanager
def adapter(account: ProviderAccount, kind: Opener) -> Iterator[Any]:
    """A logged-in adapter of the account, kept or fresh. Raises the adapter's own errors."""
    key, moment = (account.pk, kind.name), time.monotonic()
    current = _usable(key, account.logins) or _Kept(kind.open(account), account.logins, moment, moment)
    try:
        yield current.adapter
    except BaseException:
        current.adapter.close()
        raise
    _keep(key, current)


def _usable(key: tuple[UUID, str], login: int) -> _Kept | None:
    with _lock:
        kept = _pool.pop(key, None)
    if kept is None:
        return None
    moment = time.monotonic()
    quiet, old = moment - kept.used_at, moment - kept.opened_at > OLDEST_SECONDS
    changed = kept.opened_for != login
    if changed or old or quiet > KEEP_SECONDS or (quiet > TRUST_SECONDS and not kept.adapter.alive()):
        kept.adapter.close()
        return None
    return kept


def _keep(key: tuple[UUID, str], current: _Kept) -> None:
    current.used_at = moment = time.monotonic()
    with _lock:
        # Of accounts that ended, or that other processes sync now, nobody would ever ask again.
        idle = [name for name, kept in _pool.items() if moment - kept.used_at > KEEP_SECONDS]
        evicted = [_pool.pop(name, None) for name in {key, *idle}]
        if len(_pool) >= MOST_KEPT:
            evicted.append(_pool.pop(min(_pool, key=lambda name: _pool[name].used_at)))
        _pool[key] = current
    for old in evicted:
        if old is not None:
            old.adapter.close()


def drop(account: ProviderAccount) -> None:
    """Close the account's connections that are kept."""
    with _lock:
        names = [name for name in _pool if name[0] == account.pk]
        dropped = [_pool.pop(name) for name in names]
    for kept in dropped:
        kept.adapter.close()


def by_consent(account: ProviderAccount) -> bool:
    """Whether the account is reached by a consent that its person gave, instead of a password."""
    return "surfaces" in account.settings


def surfaces_of(account: ProviderAccount) -> dict[Surface, str]:
    """What is connected of an account, each with the host that its requests go to."""
    if by_consent(account):
        told = [surface for surface in Surface if surface in account.settings["surfaces"]]
        return {surface: clouds.host_of(account.provider_type, surface) for surface in told}
    found = {}
    for surface, name in ((Surface.MAIL, "imap"), (Surface.CALENDAR, "caldav"), (Surface.CONTACTS, "carddav")):
        where = account.settings.get(name)
        if where:
            found[surface] = str(where.get("host") or urlsplit(where.get("url", "")).hostname or "")
    return found


def sends(account: ProviderAccount) -> bool:
    """Whether mail can be sent from the account."""
    return Surface.MAIL in surfaces_of(account) if by_consent(account) else bool(account.settings.get("smtp"))


def files_sent(account: ProviderAccount) -> bool | None:
    """Whether the account's provider puts what is sent into its Sent mailbox by itself; None when that is not known."""
    if by_consent(account):
        return True
    host = str((account.settings.get("smtp") or {}).get("host", "")).lower()
    return True if host in FILES_SENT else None


def endpoint_of(account: ProviderAccount, service: str) -> Endpoint:
    """Where a service of the account listens, its addresses resolved and guarded.

    Raises Rejected for a private address, ProviderDown when the name does not resolve.
    """
    where = account.settings.get(service)
    if where is None:
        raise Rejected(f"the account has no {service} server")
    addresses = _guarded(net.resolve, where["host"], int(where["port"]))
    return Endpoint(where["host"], int(where["port"]), where["security"], addresses)


def _guarded(resolve: Resolve, host: str, port: int) -> tuple[str, ...]:
    try:
        return resolve(host, port)
    except net.HostRefused as refused:
        raise Rejected(str(refused)) from None
    except net.HostUnknown as unknown:
        raise ProviderDown(str(unknown)) from None


def login_of(account: ProviderAccount) -> Login:
    """The account's log-in, unsealed."""
    return credentials.unseal(account)


def open_mail(account: ProviderAccount, mirror: MailMirror) -> MailAdapter:
    """A logged-in adapter for the account's mail; `mirror` is the account's."""
    if by_consent(account):
        cloud, source = tokens.of(account)
        return cloud.mail(source, AccountMeter(context.current().pk, account.pk, source.application), mirror)
    return imap.connect(endpoint_of(account, "imap"), login_of(account))


def open_submission(account: ProviderAccount) -> Submission:
    """A logged-in adapter that sends in the account's name."""
    if by_consent(account):
        cloud, source = tokens.of(account)
        return cloud.submission(source, AccountMeter(context.current().pk, account.pk, source.application))
    return submission.connect(endpoint_of(account, "smtp"), login_of(account))


def open_collections(account: ProviderAccount, surface: Surface) -> CollectionAdapter:
    """An adapter for the account's calendars or address books. Nothing is asked yet."""
    if by_consent(account):
        cloud, source = tokens.of(account)
        return cloud.collections(surface, source, AccountMeter(context.current().pk, account.pk, source.application))
    service = SERVICES[surface]
    where = account.settings.get(service.value)
    if where is None:
        raise Rejected(f"the account has no {service.value} server")
    places = where["homes"] or [where["url"]]
    trusted = dav.trusts(urlsplit(where["url"]).hostname or "", account.settings.get("trusted", ()))
    network = Network()
    # A server's answers name further hosts and ports: those are guarded as what a person types is.
    resolve = partial(_guarded, network.resolve)
    connection = dav.Connection(places[0], login_of(account), resolve, network.https(), trusted)
    return dav.DavAdapter(service, connection, places)
