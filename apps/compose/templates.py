"""Texts that a person uses again, with fields in double braces to be filled in."""

import re
from typing import Any, Final
from uuid import UUID

from apps.core.problems import Problem, not_found
from apps.providers.adapters import mime
from apps.users.members import Member

from .models import Template

MOST: Final = 500
HTML_MOST: Final = 1_000_000
FIELD: Final = re.compile(r"\{\{\s*([^{}\s][^{}]{0,60}?)\s*\}\}")


def all_of(member: Member) -> list[dict[str, Any]]:
    """The person's templates by name."""
    return [as_json(one) for one in Template.objects.filter(user_id=member.user_id).order_by("name", "id")]


def mine(member: Member, template_id: UUID) -> Template:
    """One template of the person's own."""
    found = Template.objects.filter(pk=template_id, user_id=member.user_id).first()
    if found is None:
        raise not_found("template")
    return found


def add(member: Member, given: dict[str, Any]) -> Template:
    """A new template."""
    if Template.objects.filter(user_id=member.user_id).count() >= MOST:
        raise Problem(422, "too_many", f"You have {MOST} templates already; remove one first.")
    template = Template(user_id=member.user_id)
    _fill(template, given)
    template.save()
    return template


def change(member: Member, template_id: UUID, given: dict[str, Any]) -> Template:
    """Change the members that are given."""
    template = mine(member, template_id)
    _fill(template, given)
    template.save()
    return template


def _fill(template: Template, given: dict[str, Any]) -> None:
    template.name = given.get("name", template.name)
    template.subject = given.get("subject", template.subject)
    if "html" in given:
        if len(given["html"]) > HTML_MOST:
            raise Problem(422, "too_big", "The template is too long.")
        template.html = mime.sanitise(given["html"], cid_url=lambda cid: None, allow_remote=True).html


def as_json(template: Template) -> dict[str, Any]:
    """As the API answers it; `fields` are the names in double braces, in their order."""
    found = FIELD.findall(template.subject) + FIELD.findall(re.sub(r"<[^>]*>", "", template.html))
    return {
        "id": str(template.pk),
        "name": template.name,
        "subject": template.subject,
        "html": template.html,
        "fields": list(dict.fromkeys(found)),
    }
