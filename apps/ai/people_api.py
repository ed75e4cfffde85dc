"""Important contacts over HTTP."""

from rest_framework.response import Response

from apps.users.tenancy import TenantAPIView, TenantRequest

from .people import important


class ImportantView(TenantAPIView):
    """GET: whom I usually answer, the most important first."""

    def get(self, request: TenantRequest) -> Response:
        return Response({"items": important.listed(request.member)})
