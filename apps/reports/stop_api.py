"""The page behind "stop these": it asks a person, and takes a mail program's word at once (RFC 8058)."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import FormParser, MultiPartParser

from apps.core.problems import Problem
from apps.users.tenancy import PublicAPIView

from . import stopping, wording

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE: Final = {(200, "text/html"): OpenApiTypes.STR}


class StopView(PublicAPIView):
    """GET: asks whether to stop, for programs that open links are no people. POST: stops, without signing in."""

    # RFC 8058 section 3.2: a form, of either encoding.
    parser_classes = (FormParser, MultiPartParser)

    @extend_schema(responses=PAGE)
    def get(self, request: Any, token: str) -> HttpResponse:
        try:
            return self._page(request, "ask", kind=stopping.read(token)[2])
        except Problem as problem:
            return self._page(request, "unknown", status=problem.status_code)

    @extend_schema(request=None, responses=PAGE)
    def post(self, request: Any, token: str) -> HttpResponse:
        try:
            return self._page(request, "done", kind=stopping.stop(token))
        except Problem as problem:
            return self._page(request, "unknown", status=problem.status_code)

    def _page(self, request: Any, state: str, *, kind: str = "report", status: int = 200) -> HttpResponse:
        locale = wording.locale_of(request.headers.get("Accept-Language", ""))
        filled = {"locale": locale, "state": state, "words": wording.stop_words(locale, state, kind)}
        answer = render(request, "reports/stop.html", filled, status=status)
        answer["Content-Security-Policy"] = POLICY
        answer["Referrer-Policy"] = "no-referrer"
        return answer
