"""Sending as a person does it: now with a moment to take it back, at a time of their choice, again after a doubt.

What leaves is built and sealed here, once: every attempt sends the same bytes under the same
Message-ID. From here on the outbound queue carries it (`submitting`).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from apps.core import blobs
from apps.core.problems import Problem
from apps.outbound import queue
from apps.outbound.models import OPEN, Command, State
from apps.realtime import journal
from apps.tenants import context, keys
from apps.users.members import Member
from apps.users.models import User

from . import adopting, building, drafts, identities, recipients, submitting, uploads, wording
from .models import STATE_FIELDS, Draft, DraftState

UNDO: Final = (0, 5, 10, 20, 30)
LATEST: Final = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class When:
    """How long it can be taken back, and the time it is put off to."""

    undo_seconds: int = 0
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that is built and sealed, as the draft stood in `rev`; nothing of it has been queued."""

    draft: Draft
    rev: int
    when: When
    moment: datetime
    header_id: str
    built: building.Built
    pack: blobs.BlobRef


def send(member: Member, draft_id: UUID, rev: int, when: When) -> Draft:
    """Put a draft on its way. The same again, once it is on its way, answers how it stands.

    Raises 409 `draft_changed` when another version stands, 422 naming the field when it cannot be sent.
    """
    ready = prepare(member, draft_id, rev, when)
    return dispatch(member, ready) if isinstance(ready, Prepared) else ready


def prepare(member: Member, draft_id: UUID, rev: int, when: When) -> Prepared | Draft:
    """Build and seal what would be sent, outside a transaction; the draft itself when it is on its way already.

    Raises as `send`.
    """
    draft = adopting.opened(member, draft_id)
    if draft.state not in drafts.EDITABLE:
        return draft
    _check_rev(draft, rev)
    moment = _moment(when)
    for upload in uploads.of_draft(draft.pk):
        if not uploads.complete(upload):
            sentence = f"“{upload.filename}” is still being uploaded."
            raise recipients.refused("attachments", sentence, "file_incomplete")
        uploads.settle(upload)
    header_id = f"{uuid.uuid4()}@{building.domain_of(draft.account, draft)}"
    author = User.objects.filter(pk=member.user_id).first()
    built = building.sent(draft, header_id, moment.astimezone(wording.zone(author) if author else None))
    _check_limits(draft, built)
    return Prepared(draft, rev, when, moment, header_id, built, _sealed(draft, header_id, built))


def dispatch(member: Member, ready: Prepared) -> Draft:
    """Queue what was prepared, if the draft still stands as it did. Raises as `send`."""
    with transaction.atomic():
        draft = Draft.objects.select_for_update(of=("self",)).get(pk=ready.draft.pk)
        if draft.state not in drafts.EDITABLE:
            return draft
        _check_rev(draft, ready.rev)
        _queue(draft, ready.when, ready.moment)
        pack, built = ready.pack, ready.built
        draft.header_id, draft.pack, draft.pack_length = ready.header_id, pack.pack, pack.length
        draft.envelope = {
            "sender": built.sender,
            "recipients": list(built.recipients),
            "utf8": built.utf8,
            "bcc": built.bcc.decode("utf-8"),
        }
        draft.by_user = member.user_id
        draft.save()
        journal.append([drafts.event(draft)])
    return draft


def _check_rev(draft: Draft, rev: int) -> None:
    if rev != draft.rev:
        detail = "This draft was changed elsewhere meanwhile. Look at it before it is sent."
        raise Problem(409, "draft_changed", detail, current=drafts.as_json(draft))


def _moment(when: When) -> datetime:
    """When it leaves, by the database's clock, which the queue goes by. Raises 422 for a time that cannot be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
    if when.undo_seconds not in UNDO:
        raise recipients.refused("undo_seconds", f"`undo_seconds` is one of {UNDO}.", "invalid")
    if when.send_at is None:
        return moment + timedelta(seconds=when.undo_seconds)
    if when.send_at.tzinfo is None:
        raise recipients.refused("send_at", "The time needs its zone, such as +01:00.", "bad_time")
    if not moment < when.send_at < moment + LATEST:
        raise recipients.refused("send_at", "Choose a time that is still to come, within two years.", "bad_time")
    return when.send_at


def _check_limits(draft: Draft, built: building.Built) -> None:
    server = identities.server_of(draft.account_id)
    if server is None:
        return
    if server.message_bytes and len(built.raw) > server.message_bytes:
        sentence = (
            f"The message has {uploads.megabytes(len(built.raw))} as it travels; the mail server of "
            f"{draft.account.address} takes {uploads.megabytes(server.message_bytes)}."
        )
        raise recipients.refused("attachments", sentence, "too_big")
    if server.recipients and len(built.recipients) > server.recipients:
        sentence = (
            f"The message has {len(built.recipients)} recipients; the mail server of {draft.account.address} "
            f"takes {server.recipients} at a time."
        )
        raise recipients.refused("to", sentence, "too_many")
    if built.utf8 and not server.utf8 and server.seen_at is not None:
        odd = next(address for address in (*built.recipients, built.sender) if not address.isascii())
        sentence = f"The mail server of {draft.account.address} does not take addresses like {odd}."
        raise recipients.refused("to", sentence, "address_not_supported")


def _sealed(draft: Draft, header_id: str, built: building.Built) -> blobs.BlobRef:
    key = keys.newest(context.current())
    pair = (submitting.blob_context(draft.pk, header_id), built.raw)
    return blobs.write_pack(uploads.folder(draft.account_id), key, [pair])[0]


def _queue(draft: Draft, when: When, moment: datetime) -> None:
    later = when.send_at is not None
    if not later:
        # What the Drafts mailbox still lacks would only be put there to be taken away again.
        saves = Command.objects.filter(OPEN, kind=drafts.KIND, action="save", concerns__contains=[draft.pk])
        queue.cancel(list(saves.values_list("pk", flat=True)))
    waits = later or when.undo_seconds > 0
    wanted = queue.Wanted(drafts.KIND, "send", [draft.pk], {}, moment if waits else None)
    (command,) = queue.put(draft.account, [wanted])
    draft.command_id = command.pk
    draft.become(DraftState.SCHEDULED if later else DraftState.WAITING)
    draft.send_at = when.send_at
    draft.undo_until = moment if when.undo_seconds and not later else None


def unsend(member: Member, draft_id: UUID) -> Draft:
    """Take a message back that waits. Raises 409 `too_late` when its sending has begun."""
    drafts.visible(member, draft_id)
    with transaction.atomic():
        draft = Draft.objects.select_for_update(of=("self",)).get(pk=draft_id)
        if draft.state in drafts.EDITABLE:
            return draft
        waits = draft.state in (DraftState.WAITING, DraftState.SCHEDULED)
        if not waits or not drafts.take_back(draft):
            raise Problem(409, "too_late", "It is too late: this message has been sent or is on its way.")
        to_editing(draft)
        if draft.saved_rev < draft.rev:
            drafts.save_soon(draft)
        journal.append([drafts.event(draft)])
    return draft


def to_editing(draft: Draft) -> None:
    """Let the person go on writing; what was sealed to leave is forgotten (its pack goes with the sweep)."""
    draft.become(DraftState.EDITING)
    draft.command_id = draft.envelope = draft.send_at = draft.undo_until = None
    draft.header_id, draft.pack, draft.pack_length = "", "", 0
    draft.save()


def resolve(member: Member, draft_id: UUID, decision: str) -> Draft:
    """The person's word on a message in doubt: send it again, or take it as sent."""
    drafts.visible(member, draft_id)
    with transaction.atomic():
        # In the order of the runner: the account's mail first, for its mark on the answered message.
        submitting.lock(draft_id)
        draft = Draft.objects.select_for_update(of=("self",)).select_related("account").get(pk=draft_id)
        if draft.state != DraftState.DOUBT:
            raise Problem(409, "not_in_doubt", "There is nothing to decide about this message.")
        events: list[Any] = []
        if decision == "resend":
            command = drafts.command_of(draft)
            if command is None:
                raise Problem(409, "too_late", "This was too long ago: open the message and send it anew.")
            queue.reopen(command, notes={})
            draft.become(DraftState.SENDING)
            draft.save(update_fields=STATE_FIELDS)
        else:
            drafts.close_command(draft, State.DONE)
            events = submitting.was_sent(draft)
        journal.append([*events, drafts.event(draft)])
    return draft
