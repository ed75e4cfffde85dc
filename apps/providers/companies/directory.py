"""A company's directory: read from the provider, written down, and what follows for the accounts of its people."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.clock import now
from apps.providers import accounts, clouds, signals, tokens
from apps.providers.adapters.errors import AdapterError, Rejected, Transient
from apps.providers.clouds import DirectoryPerson, Surface
from apps.providers.models import AccountStatus, CompanyConnection, CompanyPerson, ProviderAccount
from apps.realtime import journal

from . import telling

log = structlog.get_logger(__name__)

MOST: Final = 20_000
"""People of one directory; more are another kind of installation."""
Status = CompanyConnection.Status
LEFT: Final = "Your company's directory does not have you any more, so this account is not kept in step. Ask {who}."
"""An account's reason; `who` is who administers the company's connection."""


def read(connection: CompanyConnection, *, revive: bool = False) -> None:
    """Prove the key, read the directory and write both down: who is new, who left, who is back. Accounts that wait go
    on when it was the key that they waited for, or when an administrator says so (`revive`).

    Raises AdapterError, after the connection was marked with what the provider refused. A passing fault marks nothing.
    """
    cloud = clouds.known(connection.provider_type)
    try:
        key = tokens.company_key(connection)
        cloud.companies.prove(key, [Surface(name) for name in connection.surfaces])
        listed = listed_by(cloud.companies.people(key))
    except Transient:
        raise
    except AdapterError as error:
        refusal = telling.remembered(error)
        CompanyConnection.objects.filter(pk=connection.pk, status__in=(Status.ACTIVE, Status.REFUSED)).update(
            status=Status.REFUSED, refusal=refusal
        )
        log.warning("company refused", connection=str(connection.pk), what=refusal["what"], code=error.code)
        raise
    write(connection.pk, listed, revive=revive)


def listed_by(people: Iterable[DirectoryPerson]) -> dict[str, DirectoryPerson]:
    """The people by subject. Raises Rejected for a directory without anybody, or one without end."""
    found: dict[str, DirectoryPerson] = {}
    for person in people:
        found[person.subject] = person
        if len(found) > MOST:
            raise Rejected(f"the directory has more than {MOST} people")
    if not found:
        # Nobody is no answer: it would suspend everybody.
        raise Rejected("the directory has nobody")
    return found


def write(connection_id: UUID, listed: dict[str, DirectoryPerson], *, revive: bool = False) -> None:
    """Write the people down, and let their accounts follow. Twice the same changes nothing."""
    moment = now()
    with transaction.atomic():
        connection = CompanyConnection.objects.select_for_update(no_key=True).get(pk=connection_id)
        if connection.status == Status.ENDING:
            return
        held = {person.subject: person for person in connection.people.all()}
        fresh = [
            CompanyPerson(connection=connection, subject=subject, first_seen_at=moment, **_fields(one, moment))
            for subject, one in listed.items()
            if subject not in held
        ]
        CompanyPerson.objects.bulk_create(fresh, batch_size=1000)
        changed = [person for subject, person in held.items() if _follow(person, listed.get(subject), moment)]
        CompanyPerson.objects.bulk_update(changed, ("address", "name", "aliases", "unit", "left_at"), batch_size=1000)
        revive = revive or connection.status == Status.REFUSED
        connection.status, connection.refusal, connection.read_at = Status.ACTIVE, {}, moment
        connection.suspected_at = None
        connection.save(update_fields=["status", "refusal", "read_at", "suspected_at"])
    for account_id in _stale(connection, revive=revive):
        _settle(account_id)
    log.info("directory read", connection=str(connection_id), people=len(listed), new=len(fresh), changed=len(changed))


def _fields(one: DirectoryPerson, moment: datetime) -> dict[str, object]:
    return {
        "address": one.address, "name": one.name[:200], "aliases": list(one.aliases), "unit": one.unit[:255],
        "left_at": None if one.active else moment,
    }  # fmt: skip


def _follow(person: CompanyPerson, one: DirectoryPerson | None, moment: datetime) -> bool:
    """Bring the row up to date; True when something differs."""
    wanted = _fields(one, moment) if one else {"left_at": moment}
    if person.left_at is not None and wanted["left_at"] is not None:
        wanted["left_at"] = person.left_at
    differs = any(getattr(person, name) != value for name, value in wanted.items())
    for name, value in wanted.items():
        setattr(person, name, value)
    return differs


def _stale(connection: CompanyConnection, *, revive: bool) -> list[UUID]:
    """Accounts that do not stand as the directory has it: of who left, who is back, who has another address; and with
    `revive` those that waited."""
    left = Q(company_person__left_at__isnull=False)
    waiting = (AccountStatus.SUSPENDED, *((AccountStatus.NEEDS_RECONNECT,) if revive else ()))
    mine = connection.accounts.exclude(status=AccountStatus.DISCONNECTED)
    found = mine.filter(
        (left & ~Q(status=AccountStatus.SUSPENDED)) | (~left & Q(status__in=waiting))
    ).values_list("pk", flat=True)  # fmt: skip
    moved = [
        account.pk
        for account in mine.select_related("company_person").filter(company_person__isnull=False)
        if account.address != account.company_person.address
    ]
    return [*dict.fromkeys((*found, *moved))]


def _settle(account_id: UUID) -> None:
    """Let one account follow, with its event: nothing of it is removed when somebody leaves."""
    with transaction.atomic():
        account = (
            ProviderAccount.objects.select_for_update(no_key=True, of=("self",))
            .select_related("company")
            .exclude(status=AccountStatus.DISCONNECTED)
            .filter(pk=account_id)
            .first()
        )
        person = CompanyPerson.objects.filter(account_id=account_id).first()
        if account is None or account.company is None:
            return
        if person is None or person.left_at is not None:
            account.status = AccountStatus.SUSPENDED
            account.status_reason = LEFT.format(who=account.company.administrator or "an administrator of it")
        else:
            account.address = person.address
            accounts.go_on(account)
            signals.account_reconnected.send(ProviderAccount, account=account)
        account.save(update_fields=["address", "status", "status_reason", "reachable", "logins"])
        journal.append([accounts.status_event(account)])
    log.info("account follows its company", account=str(account_id), status=account.status)


def suspect(connection_id: UUID) -> bool:
    """Note that an account of the company was refused; True for the first that notes it, who has the key proved."""
    mine = CompanyConnection.objects.filter(pk=connection_id, status=Status.ACTIVE, suspected_at__isnull=True)
    return bool(mine.update(suspected_at=Now()))
