"""The bodies of hitl's requests and the shapes of its answers, as the API reads and documents them."""

from typing import Any, Final

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from apps.ai.actions import Risk
from apps.ai.models import ActionState, Origin

from .deciding import REASON_MOST
from .models import ApprovalState, Scope, Verdict


class DecisionIn(serializers.Serializer[Any]):
    """A decision, bound to what the person saw by its digest."""

    decision = serializers.ChoiceField(choices=("approve", "reject"))
    digest = serializers.RegexField(r"^[0-9a-f]{64}$")
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=REASON_MOST)


class EditIn(serializers.Serializer[Any]):
    """Other arguments, of those that `editable` names, for what stands under this digest."""

    digest = serializers.RegexField(r"^[0-9a-f]{64}$")
    args = serializers.DictField()


class DelegateIn(serializers.Serializer[Any]):
    """The colleague who is to decide."""

    user_id = serializers.UUIDField()


class UndoIn(serializers.Serializer[Any]):
    """From when on; of one account, of one agent."""

    since = serializers.DateTimeField()
    account_id = serializers.UUIDField(required=False)
    agent = serializers.CharField(required=False, allow_blank=True, max_length=40, default="")


class RuleIn(serializers.Serializer[Any]):
    """A rule; what is left out holds for all."""

    by_company = serializers.BooleanField(default=False)
    user_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    kind = serializers.CharField(required=False, allow_blank=True, max_length=40, default="")
    scope = serializers.ChoiceField(choices=Scope.choices, required=False, default="", allow_blank=True)
    recipient = serializers.CharField(required=False, allow_blank=True, max_length=320, default="")
    risk = serializers.ChoiceField(
        choices=[each.value for each in Risk], required=False, allow_blank=True, default=""
    )  # fmt: skip
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    second = serializers.BooleanField(default=False)
    binding = serializers.BooleanField(default=False)
    on_content = serializers.BooleanField(default=False)


class SettingsIn(serializers.Serializer[Any]):
    """The company's settings; what is left out stays."""

    agents_on = serializers.BooleanField(required=False)
    domains = serializers.ListField(child=serializers.CharField(max_length=253), required=False, max_length=100)
    expire_hours = serializers.IntegerField(min_value=1, max_value=720, required=False)
    letter_minutes = serializers.IntegerField(min_value=0, max_value=10_080, required=False, allow_null=True)


PERSON: Final[dict[str, Any]] = {"id": serializers.UUIDField(), "name": serializers.CharField()}
SUMMARY_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "action_id": serializers.UUIDField(),
    "account_id": serializers.UUIDField(),
    "agent": serializers.CharField(),
    "kind": serializers.CharField(),
    "title": serializers.CharField(),
    "risk": serializers.ChoiceField(choices=[each.value for each in Risk]),
    "origin": serializers.ChoiceField(choices=Origin.choices),
    "recipients": serializers.ListField(child=serializers.CharField()),
    "state": serializers.ChoiceField(choices=ApprovalState.choices),
    "digest": serializers.CharField(),
    "second": serializers.BooleanField(),
    "first_by": inline_serializer("ApprovalFirst", PERSON, allow_null=True),
    "delegated_to": inline_serializer("ApprovalDelegate", PERSON, allow_null=True),
    "decided_by": inline_serializer("ApprovalDecider", PERSON, allow_null=True),
    "decided_at": serializers.DateTimeField(allow_null=True),
    "reason": serializers.CharField(),
    "created_at": serializers.DateTimeField(),
    "expires_at": serializers.DateTimeField(),
    "done": serializers.ChoiceField(choices=ActionState.choices),
    "done_at": serializers.DateTimeField(allow_null=True),
    "error": inline_serializer(
        "ApprovalError", {"code": serializers.CharField(), "sentence": serializers.CharField()}, allow_null=True
    ),
    "undoable": serializers.BooleanField(),
}
SUMMARY: Final = inline_serializer("ApprovalSummary", SUMMARY_FIELDS)
DETAIL: Final = inline_serializer(
    "Approval",
    SUMMARY_FIELDS
    | {
        "why": serializers.CharField(),
        "why_hidden": serializers.BooleanField(),
        "sources": serializers.ListField(child=serializers.DictField()),
        "preview": serializers.DictField(allow_null=True),
        "problem": serializers.DictField(allow_null=True),
        "stale": serializers.BooleanField(),
        "editable": serializers.DictField(),
        "may_delegate_to": inline_serializer("ApprovalColleague", PERSON, many=True),
        "agents_on": serializers.BooleanField(),
        "record": serializers.ListField(child=serializers.DictField()),
    },
)
LISTED: Final = inline_serializer(
    "Approvals",
    {
        "seq": serializers.IntegerField(),
        "items": inline_serializer("ApprovalItem", SUMMARY_FIELDS, many=True),
        "next": serializers.CharField(allow_null=True),
        "waiting": serializers.IntegerField(),
    },
)
UNDONE: Final = inline_serializer(
    "Undone",
    {
        "items": inline_serializer(
            "UndoneItem",
            {
                "action_id": serializers.UUIDField(),
                "approval_id": serializers.UUIDField(),
                "kind": serializers.CharField(),
                "agent": serializers.CharField(),
                "title": serializers.CharField(),
                "outcome": serializers.ChoiceField(choices=("undone", "impossible", "failed")),
                "code": serializers.CharField(),
                "sentence": serializers.CharField(),
            },
            many=True,
        ),
        "more": serializers.BooleanField(),
    },
)
RULE_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "user_id": serializers.UUIDField(allow_null=True),
    "by_company": serializers.BooleanField(),
    "kind": serializers.CharField(),
    "scope": serializers.CharField(),
    "recipient": serializers.CharField(),
    "risk": serializers.CharField(),
    "verdict": serializers.ChoiceField(choices=Verdict.choices),
    "second": serializers.BooleanField(),
    "binding": serializers.BooleanField(),
    "on_content": serializers.BooleanField(),
}
RULE: Final = inline_serializer("ApprovalRule", RULE_FIELDS)
SETTINGS: Final = inline_serializer(
    "ApprovalSettings",
    {
        "agents_on": serializers.BooleanField(),
        "domains": serializers.ListField(child=serializers.CharField()),
        "expire_hours": serializers.IntegerField(),
        "letter_minutes": serializers.IntegerField(allow_null=True),
    },
)
RULES: Final = inline_serializer(
    "ApprovalRules",
    {
        "items": inline_serializer("ApprovalRuleItem", RULE_FIELDS, many=True),
        "kinds": serializers.ListField(child=serializers.CharField()),
        "settings": SETTINGS,
        "governs": serializers.BooleanField(),
    },
)
