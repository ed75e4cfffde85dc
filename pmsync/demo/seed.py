"""The demo's tenants, people and accounts, made by the product's own functions. Done twice it is done.

    python -m pmsync.demo.seed FOLDER

Runs as a program of its own: it is the one part of the demo that needs Django.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")

import django

django.setup()

from django.core.management import call_command

from apps.ai import consent as consent_of_agents
from apps.providers import connect, consent, sharing
from apps.providers.checks import Server, Services
from apps.providers.clouds import Surface
from apps.providers.models import AccountAccess, ProviderAccount
from apps.sync import operations
from apps.tenants import context, provisioning
from apps.tenants.models import Status, Tenant
from apps.users import members, people, sessions
from apps.users.models import Role, User

from . import cast
from .cast import CloudAccount, DemoAccount, DemoPerson, DemoTenant
from .servers import ports_of
from .simulations import Simulations

HOST = "127.0.0.1"


def tenant(wanted: DemoTenant) -> Tenant:
    """The company, provisioned when it is not there."""
    found = Tenant.objects.filter(slug=wanted.slug).exclude(status=Status.CREATING).first()
    return found or provisioning.create(wanted.slug, wanted.name, wanted.plan)


def person(company: Tenant, wanted: DemoPerson) -> User:
    """The person, with their membership."""
    user = people.find(wanted.email) or people.create_person(
        wanted.email, wanted.name, wanted.password, locale=wanted.locale, timezone=wanted.timezone
    )
    people.join(company, user, Role(wanted.role))
    return user


def account(member: members.Member, wanted: DemoAccount, services: Services) -> ProviderAccount:
    """The account, connected as a person connects it; mended when its servers have moved to other ports."""
    request = connect.ConnectRequest(
        wanted.address, wanted.password, display_name=wanted.person.name, services=services, locale=member.user.locale
    )
    found = ProviderAccount.objects.filter(owner_id=member.user_id, address=wanted.address).first()
    if found is None:
        return connect.connect(member, request)
    known = connect.services_of(found)
    moved = (known.imap, known.smtp, known.caldav) != (services.imap, services.smtp, services.caldav)
    return connect.reconnect(member, found, request) if moved else found


def share(owner: members.Member, shared: ProviderAccount, wanted: DemoAccount) -> None:
    """Let the colleagues named in the cast act for the account."""
    for email in wanted.shared_with:
        colleague = people.find(email)
        if colleague is not None:
            sharing.let_in(owner, shared, colleague.pk, AccountAccess.Role.DELEGATE)


def consented(member: members.Member, wanted: CloudAccount, simulations: Simulations) -> None:
    """The account at a simulated provider, by the person's consent there.

    Simulations begin anew at each start and know nothing of an earlier consent, nor of what was changed: the account
    is mended, and compared in full.
    """
    found = ProviderAccount.objects.filter(owner_id=member.user_id, address=wanted.address).first()
    device = sessions.start(member.user, context.current(), sessions.Device(None, "the demo's start"))
    try:
        person = members.of(member.user, context.current(), device.session.pk)
        assert person is not None, "a member just now"
        begun = consent.begin(person, wanted.provider, list(Surface), found.pk if found else None, wanted.address)
        answer = simulations.consent(wanted.provider, begun.url, wanted.address)
        account = consent.finish(wanted.provider, answer, begun.browser)
    finally:
        sessions.end(sessions.live(member.user).filter(pk=device.session.pk), "signed_out")
    if found is not None:
        operations.reset(operations.targets_of([account.pk]))


def seed(services: Services, simulations: Simulations) -> None:
    """Everything the cast names."""
    for company in cast.TENANTS:
        made = tenant(company)
        users = {wanted.email: person(made, wanted) for wanted in company.people}
        for wanted in company.people:
            member = members.of(users[wanted.email], made)
            if member is None:
                raise SystemExit(f"{wanted.email} is not active; remove them or start with an empty database.")
            with context.open(made):
                for number, mailbox in enumerate(wanted.accounts):
                    made_now = account(member, mailbox, services)
                    share(member, made_now, mailbox)
                    if wanted.assisted and number == 0:
                        consent_of_agents.set_by(member, made_now.pk, reading=True, drafting=False)
                for cloud in cast.CLOUDS:
                    if cloud.owner == wanted.email and cloud.connected and cloud.provider in simulations.names:
                        consented(member, cloud, simulations)
        with context.open(made):
            # Likewise what a whole company connected: its key is the same as before, and opens all of it again.
            by_company = ProviderAccount.objects.filter(company__isnull=False).values_list("pk", flat=True)
            operations.reset(operations.targets_of(list(by_company)))


def main(arguments: list[str]) -> None:
    """Migrate, then seed."""
    folder = Path(arguments[0])
    ports = ports_of(folder)
    call_command("migrate", verbosity=0)
    print("the database is up to date", flush=True)
    seed(
        Services(
            imap=Server(HOST, ports.imap, "none"),
            smtp=Server(HOST, ports.smtp, "none"),
            caldav=ports.dav_url,
            carddav=ports.dav_url,
        ),
        ports.simulations(folder),
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main(sys.argv[1:])
