"""The HTTP face of consents: beginning one, and what the provider sends the person back with."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.users.limits import Bucket, Limit
from apps.users.tenancy import PublicAPIView, TenantAPIView, TenantRequest

from . import clouds, consent
from .api import CONNECT, parsed, take
from .clouds import Surface
from .models import ProviderType

COOKIE: Final = "pmsync_consent"
PATH: Final = "/oauth/"
BACK: Final = Limit("accounts.consent.back", burst=20, period=3)
PROVIDERS: Final = (ProviderType.GOOGLE.value, ProviderType.MICROSOFT.value)


class ConsentIn(serializers.Serializer[Any]):
    """What the person wants to connect, of which provider; `account` mends one or connects more of it."""

    provider = serializers.ChoiceField(choices=PROVIDERS)
    surfaces = serializers.ListField(
        child=serializers.ChoiceField(choices=[surface.value for surface in Surface]),
        default=[surface.value for surface in Surface],
        max_length=len(Surface),
    )
    account = serializers.UUIDField(required=False, allow_null=True, default=None)
    address = serializers.CharField(required=False, allow_blank=True, max_length=320, default="")


class ProvidersView(TenantAPIView):
    """GET accounts/providers: those with consent that this installation is registered with."""

    @extend_schema(
        responses=inline_serializer(
            "Providers",
            {
                "items": inline_serializer(
                    "Provider",
                    {
                        "name": serializers.ChoiceField(choices=PROVIDERS),
                        "title": serializers.CharField(),
                        "simulated": serializers.BooleanField(),
                    },
                    many=True,
                )
            },
        )
    )
    def get(self, request: TenantRequest) -> Response:
        items = [
            {"name": cloud.name, "title": cloud.title, "simulated": cloud.simulated}
            for cloud in clouds.configured().values()
        ]
        return Response({"items": items})


class ConsentView(TenantAPIView):
    """POST accounts/consent: begin a consent; the browser goes to `url`."""

    @extend_schema(request=ConsentIn, responses={201: inline_serializer("Consent", {"url": serializers.URLField()})})
    def post(self, request: TenantRequest) -> Response:
        given = parsed(ConsentIn, request).validated_data
        take(Bucket(CONNECT, str(request.member.user_id)))
        wanted = [Surface(name) for name in given["surfaces"]]
        begun = consent.begin(request.member, given["provider"], wanted, given["account"], given["address"])
        answer = Response({"url": begun.url}, status=HTTPStatus.CREATED)
        # Lax: the provider's page sends the person here, and the cookie must come along.
        answer.set_cookie(
            COOKIE, begun.browser, max_age=consent.LIFE, path=PATH, secure=settings.SECURE, httponly=True,
            samesite="Lax",
        )  # fmt: skip
        return answer


class CallbackView(PublicAPIView):
    """GET, POST oauth/<provider>/callback: the provider's answer. Always ends at a page of the client's own."""

    parser_classes = (FormParser,)

    @extend_schema(exclude=True)
    def get(self, request: Request, provider: str) -> HttpResponse:
        try:
            _take(request)
            answer = consent.held(request.query_params.dict())
            account = consent.finish(provider, answer, request.COOKIES.get(COOKIE, ""))
        except consent.ConsentFailed as failed:
            told = {"consent": failed.code} | ({"account": failed.account_id} if failed.account_id else {})
            return _page("/accounts/new", told)
        return _page("/accounts", {"connected": str(account.pk)})

    @extend_schema(exclude=True)
    def post(self, request: Request, provider: str) -> HttpResponse:
        # A form that another site's page sends brings no cookie; the answer is kept for the GET that this leads to.
        try:
            _take(request)
            ticket = consent.hold(request.POST.dict())
        except consent.ConsentFailed as failed:
            return _page("/accounts/new", {"consent": failed.code})
        return _page(f"{PATH}{provider}/callback", {"ticket": ticket}, keep=True)


def _take(request: Request) -> None:
    """One try from this address. Raises ConsentFailed: a bare refusal would strand the person who comes back."""
    try:
        take(Bucket(BACK, str(request.META.get("REMOTE_ADDR"))))
    except Problem:
        raise consent.ConsentFailed("try_later") from None


def _page(path: str, told: dict[str, str], *, keep: bool = False) -> HttpResponse:
    answer = HttpResponseRedirect(f"{path}?{urlencode(told)}")
    answer.status_code = HTTPStatus.SEE_OTHER
    answer["Referrer-Policy"] = "no-referrer"
    if not keep:
        answer.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return answer
