"""Addresses with a view of each kind, for tests of what the view classes promise."""

from typing import Any

from django.urls import include, path
from rest_framework.response import Response

from apps.realtime.models import JournalEntry
from apps.users.tenancy import PersonAPIView, PublicAPIView, TenantAPIView, TenantRequest


class InTenant(TenantAPIView):
    """Answers with the journal's numbers of the open tenant."""

    def get(self, request: TenantRequest) -> Response:
        return Response({"tenant": request.member.tenant.slug, "role": request.member.role, "seqs": _seqs()})

    def post(self, request: TenantRequest) -> Response:
        raise ZeroDivisionError

    def put(self, request: TenantRequest) -> Response:
        return Response(Lazy())


class Lazy:
    """Reads rows only when the answer is rendered."""

    def __iter__(self) -> Any:
        return iter(_seqs())


class InPublic(PublicAPIView):
    """Tries to read a tenant's rows without one."""

    def get(self, request: Any) -> Response:
        return Response({"seqs": _seqs()})


class InPerson(PersonAPIView):
    """Tries the same for a person."""

    def get(self, request: Any) -> Response:
        return Response({"seqs": _seqs()})


def _seqs() -> list[int]:
    return list(JournalEntry.objects.order_by("seq").values_list("seq", flat=True))


urlpatterns = [
    path("probe/tenant", InTenant.as_view()),
    path("probe/public", InPublic.as_view()),
    path("probe/person", InPerson.as_view()),
    path("api/v1/", include("apps.users.urls")),
]
