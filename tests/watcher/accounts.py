"""Accounts for the watcher, in the database."""

from django.utils.timezone import now

from apps.core.ids import new_id
from apps.providers import credentials
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.models import AccountStatus, ProviderAccount, ProviderType
from apps.sync.models import Phase, SyncTarget
from apps.tenants import context
from apps.tenants.models import Tenant


def accounts_on(endpoint: Endpoint, tenant: Tenant, *users: str) -> list[SyncTarget]:
    """One imported account for each user, with its mail target, due in an hour."""
    where = {"host": endpoint.host, "port": endpoint.port, "security": endpoint.security}
    targets = []
    with context.open(tenant):
        for user in users:
            account = ProviderAccount(
                owner_id=new_id(),
                address=f"{user}@example.test",
                provider_type=ProviderType.IMAP,
                status=AccountStatus.ACTIVE,
                settings={"imap": where},
                credentials=b"",
            )
            credentials.seal(account, Login(user, f"secret of {user}"))
            account.save()
            targets.append(
                SyncTarget(
                    tenant=tenant,
                    account_id=account.pk,
                    kind="mail",
                    provider_type=ProviderType.IMAP,
                    host=endpoint.host,
                    phase=Phase.LIVE,
                    due_at=now(),
                )
            )
    return SyncTarget.objects.bulk_create(targets)
