"""What administrators are told of a company's connection, in their language."""

from collections.abc import Mapping
from typing import Any

from apps.core.problems import Problem
from apps.providers import clouds
from apps.providers.accounts import iso
from apps.providers.adapters.errors import AdapterError, CompanyRefused
from apps.providers.models import CompanyConnection, CompanyPerson
from apps.users.members import Member
from apps.users.models import Role

from .sentences import sentence


def remembered(error: AdapterError) -> dict[str, Any]:
    """A refusal as rows keep it; of an error that says nothing else, that nobody answered."""
    if isinstance(error, CompanyRefused):
        facts = {name: list(value) if isinstance(value, tuple) else value for name, value in error.facts.items()}
        return {"what": error.what, "facts": facts}
    return {"what": "no_answer", "facts": {}}


def problem(error: CompanyRefused, locale: str) -> Problem:
    """What an administrator is answered whose key does not suffice."""
    told = remembered(error)
    detail = sentence(told["what"], told["facts"], locale)
    return Problem(422, "company_refused", detail, what=told["what"], said=error.said, **told["facts"])


def administrators_only(member: Member) -> None:
    """Raise 403 for who is neither owner nor admin."""
    if member.role not in (Role.OWNER, Role.ADMIN):
        raise Problem(403, "forbidden", "Only the company's owners and admins connect the company's accounts.")


def as_json(connection: CompanyConnection, counts: Mapping[str, int], locale: str) -> dict[str, Any]:
    """The connection as its administrators see it."""
    cloud, refusal = clouds.known(connection.provider_type), connection.refusal
    return {
        "id": str(connection.pk),
        "provider": connection.provider_type,
        "title": cloud.title,
        "simulated": cloud.simulated,
        "realm": connection.realm,
        "application": connection.application,
        "administrator": connection.administrator,
        "surfaces": connection.surfaces,
        "status": connection.status,
        "sentence": sentence(refusal["what"], refusal["facts"], locale) if refusal else "",
        "read_at": iso(connection.read_at),
        "people": {name: counts.get(name, 0) for name in ("all", "connected", "new", "left", "waiting")},
    }


def person_json(person: CompanyPerson, connection: CompanyConnection, locale: str) -> dict[str, Any]:
    """Somebody of the directory as administrators see them: never what is in their account."""
    reason = person.reason
    known = connection.chosen_at is not None and person.first_seen_at > connection.chosen_at
    return {
        "id": str(person.pk),
        "address": person.address,
        "name": person.name,
        "unit": person.unit,
        "state": person.state,
        "left": person.left_at is not None,
        "new": known and person.state == CompanyPerson.State.OFFERED and person.left_at is None,
        "account_status": person.account.status if person.account else None,
        "sentence": sentence(reason["what"], reason["facts"], locale) if reason else "",
    }
