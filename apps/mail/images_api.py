"""Remote images over HTTP: the proxy, and the senders whose images a person always sees."""

from http import HTTPStatus
from typing import Any, Final

from django.db import connection
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.providers.api import parsed
from apps.tenants import context
from apps.users.tenancy import PublicAPIView, TenantAPIView, TenantRequest

from .images import fetching, links, senders
from .models import Message

KEPT: Final = 86_400
"""Seconds that the browser keeps an image: as long as a link lives at least."""


class SenderIn(serializers.Serializer[Any]):
    """A sender's address."""

    address = serializers.CharField(max_length=senders.LONGEST)


LISTED: Final = inline_serializer("ImageSenders", {"items": serializers.ListField(child=serializers.CharField())})


class ImageView(PublicAPIView):
    """GET img/<token>?u=: a remote image of a message, fetched for whoever holds the link. Raises 404 and 502."""

    @extend_schema(
        parameters=[OpenApiParameter("u", str, required=True)], responses={(200, "image/*"): OpenApiTypes.BINARY}
    )
    def get(self, request: Any, token: str) -> HttpResponse:
        url = request.query_params.get("u", "")
        tenant_id, message_id = links.read(token, url)
        try:
            with context.open(context.get(tenant_id)):
                there = Message.objects.filter(pk=message_id).exists()
        except context.TenantClosed:
            there = False
        if not there:
            raise Problem(404, "not_found", "The message of this image is gone.")
        # The far server may take seconds: the pool's connection is not kept from others meanwhile.
        connection.close()
        try:
            return _served(fetching.fetch(url))
        except fetching.ImageUnavailable as why:
            raise Problem(502, "image_unavailable", f"The image cannot be had: {why}.") from None


class ImageSendersView(TenantAPIView):
    """GET image-senders: whose images the person always sees. POST: one more. DELETE ?address=: one less."""

    @extend_schema(responses=LISTED)
    def get(self, request: TenantRequest) -> Response:
        return Response({"items": senders.all_of(request.member)})

    @extend_schema(request=SenderIn, responses={204: None})
    def post(self, request: TenantRequest) -> Response:
        senders.add(request.member, parsed(SenderIn, request).validated_data["address"])
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(parameters=[OpenApiParameter("address", str, required=True)], responses={204: None})
    def delete(self, request: TenantRequest) -> Response:
        senders.remove(request.member, request.query_params.get("address", ""))
        return Response(status=HTTPStatus.NO_CONTENT)


def _served(image: fetching.Image) -> HttpResponse:
    answer = HttpResponse(image.data, content_type=image.content_type)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    # Opened alone it is saved; an <img> takes no notice.
    answer["Content-Disposition"] = f'attachment; filename="image.{image.content_type.partition("/")[2]}"'
    answer["Cache-Control"] = f"private, max-age={KEPT}, immutable"
    return answer
