"""The people that an administrator chose: each a person of the company, with an account by the company's key."""

from collections.abc import Collection
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now

from apps.core.clock import now
from apps.core.problems import Problem
from apps.providers import clouds, connect, tokens
from apps.providers.adapters.errors import AdapterError, CompanyRefused, NeedsReconnect, Transient
from apps.providers.clouds import Surface
from apps.providers.models import (
    AccountStatus,
    CompanyConnection,
    CompanyPerson,
    OAuthGrant,
    ProviderAccount,
)
from apps.tenants import context
from apps.users import members, people
from apps.users.members import Member
from apps.users.models import User

from . import telling

log = structlog.get_logger(__name__)

State = CompanyPerson.State
CHOSEN_MOST = 5000
"""People chosen in one request."""


def choose(member: Member, connection: CompanyConnection, chosen: Collection[UUID], *, everyone: bool = False) -> int:
    """Have these people connected, or everyone who is there; return how many are on their way.

    Whoever is connected already, or has left, is passed over. Raises 403, and 400 for nobody.
    """
    telling.administrators_only(member)
    if not everyone and not chosen:
        raise Problem(400, "invalid", "Choose at least one person.")
    with transaction.atomic():
        mine = connection.people.filter(left_at__isnull=True, state__in=(State.OFFERED, State.REFUSED))
        wanted = mine if everyone else mine.filter(pk__in=list(chosen))
        count = wanted.update(state=State.WANTED, reason={})
        CompanyConnection.objects.filter(pk=connection.pk).update(chosen_at=Now())
        _hand_over_on_commit(connection.pk)
    log.info("people chosen", connection=str(connection.pk), people=count)
    return count


def let_go(member: Member, connection: CompanyConnection, chosen: Collection[UUID]) -> int:
    """Disconnect the accounts of these people, who stay on offer; return how many."""
    telling.administrators_only(member)
    rows = list(connection.people.filter(pk__in=list(chosen)).select_related("account"))
    for row in rows:
        if row.account is not None:
            connect.disconnect(row.account)
    connection.people.filter(pk__in=[row.pk for row in rows]).update(state=State.OFFERED, reason={}, account=None)
    return len(rows)


def connect_wanted(connection_id: UUID) -> bool:
    """Connect whoever is wanted, one after the other; False when some are left, since the provider is away.

    Delivered twice, the second finds nobody, or the same person's account made already.
    """
    connection = CompanyConnection.objects.filter(pk=connection_id).exclude(status="ending").first()
    if connection is None:
        return True
    complete = True
    for row in connection.people.filter(state=State.WANTED).order_by("address"):
        try:
            _connect(connection, row)
        except Problem as problem:
            log.info("person not connected", connection=str(connection_id), code=problem.code)
            _refuse(row, {"what": "own", "facts": {}})
        except Transient as error:
            log.info("person not connected yet", connection=str(connection_id), code=error.code)
            complete = False
        except AdapterError as error:
            # That somebody is not there any more is no fault of the key.
            gone = isinstance(error, NeedsReconnect)
            _refuse(row, {"what": "gone", "facts": {}} if gone else telling.remembered(error))
            if isinstance(error, CompanyRefused):
                break  # nobody else would fare better
    return complete


def _connect(connection: CompanyConnection, row: CompanyPerson) -> None:
    surfaces = [Surface(name) for name in connection.surfaces]
    cloud = clouds.known(connection.provider_type)
    given = cloud.companies.mint(tokens.company_key(connection), row.subject, row.address, surfaces)
    member = _member(row, connection)
    if member is None:
        _refuse(row, {"what": "taken", "facts": {"address": row.address}})
        return
    account = ProviderAccount(
        owner_id=member.user_id,
        address=row.address,
        display_name=row.name,
        provider_type=connection.provider_type,
        settings={"surfaces": sorted(connection.surfaces)},
        company=connection,
        credentials=b"",
        status=AccountStatus.ACTIVE,
        import_started_at=now() if Surface.MAIL in surfaces else None,
    )

    def beside() -> None:
        tokens.store(account, row.subject, given)
        row.account, row.state, row.reason = account, State.CONNECTED, {}
        row.save(update_fields=["account", "state", "reason"])

    # The company's connection may have been given up, and the person been let go, while the provider was asked.
    with transaction.atomic():
        lasting = CompanyConnection.objects.select_for_update(no_key=True).filter(pk=connection.pk)
        if not lasting.exclude(status="ending").exists() or not _still_wanted(row):
            return
        if _own(connection, row, member) is not None:
            _refuse(row, {"what": "own", "facts": {}})
            return
        connect.begin(member, account, beside)
    log.info("account connected", account=str(account.pk), source="company")


def _still_wanted(row: CompanyPerson) -> bool:
    return CompanyPerson.objects.select_for_update().filter(pk=row.pk, state=State.WANTED).exists()


def _own(connection: CompanyConnection, row: CompanyPerson, member: Member) -> ProviderAccount | None:
    """The same account, connected by the person already."""
    held = ProviderAccount.objects.filter(owner_id=member.user_id).exclude(status=AccountStatus.DISCONNECTED)
    same = OAuthGrant.objects.filter(subject=row.subject, account__provider_type=connection.provider_type)
    return held.filter(address__iexact=row.address).first() or held.filter(pk__in=same.values("account_id")).first()


def _member(row: CompanyPerson, connection: CompanyConnection) -> Member | None:
    """The person in the company: one of it already, by any of their addresses, or somebody who is invited now."""
    tenant, addresses = context.current(), [row.address, *row.aliases]
    here = User.objects.filter(email__in=addresses, memberships__tenant=tenant, is_active=True)
    user = min(here, key=lambda found: addresses.index(found.email), default=None)
    if user is None:
        user = people.find(row.address)
        if user is None:
            if User.objects.filter(email=row.address).exists():
                return None  # somebody who may not sign in here any more
            by = User.objects.filter(pk=connection.connected_by).first()
            locale, zone = (by.locale, by.timezone) if by else ("en", "UTC")
            try:
                with transaction.atomic():
                    user = people.create_person(row.address, row.name, locale=locale, timezone=zone)
                    people.join(tenant, user)
                    people.invite(user)
            except people.PersonRefused:
                return None
        else:
            people.join(tenant, user)
    return members.of(user, tenant)


def _refuse(row: CompanyPerson, reason: dict[str, object]) -> None:
    CompanyPerson.objects.filter(pk=row.pk, state=State.WANTED).update(state=State.REFUSED, reason=reason)


def _hand_over_on_commit(connection_id: UUID) -> None:
    from .tasks import connect_people

    tenant = str(context.current().pk)
    transaction.on_commit(lambda: connect_people.hand_over(tenant, str(connection_id)))
