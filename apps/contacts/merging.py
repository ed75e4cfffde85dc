"""Several contacts made one, and undone: nothing of any of them is lost, here or at their providers.

The kept one is edited to say all that they say together; the others are deleted at their servers once that is saved,
and only as the person saw them. What each said is kept octet for octet, so that it can be brought back.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from apps.collections import service
from apps.core.clock import now
from apps.core.nul import without_nul
from apps.core.problems import Problem
from apps.outbound import queue
from apps.outbound.models import CommandRequest
from apps.providers import access
from apps.providers.accounts import iso
from apps.providers.adapters import vcard
from apps.providers.adapters.vcard import values
from apps.realtime.journal import Event
from apps.users.members import Member

from .kind import KIND
from .models import Contact, Merge

UNDONE_FOR: Final = timedelta(days=30)
"""How long a merge can be undone, and how long what it needs is kept."""
MOST: Final = 20
LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts become one: the first is kept. `seen` are their revisions as the person saw them; `fields` what
    the person chose; `photo_from` whose picture, None that of the first who has one."""

    contacts: Sequence[UUID]
    seen: Mapping[UUID, int]
    fields: Mapping[str, Any] = field(default_factory=dict)
    photo_from: UUID | None = None


def merge(member: Member, key: str, wanted: Wanted) -> dict[str, Any]:
    """Make several contacts one; `merge` of the answer is what undoes it. Raises problems that say why not."""
    if not 2 <= len(set(wanted.contacts)) == len(wanted.contacts) <= MOST:
        raise Problem(400, "invalid", f"Name between 2 and {MOST} contacts, each once.")

    def act(request: CommandRequest) -> list[Event]:
        found = {row.pk: row for row in service.all_to_change(KIND, member, wanted.contacts)}
        rows = [found[each] for each in wanted.contacts]
        _mergeable(rows, wanted.seen)
        kept, others = rows[0], rows[1:]
        held = _remembered(member, kept, others)
        told = service.edit(KIND, request, kept, _change(rows, wanted), others)
        for group in _groups_of(kept, others):
            members = group.card["members"]
            told += service.edit(KIND, request, group, {"members": [*members, kept.uid]})
            held.groups.append(str(group.pk))
        held.after = bytes(kept.data)
        held.save()
        request.total = 1 + 2 * len(others) + len(held.groups)
        request.args = {"object": str(kept.pk), "told": {"merge": str(held.pk)}}
        return told

    return service.once(KIND, member, key, "merge", 1, act)


def forget() -> int:
    """Delete the open tenant's merges that can no longer be undone, with the texts they keep; return how many."""
    return Merge.objects.filter(created_at__lt=now() - UNDONE_FOR).delete()[0]


def _mergeable(rows: Sequence[Contact], seen: Mapping[UUID, int]) -> None:
    """Raise the problem that says why these are not merged."""
    if any(row.rev != seen.get(row.pk) for row in rows):
        detail = "One of these contacts was changed in the meantime. Look at them, and merge them again."
        raise Problem(409, "changed", detail)
    if any(row.ours is not None for row in rows):
        raise Problem(409, "conflict", "One of these contacts was changed by two at once. Decide that first.")
    if len({row.kind == "group" for row in rows}) > 1:
        raise Problem(400, "invalid", "A group and a person cannot become one.")
    if any(queue.open_commands(row.account_id, [row.pk]) for row in rows):
        raise Problem(409, "pending", "One of these contacts is still being saved. Try again in a moment.")


def _change(rows: Sequence[Contact], wanted: Wanted) -> dict[str, Any]:
    """The edit that makes the first say what all of them say, and what the person chose."""
    texts = [bytes(row.data) for row in rows]
    cards = [vcard.read(text) for text in texts]
    change = vcard.union(cards) | dict(wanted.fields)
    if wanted.photo_from is not None and wanted.photo_from in wanted.contacts:
        change["photo"] = values.of(cards[list(wanted.contacts).index(wanted.photo_from)], "photo")
    if further := vcard.further(texts):
        change["further"] = further
    told: dict[str, Any] = without_nul(change)
    return told


def _groups_of(kept: Contact, others: Sequence[Contact]) -> list[Contact]:
    """The groups that the others are in and the kept one is not, which is in their place from now on."""
    uids = [row.uid for row in others if row.uid and row.collection_id == kept.collection_id]
    if not uids or not kept.uid:
        return []
    named = Q()
    for uid in uids:
        named |= Q(card__members__contains=[uid])
    held = Contact.objects.select_related("collection", "account").filter(
        named, collection=kept.collection_id, kind="group", leaving__isnull=True
    )
    return [row for row in held.order_by("pk") if kept.uid not in row.card["members"]]


def _remembered(member: Member, kept: Contact, others: Sequence[Contact]) -> Merge:
    """All that undoing takes; what can no longer be undone is forgotten."""
    Merge.objects.filter(created_at__lt=now() - UNDONE_FOR).delete()
    gone = [
        {
            "id": str(row.pk),
            "book": str(row.collection_id),
            "uid": row.uid,
            "name": row.name,
            "text": base64.b64encode(bytes(row.data)).decode(),
        }
        for row in others
    ]
    return Merge(
        by_user=member.user_id,
        name=kept.name,
        book=kept.collection,
        kept=kept.pk,
        kept_uid=kept.uid,
        before=bytes(kept.data),
        others=gone,
    )


def merges(member: Member) -> dict[str, Any]:
    """What the person merged and can undo, the last first."""
    held = undoable(member).order_by("-created_at")[:LISTED]
    return {"items": [_json(one) for one in held]}


def undoable(member: Member) -> Any:
    """The merges that the person may undo."""
    seen = access.visible_account_ids(member)
    recent = Merge.objects.filter(by_user=member.user_id, book__account_id__in=seen, undone_at__isnull=True)
    return recent.filter(created_at__gte=now() - UNDONE_FOR)


def _json(one: Merge) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "contact_id": str(one.kept),
        "name": one.name,
        "others": [each["name"] for each in one.others],
        "at": iso(one.created_at),
    }
