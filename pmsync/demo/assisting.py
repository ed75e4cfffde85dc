"""What the assistant has to show when the demo has started: two proposals that wait, and a report of today.

    python -m pmsync.demo.assisting

A program of its own: it waits until mail and calendars are there and the recent mail was read, then asks the product's
own functions. Done twice it is done.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")

import django

django.setup()

from apps.ai import actions
from apps.ai.models import Reading
from apps.calendar.models import Calendar
from apps.mail.models import Message
from apps.providers.models import ProviderAccount
from apps.reports import tasks
from apps.reports.models import DailyReport
from apps.tenants import context
from apps.tenants.models import Tenant
from apps.users import members, people

from . import cast

LOOK: Final = 1.0
LONGEST: Final = 180.0
"""Seconds to wait for mail, calendars and reading."""
FROM_MACHINES: Final = ("newsletter", "notification", "auto_reply", "bounce", "list", "phishing")
LIFE: Final = timedelta(days=3)

TEXTS: Final = {
    "en": (
        "Thank you, I have seen this. I will come back to you with an answer by tomorrow noon.\n\nBest regards\nEmily",
        "The message asks for an answer, and none was sent so far.",
        "Call about the open offer",
        "The last letters name a call, and nothing is in the calendar yet.",
    ),
    "it": (
        "Grazie, ho visto. Le rispondo entro domani a mezzogiorno.\n\nCordiali saluti\nGiulia",
        "Il messaggio chiede una risposta e finora non ne è partita nessuna.",
        "Chiamata sull'offerta aperta",
        "Le ultime lettere parlano di una chiamata, e in calendario non c'è ancora nulla.",
    ),
}


def ready(account: ProviderAccount) -> bool:
    """True when there is something to speak of, and nothing recent that is still unread by the agents."""
    return (
        Message.objects.filter(account=account, placements__mailbox__role="inbox").exists()
        and Calendar.objects.filter(account_id=account.pk, writable=True).exists()
        and Reading.objects.filter(account=account).exists()
        and not Reading.objects.filter(account=account, state=Reading.State.WAITING).exists()
    )


def work(member: members.Member, person: cast.DemoPerson, account: ProviderAccount) -> None:
    """The proposals and the report."""
    answer, why, title, reason = TEXTS[person.locale]
    inbox = Message.objects.filter(account=account, placements__mailbox__role="inbox")
    asked = inbox.filter(pk__in=Reading.objects.filter(account=account, needs_reply=True).values("message_id"))
    told = Reading.objects.filter(account=account, category__in=FROM_MACHINES).values("message_id")
    newest = asked.order_by("-at").first() or inbox.exclude(pk__in=told).order_by("-at")[0]
    sources = [{"type": "message", "id": str(newest.pk)}]
    args = {"message_id": str(newest.pk), "mode": "reply", "text": answer}
    actions.propose(member, account, actions.Wish("writer", "email.reply", args, why, "demo:reply", sources))
    day = (datetime.now(UTC).astimezone(ZoneInfo(person.timezone)) + LIFE).date()
    at = {
        name: {"at": f"{day}T{hour}:00", "zone": person.timezone}
        for name, hour in (("start", "11:00"), ("end", "11:30"))
    }
    wish = actions.Wish("reader", "calendar.create", {"title": title, **at}, reason, f"demo:event:{day}", sources)
    actions.propose(member, account, wish)
    if not DailyReport.objects.filter(user_id=member.user_id).exists():
        tasks.make_now.apply_async((str(member.tenant.pk), str(member.user_id)), queue=tasks.queue_of(late=False))


def main() -> None:
    """Wait for each assisted person's account, then work for them."""
    waiting = [(company, person) for company in cast.TENANTS for person in company.people if person.assisted]
    deadline = time.monotonic() + LONGEST
    while waiting and time.monotonic() < deadline:
        for company, person in list(waiting):
            made, user = Tenant.objects.get(slug=company.slug), people.find(person.email)
            member = members.of(user, made) if user is not None else None
            if member is None:
                waiting.remove((company, person))
                continue
            with context.open(made):
                account = ProviderAccount.objects.filter(owner_id=member.user_id).order_by("created_at").first()
                if account is not None and ready(account):
                    work(member, person, account)
                    waiting.remove((company, person))
        time.sleep(LOOK)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
