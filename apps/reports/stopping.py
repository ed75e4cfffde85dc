"""Signed addresses that stop letters without signing in (RFC 8058). What they name can only be switched off by them."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError

from apps.core.problems import Problem
from apps.tenants import context
from apps.users.models import Membership

from . import wishes
from .models import Letter

SALT: Final = "reports.stop"


def link(tenant_id: UUID, user_id: UUID, kind: str) -> str:
    """The address that stops a person's letters of a kind. It does not lapse: the letter that holds it is kept."""
    token = signing.dumps([str(tenant_id), str(user_id), kind], salt=SALT)
    return f"{settings.PMSYNC_PUBLIC_URL}/reports/stop/{token}"


def read(token: str) -> tuple[UUID, UUID, str]:
    """Tenant, person and kind. Raises the 404 problem for an address that we did not make."""
    try:
        tenant_id, user_id, kind = signing.loads(token, salt=SALT)
        return UUID(tenant_id), UUID(user_id), str(Letter.Kind(kind))
    except (signing.BadSignature, ValueError, TypeError):
        raise _unknown() from None


def stop(token: str) -> str:
    """Stop them; the kind that was stopped. Done twice it is done. Raises the 404 problem, also for who has left."""
    tenant_id, user_id, kind = read(token)
    try:
        tenant = context.get(tenant_id)
        if not Membership.objects.filter(tenant=tenant, user_id=user_id).exists():
            raise _unknown()
        with context.open(tenant):
            wishes.stop(user_id, {"report": "report", "alerts": "alerts"}[kind])
    except (context.TenantClosed, ValidationError):
        raise _unknown() from None
    return kind


def _unknown() -> Problem:
    return Problem(404, "link_unknown", "This address is not one of ours, or it has lapsed. Sign in to change it.")
