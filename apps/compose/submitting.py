"""A message on its way out, at most once, and what follows when it has left.

NEW ── envelope, every byte but the last ──▶ [note `end`, COMMITTED] ── final dot ──▶ 250 ── [note `taken`] ──▶ sent
 ▲            a cut here: try again                    │ a cut, a kill from here on
 └─────────────────────────────────────────            ▼
                                               the Sent mailbox is searched; not there proves nothing: doubt
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core import blobs
from apps.core.clock import now
from apps.mail import linking, locks
from apps.mail.commands import change
from apps.mail.commands.ledger import Ledger
from apps.mail.models import Message, ThreadLink
from apps.mail.pending import Change
from apps.outbound import queue
from apps.outbound.models import Command
from apps.outbound.run import InDoubt, Later, Run
from apps.providers import connections
from apps.providers.adapters.base import MailAdapter, Role
from apps.providers.adapters.errors import AdapterError, AuthExpired, NeedsReconnect, RecipientsRefused, Rejected
from apps.providers.adapters.smtp.submission import Envelope, Submission, Unknown
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.realtime.journal import Event
from apps.sync import targets
from apps.tenants import context, keys

from . import copies, drafts, sentences
from .models import STATE_FIELDS, Draft, DraftState, Mode, SubmissionServer

GIVE_UP_AFTER: Final = timedelta(hours=24)
"""A server that puts a message off for so long will not take it."""
LOOKS: Final = (30.0, 120.0, 600.0, 3600.0)
"""Seconds until each look into the Sent mailbox of a server that files what it sends."""
COPY_AFTER: Final = timedelta(seconds=10)
"""How long a server that we do not know yet is given to file its copy, before we file one."""


class SubmissionOpener:
    """Opens an account's submission connection, for the pool of warm ones."""

    name = "submission"

    def open(self, account: ProviderAccount) -> Submission:
        """A logged-in connection. What it offers is remembered for the account."""
        adapter = connections.open_submission(account)
        remember(account, adapter)
        return adapter


SUBMISSION: Final = SubmissionOpener()


def remember(account: ProviderAccount, adapter: Submission) -> None:
    """Note what the server said it takes, so that people are told before they write too much."""
    offer = adapter.offer
    SubmissionServer.objects.update_or_create(
        account=account,
        defaults={
            "message_bytes": offer.message_bytes,
            "recipients": offer.recipients,
            "utf8": offer.utf8,
            "seen_at": now(),
        },
    )


def learn(run: Run, command: Command) -> dict[str, Any]:
    """Ask the account's server what it takes."""
    adapter: Submission = run.connection(SUBMISSION)
    remember(run.account, adapter)
    return {}


def files_sent(account: ProviderAccount) -> bool | None:
    """Whether the account's server files what it sends; None when it is not known yet."""
    if (known := connections.files_sent(account)) is not None:
        return known
    server = SubmissionServer.objects.filter(pk=account.pk).first()
    return server.files_sent if server else None


# ---------------------------------------------------------------------------- executing


def execute(run: Run, command: Command) -> dict[str, Any]:
    """One attempt, or the search after one that got to its end. Raises InDoubt, Later, the errors of adapters."""
    draft = _begun(command)
    if draft is None:
        return {"sent": False}
    if command.notes.get("taken"):
        return {"sent": True, "said": command.notes["taken"]}
    if command.notes.get("end"):
        return _searched(run, command, draft)
    if command.started_at is not None and now() - command.started_at > GIVE_UP_AFTER:
        raise Rejected(f"the mail server put it off for a whole day ({command.error_reason})")
    message = _raw(draft)
    told = draft.envelope or {}
    envelope = Envelope(told["sender"], tuple(told["recipients"]), told["utf8"])
    adapter: Submission = run.connection(SUBMISSION)
    try:
        taken = adapter.submit(envelope, message, lambda: run.note(command, end=True))
    except Unknown as unknown:
        run.drop(unknown)
        # Come back at once, to search: `end` is noted, so nothing is sent a second time.
        raise Later(0.0, f"the end of the message was not answered: {unknown}") from None
    except AdapterError:
        if command.notes.get("end"):
            # The server answered the end of the message, and by no means with yes: it has nothing of it.
            run.note(command, end=False)
        raise
    run.note(command, taken=taken.said)
    return {"sent": True, "said": taken.said}


def _begun(command: Command) -> Draft | None:
    """The draft, marked as being sent; None when it is gone."""
    with transaction.atomic():
        draft = Draft.objects.select_for_update(of=("self",)).filter(pk=command.concerns[0]).first()
        if draft is None or draft.command_id != command.pk:
            return None
        if draft.state != DraftState.SENDING:
            draft.become(DraftState.SENDING)
            draft.save(update_fields=STATE_FIELDS)
            journal.append([drafts.event(draft)])
    return Draft.objects.select_related("account").get(pk=draft.pk)


def blob_context(draft_id: UUID, header_id: str) -> str:
    """What a sealed message that waits to leave is bound to."""
    return f"outgoing:{draft_id}:{header_id}"


def _raw(draft: Draft) -> bytes:
    """The message that leaves, as it was sealed."""
    ref = blobs.BlobRef(draft.pack, 0, draft.pack_length)
    try:
        return blobs.read(keys.all_of(context.current()), ref, blob_context(draft.pk, draft.header_id))
    except blobs.BlobMissing:
        raise Rejected("the message as it was to leave is damaged; open the draft and send it again") from None


def _searched(run: Run, command: Command, draft: Draft) -> dict[str, Any]:
    """Look for the message where it would be if it had left. Raises InDoubt when that proves nothing."""
    try:
        adapter: MailAdapter = run.connection(copies.MAIL)
        found = adapter.find(copies.mailbox_of(draft.account, Role.SENT), "Message-ID", f"<{draft.header_id}>")
    except (NeedsReconnect, AuthExpired):
        raise InDoubt(sentences.in_doubt(sentences.locale_of(draft.by_user))) from None
    if found.uids:
        return {"sent": True, "said": "found in Sent"}
    looks = int(command.notes.get("looks", 0))
    if files_sent(draft.account) and looks < len(LOOKS):
        run.note(command, looks=looks + 1)
        raise Later(LOOKS[looks], "the server files what it sends, with a delay")
    raise InDoubt(sentences.in_doubt(sentences.locale_of(draft.by_user)))


# ---------------------------------------------------------------------------- settling


def lock(draft_id: UUID) -> None:
    """The account's mail, for the caller's transaction: settling marks the message that was answered."""
    account_id = Draft.objects.filter(pk=draft_id).values_list("account_id", flat=True).first()
    if account_id is not None:
        locks.account(account_id)


def settle(command: Command, receipt: dict[str, Any]) -> list[Event]:
    """The message has left."""
    draft = _locked(command)
    if draft is None or not receipt.get("sent"):
        return []
    return [*was_sent(draft), drafts.event(draft)]


def _locked(command: Command) -> Draft | None:
    found = Draft.objects.select_for_update(of=("self",)).select_related("account").filter(pk=command.concerns[0])
    draft = found.first()
    return draft if draft is not None and draft.command_id == command.pk else None


def was_sent(draft: Draft) -> list[Event]:
    """Mark the draft as sent and queue what follows: the Sent copy, the end of the draft's own copies, the mark on
    the message that was answered. Answers the events of that mark. Under the account's lock."""
    draft.become(DraftState.SENT)
    draft.sent_at, draft.undo_until, draft.message_id = now(), None, _mirrored(draft)
    draft.save(update_fields=[*STATE_FIELDS, "sent_at", "undo_until", "message_id"])
    known = files_sent(draft.account) is not None
    after = None if known else now() + COPY_AFTER
    queue.put(draft.account, [queue.Wanted(drafts.KIND, "file", [draft.pk], {}, after)])
    drafts.remove_copies(draft)
    return _marked(draft)


def _mirrored(draft: Draft) -> UUID | None:
    """The message in Sent, where the server's own copy was mirrored before we knew that it took ours."""
    links = ThreadLink.objects.filter(account=draft.account, digest=linking.digest(f"id:{draft.header_id}"))
    found = Message.objects.filter(
        thread_id__in=links.values("thread_id"),
        message_id=draft.header_id,
        placements__mailbox__role=Role.SENT.value,
    )
    return found.values_list("pk", flat=True).first()


def _marked(draft: Draft) -> list[Event]:
    flag = {Mode.REPLY: "\\answered", Mode.REPLY_ALL: "\\answered", Mode.FORWARD: "$forwarded"}.get(Mode(draft.mode))
    if flag is None or draft.source_message_id is None:
        return []
    source = Message.objects.select_related("account").filter(pk=draft.source_message_id, orphaned_at=None).first()
    if source is None or source.account_id != draft.account_id:
        return []
    book = Ledger(draft.account)
    spelling = "$Forwarded" if flag == "$forwarded" else ""
    change.store(book, None, Change(frozenset({flag}), frozenset()), [source.pk], spelling=spelling)
    return book.events()


def fail(account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
    """The server will not have it: back to the person, with its words."""
    draft = _locked(command)
    if draft is None:
        return []
    locale = sentences.locale_of(draft.by_user)
    sentence = sentences.not_sent(locale, str((draft.envelope or {}).get("sender", account.address)), error)
    why: dict[str, Any] = {"code": error.code, "sentence": sentence}
    if isinstance(error, RecipientsRefused):
        why["recipients"] = [{"address": one.address, "said": one.said} for one in error.refusals]
    draft.become(DraftState.FAILED, why)
    draft.undo_until = draft.send_at = None
    draft.save(update_fields=[*STATE_FIELDS, "undo_until", "send_at"])
    return [drafts.event(draft), _failed(draft, command, error.code, sentence)]


def doubt(account: ProviderAccount, command: Command, reason: str) -> list[Event]:
    """Whether it left is not known: the person decides."""
    draft = _locked(command)
    if draft is None:
        return []
    draft.become(DraftState.DOUBT, {"code": "in_doubt", "sentence": reason})
    draft.undo_until = None
    draft.save(update_fields=[*STATE_FIELDS, "undo_until"])
    return [drafts.event(draft), _failed(draft, command, "in_doubt", reason)]


def _failed(draft: Draft, command: Command, code: str, sentence: str) -> Event:
    """`command:failed` for whoever sent it."""
    data = {
        "id": str(command.pk),
        "key": None,
        "action": "send",
        "code": code,
        "sentence": sentence,
        "messages": [],
        "threads": [str(draft.thread_id)] if draft.thread_id else [],
        "draft_id": str(draft.pk),
    }
    return Event("command:failed", draft.account_id, data, only_for=(draft.by_user,))


# ---------------------------------------------------------------------------- the Sent copy


def file(run: Run, command: Command) -> dict[str, Any]:
    """See that the Sent mailbox holds the message once: the server's own copy, or ours. Safe to repeat."""
    draft = Draft.objects.select_related("account").filter(pk=command.concerns[0]).first()
    if draft is None or not draft.pack:
        return {"filed": None}
    adapter: MailAdapter = run.connection(copies.MAIL)
    box = copies.mailbox_of(draft.account, Role.SENT)
    ours = bool(command.notes.get("appending"))
    found = adapter.find(box, "Message-ID", f"<{draft.header_id}>")
    if found.uids:
        return {"filed": "by us" if ours else "by the server", "epoch": found.epoch, "uid": found.uids[0]}
    by_server = files_sent(draft.account)
    looks = int(command.notes.get("looks", 0))
    if by_server and looks < 3:
        run.note(command, looks=looks + 1)
        raise Later(COPY_AFTER.total_seconds() * (looks + 1), "the server's own copy is awaited")
    if connections.files_sent(draft.account):
        return {"filed": "awaited in vain"}  # it shows it in its own time; another copy would be one too many
    run.note(command, appending=True)
    message = str((draft.envelope or {})["bcc"]).encode("utf-8") + _raw(draft)
    put = adapter.append(box, message, ("\\Seen",), draft.sent_at or now())
    return {"filed": "by us", "epoch": put.epoch, "uid": put.uid}


def filed(account: ProviderAccount, command: Command, receipt: dict[str, Any]) -> list[Event]:
    """Remember whose copy it is, and have the mirror fetch it at once."""
    if receipt.get("filed") in ("by us", "by the server"):
        by_server = receipt["filed"] == "by the server"
        SubmissionServer.objects.filter(pk=account.pk).exclude(files_sent=by_server).update(files_sent=by_server)
        look_now(account)
    return []


def look_now(account: ProviderAccount) -> None:
    """Have the mail synced after this transaction: something that we did is there to be seen."""
    tenant_id = context.current().pk

    def ask() -> None:
        targets.request_account(tenant_id, account.pk, "command")

    transaction.on_commit(ask)
