"""Follow-ups over HTTP: what waits on me and on others, and what I decide of it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import now
from apps.core.problems import Problem, not_found
from apps.mail.queries import decode_cursor, encode_cursor
from apps.providers import access
from apps.providers.api import parsed
from apps.realtime import journal
from apps.users.members import Member
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import tracking
from .models import FollowUp

LIMIT: Final = 50
DIRECTIONS: Final = {"": Q(), "mine": Q(mine=True), "theirs": Q(mine=False)}


class DecisionIn(serializers.Serializer[Any]):
    """What I decide: it is done, it is none, it is put off until a time, or it is open again."""

    state = serializers.ChoiceField(["open", "done", "dismissed", "snoozed"])
    until = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["state"] == "snoozed") != ("until" in attrs):
            raise serializers.ValidationError({"until": "Say until when it is put off, and only then."})
        if "until" in attrs and attrs["until"] <= now():
            raise serializers.ValidationError({"until": "This moment has passed."})
        return attrs


def states(asked: str, moment: datetime) -> Q:
    """The rows of a state; what was put off until now is open."""
    due = Q(state="snoozed") & (Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=moment))
    known = {
        "": Q(),
        "open": Q(state="open") | due,
        "snoozed": Q(state="snoozed") & ~due,
        "done": Q(state="done"),
        "dismissed": Q(state="dismissed"),
    }
    if asked not in known:
        raise Problem(400, "invalid", "`state` must be one of open, snoozed, done, dismissed.")
    return known[asked]


def missed(moment: datetime) -> Q:
    """The rows whose time is up: see `tracking.missed`."""
    return (
        Q(due_at__lt=moment)
        | Q(due_at__isnull=True, due_on__lt=moment.date())
        | Q(due_on__isnull=True, since__lt=moment - tracking.SILENCE)
    )


def listed(member: Member, query: Any) -> dict[str, Any]:
    """A page of the rows of the accounts that the person sees, the longest waiting first."""
    direction, moment = query.get("direction", ""), now()
    if direction not in DIRECTIONS:
        raise Problem(400, "invalid", "`direction` must be `mine` or `theirs`.")
    found = FollowUp.objects.filter(
        states(query.get("state", "open"), moment),
        DIRECTIONS[direction],
        account__in=access.visible_account_ids(member),
    )
    if query.get("missed") == "true":
        found = found.filter(missed(moment))
    if query.get("cursor"):
        at, key = decode_cursor(query["cursor"])
        found = found.filter(Q(since__gt=at) | Q(since=at, pk__gt=key))
    rows = list(found.order_by("since", "pk")[: LIMIT + 1])
    more = encode_cursor(rows[LIMIT - 1].since, rows[LIMIT - 1].pk) if len(rows) > LIMIT else None
    return {"items": [tracking.as_json(row) for row in rows[:LIMIT]], "cursor": more}


def decide(member: Member, followup_id: UUID, state: str, until: datetime | None) -> dict[str, Any]:
    """Set a row's state. Raises the 404 for what the person does not see, 403 for what they may only read."""
    seen = access.visible_account_ids(member)
    row = FollowUp.objects.filter(pk=followup_id, account__in=seen).first()
    if row is None:
        raise not_found("follow-up")
    access.may_act(member, [row.account_id])
    with transaction.atomic():
        row = FollowUp.objects.select_for_update().get(pk=row.pk)
        row.state, row.snoozed_until, row.decided_by = state, until, member.user_id
        row.save(update_fields=["state", "snoozed_until", "decided_by", "updated_at"])
        journal.append(tracking.told(row.account_id, [row]))
    return tracking.as_json(row)


class FollowUpsView(TenantAPIView):
    """GET: what is open, `direction` mine or theirs; `missed=true` what should have happened; or of another `state`."""

    def get(self, request: TenantRequest) -> Response:
        return Response(listed(request.member, request.query_params))


class FollowUpView(TenantAPIView):
    """PATCH: done, dismissed, put off, or open again."""

    @extend_schema(request=DecisionIn)
    def patch(self, request: TenantRequest, followup_id: UUID) -> Response:
        seen = access.visible_account_ids(request.member)
        if not FollowUp.objects.filter(pk=followup_id, account__in=seen).exists():
            raise not_found("follow-up")
        given = parsed(DecisionIn, request).validated_data
        return Response(decide(request.member, followup_id, given["state"], given.get("until")))
