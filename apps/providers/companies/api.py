"""The HTTP face of a company's connections, for its owners and admins: reads a request, calls one function, answers."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.providers import clouds
from apps.providers.api import parsed, take
from apps.providers.clouds import Surface
from apps.providers.models import AccountStatus, CompanyConnection, CompanyPerson, ProviderType
from apps.users.limits import Bucket, Limit
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import connecting, people, telling

# An administrator gives a key a few times, until everything is granted; a guesser would give many.
KEYS: Final = Limit("company.keys", burst=15, period=10)
READS: Final = Limit("company.reads", burst=6, period=10)
PROVIDERS: Final = (ProviderType.GOOGLE.value, ProviderType.MICROSOFT.value)


class KeyIn(serializers.Serializer[Any]):
    """What the administrator gives: each provider's `fields`."""

    key = serializers.CharField(required=False, allow_blank=True, max_length=16_384, default="", trim_whitespace=False)
    administrator = serializers.CharField(required=False, allow_blank=True, max_length=320, default="")
    directory = serializers.CharField(required=False, allow_blank=True, max_length=255, default="")
    client_id = serializers.CharField(required=False, allow_blank=True, max_length=100, default="")
    secret = serializers.CharField(required=False, allow_blank=True, max_length=1000, default="")


class CompanyIn(KeyIn):
    """A new connection."""

    provider = serializers.ChoiceField(choices=PROVIDERS)
    surfaces = serializers.ListField(
        child=serializers.ChoiceField(choices=[surface.value for surface in Surface]),
        default=[surface.value for surface in Surface],
        max_length=len(Surface),
    )


class ChosenIn(serializers.Serializer[Any]):
    """People of the directory by their ids, or everyone who is there."""

    people = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=people.CHOSEN_MOST)
    everyone = serializers.BooleanField(default=False)


CONNECTION_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "provider": serializers.ChoiceField(choices=PROVIDERS),
    "title": serializers.CharField(),
    "simulated": serializers.BooleanField(),
    "realm": serializers.CharField(help_text="the domain, or the directory's id"),
    "application": serializers.CharField(help_text="what the provider's console calls the key"),
    "administrator": serializers.CharField(),
    "surfaces": serializers.ListField(child=serializers.ChoiceField(choices=[surface.value for surface in Surface])),
    "status": serializers.ChoiceField(choices=CompanyConnection.Status.choices),
    "sentence": serializers.CharField(help_text="what the provider refuses and what to grant; empty while all is well"),
    "read_at": serializers.DateTimeField(allow_null=True),
    "people": inline_serializer(
        "CompanyCounts",
        {name: serializers.IntegerField() for name in ("all", "connected", "new", "left", "waiting")},
    ),
}
CONNECTION: Final = inline_serializer("CompanyConnection", CONNECTION_FIELDS)
OFFER: Final = inline_serializer(
    "CompanyOffer",
    {
        "name": serializers.ChoiceField(choices=PROVIDERS),
        "title": serializers.CharField(),
        "simulated": serializers.BooleanField(),
        "fields": serializers.ListField(child=serializers.CharField()),
        "scopes": inline_serializer(
            "CompanyScopes",
            {name: serializers.ListField(child=serializers.CharField()) for name in ("directory", *Surface)},
        ),
        "console": serializers.URLField(),
    },
    many=True,
)
CONNECTIONS: Final = inline_serializer(
    "CompanyConnections",
    {"items": inline_serializer("CompanyConnectionItem", CONNECTION_FIELDS, many=True), "offers": OFFER},
)
PEOPLE: Final = inline_serializer(
    "CompanyPeople",
    {
        "items": inline_serializer(
            "CompanyPerson",
            {
                "id": serializers.UUIDField(),
                "address": serializers.CharField(),
                "name": serializers.CharField(),
                "unit": serializers.CharField(help_text="organisational unit or department"),
                "state": serializers.ChoiceField(choices=CompanyPerson.State.choices),
                "left": serializers.BooleanField(help_text="not in the directory any more, or suspended there"),
                "new": serializers.BooleanField(help_text="came since the last choice"),
                "account_status": serializers.ChoiceField(choices=AccountStatus.choices, allow_null=True),
                "sentence": serializers.CharField(help_text="why they could not be connected"),
            },
            many=True,
        )
    },
)
COUNT: Final = inline_serializer("CompanyChosen", {"people": serializers.IntegerField()})


class CompanyAPIView(TenantAPIView):
    """For owners and admins: whose accounts the company connected, never what is in them."""

    def shown(self, request: TenantRequest, connection: CompanyConnection) -> dict[str, Any]:
        """The connection in the language of whoever asks."""
        return telling.as_json(connection, connecting.counts(connection), request.member.user.locale)

    def given(self, request: TenantRequest, form: KeyIn) -> dict[str, str]:
        """One try of a key, counted. Raises 403 before that."""
        telling.administrators_only(request.member)
        take(Bucket(KEYS, str(request.member.tenant.pk)))
        return {str(name): form.validated_data[name] for name in KeyIn().fields}


class ConnectionsView(CompanyAPIView):
    """GET company/connections: those that there are, and what each provider asks for. POST: try a key and keep it."""

    @extend_schema(responses=CONNECTIONS)
    def get(self, request: TenantRequest) -> Response:
        telling.administrators_only(request.member)
        items = [self.shown(request, connection) for connection in connecting.connections()]
        return Response({"items": items, "offers": [_offer(cloud) for cloud in clouds.every().values()]})

    @extend_schema(request=CompanyIn, responses={201: CONNECTION})
    def post(self, request: TenantRequest) -> Response:
        telling.administrators_only(request.member)
        form = parsed(CompanyIn, request)
        told, given = form.validated_data, self.given(request, form)
        surfaces = [Surface(name) for name in told["surfaces"]]
        made = connecting.connect_company(
            request.member, told["provider"], surfaces, given, request.member.user.locale
        )  # fmt: skip
        return Response(self.shown(request, made), status=HTTPStatus.CREATED)


class ConnectionView(CompanyAPIView):
    """GET company/connections/<id>. DELETE: give it up, with every account that it connected."""

    @extend_schema(responses=CONNECTION)
    def get(self, request: TenantRequest, connection_id: UUID) -> Response:
        return Response(self.shown(request, connecting.one(request.member, connection_id)))

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, connection_id: UUID) -> Response:
        connecting.disconnect_company(request.member, connecting.one(request.member, connection_id))
        return Response(status=HTTPStatus.NO_CONTENT)


class KeyView(CompanyAPIView):
    """PUT company/connections/<id>/key: another key of the same domain or directory."""

    @extend_schema(request=KeyIn, responses=CONNECTION)
    def put(self, request: TenantRequest, connection_id: UUID) -> Response:
        connection = connecting.one(request.member, connection_id)
        given = self.given(request, parsed(KeyIn, request))
        replaced = connecting.replace_key(request.member, connection, given, request.member.user.locale)
        return Response(self.shown(request, replaced))


class ReadView(CompanyAPIView):
    """POST company/connections/<id>/read: prove the key and read the directory now."""

    @extend_schema(request=None, responses=CONNECTION)
    def post(self, request: TenantRequest, connection_id: UUID) -> Response:
        connection = connecting.one(request.member, connection_id)
        take(Bucket(READS, str(request.member.tenant.pk)))
        connecting.read_again(request.member, connection, request.member.user.locale)
        return Response(self.shown(request, connecting.one(request.member, connection_id)))


class PeopleView(CompanyAPIView):
    """GET company/connections/<id>/people: the directory. POST: connect some of them, or everyone."""

    @extend_schema(responses=PEOPLE)
    def get(self, request: TenantRequest, connection_id: UUID) -> Response:
        connection = connecting.one(request.member, connection_id)
        rows = connection.people.select_related("account").order_by("address")
        locale = request.member.user.locale
        shown = [row for row in rows if row.left_at is None or row.account_id is not None]
        return Response({"items": [telling.person_json(row, connection, locale) for row in shown]})

    @extend_schema(request=ChosenIn, responses={202: COUNT})
    def post(self, request: TenantRequest, connection_id: UUID) -> Response:
        connection = connecting.one(request.member, connection_id)
        told = parsed(ChosenIn, request).validated_data
        count = people.choose(request.member, connection, told["people"], everyone=told["everyone"])
        return Response({"people": count}, status=HTTPStatus.ACCEPTED)


class LetGoView(CompanyAPIView):
    """POST company/connections/<id>/people/let-go: disconnect the accounts of these people."""

    @extend_schema(request=ChosenIn, responses=COUNT)
    def post(self, request: TenantRequest, connection_id: UUID) -> Response:
        connection = connecting.one(request.member, connection_id)
        told = parsed(ChosenIn, request).validated_data
        return Response({"people": people.let_go(request.member, connection, told["people"])})


def _offer(cloud: clouds.Cloud) -> dict[str, Any]:
    companies = cloud.companies
    alone = companies.scopes(())
    each = {
        surface.value: [scope for scope in companies.scopes([surface]) if scope not in alone] for surface in Surface
    }
    return {
        "name": cloud.name,
        "title": cloud.title,
        "simulated": cloud.simulated,
        "fields": list(companies.fields),
        "scopes": {"directory": list(alone)} | each,
        "console": companies.console,
    }
