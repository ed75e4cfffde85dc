"""The HTTP face of signing in and of one's own account: reads a request, calls one function, answers."""

from http import HTTPStatus
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.problems import Problem, not_found

from . import people, sessions, signin
from .members import Member
from .models import Membership, Session
from .sessions import Device
from .signin import Challenge, SignedIn
from .tenancy import PersonAPIView, PublicAPIView, TenantRequest, slug_of_host

COOKIE: Final = "pmsync_refresh"
COOKIE_PATH: Final = "/api/v1/auth/"


class LoginIn(serializers.Serializer[Any]):
    """Address and password. `cookie` false gives the refresh token in the body, for programs."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    tenant = serializers.CharField(required=False, allow_blank=True, max_length=63)
    cookie = serializers.BooleanField(default=True)


class EmailIn(serializers.Serializer[Any]):
    """An address to which something is mailed."""

    email = serializers.CharField(max_length=254)


class CodeIn(serializers.Serializer[Any]):
    """A code that was mailed, and the challenge it answers."""

    challenge = serializers.UUIDField()
    code = serializers.CharField(max_length=20)
    tenant = serializers.CharField(required=False, allow_blank=True, max_length=63)
    cookie = serializers.BooleanField(default=True)


class RefreshIn(serializers.Serializer[Any]):
    """Empty with the cookie; else the refresh token itself."""

    refresh = serializers.CharField(required=False, max_length=200)


class ResetIn(serializers.Serializer[Any]):
    """A mailed link's token and the new password."""

    token = serializers.CharField(max_length=200)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class SwitchIn(serializers.Serializer[Any]):
    """The tenant to go on in."""

    tenant = serializers.CharField(max_length=63)
    cookie = serializers.BooleanField(default=True)


class PasswordIn(serializers.Serializer[Any]):
    """The current password and the next one."""

    current = serializers.CharField(max_length=4096, trim_whitespace=False)
    new = serializers.CharField(max_length=4096, trim_whitespace=False)


class MeIn(serializers.Serializer[Any]):
    """What a person may change about themselves; what is left out stays."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=200)
    locale = serializers.ChoiceField(required=False, choices=people.LOCALES)
    timezone = serializers.CharField(required=False, max_length=64)
    two_step = serializers.BooleanField(required=False)


class TenantOut(serializers.Serializer[Any]):
    """The tenant a person acts in."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    plan = serializers.CharField()


class MembershipOut(serializers.ModelSerializer[Membership]):
    """A tenant a person may switch to."""

    slug = serializers.CharField(source="tenant.slug")
    name = serializers.CharField(source="tenant.name")

    class Meta:
        model = Membership
        fields = ("slug", "name", "role")


class MeOut(serializers.Serializer[Any]):
    """The person who is signed in, and where."""

    id = serializers.UUIDField(source="user.pk")
    email = serializers.CharField(source="user.email")
    name = serializers.CharField(source="user.name")
    locale = serializers.CharField(source="user.locale")
    timezone = serializers.CharField(source="user.timezone")
    two_step = serializers.BooleanField(source="user.two_step")
    tenant = TenantOut()
    role = serializers.CharField()
    tenants = serializers.SerializerMethodField()

    def get_tenants(self, member: Member) -> list[dict[str, str]]:
        """Every tenant of the person, by name."""
        rows = Membership.objects.filter(user=member.user).select_related("tenant").order_by("tenant__name")
        return [dict(MembershipOut(row).data) for row in rows]


class SessionOut(serializers.ModelSerializer[Session]):
    """One signed-in device."""

    current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = ("id", "created_at", "last_seen_at", "ip", "user_agent", "current")

    def get_current(self, session: Session) -> bool:
        """Whether it is the device that asks."""
        return bool(session.pk == self.context["current"])


SIGNED_IN: Final = inline_serializer(
    "SignedIn",
    {
        "access": serializers.CharField(),
        "expires_in": serializers.IntegerField(),
        "me": MeOut(),
        "refresh": serializers.CharField(required=False),
    },
)
CHALLENGE: Final = inline_serializer(
    "Challenge", {"challenge": serializers.UUIDField(), "channel": serializers.CharField()}
)

Input = TypeVar("Input", bound=serializers.Serializer[Any])


def parse(kind: type[Input], request: Request) -> dict[str, Any]:
    """The validated body. Raises DRF's ValidationError, which names the bad field."""
    form = kind(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def device_of(request: Request) -> Device:
    """Where a request comes from: the peer's address, as the trusted proxy or the server gives it."""
    return Device(request.META.get("REMOTE_ADDR") or None, request.headers.get("User-Agent", ""))


def slug_of(request: Request, given: dict[str, Any]) -> str | None:
    """The tenant that was asked for by name, or by the host it was asked at."""
    return given.get("tenant") or slug_of_host(request.get_host())


def refuse_foreign_pages(request: Request) -> None:
    """Raise 403 when another site's page sent this. SameSite already keeps the cookie back; this is the second lock."""
    origin = request.headers.get("Origin")
    if origin is not None and origin not in (f"https://{request.get_host()}", f"http://{request.get_host()}"):
        raise Problem(403, "foreign_origin", "This can only be done from PMSync's own pages.")


def welcome(outcome: SignedIn | Challenge, *, cookie: bool) -> Response:
    """The answer to every successful proof: tokens and `me`, or the challenge that comes first."""
    if isinstance(outcome, Challenge):
        return Response({"challenge": outcome.id, "channel": outcome.channel})
    body = {"access": outcome.access, "expires_in": outcome.expires_in, "me": MeOut(outcome.member).data}
    if not cookie:
        return Response(body | {"refresh": outcome.refresh})
    response = Response(body)
    response.set_cookie(
        COOKIE,
        outcome.refresh,
        max_age=int(sessions.IDLE.total_seconds()),
        path=COOKIE_PATH,
        secure=settings.SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


class LoginView(PublicAPIView):
    """POST auth/login: sign in by password."""

    @extend_schema(request=LoginIn, responses=SIGNED_IN)
    def post(self, request: Request) -> Response:
        given = parse(LoginIn, request)
        slug = slug_of(request, given)
        outcome = signin.by_password(given["email"], given["password"], device_of(request), slug)
        return welcome(outcome, cookie=given["cookie"])


class CodeView(PublicAPIView):
    """POST auth/code: mail a sign-in code, if the address is somebody's."""

    @extend_schema(request=EmailIn, responses={202: CHALLENGE})
    def post(self, request: Request) -> Response:
        challenge = signin.request_code(parse(EmailIn, request)["email"], device_of(request))
        return Response({"challenge": challenge.id, "channel": challenge.channel}, status=HTTPStatus.ACCEPTED)


class CodeVerifyView(PublicAPIView):
    """POST auth/code/verify: sign in by a mailed code, or finish a sign-in in two steps."""

    @extend_schema(request=CodeIn, responses=SIGNED_IN)
    def post(self, request: Request) -> Response:
        given = parse(CodeIn, request)
        outcome = signin.by_code(given["challenge"], given["code"], device_of(request), slug_of(request, given))
        return welcome(outcome, cookie=given["cookie"])


class RefreshView(PublicAPIView):
    """POST auth/refresh: renew the session by its cookie, or by the token in the body."""

    @extend_schema(request=RefreshIn, responses=SIGNED_IN)
    def post(self, request: Request) -> Response:
        in_body = parse(RefreshIn, request).get("refresh")
        if not in_body:
            refuse_foreign_pages(request)
        token = in_body or request.COOKIES.get(COOKIE)
        if not token:
            raise signin.session_ended()
        return welcome(signin.by_refresh(token, device_of(request)), cookie=not in_body)


class LogoutView(PublicAPIView):
    """POST auth/logout: end this device's session; done twice it is done.

    The refresh token names the session, so this works when the access token has lapsed.
    """

    @extend_schema(request=RefreshIn, responses={204: None})
    def post(self, request: Request) -> Response:
        in_body = parse(RefreshIn, request).get("refresh")
        if not in_body:
            refuse_foreign_pages(request)
        token = in_body or request.COOKIES.get(COOKIE)
        if token:
            sessions.end_by_refresh(token, "signed out")
        response = Response(status=HTTPStatus.NO_CONTENT)
        response.delete_cookie(COOKIE, path=COOKIE_PATH, samesite="Strict")
        return response


class ResetView(PublicAPIView):
    """POST auth/reset: mail a link to set a new password, if the address is somebody's."""

    @extend_schema(request=EmailIn, responses={202: None})
    def post(self, request: Request) -> Response:
        signin.request_reset(parse(EmailIn, request)["email"], device_of(request))
        return Response({}, status=HTTPStatus.ACCEPTED)


class ResetConfirmView(PublicAPIView):
    """POST auth/reset/confirm: set the password by the mailed link, once."""

    @extend_schema(request=ResetIn, responses={204: None})
    def post(self, request: Request) -> Response:
        given = parse(ResetIn, request)
        signin.set_password_by_link(given["token"], given["password"], device_of(request))
        return Response(status=HTTPStatus.NO_CONTENT)


class SwitchView(PersonAPIView):
    """POST auth/switch: go on in another tenant."""

    @extend_schema(request=SwitchIn, responses=SIGNED_IN)
    def post(self, request: TenantRequest) -> Response:
        given = parse(SwitchIn, request)
        return welcome(signin.switch(request.member, given["tenant"], device_of(request)), cookie=given["cookie"])


class PasswordView(PersonAPIView):
    """POST auth/password: change the password; the other devices are signed out."""

    @extend_schema(request=PasswordIn, responses={204: None})
    def post(self, request: TenantRequest) -> Response:
        given = parse(PasswordIn, request)
        signin.change_password(request.member, given["current"], given["new"])
        return Response(status=HTTPStatus.NO_CONTENT)


class SessionsView(PersonAPIView):
    """GET auth/sessions: the person's devices. DELETE: sign out all but this one."""

    @extend_schema(responses=inline_serializer("Sessions", {"items": SessionOut(many=True)}))
    def get(self, request: TenantRequest) -> Response:
        rows = sessions.live(request.member.user)
        return Response({"items": SessionOut(rows, many=True, context={"current": request.member.session_id}).data})

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest) -> Response:
        sessions.end(sessions.live(request.member.user).exclude(pk=request.member.device), "signed out elsewhere")
        return Response(status=HTTPStatus.NO_CONTENT)


class SessionView(PersonAPIView):
    """DELETE auth/sessions/<id>: sign out one device."""

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, session_id: UUID) -> Response:
        if not sessions.end(sessions.live(request.member.user).filter(pk=session_id), "signed out elsewhere"):
            raise not_found("session")
        return Response(status=HTTPStatus.NO_CONTENT)


class MeView(PersonAPIView):
    """GET me: who is signed in, and where. PATCH: change one's own settings."""

    @extend_schema(responses=MeOut)
    def get(self, request: TenantRequest) -> Response:
        return Response(MeOut(request.member).data)

    @extend_schema(request=MeIn, responses=MeOut)
    def patch(self, request: TenantRequest) -> Response:
        people.change(request.member.user, people.Changes(**parse(MeIn, request)))
        return Response(MeOut(request.member).data)
