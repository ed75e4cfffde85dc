"""The HTTP face of the engine: one's own sync status, a sync at once, and the tenant's overview for admins."""

from collections import Counter
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.api import parsed, take
from apps.users.limits import Bucket, Limit
from apps.users.models import Role
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import operations, status
from .models import Breaker, Phase, Tier

# A person may ask again and again; each request costs the provider a round trip or two.
SYNC_NOW: Final = Limit("sync.now", burst=10, period=3)


class StatusItem(serializers.Serializer[Any]):
    """How one target stands: `status.Row`."""

    account_id = serializers.UUIDField()
    kind = serializers.CharField()
    tier = serializers.ChoiceField(choices=Tier.names)
    phase = serializers.ChoiceField(choices=Phase.values)
    last_synced_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=[state.value for state in status.State])
    breaker = serializers.ChoiceField(choices=Breaker.values)
    error = inline_serializer(
        "SyncError", {"code": serializers.CharField(), "message": serializers.CharField()}, allow_null=True
    )
    push = serializers.CharField()


class Summary(serializers.Serializer[Any]):
    """Counts over a company's targets."""

    targets = serializers.IntegerField()
    by_state = serializers.DictField(child=serializers.IntegerField())
    by_breaker = serializers.DictField(child=serializers.IntegerField())
    failing = serializers.IntegerField()


STATUS: Final = inline_serializer("SyncStatus", {"items": StatusItem(many=True)})
OVERVIEW: Final = inline_serializer("SyncOverview", {"summary": Summary(), "items": StatusItem(many=True)})
REQUESTED: Final = inline_serializer("SyncRequested", {"requested": serializers.IntegerField()})


class RestartIn(serializers.Serializer[Any]):
    """Which account to start again; all of the company's when left out."""

    account_id = serializers.UUIDField(required=False)


class StatusView(TenantAPIView):
    """GET sync/status: how the sync of each account one may see stands."""

    @extend_schema(responses=STATUS)
    def get(self, request: TenantRequest) -> Response:
        found = operations.targets_of(access.visible_account_ids(request.member))
        return Response({"items": [row.as_json() for row in status.rows(found)]})


class SyncNowView(TenantAPIView):
    """POST accounts/<id>/sync: look at the provider now."""

    @extend_schema(request=None, responses={202: REQUESTED})
    def post(self, request: TenantRequest, account_id: UUID) -> Response:
        account = access.visible_account(request.member, account_id)
        take(Bucket(SYNC_NOW, f"{request.member.user_id}:{account.pk}"))
        return Response({"requested": operations.sync_now(account)}, status=HTTPStatus.ACCEPTED)


class AdminAPIView(TenantAPIView):
    """For owners and admins of a tenant: how all accounts are doing, never what is in them."""

    def allow(self, request: TenantRequest) -> None:
        """Raise 403 for other members."""
        if request.member.role not in (Role.OWNER, Role.ADMIN):
            raise Problem(403, "forbidden", "Only an owner or an admin of the company can see or do this.")


class AdminStatusView(AdminAPIView):
    """GET /api/admin/sync-status: every target of the company, and counts (M083)."""

    @extend_schema(responses=OVERVIEW)
    def get(self, request: TenantRequest) -> Response:
        self.allow(request)
        rows = status.rows(operations.targets_of())
        summary = {
            "targets": len(rows),
            "by_state": Counter(row.state for row in rows),
            "by_breaker": Counter(row.breaker for row in rows),
            "failing": sum(1 for row in rows if row.error),
        }
        return Response({"summary": summary, "items": [row.as_json() for row in rows]})


class AdminRestartView(AdminAPIView):
    """POST /api/admin/restart-sync: forget failures and pauses and run again (M083)."""

    @extend_schema(request=RestartIn, responses={202: REQUESTED})
    def post(self, request: TenantRequest) -> Response:
        self.allow(request)
        account_id = parsed(RestartIn, request).validated_data.get("account_id")
        found = operations.targets_of([account_id] if account_id else None)
        if account_id and not found.exists():
            raise not_found("account")
        return Response({"requested": operations.restart(found)}, status=HTTPStatus.ACCEPTED)


class AdminStateView(AdminAPIView):
    """DELETE /api/admin/sync-state/<account>: forget the cursors, so that all is compared anew (M083)."""

    @extend_schema(responses={202: REQUESTED})
    def delete(self, request: TenantRequest, account_id: UUID) -> Response:
        self.allow(request)
        found = operations.targets_of([account_id])
        if not found.exists():
            raise not_found("account")
        return Response({"requested": operations.reset(found)}, status=HTTPStatus.ACCEPTED)
