"""The company's settings of approvals, read at every use: what is switched off stops at once."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from apps.ai.model import switches
from apps.core.problems import Problem
from apps.users.members import Member
from apps.users.models import Role

from . import audit
from .models import CompanySettings

DOMAIN: Final = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,63}")


def settings() -> CompanySettings:
    """As they stand; those of a company that never changed them are the defaults."""
    return CompanySettings.objects.filter(pk=1).first() or CompanySettings()


def agents_on() -> bool:
    """Whether agents may do anything in this company at this moment."""
    return switches.on()


def switched_off() -> Problem:
    """Why nothing is carried out."""
    return Problem(409, "agents_off", "The company has switched its agents off: nothing of theirs is carried out.")


def domain(text: str, field: str = "domains") -> str:
    """A domain in lower case. Raises the 422 problem for what is none."""
    found = text.strip().lower()
    if not DOMAIN.fullmatch(found):
        sentence = f"“{text}” is no domain, such as example.com."
        raise Problem(422, "bad_domain", sentence, errors={field: [sentence]})
    return found


def change(member: Member, given: Mapping[str, Any]) -> CompanySettings:
    """Change what is given. Raises 403 for who is neither owner nor admin."""
    if member.role not in (Role.OWNER, Role.ADMIN):
        raise Problem(403, "forbidden", "Only the company's owners and admins change this.")
    fields = dict(given)
    if "domains" in fields:
        fields["domains"] = sorted({domain(text) for text in fields["domains"]})
    wanted = fields.pop("agents_on", None)
    with transaction.atomic():
        CompanySettings.objects.get_or_create(pk=1)
        row = CompanySettings.objects.select_for_update().get(pk=1)
        if wanted is not None and wanted != switches.on():
            switches.change(member.user_id, enabled=wanted)
            audit.settings_changed(member, "settings_changed", agents_on=wanted)
        changed = {name: value for name, value in fields.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
        row.save()
        if changed:
            audit.settings_changed(member, "settings_changed", **changed)
    return row


def as_json(row: CompanySettings) -> dict[str, Any]:
    """As the API answers it."""
    return {
        "agents_on": agents_on(),
        "domains": row.domains,
        "expire_hours": row.expire_hours,
        "letter_minutes": row.letter_minutes,
    }
