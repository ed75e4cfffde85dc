"""A company's key: tried at the provider and kept, replaced by another, given up with all that lives by it."""

from collections.abc import Collection, Mapping
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet

from apps.core.problems import Problem, not_found
from apps.providers import clouds, connect, tokens
from apps.providers.adapters.errors import AdapterError, CompanyRefused
from apps.providers.clouds import Cloud, CompanyKey, Surface
from apps.providers.models import AccountStatus, CompanyConnection, CompanyPerson
from apps.tenants import context
from apps.users.members import Member

from . import directory, telling

log = structlog.get_logger(__name__)

Status, State = CompanyConnection.Status, CompanyPerson.State
ONCE = "company_once"


def connections() -> QuerySet[CompanyConnection]:
    """Those that serve, the oldest first."""
    return CompanyConnection.objects.exclude(status=Status.ENDING).order_by("created_at")


def one(member: Member, connection_id: UUID) -> CompanyConnection:
    """One of them, for an administrator. Raises 403 for others, 404 for what is not there."""
    telling.administrators_only(member)
    found = connections().filter(pk=connection_id).first()
    if found is None:
        raise not_found("connection")
    return found


def connect_company(
    member: Member, provider: str, surfaces: Collection[Surface], given: Mapping[str, str], locale: str
) -> CompanyConnection:
    """Try a key at its provider, keep it, and read the directory. Nobody is connected yet.

    Raises 403 (no administrator), `company_refused` (422, with what to grant), `already_connected` (409), `try_later`
    (503).
    """
    telling.administrators_only(member)
    if not surfaces:
        raise Problem(400, "invalid", "Choose what to connect: mail, calendars or contacts.")
    cloud, wanted = clouds.known(provider), [surface for surface in Surface if surface in surfaces]
    key = _proved(cloud, given, wanted, locale)
    connection = CompanyConnection(
        provider_type=cloud.name, surfaces=[surface.value for surface in wanted], connected_by=member.user_id
    )  # fmt: skip
    tokens.seal_company(connection, key)
    if connections().filter(provider_type=cloud.name, realm__iexact=key.realm).exists():
        raise _already(cloud, key)
    listed = _listed(cloud, key, locale)
    try:
        with transaction.atomic():
            connection.save(force_insert=True)
    except IntegrityError as error:
        if ONCE not in str(error):
            raise
        raise _already(cloud, key) from None
    directory.write(connection.pk, listed)
    log.info("company connected", connection=str(connection.pk), provider=cloud.name, people=len(listed))
    connection.refresh_from_db()
    return connection


def replace_key(
    member: Member, connection: CompanyConnection, given: Mapping[str, str], locale: str
) -> CompanyConnection:
    """Give the connection another key of the same domain or directory; accounts that waited for it go on.

    Raises `company_refused` (422), also for another company's key; the former key stays then.
    """
    telling.administrators_only(member)
    cloud = clouds.known(connection.provider_type)
    key = _proved(cloud, given, [Surface(name) for name in connection.surfaces], locale)
    if key.realm.lower() != connection.realm.lower():
        raise telling.problem(CompanyRefused("other_realm", realm=key.realm, wanted=connection.realm), locale)
    listed = _listed(cloud, key, locale)
    with transaction.atomic():
        locked = connections().select_for_update(no_key=True).filter(pk=connection.pk).first()
        if locked is None:
            raise not_found("connection")
        tokens.seal_company(locked, key)
        locked.save(update_fields=["application", "realm", "administrator", "sealed"])
    directory.write(connection.pk, listed, revive=True)
    log.info("company's key replaced", connection=str(connection.pk))
    connection.refresh_from_db()
    return connection


def read_again(member: Member, connection: CompanyConnection, locale: str) -> None:
    """Prove the key and read the directory now. Raises as `connect_company`."""
    telling.administrators_only(member)
    try:
        directory.read(connection, revive=True)
    except CompanyRefused as refused:
        raise telling.problem(refused, locale) from None
    except AdapterError as error:
        raise _later(error) from None


def disconnect_company(member: Member, connection: CompanyConnection) -> None:
    """Give the connection up, and with it every account that it connected. The accounts follow in the background."""
    from .tasks import end_company

    telling.administrators_only(member)
    with transaction.atomic():
        mine = CompanyConnection.objects.select_for_update(no_key=True).filter(pk=connection.pk)
        mine.exclude(status=Status.ENDING).update(status=Status.ENDING)
        tenant = str(context.current().pk)
        transaction.on_commit(lambda: end_company.hand_over(tenant, str(connection.pk)))
    log.info("company disconnected", connection=str(connection.pk))


def end(connection_id: UUID) -> bool:
    """Disconnect the accounts of a connection that ends; when the last one's mirror is gone, the key goes too.

    True when nothing is left. Can be cut off anywhere and called again.
    """
    connection = CompanyConnection.objects.filter(pk=connection_id, status=Status.ENDING).first()
    if connection is None:
        return True
    for account in connection.accounts.exclude(status=AccountStatus.DISCONNECTED):
        connect.disconnect(account)
    if connection.accounts.exists():
        return False
    connection.delete()
    log.info("company's key forgotten", connection=str(connection_id))
    return True


def ending() -> list[UUID]:
    """Connections of the open tenant whose end is not over."""
    return list(CompanyConnection.objects.filter(status=Status.ENDING).values_list("pk", flat=True))


def counts(connection: CompanyConnection) -> dict[str, int]:
    """How many people there are, and how they stand."""
    here = Q(left_at__isnull=True)
    told: dict[str, int] = connection.people.aggregate(
        all=Count("pk", filter=here),
        connected=Count("pk", filter=here & Q(state=State.CONNECTED)),
        waiting=Count("pk", filter=here & Q(state=State.WANTED)),
        left=Count("pk", filter=~here & Q(account__isnull=False)),
        new=Count("pk", filter=here & Q(state=State.OFFERED, first_seen_at__gt=F("connection__chosen_at"))),
    )
    return told


def _proved(cloud: Cloud, given: Mapping[str, str], surfaces: list[Surface], locale: str) -> CompanyKey:
    missing = [name for name in cloud.companies.fields if not given.get(name, "").strip()]
    if missing:
        raise Problem(400, "invalid", "Fill in every field.", errors={name: ["This is needed."] for name in missing})
    try:
        key = cloud.companies.read(given)
        cloud.companies.prove(key, surfaces)
    except CompanyRefused as refused:
        log.info("company refused", provider=cloud.name, what=refused.what)
        raise telling.problem(refused, locale) from None
    except AdapterError as error:
        raise _later(error) from None
    return key


def _listed(cloud: Cloud, key: CompanyKey, locale: str) -> dict[str, clouds.DirectoryPerson]:
    try:
        return directory.listed_by(cloud.companies.people(key))
    except CompanyRefused as refused:
        raise telling.problem(refused, locale) from None
    except AdapterError as error:
        raise _later(error) from None


def _already(cloud: Cloud, key: CompanyKey) -> Problem:
    detail = f"{key.realm} is connected to {cloud.title} already. Give that connection another key, or disconnect it."
    return Problem(409, "already_connected", detail)


def _later(error: AdapterError) -> Problem:
    log.warning("company not asked", code=error.code, reason=error.reason)
    detail = "The provider cannot be asked at the moment. Try again in a minute."
    return Problem(503, "try_later", detail, retry_after=60)
