"""Where API views get their person and their tenant. Every API view derives from a class here.

`TenantAPIView` opens the tenant around the handler and nowhere else: authentication, throttling
and rendering stand on the public schema, so a handler that returns something lazy fails loudly
instead of reading whatever schema comes next.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from structlog.contextvars import bound_contextvars

from apps.core.problems import Problem, not_found
from apps.tenants import context
from apps.tenants.models import Domain, Tenant

from .members import Member
from .models import Membership

HEADER: Final = "X-PMSync-Tenant"
PRIVATE: Final = "no-store"
# Neither an address nor a machine's plain name.
HOST_WITH_DOMAIN: Final = re.compile(r"(?:[^.]+\.)+[a-z][^.]*")


class TenantRequest(Request):
    """A request whose `member` says who acts and where."""

    member: Member


class ProductAPIView(APIView):
    """What all API views share: answers are never cached by anyone between us and the person."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Forbid caching, unless the view said otherwise."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", PRIVATE)
        return answer


class PublicAPIView(ProductAPIView):
    """A view for anyone, on the public schema: signing in, health. It reads no tenant's rows."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes: Any = (AllowAny,)


class PersonAPIView(PublicAPIView):
    """A view for a signed-in person about themselves, on the public schema."""

    authentication_classes = APIView.authentication_classes
    permission_classes = APIView.permission_classes

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Also names the member; a suspended tenant does not matter here."""
        super().initial(request, *args, **kwargs)
        request.member = request.auth


class TenantAPIView(ProductAPIView):
    """A view for a member of a tenant. Handlers find `request.member`, and the tenant is open.

    The token names the tenant; the header X-PMSync-Tenant or a sub-domain may select another one
    of which the person is a member. Any other name gets the 404 of one that does not exist.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """APIView's dispatch, with the tenant open around the handler."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(self.request, *args, **kwargs)
            handler = self.http_method_not_allowed
            if (self.request.method or "").lower() in self.http_method_names:
                handler = getattr(self, (self.request.method or "").lower(), handler)
            answer = self._inside(handler, *args, **kwargs)
        except Exception as error:
            answer = self.handle_exception(error)
        self.response = self.finalize_response(self.request, answer, *args, **kwargs)
        return self.response

    def _inside(self, handler: Any, *args: Any, **kwargs: Any) -> Response:
        member = select(self.request)
        self.request.member = member  # type: ignore[attr-defined]  # TenantRequest, as handlers declare it
        try:
            with context.open(member.tenant), bound_contextvars(user=str(member.user_id)):
                answer: Response = handler(self.request, *args, **kwargs)
                return answer
        except context.TenantSuspended:
            raise Problem(
                403, "tenant_suspended", f"{member.tenant.name} is suspended. Ask whoever runs this installation."
            ) from None
        except context.TenantBehind:
            detail = f"{member.tenant.name} is being upgraded. Try again in half a minute."
            raise Problem(503, "tenant_upgrading", detail, retry_after=30) from None
        except context.TenantUnknown:
            raise not_found("company") from None


def select(request: Request) -> Member:
    """The member this request acts as. Raises the 404 problem for a tenant that is not theirs."""
    member: Member = cast("Any", request.auth)  # what AccessTokenAuthentication put there
    for slug in _named(request):
        if slug != member.tenant.slug:
            member = _elsewhere(member, slug)
    return member


def _named(request: Request) -> list[str]:
    """The tenants that header and host name; two different ones cannot both be selected."""
    names = [name for name in (request.headers.get(HEADER, "").strip(), slug_of_host(request.get_host())) if name]
    if len(set(names)) > 1:
        raise not_found("company")
    return names


def slug_of_host(host: str) -> str | None:
    """The tenant a host name stands for: `<slug>.<our host>`, or a Domain's; None for our own host."""
    name = host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host
    ours = urlsplit(settings.PMSYNC_PUBLIC_URL).hostname
    if name == ours or not HOST_WITH_DOMAIN.fullmatch(name):
        return None
    label, _, rest = name.partition(".")
    if rest == ours:
        return label
    domain = Domain.objects.filter(domain=name).select_related("tenant").first()
    return domain.tenant.slug if domain else None


def _elsewhere(member: Member, slug: str) -> Member:
    row = Membership.objects.filter(user=member.user, tenant__slug=slug).select_related("tenant").first()
    if row is None:
        raise not_found("company")
    tenant: Tenant = row.tenant
    return Member(member.user, tenant, row.role, member.session_id, member.lapses_at)
