"""The HTTP face of accounts: reads a request, calls one function, answers."""

from http import HTTPStatus
from typing import Any, Final, TypeVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.problems import Problem, not_found
from apps.realtime import journal
from apps.users import limits
from apps.users.limits import Bucket, Limit
from apps.users.tenancy import PublicAPIView, TenantAPIView, TenantRequest

from . import access, accounts, connect, discovery, sharing
from .checks import Server, Services
from .clouds import Surface
from .connect import ConnectRequest
from .models import AccountAccess, AccountStatus, ProviderType
from .network import Network

# A person connects a handful of accounts; a guesser of passwords or a scanner of hosts wants thousands.
DISCOVER: Final = Limit("accounts.discover", burst=20, period=3)
CONNECT: Final = Limit("accounts.connect", burst=10, period=20)
# The same mailbox tried by anybody of any company: providers lock accounts after few wrong passwords.
CONNECT_ADDRESS: Final = Limit("accounts.connect.address", burst=6, period=60)

SECURITIES: Final = ("tls", "starttls", "none")


class ServerIn(serializers.Serializer[Any]):
    """Where a mail service listens."""

    host = serializers.CharField(max_length=253)
    port = serializers.IntegerField(min_value=1, max_value=65535)
    security = serializers.ChoiceField(choices=SECURITIES, default="tls")


class ServicesIn(serializers.Serializer[Any]):
    """The parts of an account that can be named by hand; what is left out is looked for."""

    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    display_name = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    username = serializers.CharField(required=False, allow_blank=True, max_length=320, default="")
    imap = ServerIn(required=False, allow_null=True, default=None)
    smtp = ServerIn(required=False, allow_null=True, default=None)
    caldav = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=2000, default=None)
    carddav = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=2000, default=None)

    def wanted(self, address: str, locale: str) -> ConnectRequest:
        """The request as the function takes it; call after `is_valid`."""
        given = self.validated_data
        servers = {name: Server(**given[name]) if given[name] else None for name in ("imap", "smtp")}
        services = Services(servers["imap"], servers["smtp"], given["caldav"] or None, given["carddav"] or None)
        return ConnectRequest(address, given["password"], given["display_name"], given["username"], services, locale)


class ConnectIn(ServicesIn):
    """A new account."""

    address = serializers.CharField(max_length=320)


class DiscoverIn(serializers.Serializer[Any]):
    """The address whose servers are looked for."""

    address = serializers.CharField(max_length=320)


class AccessIn(serializers.Serializer[Any]):
    """What a colleague may do."""

    role = serializers.ChoiceField(choices=AccountAccess.Role.choices)


IMPORT: Final = inline_serializer(
    "Import",
    {
        "done": serializers.IntegerField(),
        "total": serializers.IntegerField(allow_null=True),
        "rate": serializers.FloatField(help_text="messages a second"),
        "seconds_left": serializers.IntegerField(allow_null=True),
        "started_at": serializers.DateTimeField(),
    },
    allow_null=True,
)
ACCOUNT_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "address": serializers.CharField(),
    "display_name": serializers.CharField(),
    "provider_type": serializers.ChoiceField(choices=ProviderType.choices),
    "status": serializers.ChoiceField(choices=AccountStatus.choices),
    "status_reason": serializers.CharField(help_text="for the person; empty when all is well"),
    "owner_id": serializers.UUIDField(),
    "mine": serializers.BooleanField(),
    "role": serializers.ChoiceField(choices=("owner", *AccountAccess.Role.values)),
    "as_of": serializers.DateTimeField(allow_null=True),
    "reachable": serializers.BooleanField(),
    "import": IMPORT,
    "color": serializers.IntegerField(min_value=0, max_value=7),
    "surfaces": serializers.ListField(
        child=serializers.ChoiceField(choices=[surface.value for surface in Surface]), help_text="what is kept in step"
    ),
    "simulated": serializers.BooleanField(help_text="it lives at a simulation, and no real account is touched"),
    "by_company": serializers.BooleanField(
        help_text="the company connected it, and its administrators can disconnect it"
    ),
}
ACCOUNT: Final = inline_serializer("Account", ACCOUNT_FIELDS)
ACCOUNTS: Final = inline_serializer(
    "Accounts",
    {"seq": serializers.IntegerField(), "items": inline_serializer("AccountItem", ACCOUNT_FIELDS, many=True)},
)
SERVER: Final[dict[str, Any]] = {
    "host": serializers.CharField(),
    "port": serializers.IntegerField(),
    "security": serializers.ChoiceField(choices=SECURITIES),
}
DISCOVERED: Final = inline_serializer(
    "Discovered",
    {
        "address": serializers.CharField(),
        "provider_type": serializers.ChoiceField(choices=ProviderType.choices),
        "source": serializers.ChoiceField(choices=discovery.SOURCES),
        "imap": inline_serializer("DiscoveredImap", SERVER, allow_null=True),
        "smtp": inline_serializer("DiscoveredSmtp", SERVER, allow_null=True),
        "caldav": serializers.CharField(allow_null=True),
        "carddav": serializers.CharField(allow_null=True),
        "username": serializers.CharField(),
        "password_hint": serializers.CharField(allow_null=True),
        "password_works": serializers.BooleanField(help_text="false: only the provider's own sign-in opens it"),
        "confirm_hosts": serializers.BooleanField(help_text="show the hosts before a password is sent to them"),
    },
)
GUEST_FIELDS: Final[dict[str, Any]] = {
    "user_id": serializers.UUIDField(),
    "name": serializers.CharField(),
    "email": serializers.CharField(),
    "role": serializers.ChoiceField(choices=AccountAccess.Role.choices),
}
GUEST: Final = inline_serializer("Guest", GUEST_FIELDS)
GUESTS: Final = inline_serializer("Guests", {"items": inline_serializer("GuestItem", GUEST_FIELDS, many=True)})

Form = TypeVar("Form", bound=serializers.Serializer[Any])


def parsed(kind: type[Form], request: Request) -> Form:
    """The valid form. Raises DRF's ValidationError, which names the bad field."""
    form = kind(data=request.data)
    form.is_valid(raise_exception=True)
    return form


def take(*buckets: Bucket) -> None:
    """One try from every bucket. Raises `rate_limited`; without Redis nothing is tried at all."""
    try:
        wait = limits.wait_for(buckets)
    except limits.LimitsAway:
        detail = "Accounts cannot be connected for the moment. Try again in half a minute."
        raise Problem(503, "try_later", detail, retry_after=30) from None
    if wait:
        raise limits.too_many(wait)


def take_connect(request: TenantRequest, address: str) -> None:
    """The limits of every request that tries a password at a provider."""
    take(Bucket(CONNECT, str(request.member.user_id)), Bucket(CONNECT_ADDRESS, address.strip().lower()))


class AccountsView(TenantAPIView):
    """GET accounts: those the person may see. POST: connect one."""

    @extend_schema(responses=ACCOUNTS)
    def get(self, request: TenantRequest) -> Response:
        seq = journal.head()  # first: what changes meanwhile is told by the events that follow
        items = [accounts.as_seen_by(request.member, account) for account in access.visible_accounts(request.member)]
        return Response({"seq": seq, "items": items})

    @extend_schema(request=ConnectIn, responses={201: ACCOUNT})
    def post(self, request: TenantRequest) -> Response:
        form = parsed(ConnectIn, request)
        wanted = form.wanted(form.validated_data["address"], request.member.user.locale)
        take_connect(request, wanted.address)
        account = connect.connect(request.member, wanted)
        return Response(accounts.as_seen_by(request.member, account), status=HTTPStatus.CREATED)


class DiscoverView(TenantAPIView):
    """POST accounts/discover: the servers of an address, before any password is asked for."""

    @extend_schema(request=DiscoverIn, responses=DISCOVERED)
    def post(self, request: TenantRequest) -> Response:
        address = connect.clean_address(parsed(DiscoverIn, request).validated_data["address"])
        take(Bucket(DISCOVER, str(request.member.user_id)))
        locale = request.member.user.locale
        return Response(discovery.discover(address, Network(), locale).as_json(locale))


class AccountView(TenantAPIView):
    """GET accounts/<id>. DELETE: disconnect it."""

    @extend_schema(responses=ACCOUNT)
    def get(self, request: TenantRequest, account_id: UUID) -> Response:
        account = access.visible_account(request.member, account_id)
        return Response(accounts.as_seen_by(request.member, account))

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, account_id: UUID) -> Response:
        connect.disconnect(access.own_to_change(request.member, account_id))
        return Response(status=HTTPStatus.NO_CONTENT)


class ReconnectView(TenantAPIView):
    """POST accounts/<id>/reconnect: a new password, and other servers where named."""

    @extend_schema(request=ServicesIn, responses=ACCOUNT)
    def post(self, request: TenantRequest, account_id: UUID) -> Response:
        account = access.own_to_change(request.member, account_id)
        form = parsed(ServicesIn, request)
        take_connect(request, account.address)
        wanted = form.wanted(account.address, request.member.user.locale)
        return Response(accounts.as_seen_by(request.member, connect.reconnect(request.member, account, wanted)))


class AccessListView(TenantAPIView):
    """GET accounts/<id>/access: who may see the account besides its owner."""

    @extend_schema(responses=GUESTS)
    def get(self, request: TenantRequest, account_id: UUID) -> Response:
        account = access.owned_account(request.member, account_id)
        return Response({"items": [as_json(guest) for guest in sharing.guests(request.member, account)]})


class AccessView(TenantAPIView):
    """GET, PUT, DELETE accounts/<id>/access/<user_id>: one colleague's role on the account."""

    @extend_schema(responses=GUEST)
    def get(self, request: TenantRequest, account_id: UUID, user_id: UUID) -> Response:
        account = access.owned_account(request.member, account_id)
        for guest in sharing.guests(request.member, account):
            if guest.user_id == user_id:
                return Response(as_json(guest))
        raise not_found("person")

    @extend_schema(request=AccessIn, responses=GUEST)
    def put(self, request: TenantRequest, account_id: UUID, user_id: UUID) -> Response:
        account = access.owned_account(request.member, account_id)
        role = parsed(AccessIn, request).validated_data["role"]
        return Response(as_json(sharing.let_in(request.member, account, user_id, role)))

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, account_id: UUID, user_id: UUID) -> Response:
        mine = user_id == request.member.user_id
        account = (access.visible_account if mine else access.owned_account)(request.member, account_id)
        sharing.let_go(account, user_id)
        return Response(status=HTTPStatus.NO_CONTENT)


def as_json(guest: sharing.Guest) -> dict[str, str]:
    """A guest as the API answers it."""
    return {"user_id": str(guest.user_id), "name": guest.name, "email": guest.email, "role": guest.role}


class EmailConfigsGoneView(PublicAPIView):
    """email-configs: the old way to name an account, gone for good (mission M019)."""

    @extend_schema(exclude=True)
    def _gone(self, request: Request, rest: str = "") -> Response:
        raise Problem(
            410,
            "gone",
            "E-mail configurations have become accounts: use /providers/ (or /api/v1/accounts) instead.",
            see_other="/providers/",
        )

    get = post = put = patch = delete = _gone
