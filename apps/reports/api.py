"""Reports and alerts over HTTP: each view parses, calls one function, answers."""

from http import HTTPStatus
from typing import Final

from drf_spectacular.utils import extend_schema
from kombu.exceptions import OperationalError
from rest_framework.response import Response

from apps.core.clock import now
from apps.core.problems import Problem
from apps.providers import access
from apps.providers.api import parsed
from apps.users import limits
from apps.users.limits import Bucket, Limit
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import alerting, forms, showing, tasks, wishes

NOW: Final = Limit("report.now", burst=3, period=300)
ALERTS: Final = 100


class ReportsView(TenantAPIView):
    """GET reports?before=: my reports, the newest first, with their figures."""

    def get(self, request: TenantRequest) -> Response:
        return Response(showing.history(request.member, request.query_params.get("before", "")))


class ReportView(TenantAPIView):
    """GET reports/<day>: one of my reports, of the accounts that I see now. DELETE: forget it."""

    def get(self, request: TenantRequest, day: str) -> Response:
        report = showing.one(request.member, showing.day_of(day))
        return Response(showing.whole(request.member, report))

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: TenantRequest, day: str) -> Response:
        showing.one(request.member, showing.day_of(day)).delete()
        return Response(status=HTTPStatus.NO_CONTENT)


class ReportNowView(TenantAPIView):
    """POST reports/now: make today's report now, or anew; `report:ready` says when it is there."""

    @extend_schema(request=None, responses={202: None})
    def post(self, request: TenantRequest) -> Response:
        member = request.member
        if not access.visible_account_ids(member):
            raise Problem(409, "nothing_to_report", "Connect an account first: a report tells of its mail and events.")
        limits.require(Bucket(NOW, f"{member.tenant.pk}:{member.user_id}"))
        try:
            tasks.make_now.apply_async(
                (str(member.tenant.pk), str(member.user_id)), queue=tasks.queue_of(late=False), retry=False
            )
        except (OperationalError, OSError):
            raise limits.away() from None
        return Response({}, status=HTTPStatus.ACCEPTED)


class WishesView(TenantAPIView):
    """GET reports/settings: what I hear of, how and when. PATCH: change it."""

    @extend_schema(responses=forms.WishesOut)
    def get(self, request: TenantRequest) -> Response:
        return Response(self._shown(request))

    @extend_schema(request=forms.WishesIn, responses=forms.WishesOut)
    def patch(self, request: TenantRequest) -> Response:
        given = parsed(forms.WishesIn, request).validated_data
        wishes.change(request.member, **given)
        return Response(self._shown(request))

    def _shown(self, request: TenantRequest) -> dict[str, object]:
        row = wishes.of(request.member.user_id)
        return wishes.as_json(row) | {"zone": request.member.user.timezone}


class AlertsView(TenantAPIView):
    """GET alerts: what I was told of follow-ups, the newest first. POST: I have seen them."""

    def get(self, request: TenantRequest) -> Response:
        return Response(alerting.listed(request.member, ALERTS))

    @extend_schema(request=None, responses={204: None})
    def post(self, request: TenantRequest) -> Response:
        alerting.see(request.member.user_id, now())
        return Response(status=HTTPStatus.NO_CONTENT)
