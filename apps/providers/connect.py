"""Connecting an account, mending it, ending it. Each is one function for API and command line alike.

The network comes first and outside any transaction; then one transaction holds the account, what
other applications keep for it (`signals`), and its event.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.db import IntegrityError, transaction

from apps.core.clock import now
from apps.core.problems import Problem, not_found
from apps.realtime import journal
from apps.tenants import context
from apps.users.members import Member

from . import access, accounts, checks, credentials, discovery, signals
from .adapters.base import Login
from .checks import Check, Outcome, Server, Services
from .discovery import Discovered
from .models import AccountStatus, CompanyPerson, ProviderAccount, ProviderType
from .network import Network
from .sentences import say

log = structlog.get_logger(__name__)

COLORS: Final = 8
ONCE: Final = "account_once_per_person"
"""The constraint that two requests at once run into."""


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """What the person gave. Services left out are looked for; a service named here must work."""

    address: str
    password: str = field(repr=False)
    display_name: str = ""
    username: str = ""
    services: Services = field(default_factory=Services)
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Services and user names to try, and which of the services may fail without harm."""

    services: Services
    usernames: tuple[str, ...]
    optional: frozenset[str]
    provider_type: str = ProviderType.IMAP
    source: str = "typed"


class ConnectionFailed(Problem):
    """The servers did not take the log-in; the checks say where it ended."""

    def __init__(self, told: Sequence[Check], detail: str) -> None:
        super().__init__(422, "connection_failed", detail, checks=[check.as_json() for check in told])
        self.checks = tuple(told)


def connect(member: Member, wanted: ConnectRequest, network: Network | None = None) -> ProviderAccount:
    """Connect an account for the person.

    Raises the problems `invalid` (400, not an address), `already_connected` (409),
    `connection_failed` (422, with the checks) and `confirm_hosts` (422, with what was discovered).
    """
    wanted = replace(wanted, address=clean_address(wanted.address))
    _refuse_twice(member, wanted.address)
    network = network or Network()
    candidate = _candidate(wanted, network)
    username, outcomes = _try(candidate, wanted.password, wanted.locale, network)
    account = ProviderAccount(
        owner_id=member.user_id,
        address=wanted.address,
        display_name=wanted.display_name.strip(),
        provider_type=candidate.provider_type,
        settings=_settings(candidate, username, outcomes),
        status=AccountStatus.ACTIVE,
        import_started_at=now(),
    )
    credentials.seal(account, Login(username, wanted.password))
    begin(member, account)
    log.info("account connected", account=str(account.pk), source=candidate.source)
    return account


def begin(member: Member, account: ProviderAccount, beside: Callable[[], None] | None = None) -> None:
    """Write a new account, what others keep for it, and its event; `beside` writes what is the caller's own.

    Raises the problem `already_connected` (409).
    """
    try:
        with transaction.atomic():
            account.color = access.owned_accounts(member).count() % COLORS
            account.save(force_insert=True)
            if beside is not None:
                beside()
            signals.account_connected.send(ProviderAccount, account=account)
            journal.append([accounts.status_event(account)])
    except IntegrityError as error:
        if ONCE not in str(error):
            raise  # of a row that a receiver writes: not the person's doing
        raise _already_connected(account.address) from None


def reconnect(
    member: Member, account: ProviderAccount, wanted: ConnectRequest, network: Network | None = None
) -> ProviderAccount:
    """Give the account a new password, and other servers where named; then it goes on from where it was.

    Raises the problem `connection_failed`; the account stays as it was. Raises the 404 when it was
    disconnected meanwhile.
    """
    network = network or Network()
    stored = services_of(account)
    services = Services(
        wanted.services.imap or stored.imap,
        wanted.services.smtp or stored.smtp,
        wanted.services.caldav or stored.caldav,
        wanted.services.carddav or stored.carddav,
        _trusted(account.address, stored),
    )
    username = wanted.username or account.settings.get("username") or account.address
    named = {name for name in ("caldav", "carddav") if getattr(wanted.services, name)}
    candidate = Candidate(
        services, (username,), frozenset({"caldav", "carddav"} - named), account.provider_type,
        account.settings.get("source", "typed"),
    )  # fmt: skip
    username, outcomes = _try(candidate, wanted.password, wanted.locale, network)
    with transaction.atomic():
        locked = access.owned_accounts(member).select_for_update(no_key=True).filter(pk=account.pk).first()
        if locked is None:
            raise not_found("account")
        if wanted.display_name.strip():
            locked.display_name = wanted.display_name.strip()
        locked.settings = _settings(candidate, username, outcomes, before=locked.settings)
        accounts.go_on(locked)
        credentials.seal(locked, Login(username, wanted.password))
        locked.save()
        signals.account_reconnected.send(ProviderAccount, account=locked)
        journal.append([accounts.status_event(locked)])
    log.info("account reconnected", account=str(account.pk))
    return locked


def disconnect(account: ProviderAccount) -> None:
    """End the account: unseen, unsynced and without credentials at once; its mirror goes in the background.

    Done twice it is done.
    """
    from .tasks import remove_mirror

    tenant_id = str(context.current().pk)
    with transaction.atomic():
        locked = ProviderAccount.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
        if locked is None or locked.status == AccountStatus.DISCONNECTED:
            return
        people = (locked.owner_id, *locked.access.values_list("user_id", flat=True))
        locked.access.all().delete()
        CompanyPerson.objects.filter(account=locked).update(account=None, state=CompanyPerson.State.OFFERED)
        locked.status, locked.status_reason = AccountStatus.DISCONNECTED, ""
        locked.credentials, locked.settings = b"", {}
        locked.save()
        signals.account_disconnected.send(ProviderAccount, account=locked)
        journal.append([accounts.gone_event(locked.pk, people)])
        transaction.on_commit(lambda: remove_mirror.hand_over(tenant_id, str(account.pk)))
    log.info("account disconnected", account=str(account.pk))


def clean_address(text: str) -> str:
    """The mail address with its domain in lower case. Raises the problem `invalid`."""
    address = text.strip()
    local, at, domain = address.rpartition("@")
    sound = at and local and "." in domain.strip(".") and checks.valid_host(domain) and len(address) <= 320
    # RFC 5321 section 4.1.2; quoted local parts with spaces are legal and nobody has them.
    if not sound or any(not char.isprintable() or char in ' <>"(),:;\\[]' for char in local):
        message = "Enter a mail address like name@example.com."
        raise Problem(400, "invalid", message, errors={"address": [message]})
    return f"{local}@{domain.lower()}"


def services_of(account: ProviderAccount) -> Services:
    """The services an account was connected with."""
    told = account.settings
    servers = {name: Server(**told[name]) if told.get(name) else None for name in ("imap", "smtp")}
    urls = {name: told[name]["url"] if told.get(name) else None for name in ("caldav", "carddav")}
    return Services(servers["imap"], servers["smtp"], urls["caldav"], urls["carddav"], tuple(told.get("trusted", ())))


def _candidate(wanted: ConnectRequest, network: Network) -> Candidate:
    """What to try: as typed, completed by what discovery finds."""
    typed = wanted.services
    if typed.imap is not None:
        services = replace(typed, trusted=_trusted(wanted.address, typed))
        return Candidate(services, (wanted.username or wanted.address,), frozenset())
    found = discovery.discover(wanted.address, network, wanted.locale)
    if found.refusal:
        sentence = say(found.refusal, wanted.locale, address=wanted.address)
        host = found.services.imap.host if found.services.imap else ""
        raise ConnectionFailed([Check("imap", "login", False, host, 993, sentence)], sentence)
    if found.services.imap is None:
        raise ConnectionFailed([], say("found.nothing", wanted.locale, address=wanted.address))
    if found.confirm_hosts:
        raise _unconfirmed(found, wanted.locale)
    services = Services(
        found.services.imap,
        typed.smtp or found.services.smtp,
        typed.caldav or found.services.caldav,
        typed.carddav or found.services.carddav,
        _trusted(wanted.address, found.services),
    )
    named = {name for name in ("caldav", "carddav") if getattr(typed, name)}
    return Candidate(
        services,
        (wanted.username,) if wanted.username else found.usernames,
        frozenset({"caldav", "carddav"} - named),
        source=found.source,
    )


def _unconfirmed(found: Discovered, locale: str) -> Problem:
    """No password goes to a host of another domain that only DNS named, before a person has seen it."""
    services = found.services
    hosts = {server.host for server in (services.imap, services.smtp) if server}
    hosts |= {urlsplit(url).hostname or url for url in (services.caldav, services.carddav) if url}
    sentence = say("found.confirm", locale, address=found.address, hosts=", ".join(sorted(hosts)))
    return Problem(422, "confirm_hosts", sentence, discovered=found.as_json(locale))


def _trusted(address: str, services: Services) -> tuple[str, ...]:
    """The person's own mail domain may refer to its own hosts; presets name others (iCloud's shards)."""
    return tuple(dict.fromkeys((*services.trusted, address.rpartition("@")[2])))


def _try(candidate: Candidate, password: str, locale: str, network: Network) -> tuple[str, list[Outcome]]:
    """The user name that worked and every service's outcome. Raises ConnectionFailed.

    A second user name is tried only when the servers took the first for wrong (RFC 6186 section 4).
    """
    outcomes: list[Outcome] = []
    for username in candidate.usernames:
        outcomes = checks.run(candidate.services, Login(username, password), network)
        failed = [outcome for outcome in outcomes if outcome.failure and outcome.service not in candidate.optional]
        if not failed:
            return username, outcomes
        if any(outcome.failure and outcome.failure.code != "login.refused" for outcome in failed):
            break
    told = [check for check in checks.report(outcomes, locale) if check.service not in candidate.optional]
    detail = next((check.message for check in told if not check.ok), "")
    raise ConnectionFailed(told, detail)


def _settings(
    candidate: Candidate, username: str, outcomes: Sequence[Outcome], before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The account's settings: the services that worked, and the DAV homes that were found."""
    services = candidate.services
    told: dict[str, Any] = {
        "username": username,
        "source": candidate.source,
        "trusted": list(services.trusted),
    }
    for name, server in (("imap", services.imap), ("smtp", services.smtp)):
        if server is not None:
            told[name] = asdict(server)
    urls = {"caldav": services.caldav, "carddav": services.carddav}
    for outcome in outcomes:
        url = urls.get(outcome.service)
        if url and outcome.found is not None:
            told[outcome.service] = {
                "url": url,
                "principal": outcome.found.principal,
                "homes": list(outcome.found.homes),
            }
        elif url and before and before.get(outcome.service):
            # It does not answer today; what was known of it stays.
            told[outcome.service] = before[outcome.service]
    return told


def _refuse_twice(member: Member, address: str) -> None:
    if access.owned_accounts(member).filter(address__iexact=address).exists():
        raise _already_connected(address)


def _already_connected(address: str) -> Problem:
    return Problem(409, "already_connected", f"You have connected {address} already.")
