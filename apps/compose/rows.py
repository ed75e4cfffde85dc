"""What compose adds to a message's row: the draft that it is, and what became of it at its recipients."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from apps.core.statement import Statement, among
from apps.mail import linking
from apps.mail.models import Message, Placement
from apps.providers.accounts import iso
from apps.providers.adapters.base import Role

from .models import Delivery, Draft, DraftState

WORST_FIRST: Final = ("failed", "delayed", "delivered")


IN_DRAFTS: Final = Statement(
    lambda: Placement.objects.filter(
        among("message_id", "ids"), mailbox__role=Role.DRAFTS.value, leaving__isnull=True
    ).values_list("message_id")
)
REPORTS: Final = Statement(
    lambda: Delivery.objects.filter(among("account_id", "accounts"), among("about", "about")).order_by("address")
)


def of_messages(messages: Sequence[Message]) -> Mapping[UUID, dict[str, Any]]:
    """`draft_id` and `delivery` of each; three queries."""
    drafts, reports = _drafts(messages), _deliveries(messages)
    return {
        message.pk: {"draft_id": drafts.get(message.pk), "delivery": reports.get(message.pk)} for message in messages
    }


def _drafts(messages: Sequence[Message]) -> dict[UUID, str]:
    """Messages of the Drafts mailbox: the draft that stands for each, else the id under which one can be opened."""
    ids = [message.pk for message in messages]
    found = {message_id: str(message_id) for (message_id,) in IN_DRAFTS.tuples(ids=ids)}
    if found:
        ours = Draft.objects.filter(message_id__in=list(found)).exclude(state=DraftState.SENT)
        found |= {draft.message_id: str(draft.pk) for draft in ours.only("message_id") if draft.message_id}
    return found


def _deliveries(messages: Sequence[Message]) -> dict[UUID, dict[str, Any]]:
    by_digest: dict[bytes, list[Message]] = defaultdict(list)
    for message in messages:
        if message.message_id:
            by_digest[linking.digest(f"id:{message.message_id}")].append(message)
    accounts = {message.account_id for message in messages}
    told: dict[UUID, list[Delivery]] = defaultdict(list)
    for report in REPORTS.all(accounts=list(accounts), about=list(by_digest)):
        for message in by_digest[bytes(report.about)]:
            if message.account_id == report.account_id:
                told[message.pk].append(report)
    return {message_id: _delivery(reports) for message_id, reports in told.items()}


def _delivery(reports: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "state": min((report.state for report in reports), key=WORST_FIRST.index),
        "recipients": [
            {"address": report.address, "state": report.state, "sentence": report.sentence} for report in reports
        ],
        "at": iso(max(report.at for report in reports)),
    }
