"""Which messages of which accounts an act is about, as far as its person may see and change them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.adapters.imap.mailboxes import VIEWS
from apps.users.members import Member

from .. import queries, search
from ..models import Mailbox, Message, Thread, ThreadEntry
from .asked import Asked

# Conversations of one slice: their messages make one command or two.
SLICE: Final = 200


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the messages of a wide selection, and where the next slice begins; None at its end."""

    messages: list[UUID]
    following: Any


def named(member: Member, asked: Asked) -> dict[UUID, list[UUID]]:
    """The messages that the person named, by account. Raises 404 for one that is not theirs to see, 403 where they
    may only read."""
    if asked.messages:
        rows = Message.objects.filter(pk__in=asked.messages, account_id__in=access.visible_account_ids(member))
        found = list(rows.values_list("account_id", "pk"))
        if len(found) != len(asked.messages):
            raise not_found("message")
    else:
        threads = Thread.objects.filter(pk__in=asked.threads, account_id__in=access.visible_account_ids(member))
        if threads.count() != len(asked.threads):
            raise not_found("conversation")
        placed = Message.objects.filter(thread_id__in=asked.threads, orphaned_at__isnull=True)
        found = list(placed.order_by("at", "id").values_list("account_id", "pk"))
    by_account: dict[UUID, list[UUID]] = defaultdict(list)
    for account_id, message_id in found:
        by_account[account_id].append(message_id)
    access.may_act(member, list(by_account))
    return dict(by_account)


def accounts_of(member: Member, asked: Asked) -> list[UUID]:
    """The accounts that a wide selection reaches. Raises as `named` does."""
    if asked.all_in is not None:
        reached = [queries.visible_mailbox(member, asked.all_in).account_id]
    elif asked.query_mailbox is not None:
        reached = [queries.visible_mailbox(member, asked.query_mailbox).account_id]
    elif asked.query_account is not None:
        reached = [access.visible_account(member, asked.query_account).pk]
    else:
        # Everything that is found: in what the person may change. What they may only read is left alone.
        return list(access.changeable_account_ids(member))
    access.may_act(member, reached)
    return reached


def check_mailboxes(member: Member, asked: Asked, account_ids: Sequence[UUID]) -> None:
    """The mailboxes that the act names are the person's, of the mail's own account, and can take mail."""
    if asked.here is not None:
        queries.visible_mailbox(member, asked.here)
    if asked.to is None:
        return
    to = queries.visible_mailbox(member, asked.to)
    if any(account_id != to.account_id for account_id in account_ids):
        problem = "Mail can be moved within its own account only."
    elif not takes_mail(to):
        problem = "Mail cannot be moved into this mailbox: it only shows what lies in others."
    else:
        return
    raise Problem(422, "bad_destination", problem, errors={"to_mailbox_id": [problem]})


def takes_mail(box: Mailbox) -> bool:
    """True for a mailbox that holds messages of its own."""
    return box.whole or (box.selectable and box.role not in {role.value for role in VIEWS})


def first(member: Member, asked: Asked, account_id: UUID, cursor: Any) -> Slice:
    """The slice of a wide selection that begins at `cursor`; None is its beginning."""
    if asked.all_in is not None:
        return _of_mailbox(asked.all_in, asked.filter, cursor)
    threads, following = search.matching_threads(
        member, asked.query or "", account_id, asked.query_mailbox, cursor or "", SLICE // 2
    )
    placed = Message.objects.filter(thread_id__in=threads, orphaned_at__isnull=True).order_by("at", "id")
    return Slice(list(placed.values_list("pk", flat=True)), following)


def _of_mailbox(mailbox_id: UUID, filter_: str, cursor: Any) -> Slice:
    """Conversation by conversation, as the list shows them: what arrives meanwhile stands above and is left alone."""
    found = ThreadEntry.objects.filter(queries.FILTERS[filter_], queries.AWAKE, mailbox_id=mailbox_id)
    if cursor is not None:
        at, thread = datetime.fromisoformat(cursor[0]), UUID(cursor[1])
        found = found.filter(Q(at__lte=at) & (Q(at__lt=at) | Q(at=at, thread_id__lt=thread)))
    entries = list(found.order_by("-at", "-thread_id").values_list("at", "thread_id")[:SLICE])
    following = [entries[-1][0].isoformat(), str(entries[-1][1])] if len(entries) == SLICE else None
    with connection.cursor() as query:
        query.execute(
            "SELECT DISTINCT m.id FROM mail_message m JOIN mail_placement p ON p.message_id = m.id "
            "WHERE m.thread_id = ANY(%s) AND p.mailbox_id = %s AND p.leaving IS NULL ORDER BY m.id",
            [[thread for _, thread in entries], mailbox_id],
        )
        return Slice([row[0] for row in query.fetchall()], following)
