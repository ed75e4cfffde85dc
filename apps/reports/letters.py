"""Letters of reports and alerts: what they show, in the reader's language, as text and as HTML of no remote part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from apps.ai.followups import tracking
from apps.users.members import Member

from . import showing, stopping, wording
from .models import Alert, DailyReport, Letter

LINES: Final = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: what, a word beside it, and where in the client it leads."""

    what: str
    beside: str
    link: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A list with its title; `more` says how many are left out, `empty` what is said of none."""

    title: str
    lines: Sequence[Line]
    more: str = ""
    empty: str = ""


def of_report(member: Member, report: DailyReport, letter: Letter) -> EmailMultiAlternatives:
    """A report by mail."""
    words, locale = wording.words(member.user.locale), member.user.locale
    shown = showing.whole(member, report)
    today, zone = wording.day(locale, report.date), ZoneInfo(report.zone)
    stats = shown["stats"]
    waiting = stats["mine"]
    yesterday = (report.date - report.first_day).days == 1
    period = words["yesterday"] if yesterday else words["since"].format(day=wording.day(locale, report.first_day))
    filled = {
        "title": words["title"].format(day=today),
        "summary": shown["summary"].splitlines(),
        "suggestions": shown["suggestions"],
        "period": period,
        "figures": words["figures"].format(**stats),
        "accounts": [
            f"{account['address']}: {words['figures'].format(**account)}" for account in shown["accounts"]
        ] if len(shown["accounts"]) > 1 else [],
        "senders": ", ".join(f"{item['name'] or item['address']} ({item['count']})" for item in stats["senders"]),
        "groups": [*_open(words, shown, zone, locale), _important(words, shown), _today(words, shown, zone)],
        "agents": _agents(words, stats),
        "button": words["open"],
        "link": _link(f"/reports/{report.date.isoformat()}"),
        "foot": words["foot_report"],
    }  # fmt: skip
    subject = words["subject_waiting" if waiting else "subject"].format(day=today, count=waiting)
    return _letter(member, letter, subject, filled)


def of_alerts(member: Member, alerts: Sequence[Alert], zone: ZoneInfo, letter: Letter) -> EmailMultiAlternatives:
    """Alerts by mail, bundled."""
    words, locale = wording.words(member.user.locale), member.user.locale
    rows = [tracking.as_json(alert.followup) | {"missed": True} for alert in alerts]
    groups = []
    for direction in ("mine", "theirs"):
        some = [row for row in rows if row["direction"] == direction]
        groups.append(_followups(words, direction, some, len(some), letter.day, zone, locale))
    filled = {
        "title": words["alert_title"],
        "period": "",
        "figures": words["alert_lead"],
        "groups": [group for group in groups if group.lines],
        "button": words["open_followups"],
        "link": _link("/follow-ups"),
        "foot": words["foot_alerts"],
    }
    subject = words["subject_alert" if len(rows) == 1 else "subject_alerts"].format(count=len(rows))
    return _letter(member, letter, subject, filled)


def _letter(member: Member, letter: Letter, subject: str, filled: dict[str, Any]) -> EmailMultiAlternatives:
    stop = stopping.link(member.tenant.pk, member.user_id, letter.kind)
    words = wording.words(member.user.locale)
    given = filled | {
        "words": words, "locale": member.user.locale, "subject": subject, "stop": stop,
        "settings_link": _link("/reports?settings=1"),
    }  # fmt: skip
    message = EmailMultiAlternatives(
        subject, render_to_string("reports/letter.txt", given), settings.DEFAULT_FROM_EMAIL, [member.user.email]
    )
    host = urlsplit(settings.PMSYNC_PUBLIC_URL).hostname or "localhost"
    message.extra_headers = {
        "Message-ID": f"<{letter.kind}.{letter.pk}@{host}>",
        # No holiday replies (RFC 3834), and one click to end these (RFC 8058).
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    message.attach_alternative(render_to_string("reports/letter.html", given), "text/html")
    return message


def _link(path: str) -> str:
    return f"{settings.PMSYNC_PUBLIC_URL}{path}"


def _open(words: dict[str, str], shown: dict[str, Any], zone: ZoneInfo, locale: str) -> list[Group]:
    groups, today = [], date.fromisoformat(shown["date"])
    for direction in ("mine", "theirs"):
        rows = [item for item in shown["follow_ups"] if item["direction"] == direction]
        groups.append(_followups(words, direction, rows, shown["stats"][direction], today, zone, locale))
    return groups


def _followups(
    words: dict[str, str], direction: str, rows: Sequence[dict[str, Any]], total: int, today: date, zone: ZoneInfo,
    locale: str,
) -> Group:  # fmt: skip
    lines = [
        Line(
            item["said"] or words["no_subject"],
            " · ".join(filter(None, (item["who"], _when(words, item, today, zone, locale)))),
            _link(f"/inboxes/{item['thread_id']}"),
            item["missed"],
        )
        for item in rows[:LINES]
    ]
    left = total - len(lines)
    more = words["more"].format(count=left) if left > 0 else ""
    return Group(words[direction], lines, more, words["nothing_open"])


def _when(words: dict[str, str], item: dict[str, Any], today: date, zone: ZoneInfo, locale: str) -> str:
    due = date.fromisoformat(item["due_on"]) if item["due_on"] else None
    if item["due_at"]:
        due = _moment(item["due_at"]).astimezone(zone).date()
    since = (today - _moment(item["since"]).astimezone(zone).date()).days
    age = words["for_days"].format(count=since) if since > 1 else words["for_day"] if since == 1 else ""
    said = words["due"].format(day=wording.day(locale, due)) if due else age
    return ", ".join(filter(None, (said, words["missed"] if item["missed"] else "")))


def _important(words: dict[str, str], shown: dict[str, Any]) -> Group:
    rows = shown["important"]
    lines = [
        Line(
            item["subject"] or words["no_subject"],
            item["name"] or item["address"],
            _link(f"/inboxes/{item['thread_id']}"),
        )
        for item in rows[:LINES]
    ]
    return Group(words["important"], lines, "", words["nothing_open"])


def _today(words: dict[str, str], shown: dict[str, Any], zone: ZoneInfo) -> Group:
    titles = {f"{item['id']} {item['key']}".strip(): item["title"] or words["no_title"] for item in shown["events"]}
    beside: dict[str, str] = {}
    for first, second in shown["conflicts"]:
        beside.setdefault(first, titles[second])
        beside.setdefault(second, titles[first])
    day, lines = shown["date"], []
    for item in shown["events"]:
        name = f"{item['id']} {item['key']}".strip()
        when = words["all_day"] if item["all_day"] else f"{_clock(item['start'], zone)}–{_clock(item['end'], zone)}"
        clash = words["conflict"].format(title=beside[name]) if name in beside else ""
        said = " · ".join(filter(None, (when, item["location"][:100], clash)))
        lines.append(Line(titles[name], said, _link(f"/calendar/day/{day}"), name in beside))
    return Group(words["today"], lines, "", words["nothing_today"])


def _agents(words: dict[str, str], stats: dict[str, Any]) -> list[str]:
    counts = {"waits": stats["actions"].get("proposed", 0), "read": stats["read"]} | {
        name: stats["actions"].get(name, 0) for name in ("done", "failed", "undone")
    }
    return [words[name].format(count=count) for name, count in counts.items() if count]


def _clock(text: str, zone: ZoneInfo) -> str:
    return _moment(text).astimezone(zone).strftime("%H:%M")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
