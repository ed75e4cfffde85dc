"""Printing over HTTP: signed links to pages, and the pages, which no script can run in."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.providers.api import parsed
from apps.users.tenancy import PublicAPIView, TenantAPIView, TenantRequest

from . import printing, queries

# No script runs here by two locks: the sandbox does not allow them and no source of them is named. The
# origin is kept, and modal windows, so that the client, which opened the window, can call its print().
POLICY: Final = (
    "sandbox allow-same-origin allow-modals allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PrintIn(serializers.Serializer[Any]):
    """Which of the messages are printed with the remote images that the reader shows."""

    images = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=100)


LINK: Final = inline_serializer("PrintLink", {"url": serializers.CharField()})


class MessagePrintView(TenantAPIView):
    """POST messages/<id>/print: a link to the page, good for five minutes."""

    @extend_schema(request=PrintIn, responses=LINK)
    def post(self, request: TenantRequest, message_id: UUID) -> Response:
        message = queries.visible_message(request.member, message_id)
        images = parsed(PrintIn, request).validated_data["images"]
        return Response({"url": printing.of_message(request.member, message, images)})


class ThreadPrintView(TenantAPIView):
    """POST threads/<id>/print: the same for a conversation."""

    @extend_schema(request=PrintIn, responses=LINK)
    def post(self, request: TenantRequest, thread_id: UUID) -> Response:
        thread = queries.visible_thread(request.member, thread_id)
        images = parsed(PrintIn, request).validated_data["images"]
        return Response({"url": printing.of_thread(request.member, thread, images)})


class PrintedView(PublicAPIView):
    """GET mail/print/<token>: the page; for a link that has lapsed, one that says so."""

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    def get(self, request: Any, token: str) -> HttpResponse:
        try:
            answer = HttpResponse(printing.page(token))
        except Problem as problem:
            locale = (request.headers.get("Accept-Language") or "en")[:2].lower()
            filled = {"locale": locale, "words": printing.words_of(locale)}
            answer = render(request, "mail/lapsed.html", filled, status=problem.status_code)
        answer["Content-Security-Policy"] = POLICY
        answer["Referrer-Policy"] = "no-referrer"
        answer["Cross-Origin-Resource-Policy"] = "same-origin"
        answer["Cache-Control"] = "private, no-store"
        return answer
