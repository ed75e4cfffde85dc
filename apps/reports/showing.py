"""Reports as people see them: the parts of the accounts that they may see now, put together."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.accounts import iso
from apps.users.members import Member

from .gathering import IMPORTANT, SENDERS
from .models import DailyReport, ReportPart

PAGE: Final = 30
FIGURES: Final = ("received", "sent", "unread", "mine", "mine_missed", "theirs", "theirs_missed", "read")


def day_of(text: str) -> date:
    """A day as addresses name it. Raises the 404 of a report that there is not."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise not_found("report") from None


def one(member: Member, day: date) -> DailyReport:
    """The person's own report of a day, once it is shown. Raises the 404."""
    found = DailyReport.objects.filter(user_id=member.user_id, date=day, shown_at__isnull=False).first()
    if found is None:
        raise not_found("report")
    return found


def history(member: Member, before: str) -> dict[str, Any]:
    """The person's reports, the newest first, those before a day: their figures alone."""
    rows = DailyReport.objects.filter(user_id=member.user_id, shown_at__isnull=False)
    if before:
        try:
            rows = rows.filter(date__lt=date.fromisoformat(before))
        except ValueError:
            raise Problem(400, "invalid", "`before` must be a day such as 2026-03-29.") from None
    page = list(rows.order_by("-date")[: PAGE + 1])
    seen = access.visible_account_ids(member)
    parts: dict[Any, list[ReportPart]] = {row.pk: [] for row in page[:PAGE]}
    held = ReportPart.objects.filter(report__in=parts, account__in=seen)
    for part in held.only("report_id", "stats", "summary"):
        parts[part.report_id].append(part)
    return {
        "items": [
            _head(row) | {"stats": _figures(parts[row.pk]), "summary": _summary(parts[row.pk])} for row in page[:PAGE]
        ],
        "next": page[PAGE - 1].date.isoformat() if len(page) > PAGE else None,
    }


def whole(member: Member, report: DailyReport) -> dict[str, Any]:
    """All of a report that the person may see now: what has been taken from them since is left out."""
    order = {account.pk: (place, account) for place, account in enumerate(access.visible_accounts(member))}
    parts = sorted(report.parts.filter(account__in=order), key=lambda part: order[part.account_id][0])
    events = sorted(
        (item for part in parts for item in part.events), key=lambda item: (not item["all_day"], item["start"])
    )
    important = sorted((item for part in parts for item in part.important), key=_weight)
    actions = [item for part in parts for item in part.actions]
    return _head(report) | {
        "summary": _summary(parts),
        "suggestions": [line for part in parts for line in part.suggestions],
        "assistant": next((part.assistant for part in parts if part.assistant not in ("", "no_consent")), ""),
        "stats": _figures(parts) | {"senders": _senders(parts), "cut": any(part.stats.get("cut") for part in parts)},
        "accounts": [
            {"account_id": str(part.account_id), "address": order[part.account_id][1].address}
            | {name: part.stats.get(name, 0) for name in ("received", "sent", "unread")}
            for part in parts
        ],
        "important": important[:IMPORTANT],
        "follow_ups": sorted((item for part in parts for item in part.follow_ups), key=_urgency),
        "events": events,
        "conflicts": conflicts(events),
        "actions": sorted(actions, key=lambda item: item["state"] != "proposed"),
    }


def _head(report: DailyReport) -> dict[str, Any]:
    return {
        "id": str(report.pk),
        "date": report.date.isoformat(),
        "first_day": report.first_day.isoformat(),
        "zone": report.zone,
        "made_at": iso(report.made_at),
        "created_at": iso(report.created_at),
    }


def _figures(parts: Sequence[ReportPart]) -> dict[str, Any]:
    actions: Counter[str] = Counter()
    for part in parts:
        actions.update(part.stats.get("actions", {}))
    return {name: sum(part.stats.get(name, 0) for part in parts) for name in FIGURES} | {
        "actions": {name: count for name, count in sorted(actions.items()) if count}
    }


def _summary(parts: Sequence[ReportPart]) -> str:
    return "\n".join(part.summary for part in parts if part.summary)


def _senders(parts: Sequence[ReportPart]) -> list[dict[str, Any]]:
    """Who wrote most, over all accounts."""
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for sender in (sender for part in parts for sender in part.stats.get("senders", [])):
        counts[sender["address"]] += sender["count"]
        names[sender["address"]] = names.get(sender["address"]) or sender["name"]
    return [
        {"address": address, "name": names[address], "count": count} for address, count in counts.most_common(SENDERS)
    ]


def _weight(item: dict[str, Any]) -> tuple[Any, ...]:
    order = ("urgent", "important", "needs_reply", "flagged", "person")
    return (min((order.index(why) for why in item["why"] if why in order), default=len(order)),)


def _urgency(item: dict[str, Any]) -> tuple[Any, ...]:
    """As `gathering.urgency`, of what was kept: what was missed, what has a day, what has waited longest."""
    due = item["due_at"] or item["due_on"] or ""
    return (not item["missed"], not due, due or item["since"], item["since"])


def conflicts(events: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Pairs of events, by id and key, that take the person's time at once; whole days are no conflict."""
    timed = [item for item in events if not item["all_day"] and item["busy"] and item["end"] > item["start"]]
    found = []
    for place, first in enumerate(timed):
        for second in timed[place + 1 :]:
            if _at(second["start"]) >= _at(first["end"]):
                break  # they are in the order of their starts
            if _name(first) != _name(second):
                found.append([_name(first), _name(second)])
    return found


def _name(item: dict[str, Any]) -> str:
    return f"{item['id']} {item['key']}".strip()


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
