"""What new mail means for what was written here: our own copies recognised, doubts settled, reports filed.

Runs inside the transaction that writes the batch, under the account's lock; no network, a few queries.
"""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F

from apps.core.ids import new_id
from apps.mail import events as mail_events
from apps.mail import linking
from apps.mail.models import Mailbox, Message, ThreadLink
from apps.mail.prepare import Draft as Arrived
from apps.outbound import queue
from apps.outbound.models import State
from apps.providers.adapters.base import Role
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from . import building, drafts, sentences, submitting
from .models import Draft, DraftState

_HEADER: Final = re.compile(
    rb"^" + building.HEADER.encode() + rb":[ \t]*([0-9a-f-]{36})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
HEAD_MOST: Final = 65_536
STATES: Final = {"failed": "failed", "delayed": "delayed", "delivered": "delivered", "relayed": "delivered",
                 "expanded": "delivered"}  # fmt: skip
REPORTED_MOST: Final = 500


def told(account: ProviderAccount, mailbox: Mailbox, new: Sequence[Arrived]) -> list[Event]:
    """See `mail.arrivals.Listener`."""
    if mailbox.role == Role.DRAFTS.value:
        return _drafts(account, new)
    return [*_sent(account, mailbox, new), *_reports(account, new)]


# ---------------------------------------------------------------------------- Drafts


def _drafts(account: ProviderAccount, new: Sequence[Arrived]) -> list[Event]:
    """Our own versions come back: they are what their draft shows. Another client's version is taken over."""
    named = {item.id: draft_id for item in new if (draft_id := _named(item)) is not None}
    held = {draft.pk: draft for draft in Draft.objects.filter(account=account, pk__in=named.values())}
    for item in new:
        draft = held.get(named[item.id]) if item.id in named else None
        if draft is None or draft.state == DraftState.SENT:
            continue
        if building.fingerprint(item.mail) in set(draft.copies.values_list("fingerprint", flat=True)):
            Draft.objects.filter(pk=draft.pk).update(message_id=item.id)
        else:
            args = {"message": str(item.id), "follows": _follows(draft, item)}
            queue.put(account, [queue.Wanted(drafts.KIND, "adopt", [draft.pk], args)])
    return []


def _follows(draft: Draft, item: Arrived) -> int | None:
    """The version of ours that another client's began from; None when ours has gone on since, or may have."""
    if draft.rev != draft.saved_rev:
        return None
    base = re.match(rf"{draft.pk}\.(\d{{1,18}})@", item.mail.message_id)
    if base is not None:
        return draft.rev if int(base[1]) == draft.rev else None
    later = item.record.internal_date is not None and item.record.internal_date >= draft.updated_at
    return draft.rev if later else None


def _named(item: Arrived) -> UUID | None:
    """The draft that a message says it is a version of."""
    head = (item.record.raw or b"")[:HEAD_MOST].split(b"\r\n\r\n", 1)[0]
    found = _HEADER.search(head)
    try:
        return UUID(found[1].decode()) if found else None
    except ValueError:
        return None


# ---------------------------------------------------------------------------- Sent


def _sent(account: ProviderAccount, mailbox: Mailbox, new: Sequence[Arrived]) -> list[Event]:
    """A message that we sent, seen in the account: proof that it left."""
    by_id = {item.mail.message_id: item.id for item in new if item.mail.message_id}
    if not by_id:
        return []
    found: list[Event] = []
    ours = Draft.objects.select_for_update(of=("self",)).select_related("account")
    for draft in ours.filter(account=account, header_id__in=list(by_id)):
        if draft.state == DraftState.DOUBT:
            drafts.close_command(draft, State.DONE)
            found += submitting.was_sent(draft)
        elif draft.state != DraftState.SENT or draft.message_id is not None:
            continue
        if mailbox.role == Role.SENT.value:
            draft.message_id = by_id[draft.header_id]
            draft.save(update_fields=["message_id"])
        found.append(drafts.event(draft))
    return found


# ---------------------------------------------------------------------------- delivery reports


def _reports(account: ProviderAccount, new: Sequence[Arrived]) -> list[Event]:
    """Delivery reports (RFC 3464, and bounces in words) become states of the message that they are about."""
    about: dict[str, bytes] = {}
    rows: dict[tuple[bytes, str], list[Any]] = {}
    for item in new:
        mail = item.mail
        if not mail.bounced_message_id or not mail.bounced:
            continue
        digest = about[mail.bounced_message_id] = linking.digest(f"id:{mail.bounced_message_id}")
        for one in mail.bounced[:REPORTED_MOST]:
            state = STATES.get(one.action, "failed")
            sentence = sentences.at_recipient(state, one.status, one.diagnostic)
            rows[digest, one.address.lower()[:320]] = [state, sentence, item.id, item.at]
    if not rows:
        return []
    _write(account, rows)
    threads = ThreadLink.objects.filter(account=account, digest__in=list(about.values())).values("thread_id")
    concerned = Message.objects.filter(thread_id__in=threads, message_id__in=list(about))
    # They are shown otherwise from now on: who holds them as they were would take the news for old.
    concerned.update(rev=F("rev") + 1)
    return mail_events.states(account.pk, set(concerned.values_list("pk", flat=True)))


def _write(account: ProviderAccount, rows: dict[tuple[bytes, str], list[Any]]) -> None:
    """The newest report of a recipient counts: delayed, then failed or delivered."""
    columns = [(new_id(), digest, address, *told) for (digest, address), told in rows.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO compose_delivery (id, account_id, about, address, state, sentence, report_id, at) "
            "SELECT x.id, %s, x.about, x.address, x.state, x.sentence, x.report, x.at FROM unnest(%s::uuid[], "
            "%s::bytea[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[]) "
            "AS x (id, about, address, state, sentence, report, at) "
            "ON CONFLICT (account_id, about, address) DO UPDATE SET state = excluded.state, "
            "sentence = excluded.sentence, report_id = excluded.report_id, at = excluded.at "
            "WHERE compose_delivery.at <= excluded.at",
            [account.pk, *(list(column) for column in zip(*columns, strict=True))],
        )
