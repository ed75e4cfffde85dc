"""Invitations and answers on their way out: ordinary mail of the person, with the calendar part in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.compose import drafts, rights, sending
from apps.compose.drafts import Given
from apps.compose.models import Draft, Identity
from apps.core.problems import Problem
from apps.outbound.models import Command
from apps.providers import connections
from apps.providers.adapters.errors import Rejected
from apps.providers.adapters.ical import Item
from apps.providers.models import ProviderAccount
from apps.tenants import context
from apps.users import members
from apps.users.members import Member
from apps.users.models import User

from . import parties, wording


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be said: `what` is a METHOD, UPDATE, or a PARTSTAT; `text` the iTIP message of this `method`."""

    what: str
    method: str
    text: bytes
    item: Item
    to: Sequence[tuple[str, str]]
    """Names and addresses."""
    comment: str = ""


def author(command: Command) -> Member:
    """The person in whose name a command sends something. Raises Rejected when there is no such member any more."""
    user = User.objects.filter(pk=command.request.by_user).first() if command.request is not None else None
    member = members.of(user, context.current()) if user is not None else None
    if member is None:
        raise Rejected("the person who asked for it is no longer a member")
    return member


def send(member: Member, account: ProviderAccount, own: str, draft_id: UUID, mail: Mail) -> None:
    """Send a mail under an address of the person's. The same draft again is sent once, as it was the first time.

    Raises Rejected, with the sentence for the person, when it cannot be sent.
    """
    where = _account(member, account, own)
    identity = Identity.objects.filter(account=where, address__iexact=own).first()
    given = Given(
        rev=0,
        account_id=where.pk,
        identity_id=identity.pk if identity else None,
        to=[{"name": name, "address": address} for name, address in mail.to],
        subject=wording.subject(member.user, mail.what, mail.item),
        html=wording.html(member.user, mail.what, mail.item, where.display_name or own, mail.comment),
        attachments=[],
        calendar=mail.text.decode("utf-8", "replace"),
        calendar_method=mail.method,
    )
    try:
        draft = Draft.objects.filter(pk=draft_id).first() or drafts.save(member, draft_id, given)
        sending.send(member, draft.pk, draft.rev, sending.When())
    except Problem as problem:
        raise Rejected(str(problem.detail).rstrip(".")) from None


def _account(member: Member, account: ProviderAccount, own: str) -> ProviderAccount:
    """The account that mail under an address is sent from: this one, unless it has no mail."""
    able = [each for each in rights.writable_accounts(member) if connections.sends(each)]
    for each in sorted(able, key=lambda one: one.pk != account.pk):
        if own in parties.own_addresses(each):
            return each
    raise Rejected(f"no mail account of yours sends as {own}")
