"""Fixtures for everything that needs companies and people: a small cast that every test knows.

Tests commit for real. Each makes its own companies under fresh names and they are removed after it,
so no test sees another's rows and none depends on the order; their schemas, emptied, serve the next
(`schemas`), but for tests of provisioning itself. Threads, on-commit hooks, pooled
connections and search paths then behave as they do in production, which a test inside one big
transaction cannot show.
"""

import itertools
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import factory
import pytest
from celery import current_app
from django.conf import settings
from django.core import mail
from django.db import connection
from rest_framework.test import APIClient

from apps.tenants import context, schema
from apps.tenants.models import Plan, Tenant
from apps.users import members, people, sessions, tokens
from apps.users.members import Member
from apps.users.models import Role, User
from apps.users.sessions import Device
from tests.tenants import schemas

PHRASE = "violet anchor paints nine ladders"
_numbers = itertools.count(1)


class PersonFactory(factory.Factory[User]):
    """People whose names and addresses differ; `password=None` makes one who never set any."""

    class Meta:
        model = User

    name = factory.Faker("name")
    email = factory.Sequence(lambda n: f"person{n}.{secrets.token_hex(3)}@example.test")
    password = PHRASE
    locale = "en"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return people.create_person(**kwargs)


class Cast:
    """A company with its people, and one next door.

    `owner` and `member` belong to `tenant`; neither sees the other's accounts. `outsider` owns the
    `neighbour` company and has no business here; both are made when a test first asks for them.
    `everywhere` fills both companies alike, so that equal ids stand on both sides of every border.
    """

    def __init__(self, make: "Make", plan: str) -> None:
        """Make the company and its people, on this plan."""
        self._make, self._plan = make, plan
        self.tenant: Tenant = make.company(plan)
        self.owner: Member = make.member_of(self.tenant, Role.OWNER)
        self.member: Member = make.member_of(self.tenant)

    @cached_property
    def outsider(self) -> Member:
        """The owner of the company next door."""
        return self._make.member_of(self._make.company(self._plan), Role.OWNER)

    @property
    def neighbour(self) -> Tenant:
        """The company next door."""
        return self.outsider.tenant

    @contextmanager
    def inside(self) -> Iterator[Tenant]:
        """The company's schema, open."""
        with context.open(self.tenant):
            yield self.tenant

    def everywhere(self) -> Iterator[Member]:
        """The owner, then the outsider, each with their own company open."""
        for who in (self.owner, self.outsider):
            with context.open(who.tenant):
                yield who


@dataclass(slots=True)
class Make:
    """Makes companies and people, and remembers what it made."""

    provision: Callable[[str, str, str], Tenant] = schemas.provision
    tenants: list[Tenant] = field(default_factory=list)
    users: list[User] = field(default_factory=list)

    def company(self, plan: str = Plan.STANDARD, slug: str = "") -> Tenant:
        """A provisioned company without people."""
        slug = slug or f"c{next(_numbers)}-{secrets.token_hex(4)}"
        tenant = self.provision(slug, f"Company {slug}", plan)
        self.tenants.append(tenant)
        return tenant

    def person(self, **fields: Any) -> User:
        """A person who belongs to nothing yet; fields as for `people.create_person`."""
        user = PersonFactory.create(**fields)
        self.users.append(user)
        return user

    def member_of(self, tenant: Tenant, role: Role = Role.MEMBER, **fields: Any) -> Member:
        """A new person in a company."""
        user = self.person(**fields)
        people.join(tenant, user, role)
        found = members.of(user, tenant)
        assert found is not None
        return found

    def tenant(self, plan: str = Plan.STANDARD) -> Cast:
        """The cast: a company with owner and member, and a neighbour owned by the outsider."""
        return Cast(self, plan)

    def address(self) -> str:
        """A network address that no other test uses, so that limits are counted apart."""
        number = next(_numbers)
        return f"10.{secrets.randbelow(256)}.{number // 256 % 256}.{number % 256}"

    def client(self, member: Member | None = None, **extra: Any) -> APIClient:
        """An HTTP client at an address of its own; signed in when a member is given."""
        client = APIClient(REMOTE_ADDR=self.address(), **extra)
        if member is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token(member)}")
        return client

    def token(self, member: Member) -> str:
        """An access token of a new session of this member."""
        grant = sessions.start(member.user, member.tenant, Device(None, "test"))
        return tokens.issue(member.user_id, member.tenant.pk, grant.session.pk, grant.now)

    def tidy(self) -> None:
        """Remove what was made: rows, schemas, files."""
        Tenant.objects.filter(pk__in=[tenant.pk for tenant in self.tenants]).delete()
        User.objects.filter(pk__in=[user.pk for user in self.users]).delete()
        for tenant in self.tenants:
            shutil.rmtree(settings.PMSYNC_STORAGE / str(tenant.pk), ignore_errors=True)
            if self.provision is schemas.provision and schema.exists(tenant.schema_name):
                schemas.take_back(tenant.schema_name)
            else:
                schemas.drop(tenant.schema_name)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database, with commits that are commits."""
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture
def make(committed: None) -> Iterator[Make]:
    """Makes companies and people for one test."""
    maker = Make()
    yield maker
    maker.tidy()


@pytest.fixture
def cast(make: Make) -> Cast:
    """The usual cast of one test."""
    return make.tenant()


@pytest.fixture(scope="session")
def standing_cast(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """A cast that stays for the whole run: for tests that read much and write only their own rows."""
    with django_db_blocker.unblock():
        maker = Make()
        yield maker.tenant()
        maker.tidy()
        connection.close()


@pytest.fixture
def letters(settings: Any) -> Iterator[list[Any]]:
    """The letters mailed during the test; mailing tasks run at once, in the thread that posts them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    yield mail.outbox
    current_app.conf.task_always_eager = before
