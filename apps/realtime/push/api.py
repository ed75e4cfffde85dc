"""The HTTP face of Web Push: the key to subscribe with, and this device's subscription."""

from http import HTTPStatus
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.core import net
from apps.core.problems import Problem
from apps.users import limits, people
from apps.users.limits import Bucket, Limit
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import endpoints, subscriptions, vapid
from .encryption import BadKeys

# A device subscribes whenever PMSync is opened on it; each try may look a host's name up.
SUBSCRIBE: Final = Limit("push.subscribe", burst=30, period=10)


class KeysIn(serializers.Serializer[Any]):
    """The browser's public key and the secret it shares with us, base64url."""

    p256dh = serializers.CharField(max_length=200)
    auth = serializers.CharField(max_length=100)


class SubscriptionIn(serializers.Serializer[Any]):
    """`PushSubscription.toJSON()`, with the language to notify in and the key that the browser subscribed with."""

    endpoint = serializers.CharField(max_length=endpoints.LONGEST)
    keys = KeysIn()  # type: ignore[assignment]  # the browser's name for them; DRF has none of it
    language = serializers.ChoiceField(choices=people.LOCALES)
    key = serializers.CharField(required=False, max_length=200, help_text="by default the newest")


KEY: Final = inline_serializer("PushKey", {"key": serializers.CharField(help_text="applicationServerKey, base64url")})


class PushView(TenantAPIView):
    """GET push: the public key (RFC 8292) with which a browser subscribes."""

    @extend_schema(responses=KEY)
    def get(self, request: TenantRequest) -> Response:
        return Response({"key": vapid.newest().public})


class SubscriptionsView(TenantAPIView):
    """POST push/subscriptions: push to this device from now on. DELETE ?endpoint=: no more."""

    @extend_schema(request=SubscriptionIn, responses={204: None})
    def post(self, request: TenantRequest) -> Response:
        form = SubscriptionIn(data=request.data)
        form.is_valid(raise_exception=True)
        limits.require(Bucket(SUBSCRIBE, str(request.member.user_id)))
        subscriptions.subscribe(request.member, _wish(form.validated_data))
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(parameters=[OpenApiParameter("endpoint", str, required=True)], responses={204: None})
    def delete(self, request: TenantRequest) -> Response:
        subscriptions.unsubscribe(request.member, request.query_params.get("endpoint", ""))
        return Response(status=HTTPStatus.NO_CONTENT)


def _wish(given: dict[str, Any]) -> subscriptions.Wish:
    try:
        keys = subscriptions.client_keys(given["keys"]["p256dh"], given["keys"]["auth"])
        endpoints.check(given["endpoint"])
    except BadKeys as bad:
        raise Problem(400, "push_keys_invalid", f"The browser's keys cannot be used: {bad}.") from None
    except endpoints.EndpointRefused as refused:
        raise Problem(422, "push_endpoint_refused", f"Pushes cannot be sent to this address: {refused}.") from None
    except net.HostUnknown:
        detail = "The browser's push service cannot be found now. Try again in half a minute."
        raise Problem(503, "try_later", detail, retry_after=30) from None
    return subscriptions.Wish(given["endpoint"], keys, given["language"], given.get("key") or vapid.newest().public)
