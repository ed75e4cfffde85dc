"""People's acts as they come over HTTP and the socket: how many, and under which key."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.users import limits
from apps.users.limits import Bucket, Limit
from apps.users.members import Member
from apps.users.tenancy import TenantRequest

# A held-down key makes ten acts a second, and a client that was offline brings a day's work at once.
ACTS: Final = Limit("outbound.acts", burst=300, period=0.04)
HEADER: Final = "Idempotency-Key"
KEY: Final = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, required=True, description="A UUID, one for each act."
)


def allow(member: Member) -> None:
    """Take one act of the person's allowance. Raises the 429 problem. Without Redis nobody is kept from their work."""
    try:
        wait = limits.wait_for([Bucket(ACTS, f"{member.tenant.pk}:{member.user_id}")])
    except limits.LimitsAway:
        return
    if wait:
        raise limits.too_many(wait)


def key_in(value: Any) -> str:
    """An idempotency key: a UUID as text. Raises the 400 problem `idempotency_key`."""
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise Problem(400, "idempotency_key", "Send a UUID of your own making in `Idempotency-Key`.") from None


def key_of(request: TenantRequest) -> str:
    """The key of a request that acts, which counts against the person's allowance."""
    allow(request.member)
    return key_in(request.headers.get(HEADER))


def accepted(answer: dict[str, Any]) -> Response:
    """The act, which is visible and on its way."""
    return Response(answer, status=HTTPStatus.ACCEPTED)
