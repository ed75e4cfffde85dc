"""The person acting in a tenant, as every view, consumer and query takes it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.tenants.models import Tenant

from .models import Membership, User


@dataclass(frozen=True, slots=True)
class Member:
    """A person, the tenant they act in, and their role there.

    `session_id` and `lapses_at` come with a token: the device it belongs to, and the moment (the
    database's clock) at which the token stops proving anything.
    """

    user: User
    tenant: Tenant
    role: str
    session_id: UUID | None = None
    lapses_at: datetime | None = None

    @property
    def user_id(self) -> UUID:
        """The person's public id, stored in tenant tables as a plain column."""
        return self.user.pk

    @property
    def device(self) -> UUID:
        """The session's id, or one that no session has when the member did not come with a token."""
        return self.session_id or UUID(int=0)


def of(user: User, tenant: Tenant, session_id: UUID | None = None) -> Member | None:
    """The person's membership of the tenant, or None when they have none or are no longer active."""
    if not user.is_active:
        return None
    row = Membership.objects.filter(user=user, tenant=tenant).first()
    return Member(user, tenant, row.role, session_id) if row else None
