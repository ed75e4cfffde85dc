"""The company's rules and its people's own: reading, changing, and judging an action by them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.ai.actions import Risk, names
from apps.ai.models import Action, Origin
from apps.core.problems import Problem, not_found
from apps.providers.adapters.mime import addressing
from apps.providers.models import ProviderAccount
from apps.users.members import Member
from apps.users.models import Membership, Role

from . import audit, company
from .models import Rule, Scope, Verdict
from .policies import Asked, Condition, Judged, domain_of, judge

MOST: Final = 500


def governs(member: Member) -> bool:
    """Whether the person makes the company's rules."""
    return member.role in (Role.OWNER, Role.ADMIN)


def judged(action: Action, tenant_id: UUID) -> Judged:
    """What becomes of an action by the rules as they stand."""
    recipients = [str(address) for address in action.recipients]
    about = Rule.objects.filter(Q(user_id=action.user_id) | Q(user_id=None))
    asked = Asked(
        action.user_id, action.kind, action.risk, recipients, inside(recipients, tenant_id),
        on_content=action.origin != Origin.PERSON,
    )  # fmt: skip
    return judge(map(_condition, about), asked)


def _condition(rule: Rule) -> Condition:
    return Condition(
        rule.pk, Verdict(rule.verdict), rule.user_id, rule.kind, Scope(rule.scope), rule.recipient, rule.risk,
        rule.second, rule.binding and rule.by_company, rule.on_content,
    )  # fmt: skip


def inside(recipients: Sequence[str], tenant_id: UUID) -> frozenset[str]:
    """Those of the addresses that are the company's: of its people, of its accounts, or of a domain it names."""
    if not recipients:
        return frozenset()
    domains = set(company.settings().domains)
    people = Membership.objects.filter(tenant_id=tenant_id, user__email__in=recipients).values_list(
        "user__email", flat=True
    )
    accounts = {address.lower() for address in ProviderAccount.objects.values_list("address", flat=True)}
    known = {*people, *accounts}
    return frozenset(each for each in recipients if each in known or domain_of(each) in domains)


def listed(member: Member) -> list[Rule]:
    """The rules that concern the person; for owners and admins all of the company's."""
    company_wide = Q(by_company=True)
    if not governs(member):
        company_wide &= Q(user_id=None) | Q(user_id=member.user_id)
    return list(Rule.objects.filter(company_wide | Q(by_company=False, user_id=member.user_id)).order_by("created_at"))


def add(member: Member, given: Mapping[str, Any]) -> Rule:
    """A new rule. Raises 403 when it is not theirs to make, 409 `rule_exists` for the same conditions again."""
    by_company = bool(given.get("by_company"))
    _may(member, by_company=by_company)
    user_id = given.get("user_id") if by_company else member.user_id
    if user_id and not Membership.objects.filter(tenant=member.tenant, user_id=user_id).exists():
        raise not_found("person")
    if Rule.objects.filter(by_company=by_company, user_id=user_id).count() >= MOST:
        raise Problem(422, "too_many", f"At most {MOST} rules can be kept.")
    scope = Scope(given.get("scope", ""))
    rule = Rule(
        user_id=user_id,
        by_company=by_company,
        kind=_known(given.get("kind", "")),
        scope=scope,
        recipient=_recipient(scope, str(given.get("recipient", ""))),
        risk=Risk(given["risk"]) if given.get("risk") else "",
        verdict=given["verdict"],
        second=bool(given.get("second")) and given["verdict"] == Verdict.ASK,
        binding=bool(given.get("binding")) and by_company,
        on_content=bool(given.get("on_content")) and given["verdict"] == Verdict.AUTO,
        made_by=member.user_id,
    )
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
            audit.settings_changed(member, "rule_made", rule=as_json(rule))
    except IntegrityError:
        raise Problem(409, "rule_exists", "There is a rule with these conditions. Remove it first.") from None
    return rule


def _known(kind: str) -> str:
    if kind and kind not in names():
        sentence = f"`kind` must be one of {', '.join(names())}."
        raise Problem(422, "bad_kind", sentence, errors={"kind": [sentence]})
    return kind


def _recipient(scope: Scope, text: str) -> str:
    text = text.strip().lower()
    if scope == Scope.DOMAIN:
        return _domain(text)
    if scope != Scope.ADDRESS:
        return ""
    try:
        return addressing.target(text).address.lower()
    except addressing.BadAddress as wrong:
        raise Problem(422, "bad_recipient", str(wrong), errors={"recipient": [str(wrong)]}) from None


def _domain(text: str) -> str:
    return company.domain(text.removeprefix("@"), "recipient")


def remove(member: Member, rule_id: UUID) -> None:
    """Remove a rule. Raises the 404 of what is not theirs to see, 403 for what they may not change."""
    rule = next((each for each in listed(member) if each.pk == rule_id), None)
    if rule is None:
        raise not_found("rule")
    _may(member, by_company=rule.by_company)
    with transaction.atomic():
        told = as_json(rule)
        rule.delete()
        audit.settings_changed(member, "rule_removed", rule=told)


def _may(member: Member, *, by_company: bool) -> None:
    if by_company and not governs(member):
        raise Problem(403, "forbidden", "Only the company's owners and admins make its rules.")


def as_json(rule: Rule) -> dict[str, Any]:
    """As the API answers it."""
    return {
        "id": str(rule.pk),
        "user_id": str(rule.user_id) if rule.user_id else None,
        "by_company": rule.by_company,
        "kind": rule.kind,
        "scope": str(rule.scope),
        "recipient": rule.recipient,
        "risk": str(rule.risk),
        "verdict": str(rule.verdict),
        "second": rule.second,
        "binding": rule.binding,
        "on_content": rule.on_content,
    }
