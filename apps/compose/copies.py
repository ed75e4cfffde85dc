"""A draft in the account's Drafts mailbox, so that other clients see it: one copy, the newest, whatever crashes.

A version is noted (its fingerprint) before it is appended. Whoever comes back after a crash finds it by
the header `X-PMSync-Draft` and knows it by that fingerprint. A copy with an unknown one was changed by
another client: it is never removed here (`adopting` takes it over).
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.mail.kind import MailKind
from apps.mail.models import Mailbox
from apps.outbound.models import Command
from apps.outbound.run import Run
from apps.providers.adapters import mime
from apps.providers.adapters.base import MailAdapter, Role
from apps.providers.adapters.errors import NotFound
from apps.providers.models import ProviderAccount

from . import building, uploads
from .models import Draft, DraftCopy, DraftState

FLAGS: Final = ("\\Draft", "\\Seen")
NAMES: Final = {Role.DRAFTS: "Drafts", Role.SENT: "Sent"}
MAIL: Final = MailKind()


@dataclass(frozen=True, slots=True)
class Place:
    """A message in a mailbox."""

    epoch: int
    uid: int


def mailbox_of(account: ProviderAccount, role: Role) -> str:
    """The account's mailbox of this role; where it has none, the name under which one is made."""
    found = Mailbox.objects.filter(account=account, role=role.value, selectable=True).values_list(
        "remote_id", flat=True
    )
    return found.first() or NAMES[role]


def header_id(draft: Draft) -> str:
    """The Message-ID of the draft's present version in the Drafts mailbox."""
    return f"{draft.pk}.{draft.rev}@{building.domain_of(draft.account, draft)}"


def save(run: Run, command: Command) -> dict[str, Any]:
    """Put the draft's newest version into the mailbox and take the older ones away. Safe to repeat."""
    draft = Draft.objects.select_related("account", "identity").filter(pk=command.concerns[0]).first()
    if draft is None or draft.state in (DraftState.SENDING, DraftState.SENT, DraftState.DOUBT):
        return {"saved": None}
    for upload in uploads.of_draft(draft.pk):
        uploads.settle(upload)
    adapter: MailAdapter = run.connection(MAIL)
    box = mailbox_of(draft.account, Role.DRAFTS)
    found = adapter.find(box, building.HEADER, str(draft.pk))
    there = {Place(found.epoch, uid) for uid in found.uids}
    if draft.saved_rev < draft.rev:
        _put(adapter, box, draft, there)
    _remove_older(adapter, box, draft, there)
    return {"saved": draft.rev}


def _put(adapter: MailAdapter, box: str, draft: Draft, there: set[Place]) -> None:
    raw = building.saved(draft, header_id(draft))
    mail = mime.parse(raw)
    digest = building.fingerprint(mail)
    with transaction.atomic():
        copy, new = DraftCopy.objects.get_or_create(draft=draft, rev=draft.rev, defaults={"fingerprint": digest})
    if not new:
        # Another try may have got through: look before appending once more.
        for place in there:
            if _print_of(adapter, box, place) == (mail.message_id, copy.fingerprint):
                DraftCopy.objects.filter(pk=copy.pk).update(uid=place.uid, epoch=place.epoch)
                return
    put = adapter.append(box, raw, FLAGS, now())
    if put.uid is not None and put.epoch is not None:
        DraftCopy.objects.filter(pk=copy.pk).update(uid=put.uid, epoch=put.epoch)


def _print_of(adapter: MailAdapter, box: str, place: Place) -> tuple[str, str]:
    """Message-ID and fingerprint of what lies there; empty when it is gone."""
    try:
        mail = mime.parse(adapter.fetch(box, place.epoch, place.uid))
    except NotFound:
        return "", ""
    return mail.message_id, building.fingerprint(mail)


def _remove_older(adapter: MailAdapter, box: str, draft: Draft, there: set[Place]) -> None:
    """Remove the versions that the newest replaces."""
    copies = list(draft.copies.order_by("rev"))
    newest = copies[-1] if copies else None
    older = [copy for copy in copies if newest is not None and copy.pk != newest.pk]
    known = {Place(copy.epoch, copy.uid) for copy in older if copy.uid is not None and copy.epoch is not None}
    current = Place(newest.epoch, newest.uid) if newest and newest.uid and newest.epoch else None
    prints = {copy.fingerprint for copy in copies}
    for place in there - known - {current}:
        # Where the server does not tell UIDs, and after a crash: by what it says.
        message_id, digest = _print_of(adapter, box, place)
        if newest is not None and digest in prints and not message_id.startswith(f"{draft.pk}.{newest.rev}@"):
            known.add(place)
    for epoch in {place.epoch for place in known}:
        adapter.remove(box, epoch, [place.uid for place in known if place.epoch == epoch])
    DraftCopy.objects.filter(pk__in=[copy.pk for copy in older]).delete()


def discard(run: Run, command: Command) -> dict[str, Any]:
    """Take a draft's copies out of the mailbox: after it was sent or thrown away. Safe to repeat."""
    draft_id = UUID(command.args["draft"])
    adapter: MailAdapter = run.connection(MAIL)
    box = mailbox_of(run.account, Role.DRAFTS)
    found = adapter.find(box, building.HEADER, str(draft_id))
    gone = {Place(epoch, uid) for epoch, uid in command.args["copies"] if epoch == found.epoch}
    for uid in found.uids:
        place = Place(found.epoch, uid)
        if place not in gone and _print_of(adapter, box, place)[0].startswith(f"{draft_id}."):
            gone.add(place)
    adapter.remove(box, found.epoch, sorted(place.uid for place in gone))
    return {"removed": len(gone)}
