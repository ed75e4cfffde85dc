"""Drafts: saved as they are typed, versions counted, nothing typed ever lost.

Whoever saves says which version theirs began from. When that is not the newest, theirs is kept as a
draft of its own and they are told so: two devices never overwrite one another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.core.ids import new_id
from apps.core.problems import Problem, not_found
from apps.mail import queries
from apps.mail.models import Message
from apps.outbound import queue
from apps.outbound.models import OPEN, Command, State
from apps.providers import access, connections
from apps.providers.accounts import iso
from apps.providers.adapters.mime import addressing
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.realtime.journal import Event
from apps.users.members import Member

from . import building, identities, quoting, recipients, rights, uploads
from .models import Draft, DraftState, Identity, Mode

KIND: Final = "compose"
SAVE_AFTER: Final = timedelta(seconds=4)
"""The Drafts mailbox gets the version that stands when the person paused, not every one of them."""
HTML_MOST: Final = 1_500_000
"""Characters. Below what a request may have; more than a person writes."""
SUBJECT_MOST: Final = 5_000
EDITABLE: Final = frozenset({DraftState.EDITING, DraftState.FAILED})
CONTENT: Final = ("to", "cc", "bcc", "subject", "html", "include_quote", "calendar", "calendar_method")


@dataclass(frozen=True, slots=True)
class Given:
    """What a client sends of a draft; None for what it leaves as it is."""

    rev: int
    account_id: UUID | None = None
    identity_id: UUID | None = None
    mode: str = Mode.NEW
    source_message_id: UUID | None = None
    to: list[dict[str, str]] | None = None
    cc: list[dict[str, str]] | None = None
    bcc: list[dict[str, str]] | None = None
    subject: str | None = None
    html: str | None = None
    include_quote: bool | None = None
    attachments: list[str] | None = None
    calendar: str | None = None
    calendar_method: str | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "Given":
        """From the valid fields of a request. Raises the 422 problem that names the field."""
        people = {name: recipients.read(name, data[name]) if name in data else None for name in recipients.FIELDS}
        subject = data.get("subject")
        if subject is not None:
            subject = subject.replace("\t", " ")
            if addressing.has_control(subject):
                sentence = "The subject holds a line break or another control character, which mail cannot carry."
                raise recipients.refused("subject", sentence, "bad_header")
            if len(subject) > SUBJECT_MOST:
                raise recipients.refused("subject", "The subject is too long.", "too_big")
        html = data.get("html")
        if html is not None:
            if len(html) > HTML_MOST:
                raise recipients.refused("html", "The text is too long: send it as a file.", "too_big")
            html = building.clean_html(html.replace("\0", ""))
        files = data.get("attachments")
        return cls(
            rev=data["rev"],
            account_id=data.get("account_id"),
            identity_id=data.get("identity_id"),
            mode=data.get("mode", Mode.NEW),
            source_message_id=data.get("source_message_id"),
            subject=subject,
            html=html,
            include_quote=data.get("include_quote"),
            attachments=[str(item["id"]) for item in files] if files is not None else None,
            to=people["to"],
            cc=people["cc"],
            bcc=people["bcc"],
        )


# ---------------------------------------------------------------------------- reading


def all_of(member: Member) -> dict[str, Any]:
    """Every draft that the person may go on with, the newest first."""
    seq = journal.head()
    accounts = rights.writable_accounts(member)
    found = Draft.objects.filter(account__in=accounts).exclude(state=DraftState.SENT).order_by("-updated_at")[:500]
    return {"seq": seq, "items": [as_json(draft) for draft in found]}


def visible(member: Member, draft_id: UUID) -> Draft:
    """One draft. Raises the 404 of what is missing and of what is another's."""
    found = (
        Draft.objects.select_related("account", "identity")
        .filter(pk=draft_id, account_id__in=access.visible_account_ids(member))
        .first()
    )
    if found is None or not rights.may_write(member, found.account):
        raise not_found("draft")
    return found


# ---------------------------------------------------------------------------- writing


def save(member: Member, draft_id: UUID, given: Given) -> Draft:
    """Save a version. Raises the 409 problem `draft_changed` with what stands and the copy that was kept."""
    existing = Draft.objects.filter(pk=draft_id).exists()
    beginning = None if existing else _beginning(member, given)
    with transaction.atomic():
        draft = Draft.objects.select_for_update(of=("self",)).filter(pk=draft_id).first()
        copy: Draft | None = None
        if draft is None:
            if beginning is None:
                raise not_found("draft")  # discarded in this moment
            draft = _created(member, draft_id, given, beginning)
        else:
            rights_of(member, draft)
            if given.rev != draft.rev and not _same(draft, given):
                copy = _copied(member, draft, given)
            elif given.rev == draft.rev:
                _check_editable(draft)
                _changed(member, draft, given)
        if copy is None:
            return draft
    raise Problem(
        409,
        "draft_changed",
        "This draft was changed elsewhere meanwhile. What you wrote is kept as a copy.",
        current=as_json(draft),
        copy=as_json(copy),
    )


def rights_of(member: Member, draft: Draft) -> None:
    """Raises the 404 of another's draft, 403 for a reader."""
    if draft.account_id not in access.visible_account_ids(member):
        raise not_found("draft")
    rights.writable(member, draft.account_id)


def _check_editable(draft: Draft) -> None:
    if draft.state in EDITABLE:
        return
    if draft.state in (DraftState.WAITING, DraftState.SCHEDULED):
        raise Problem(
            409, "draft_waiting", "This message waits to be sent. Take it back first.", current=as_json(draft)
        )
    if draft.state == DraftState.DOUBT:
        detail = "Whether this message was sent is not known yet. Decide that first."
        raise Problem(409, "draft_in_doubt", detail, current=as_json(draft))
    raise Problem(409, "draft_sent", "This message has been sent or is on its way.", current=as_json(draft))


@dataclass(frozen=True, slots=True)
class _Start:
    account: ProviderAccount
    identity: Identity
    source: Message | None
    quoted: quoting.Beginning | None


def _beginning(member: Member, given: Given) -> _Start:
    """Everything a new draft needs that takes the network or long: outside the transaction."""
    source = queries.visible_message(member, given.source_message_id) if given.source_message_id else None
    account_id = given.account_id or (source.account_id if source else None)
    if account_id is None:
        mine = rights.writable_accounts(member)
        if not mine:
            raise Problem(422, "no_account", "Connect a mail account first.")
        account_id = mine[0].pk
    account = rights.writable(member, account_id)
    quoted = None
    if source is not None and given.mode != Mode.NEW:
        quoted = quoting.begin(member.user, account, source, given.mode)
    identity = _identity(account, given) or (quoted.identity if quoted else identities.default_of(account))
    return _Start(account, identity, source, quoted)


def _identity(account: ProviderAccount, given: Given) -> Identity | None:
    if given.identity_id is None:
        return None
    found = Identity.objects.filter(pk=given.identity_id, account=account).first()
    if found is None:
        raise not_found("identity")
    return found


def _created(member: Member, draft_id: UUID, given: Given, start: _Start) -> Draft:
    draft = Draft(
        id=draft_id, account=start.account, identity=start.identity, by_user=member.user_id, mode=given.mode, rev=0
    )
    if start.source is not None:
        draft.source_message_id = start.source.pk
    if start.quoted is not None and start.source is not None:
        draft.quote = start.quoted.quote
        draft.in_reply_to, draft.references = start.quoted.in_reply_to, start.quoted.references
        draft.thread_id = start.source.thread_id if given.mode != Mode.FORWARD else None
        draft.to, draft.cc, draft.subject = start.quoted.to, start.quoted.cc, start.quoted.subject
    _changed(member, draft, given)
    _learn_limits(draft.account)
    if start.quoted is not None and given.attachments is None:
        for item in start.quoted.files:
            uploads.take_along(draft, item, member.user_id)
    return draft


def _learn_limits(account: ProviderAccount) -> None:
    """Have the account's submission server asked what it takes, the first time that somebody writes there."""
    if not connections.sends(account) or identities.server_of(account.pk) is not None:
        return
    open_already = Command.objects.filter(OPEN, account=account, kind=KIND, action="learn")
    if not open_already.exists():
        queue.put(account, [queue.Wanted(KIND, "learn")])


def _changed(member: Member, draft: Draft, given: Given) -> None:
    """Write a new version, unless it says what the last one said; have it saved to the Drafts mailbox."""
    fresh = draft._state.adding
    before = None if fresh else _told(draft)
    _fill(draft, given)
    if given.account_id is not None and given.account_id != draft.account_id:
        draft.account = rights.writable(member, given.account_id)
        draft.identity = None
    if given.identity_id is not None:
        draft.identity = _identity(draft.account, given)
    draft.updated_at = draft.updated_at or now()
    if fresh:
        draft.save(force_insert=True)
    if given.attachments is not None:
        uploads.attach(member, draft, given.attachments)
    if before is not None and before == _told(draft):
        return
    draft.rev += 1
    draft.become(DraftState.EDITING)
    draft.updated_at = now()
    draft.save()
    save_soon(draft)
    journal.append([event(draft)])


def _fill(draft: Draft, given: Given) -> None:
    for name in CONTENT:
        value = getattr(given, name)
        if value is not None:
            setattr(draft, name, value)


def _told(draft: Draft) -> tuple[Any, ...]:
    files = tuple(upload.pk for upload in uploads.of_draft(draft.pk))
    return (*(getattr(draft, name) for name in CONTENT), draft.account_id, draft.identity_id, files)


def _same(draft: Draft, given: Given) -> bool:
    """True when the client repeats what stands already: its last answer was lost on the way."""
    wanted = [(name, getattr(given, name)) for name in CONTENT]
    return all(value is None or getattr(draft, name) == value for name, value in wanted)


def _copied(member: Member, draft: Draft, given: Given) -> Draft:
    """What somebody wrote over a version that is no longer the newest, as a draft of its own."""
    copy = Draft.objects.get(pk=draft.pk)
    copy.pk, copy._state.adding = new_id(), True
    copy.rev, copy.saved_rev = 1, 0
    copy.become(DraftState.EDITING)
    copy.message_id = copy.command_id = copy.send_at = copy.undo_until = copy.envelope = copy.sent_at = None
    copy.header_id = copy.pack = copy.request_digest = ""
    copy.by_user, copy.updated_at = member.user_id, now()
    _fill(copy, given)
    copy.save(force_insert=True)
    uploads.attach(member, copy, given.attachments or [str(one.pk) for one in uploads.of_draft(draft.pk)])
    save_soon(copy)
    journal.append([event(copy)])
    return copy


def save_soon(draft: Draft) -> None:
    """Have the Drafts mailbox get what stands in a moment; one command for however many versions until then."""
    waiting = Command.objects.filter(
        OPEN, account_id=draft.account_id, kind=KIND, action="save", state=State.PENDING, concerns__contains=[draft.pk]
    )
    if not waiting.exists():
        queue.put(draft.account, [queue.Wanted(KIND, "save", [draft.pk], not_before=now() + SAVE_AFTER)])


def clean_up(draft: Draft) -> None:
    """Have the Drafts mailbox lose every copy but the newest."""
    queue.put(draft.account, [queue.Wanted(KIND, "save", [draft.pk])])


def discard(member: Member, draft_id: UUID) -> None:
    """Throw a draft away, here and in the Drafts mailbox. Raises 409 for one that is on its way out."""
    visible(member, draft_id)
    with transaction.atomic():
        draft = Draft.objects.select_for_update(of=("self",)).filter(pk=draft_id).first()
        if draft is None:
            raise not_found("draft")
        if draft.state in (DraftState.SENDING, DraftState.SENT):
            raise Problem(409, "draft_sent", "This message has been sent or is on its way.", current=as_json(draft))
        if draft.command_id is not None:
            if draft.state in (DraftState.WAITING, DraftState.SCHEDULED) and not take_back(draft):
                raise Problem(409, "too_late", "This message is being sent at this moment.", current=as_json(draft))
            if draft.state == DraftState.DOUBT:
                close_command(draft, State.CANCELLED)
        remove_copies(draft)
        gone = Event("draft:delete", draft.account_id, {"id": str(draft.pk)})
        draft.delete()
        journal.append([gone])


def command_of(draft: Draft) -> Command | None:
    """The command that sends the draft, locked."""
    return Command.objects.select_for_update().filter(pk__in=[draft.command_id]).first()


def close_command(draft: Draft, state: State) -> None:
    """End the command that sends the draft by a person's decision, or by what was found."""
    command = command_of(draft)
    if command is not None:
        queue.close(command, state)


def take_back(draft: Draft) -> bool:
    """Cancel the send; False when its message may have left. The command's row lock decides against the runner."""
    command = command_of(draft)
    if command is None:
        return True
    # Between two tries nothing has left, unless a try got as far as the end of the message.
    if command.state != State.PENDING or command.notes.get("end"):
        return False
    queue.close(command, State.CANCELLED)
    return True


def remove_copies(draft: Draft) -> None:
    """Have the Drafts mailbox lose the draft's copies; what another client made of them stays."""
    pending = Command.objects.filter(
        OPEN, account_id=draft.account_id, kind=KIND, action__in=("save", "adopt"), concerns__contains=[draft.pk]
    )
    queue.cancel(list(pending.values_list("pk", flat=True)))
    # Also without a known copy: a save that is under way in this moment may leave one.
    args = {"draft": str(draft.pk), "copies": [[copy.epoch, copy.uid] for copy in draft.copies.all() if copy.uid]}
    queue.put(draft.account, [queue.Wanted(KIND, "discard", [draft.pk], args)])


# ---------------------------------------------------------------------------- telling


def event(draft: Draft) -> Event:
    """`draft:update` with the draft as it stands."""
    return Event("draft:update", draft.account_id, {"draft": as_json(draft)})


def as_json(draft: Draft) -> dict[str, Any]:
    """As the API answers it and events carry it."""
    return {
        "id": str(draft.pk),
        "account_id": str(draft.account_id),
        "identity_id": _text(draft.identity_id),
        "mode": draft.mode,
        "source_message_id": _text(draft.source_message_id),
        "thread_id": _text(draft.thread_id),
        "to": draft.to,
        "cc": draft.cc,
        "bcc": draft.bcc,
        "subject": draft.subject,
        "html": draft.html,
        "quote": draft.quote,
        "include_quote": draft.include_quote,
        "attachments": [uploads.as_json(one) for one in uploads.of_draft(draft.pk) if uploads.complete(one)],
        "state": str(draft.state),
        "send_at": iso(draft.send_at),
        "undo_until": iso(draft.undo_until),
        "error": draft.error,
        "message_id": _text(draft.message_id),
        "rev": draft.rev,
        "moves": draft.moves,
        "updated_at": iso(draft.updated_at),
    }


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
