"""Search by meaning over HTTP: parses, calls one function, answers."""

from rest_framework.response import Response

from apps.users.tenancy import TenantAPIView, TenantRequest

from . import finding, progress


class SemanticSearchView(TenantAPIView):
    """GET: messages, events and contacts that answer a question, by their words and by their meaning."""

    def get(self, request: TenantRequest) -> Response:
        return Response(finding.run(request.member, finding.Asked.parse(request.query_params)))


class CoverageView(TenantAPIView):
    """GET: how much of the person's accounts can be found by meaning, and with which model."""

    def get(self, request: TenantRequest) -> Response:
        return Response(progress.coverage(request.member))
