"""The assistant's settings over HTTP: whether it works and why not, who lets it read what, what it was asked."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import now
from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.accounts import iso
from apps.providers.api import parsed
from apps.users.members import Member
from apps.users.models import Role
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import consent, tasks
from .erasing import erase
from .forms import ConsentIn, SwitchIn
from .model import budget, keeping, switches
from .model.models import ModelCall

USAGE_DAYS: Final = 30
CALLS_MOST: Final = 100


def administers(member: Member) -> bool:
    """True for those who may set what holds for everybody of the company."""
    return member.role in (Role.OWNER, Role.ADMIN)


def state(member: Member) -> dict[str, Any]:
    """Whether the agents work here, why not, and what they have used."""
    bounds, today = switches.bounds(), now().date()
    reasons = [{"code": reason.code, "detail": reason.detail} for reason in switches.off_because()]
    return {
        "configured": switches.configured(),
        "model": settings.PMSYNC_MISTRAL_MODEL if switches.configured() else None,
        "simulated": settings.PMSYNC_SIMULATED_MISTRAL,
        "enabled": bounds.enabled,
        "off_because": reasons,
        "daily_tokens": bounds.daily_tokens,
        "used_today": budget.used(today),
        "kept_days": bounds.kept_days,
        "usage": budget.usage(today - timedelta(days=USAGE_DAYS)),
        "may_change": administers(member),
    }


class AssistantView(TenantAPIView):
    """GET: whether the agents work, and why not. PATCH: an administrator's switch and bounds."""

    def get(self, request: TenantRequest) -> Response:
        return Response(state(request.member))

    @extend_schema(request=SwitchIn)
    def patch(self, request: TenantRequest) -> Response:
        if not administers(request.member):
            raise Problem(403, "administrators_only", "Only an owner or an administrator of your company may do this.")
        switches.change(request.member.user_id, **parsed(SwitchIn, request).validated_data)
        return Response(state(request.member))


class ConsentsView(TenantAPIView):
    """GET: what the agents may do with each of the accounts that I see."""

    def get(self, request: TenantRequest) -> Response:
        seen = list(access.visible_accounts(request.member))
        allowed = consent.of([account.pk for account in seen])
        return Response(
            {
                "items": [
                    {
                        "account_id": str(account.pk),
                        "reading": allowed[account.pk].reading,
                        "drafting": allowed[account.pk].drafting,
                        "mine": account.owner_id == request.member.user_id,
                    }
                    for account in seen
                ]
            }
        )


class ConsentView(TenantAPIView):
    """PUT: what the agents may do with an account of mine. DELETE: that no more, and all they made of it is erased."""

    @extend_schema(request=ConsentIn)
    def put(self, request: TenantRequest, account_id: UUID) -> Response:
        access.owned_account(request.member, account_id)
        given = parsed(ConsentIn, request).validated_data
        account, begins = consent.set_by(request.member, account_id, **given)
        if begins:
            tasks.begin(account)
        return Response({"account_id": str(account.pk), **given, "mine": True})

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: TenantRequest, account_id: UUID) -> Response:
        account, _ = consent.set_by(request.member, account_id, reading=False, drafting=False)
        erase(account.pk)
        return Response(status=204)


class CallsView(TenantAPIView):
    """GET: what the model was asked about my accounts, the newest first."""

    def get(self, request: TenantRequest) -> Response:
        rows = ModelCall.objects.filter(account__in=access.owned_accounts(request.member)).order_by("-at", "-pk")
        return Response({"items": [_shown(row) for row in rows.defer("content")[:CALLS_MOST]]})


class CallView(TenantAPIView):
    """GET: one of them with its prompt and its output, where they are kept."""

    def get(self, request: TenantRequest, call_id: UUID) -> Response:
        owned = access.owned_accounts(request.member)
        row = ModelCall.objects.filter(pk=call_id, account__in=owned).first()
        if row is None:
            raise not_found("call")
        return Response(_shown(row) | {"content": keeping.content(row)})


def _shown(row: ModelCall) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "account_id": str(row.account_id),
        "purpose": row.purpose,
        "model": row.model,
        "about": str(row.about) if row.about else None,
        "outcome": row.outcome,
        "ms": row.ms,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "at": iso(row.at),
    }
