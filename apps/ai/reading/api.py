"""Marks of conversations over HTTP: what agents say of the newest message of each that was read."""

from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.providers import access
from apps.users.members import Member
from apps.users.tenancy import TenantAPIView, TenantRequest

from .. import consent
from ..model import switches
from .models import Reading
from .reader import as_json

MOST: Final = 100
"""Conversations asked for at once: a page of a list."""


class MarksView(TenantAPIView):
    """GET: what is said of these conversations, of accounts whose owners let agents read them."""

    @extend_schema(parameters=[OpenApiParameter("threads", str, description="Ids, separated by commas; at most 100.")])
    def get(self, request: TenantRequest) -> Response:
        asked = [one for one in request.query_params.get("threads", "").split(",") if one]
        if not asked or len(asked) > MOST:
            raise Problem(400, "invalid", f"`threads` takes ids of conversations, separated by commas, at most {MOST}.")
        try:
            ids = [UUID(one) for one in asked]
        except ValueError:
            raise Problem(400, "invalid", "`threads` takes ids of conversations, separated by commas.") from None
        return Response(of_threads(request.member, ids))


def of_threads(member: Member, thread_ids: list[UUID]) -> dict[str, Any]:
    """`items`: a mark for each conversation that has one; `on`: False while agents read nothing here."""
    if not switches.on() or not switches.configured():
        return {"on": False, "items": {}}
    allowed = consent.consented(access.visible_account_ids(member))
    rows = (
        Reading.objects.filter(account_id__in=allowed, message__thread_id__in=thread_ids, state=Reading.State.DONE)
        .filter(message__orphaned_at__isnull=True)
        .order_by("message__thread_id", "-message__at", "-pk")
        .distinct("message__thread_id")
        .select_related("message")
    )
    return {"on": bool(allowed), "items": {str(row.message.thread_id): as_json(row) for row in rows}}
