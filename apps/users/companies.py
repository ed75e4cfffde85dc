"""A company from its first owner to its erasure: the steps that concern both the tenant and its people."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count

from apps.tenants import erasure, provisioning
from apps.tenants.erasure import Certificate
from apps.tenants.models import Tenant

from . import people, sessions
from .models import Role, Session, User


@dataclass(frozen=True, slots=True)
class Founded:
    """A new company. `link` lets an owner without a password choose one; None when they have one."""

    tenant: Tenant
    owner: User
    link: str | None


def found(slug: str, name: str, plan: str, owner_email: str) -> Founded:
    """Create a company and its owner; the same call again completes one that was cut off half-way.

    Raises SlugRefused, TemplateOutdated, PersonRefused.
    """
    with transaction.atomic():
        tenant = provisioning.reserve(slug, name, plan)
        owner = people.find(owner_email) or people.create_person(owner_email)
        people.join(tenant, owner, Role.OWNER)
        link = None if owner.has_usable_password() else people.invite(owner)
    # Opened last: a company that can be used has an owner who was told how to get in.
    return Founded(provisioning.complete(tenant), owner, link)


def erase(tenant: Tenant) -> Certificate:
    """Erase a company, and the people who belong to no other.

    People go before the tenant's row, so that a run which is cut off finds the rest again. Raises as
    `tenants.erasure.erase`, and then the same call completes it.
    """
    erasure.begin(tenant)
    sessions.end(Session.objects.filter(tenant=tenant), "company erased")
    people_removed = _remove_members_of_nothing_else(tenant)
    done = erasure.erase(tenant)
    done.public_rows |= {User._meta.db_table: people_removed} if people_removed else {}
    return done


def _remove_members_of_nothing_else(tenant: Tenant) -> int:
    """Operators of the installation stay, whatever they belong to."""
    members = User.objects.filter(memberships__tenant=tenant, is_staff=False).values("pk")
    here_only = User.objects.filter(pk__in=members).annotate(companies=Count("memberships")).filter(companies=1)
    _, removed = User.objects.filter(pk__in=list(here_only.values_list("pk", flat=True))).delete()
    return removed.get(User._meta.label, 0)
