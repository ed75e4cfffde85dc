"""A conversation of the mirror as the records that rules and prompts read."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.core.clock import now
from apps.core.folding import fold
from apps.core.problems import Problem
from apps.mail.models import Attachment, Message, MessageWords
from apps.providers.adapters.ical import itip
from apps.providers.models import ProviderAccount
from apps.scheduling import reading as invitations
from apps.scheduling.models import Said
from apps.scheduling.parties import own_addresses
from apps.users.models import User

from ..people import important
from .letters import Conversation, Letter

LETTERS_MOST: Final = 40
ELSEWHERE_MOST: Final = 20
CALENDARS: Final = frozenset(invitations.TYPES)


def load(account: ProviderAccount, thread_id: UUID) -> Conversation | None:
    """The newest messages of a thread, and later mail between the same people; None when nothing is left of it."""
    held = Message.objects.filter(thread_id=thread_id, account=account, orphaned_at__isnull=True)
    held = held.exclude(placements__mailbox__role="drafts").distinct()
    messages = list(held.order_by("-at", "-pk")[:LETTERS_MOST])[::-1]
    if not messages:
        return None
    own = own_addresses(account)
    letters = letters_of(messages)
    others = {one.sender for one in letters} | {to for one in letters for to in one.to}
    owner = User.objects.filter(pk=account.owner_id).first()
    return Conversation(
        own=own,
        letters=letters,
        zone=zone_of(owner),
        now=now(),
        elsewhere=_elsewhere(account, thread_id, letters[0].at, others - own),
        known=important.written_to(account.pk, others),
        name=owner.name if owner else "",
    )


def zone_of(owner: User | None) -> ZoneInfo:
    """The person's time zone; UTC where they have none that is known."""
    try:
        return ZoneInfo(owner.timezone if owner else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def letters_of(messages: Sequence[Message]) -> tuple[Letter, ...]:
    """Messages as letters, in their order; three queries, whatever their number, but for invitations."""
    ids = [message.pk for message in messages]
    bodies = dict(MessageWords.objects.filter(pk__in=ids).values_list("message_id", "body"))
    files: dict[UUID, list[Attachment]] = {message_id: [] for message_id in ids}
    for file in Attachment.objects.filter(message_id__in=ids).order_by("id"):
        files[file.message_id].append(file)
    return tuple(_letter(message, bodies.get(message.pk, ""), files[message.pk]) for message in messages)


def _letter(message: Message, body: str, files: Sequence[Attachment]) -> Letter:
    sender = message.senders[0] if message.senders else {}
    return Letter(
        id=str(message.pk),
        sender=str(sender.get("address", "")).lower(),
        name=str(sender.get("name", "")),
        to=_addresses(message.recipients.get("to", [])),
        cc=_addresses(message.recipients.get("cc", [])),
        at=message.at.astimezone(UTC),
        subject=message.subject,
        text=body,
        attachments=tuple(file.filename for file in files if not file.inline and file.content_type not in CALENDARS),
        method=_method(message) if any(file.content_type in CALENDARS for file in files) else "",
        facts=message.facts,
    )


def _addresses(people: Iterable[dict[str, str]]) -> tuple[str, ...]:
    return tuple(str(one.get("address", "")).lower() for one in people)


def _method(message: Message) -> str:
    """What an invitation still wants: nothing once it was answered, or when it cannot be read now."""
    try:
        told = invitations.invitation(message)
    except Problem:
        return ""
    if told is None:
        return ""
    if told.method == itip.REQUEST:
        answered = Said.objects.filter(account_id=message.account_id, uid=told.uid[:255]).exclude(answer="")
        return "" if answered.exists() else told.method
    return told.method


def _elsewhere(account: ProviderAccount, thread_id: UUID, since: datetime, others: Iterable[str]) -> tuple[Letter, ...]:
    """Later messages of other threads from or to these people, the oldest first."""
    names = [fold(address) for address in others if address][:5]
    found: set[UUID] = set()
    for name in names:
        words = MessageWords.objects.filter(account_id=account.pk, at__gt=since).order_by("at")
        for column in ("sender", "recipients"):
            some = words.filter(**{f"{column}__contains": name}).values_list("message_id", flat=True)
            found |= set(some[:ELSEWHERE_MOST])
    held = Message.objects.filter(pk__in=found, orphaned_at__isnull=True).exclude(thread_id=thread_id)
    return letters_of(list(held.order_by("at", "pk")[:ELSEWHERE_MOST]))
