"""Invitations over HTTP: each view parses, calls one function, answers."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.calendar import queries as calendar
from apps.outbound.acts import KEY, accepted, key_of
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import answering, cards
from .forms import ActIn


class InvitationView(TenantAPIView):
    """GET: the card of the invitation that a message holds. POST: what I do about it."""

    def get(self, request: TenantRequest, message_id: UUID) -> Response:
        here = calendar.zone_of(request.query_params.get("zone") or "UTC")
        return Response(cards.card(request.member, message_id, here))

    @extend_schema(parameters=[KEY], request=ActIn)
    def post(self, request: TenantRequest, message_id: UUID) -> Response:
        given = parsed(ActIn, request).validated_data
        return accepted(answering.act(request.member, key_of(request), message_id, given))
