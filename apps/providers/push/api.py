"""The webhooks: verify, find the route, ask for a look, answer. No provider is asked, and no tenant opened.

The answer is the same for a notification that is believed, one that is forged and one of which nobody knows anything.
"""

from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.providers import clouds
from apps.providers.clouds import Called
from apps.users.limits import Bucket, Limit, LimitsAway, wait_for
from apps.users.tenancy import PublicAPIView

from . import taking

# A provider's own machines tell of many accounts; more than this from one address comes from somebody else.
ADDRESS: Final = Limit("push.address", burst=2000, period=0.01)
BODY_MOST: Final = 1024 * 1024


class WebhookView(PublicAPIView):
    """POST webhooks/<name>: a provider tells that something happened."""

    hook: str = ""

    @extend_schema(exclude=True)
    def post(self, request: Request) -> HttpResponse:
        wait = _wait(str(request.META.get("REMOTE_ADDR")))
        if wait:
            return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(int(wait) + 1)})
        body = _body(request)
        if body is None:
            return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        provider_type, hook = clouds.hooks()[self.hook]
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = hook(Called(request.query_params.dict(), headers, body))
        taking.take(provider_type, answer.told)
        if answer.text is None:
            return HttpResponse(status=answer.status)
        said = HttpResponse(answer.text, status=answer.status, content_type="text/plain; charset=utf-8")
        said["X-Content-Type-Options"] = "nosniff"
        return said


def _wait(address: str) -> float:
    try:
        return wait_for([Bucket(ADDRESS, address)])
    except LimitsAway:
        return 0.0  # without Redis notifications still ring


def _body(request: Request) -> bytes | None:
    """The body; None for one that is longer than any provider's."""
    length: Any = request.META.get("CONTENT_LENGTH") or "0"
    if not str(length).isdecimal() or int(length) > BODY_MOST:
        return None
    try:
        body: bytes = request.body
    except RequestDataTooBig:
        return None
    return body if len(body) <= BODY_MOST else None
