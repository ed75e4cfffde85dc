"""Drafts that another client wrote, or changed: taken over as ours, or kept beside ours when both changed."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.core.clock import now
from apps.core.ids import new_id
from apps.core.problems import Problem
from apps.mail import bodies
from apps.mail.models import Attachment, Message, Placement
from apps.providers import access
from apps.providers.adapters import mime
from apps.providers.adapters.base import Role
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.users.members import Member

from . import building, drafts, identities, rights, uploads
from .models import Draft, DraftCopy, DraftState, Identity


def opened(member: Member, draft_id: UUID) -> Draft:
    """One draft to be gone on with; a message of the Drafts mailbox that another client wrote becomes one."""
    try:
        return drafts.visible(member, draft_id)
    except Problem:
        message = Message.objects.filter(pk=draft_id, account_id__in=access.visible_account_ids(member)).first()
        if message is None or not _in_drafts(message) or not rights.may_write(member, message.account):
            raise
        return from_message(member, message)


def discard(member: Member, draft_id: UUID) -> None:
    """Throw a draft away, also one that another client wrote. Raises 409 for one that is on its way out."""
    opened(member, draft_id)
    drafts.discard(member, draft_id)


def _in_drafts(message: Message) -> bool:
    return Placement.objects.filter(message=message, mailbox__role=Role.DRAFTS.value).exists()


def from_message(member: Member, message: Message) -> Draft:
    """A draft of ours that stands for a message of the Drafts mailbox. Twice gives the same."""
    mail = mime.parse(bodies.whole(message), internal_date=message.received_at)
    try:
        with transaction.atomic():
            draft = _made(message.pk, message, mail, member.user_id)
            journal.append([drafts.event(draft)])
    except IntegrityError:  # somebody opened it in the same moment
        return Draft.objects.select_related("account", "identity").get(pk=message.pk)
    return draft


def _made(draft_id: UUID, message: Message, mail: mime.ParsedMail, user_id: UUID) -> Draft:
    draft = Draft(id=draft_id, account=message.account, by_user=user_id, rev=1, saved_rev=1, updated_at=now())
    draft.message_id = message.pk
    draft.in_reply_to, draft.references = mail.in_reply_to, list(mime.chain(mail))
    if draft.references:
        draft.mode, draft.thread_id = "reply", message.thread_id
    fill(draft, mail)
    draft.save(force_insert=True)
    for item in message.attachments.order_by("id"):
        uploads.take_along(draft, item, user_id)
    note_copy(draft, message, mail)
    return draft


def fill(draft: Draft, mail: mime.ParsedMail) -> None:
    """Write what the message says into the draft."""
    draft.to, draft.cc, draft.bcc = _people(mail.to), _people(mail.cc), _people(mail.bcc)
    draft.subject = mail.subject
    draft.html = building.clean_html(mail.html) if mail.html else mime.text_to_html(mail.text) if mail.text else ""
    draft.quote, draft.include_quote = None, False  # the text holds it already
    draft.identity = _identity(draft.account, mail)


def _people(people: tuple[mime.Address, ...]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in people]


def _identity(account: ProviderAccount, mail: mime.ParsedMail) -> Identity:
    sender = mail.from_[0].address.lower() if mail.from_ else ""
    held = list(Identity.objects.filter(account=account))
    return next((one for one in held if one.address.lower() == sender), None) or identities.default_of(account)


def note_copy(draft: Draft, message: Message, mail: mime.ParsedMail) -> None:
    """Note that this message is what the draft says, and where it lies."""
    place = Placement.objects.filter(message=message, mailbox__role=Role.DRAFTS.value, uid__gt=0)
    found = place.select_related("mailbox").first()
    DraftCopy.objects.update_or_create(
        draft=draft,
        rev=draft.rev,
        defaults={
            "fingerprint": building.fingerprint(mail),
            "uid": found.uid if found else None,
            "epoch": found.mailbox.epoch if found else None,
        },
    )


def take_over(account: ProviderAccount, draft_id: UUID, message_id: UUID, follows: int | None) -> dict[str, Any]:
    """Another client changed our copy: its version becomes ours when it `follows` the one that stands, else a draft
    beside it."""
    message = Message.objects.filter(pk=message_id, account=account, orphaned_at__isnull=True).first()
    if message is None:
        return {"adopted": "gone"}
    mail = mime.parse(bodies.whole(message), internal_date=message.received_at)
    for upload in uploads.of_draft(draft_id):
        uploads.settle(upload)
    with transaction.atomic():
        draft = Draft.objects.select_for_update(of=("self",)).filter(pk=draft_id, account=account).first()
        if draft is None or draft.state == DraftState.SENT:
            return {"adopted": "draft gone"}
        known = set(draft.copies.values_list("fingerprint", flat=True))
        if building.fingerprint(mail) in known:
            return {"adopted": "known"}
        if draft.rev != follows or draft.state not in drafts.EDITABLE:
            copy = _made(new_id(), message, mail, draft.by_user)
            journal.append([drafts.event(copy)])
            return {"adopted": "beside", "copy": str(copy.pk)}
        fill(draft, mail)
        draft.rev += 1
        draft.saved_rev, draft.message_id, draft.updated_at = draft.rev, message.pk, now()
        draft.save()
        _take_files(draft, message)
        note_copy(draft, message, mail)
        # The version that it replaces is removed with the next save; until then both lie in the mailbox.
        drafts.clean_up(draft)
        journal.append([drafts.event(draft)])
    return {"adopted": "taken over"}


def _take_files(draft: Draft, message: Message) -> None:
    """The message's files replace the draft's; those that are the same stay as they are."""
    held = {(one.filename, one.size): one for one in uploads.of_draft(draft.pk)}
    keep: list[UUID] = []
    for item in Attachment.objects.filter(message=message).order_by("id"):
        same = held.get((item.filename[:255], item.size))
        keep.append(same.pk if same else uploads.take_along(draft, item, draft.by_user).pk)
    uploads.hold_only(draft, keep)
