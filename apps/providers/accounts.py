"""An account's life: what people are told of it, and each change of its status with its event."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from apps.core.clock import now
from apps.realtime import journal
from apps.tenants import context
from apps.users.members import Member

from . import clouds
from .adapters.errors import AdapterError, PermissionMissing, SignInRequired
from .models import AccountStatus, OAuthGrant, ProviderAccount

log = structlog.get_logger(__name__)


def as_json(account: ProviderAccount) -> dict[str, Any]:
    """The account as everybody who may see it is shown it."""
    return {
        "id": str(account.id),
        "address": account.address,
        "display_name": account.display_name,
        "provider_type": account.provider_type,
        "status": account.status,
        "status_reason": account.status_reason,
        "owner_id": str(account.owner_id),
        "as_of": iso(account.as_of),
        "reachable": account.reachable,
        "import": _import(account),
        "color": account.color,
        "surfaces": _surfaces(account),
        "simulated": clouds.simulated(account.provider_type),
        "by_company": account.company_id is not None,
    }


def as_seen_by(member: Member, account: ProviderAccount) -> dict[str, Any]:
    """The account, with what the person is to it."""
    mine = account.owner_id == member.user_id
    access = None if mine else account.access.filter(user_id=member.user_id).first()
    role = "owner" if mine else (access.role if access else "reader")
    return as_json(account) | {"mine": mine, "role": role}


def iso(moment: datetime | None) -> str | None:
    """A moment in UTC as ISO 8601 with Z, or None."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _surfaces(account: ProviderAccount) -> list[str]:
    """What is kept in step, in the order of Surface: what was consented to, or what the servers were found to have."""
    told = account.settings
    if "surfaces" in told:
        return [surface for surface in clouds.Surface if surface in told["surfaces"]]
    found = {clouds.Surface.MAIL: "imap", clouds.Surface.CALENDAR: "caldav", clouds.Surface.CONTACTS: "carddav"}
    return [surface for surface, name in found.items() if told.get(name)]


def _import(account: ProviderAccount) -> dict[str, Any] | None:
    if account.import_finished_at or not account.import_started_at:
        return None
    passed = max(0.001, (now() - account.import_started_at).total_seconds())
    rate = account.import_done / passed
    left = None if account.import_total is None else max(0, account.import_total - account.import_done)
    return {
        "done": account.import_done,
        "total": account.import_total,
        "rate": round(rate, 1),
        "seconds_left": round(left / rate) if left is not None and rate > 0 else None,
        "started_at": iso(account.import_started_at),
    }


def status_event(account: ProviderAccount, *, progress: bool = False) -> journal.Event:
    """The event that carries the account as it stands."""
    data = {"account": as_json(account), "gone": None, "progress": progress}
    return journal.Event("account:status", account.pk, data)


def seen_event(account: ProviderAccount, people: Collection[UUID]) -> journal.Event:
    """The account as it stands, for people who have just been let in."""
    data = {"account": as_json(account), "gone": None, "progress": False}
    return journal.Event("account:status", account.pk, data, only_for=tuple(people))


def gone_event(account_id: UUID, people: Collection[UUID]) -> journal.Event:
    """The account is gone for these people. It names no account of its own: they may not see it any more."""
    data = {"account": None, "gone": str(account_id), "progress": False}
    return journal.Event("account:status", None, data, only_for=tuple(people))


def update(account_id: UUID, **fields: Any) -> bool:
    """Change the account if a field differs, and say so; True when something changed."""
    with transaction.atomic():
        connected = ProviderAccount.objects.exclude(status=AccountStatus.DISCONNECTED)
        account = connected.select_for_update(no_key=True).filter(pk=account_id).first()
        if account is None or all(getattr(account, name) == value for name, value in fields.items()):
            return False
        for name, value in fields.items():
            setattr(account, name, value)
        account.save(update_fields=list(fields))
        journal.append([status_event(account)])
    return True


def needs_reconnect(account: ProviderAccount, error: AdapterError, beside: Callable[[], object]) -> bool:
    """Stop the account until its owner mends it; the one notice goes out with the one transition. `beside` stops
    what is the caller's own, in the same transaction.

    False, and nothing is stopped, when the owner was quicker: what was refused is not the present log-in.
    """
    with transaction.atomic():
        current = ProviderAccount.objects.select_for_update(no_key=True)
        if not current.filter(pk=account.pk, logins=account.logins).exists():
            log.info("refused log-in was replaced meanwhile", account=str(account.pk), code=error.code)
            return False
        if isinstance(error, SignInRequired) and error.claims:
            OAuthGrant.objects.filter(account=account).update(claims=error.claims)
        reason = explain(account, error)
        changed = update(account.pk, status=AccountStatus.NEEDS_RECONNECT, status_reason=reason, reachable=True)
        beside()
    if changed and account.company is not None:
        from .companies.tasks import suspect

        suspect(account.company, context.current().pk)
    return True


def go_on(account: ProviderAccount) -> None:
    """Have an account, locked by the caller who saves it, go on with the log-in that it was just given."""
    account.status, account.status_reason, account.reachable = AccountStatus.ACTIVE, "", True
    account.logins += 1


def unreachable(account: ProviderAccount, error: AdapterError) -> bool:
    """The provider does not answer: what is shown stays, marked as old."""
    return update(account.pk, reachable=False)


def explain(account: ProviderAccount, error: AdapterError) -> str:
    """Why an account stopped and what to do, for its owner."""
    if account.company is not None:
        who = account.company.administrator or "an administrator of your company"
        return f"Your company's connection does not open this account: {error.reason}. Ask {who}."
    said = f" The server said: “{error.said}”" if error.said else ""
    if isinstance(error, PermissionMissing):
        return f"The server accepted the log-in but does not allow this account's mail to be read.{said}"
    if "surfaces" in account.settings:
        # What such a provider says besides is written for programs.
        return f"Signing in has stopped working: {error.reason}. Sign in again to go on."
    # Not always the password: a certificate that lapsed, IMAP that was switched off.
    return f"Signing in has stopped working: {error.reason}. Once that is put right, enter the password again.{said}"
