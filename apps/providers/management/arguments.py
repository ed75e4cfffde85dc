"""Arguments that commands about accounts share: whose account, and which."""

from uuid import UUID

from django.core.management.base import CommandError

from apps.providers.models import AccountStatus, ProviderAccount
from apps.tenants.management.arguments import BAD_ARGUMENTS
from apps.tenants.models import Tenant
from apps.users import members, people
from apps.users.members import Member


def member_of(tenant: Tenant, email: str) -> Member:
    """The person in the tenant. Raises CommandError (2)."""
    user = people.find(email)
    member = members.of(user, tenant) if user else None
    if member is None:
        raise CommandError(
            f"{email} is nobody in {tenant.slug}; `manage.py person` adds people.", returncode=BAD_ARGUMENTS
        )
    return member


def accounts_of(name: str | None) -> list[ProviderAccount]:
    """The open tenant's accounts: one by id or address, or all. Raises CommandError (2) when there is none."""
    found = ProviderAccount.objects.exclude(status=AccountStatus.DISCONNECTED).order_by("created_at")
    if name is None:
        return list(found)
    try:
        found = found.filter(pk=UUID(name))
    except ValueError:
        found = found.filter(address__iexact=name)
    if not found.exists():
        raise CommandError(
            f"There is no account {name!r} here; `manage.py account list` shows those that exist.",
            returncode=BAD_ARGUMENTS,
        )
    return list(found)
