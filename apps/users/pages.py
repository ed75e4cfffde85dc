"""Pages that the server renders for a signed-in person: they need no script, and a cookie of their own.

The web client keeps its access token in memory, where a plain page cannot have it. A page's cookie names a session row
like any other device's: it is listed, it can be ended, and a changed password ends it. Every POST carries Django's
CSRF token.
"""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_cache_control
from django.views import View
from structlog.contextvars import bound_contextvars

from apps.tenants import context

from . import sessions
from .authentication import MEMBERSHIP
from .members import Member
from .models import Session
from .sessions import Device

COOKIE: Final = "pmsync_page"
PATH: Final = "/approvals"
SALT: Final = "page session"
LIFE: Final = 12 * 3600
"""Seconds until a page asks for the password again."""


class PlainPage(View):
    """A page for anyone. Answers are never cached by anyone between us and the person."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """View's dispatch, with the headers of a private page."""
        answer = super().dispatch(request, *args, **kwargs)
        patch_cache_control(answer, no_store=True, private=True)
        # Links that carry a token are told to nobody. `same-origin` is what the CSRF check needs of a browser.
        answer.headers.setdefault("Referrer-Policy", "same-origin")
        return answer


class MemberPage(PlainPage):
    """A page for a member of a tenant. Handlers find `self.member`, and the tenant is open around them."""

    member: Member

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """PlainPage's dispatch inside the tenant; who is not signed in is sent to do that first."""
        member = member_of(request)
        if member is None:
            return to_sign_in(request)
        self.member = member
        try:
            with context.open(member.tenant), bound_contextvars(user=str(member.user_id)):
                return super().dispatch(request, *args, **kwargs)
        except context.TenantClosed:
            return forget(to_sign_in(request))


def member_of(request: HttpRequest) -> Member | None:
    """Who holds this page's cookie, if its session, person and membership still hold."""
    try:
        session, user, tenant = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError):
        return None
    row: Any = MEMBERSHIP.first(session=UUID(session), user=UUID(user), tenant=UUID(tenant))
    return Member(row.user, row.tenant, row.role, UUID(session)) if row is not None else None


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the page that asks who this is, and back here afterwards."""
    then = request.path if request.method == "GET" else PATH
    return HttpResponseRedirect(f"{PATH}/sign-in?{urlencode({'next': then})}")


def remember(answer: HttpResponse, member: Member) -> HttpResponse:
    """Give the device its cookie. Lax, so that a link in a mail opens the page; changes are POSTs with a token."""
    token = signing.dumps([str(member.device), str(member.user_id), str(member.tenant.pk)], salt=SALT)
    answer.set_cookie(
        COOKIE, token, max_age=LIFE, path=PATH, secure=settings.SECURE, httponly=True, samesite="Lax"
    )  # fmt: skip
    return answer


def forget(answer: HttpResponse) -> HttpResponse:
    """Take the cookie away."""
    answer.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return answer


def end(member: Member) -> None:
    """End the session that the cookie names."""
    sessions.end(Session.objects.filter(pk=member.device), "signed out")


def device_of(request: HttpRequest) -> Device:
    """Where a request comes from."""
    return Device(request.META.get("REMOTE_ADDR") or None, request.headers.get("User-Agent", ""))


def locale_of(request: HttpRequest) -> str:
    """The language a browser asks for, when nobody is signed in."""
    return (request.headers.get("Accept-Language") or "en")[:2].lower()


def safe_next(text: str) -> str:
    """Where to go after signing in: one of these pages, never another site."""
    return text if text.startswith(f"{PATH}/") and "//" not in text and "\\" not in text else PATH
