"""Links by mail: each opens one approval, as it stood, for one person; decides it once; and lapses.

A link is derived, as mailed codes are (`users.codes`): HMAC-SHA256 over its row's id and what the row binds, under a
key that never leaves the process. So the task that mails it needs only ids, no link is in the database or the queue,
and a copy of the database opens nothing. Opening shows and changes nothing: mail scanners open links, too.
"""

import base64
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from apps.core.problems import Problem
from apps.tenants import context
from apps.tenants.models import Tenant
from apps.users import signing, tokens
from apps.users.members import Member

from . import audit, deciding, people
from .models import Approval, Link

KEY_PURPOSE: Final = "approval links"
LIFE: Final = timedelta(hours=24)
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that holds: its row, its person, and the approval as it stands."""

    link: Link
    member: Member
    approval: Approval


def lapsed() -> Problem:
    """The one answer for what was never ours, has lapsed, was used, or is no longer what it was for."""
    return Problem(410, "link_lapsed", "This link is no longer valid. Open PMSync to see the approval.")


def make(approval: Approval, user_id: UUID) -> Link:
    """The link of a person to an approval as it stands: one, however often it is asked for."""
    until = min(approval.expires_at, tokens.database_now() + LIFE)
    key = signing.newest(KEY_PURPOSE).id
    defaults = {"expires_at": until, "key_id": key}
    return Link.objects.get_or_create(
        approval=approval, user_id=user_id, digest=approval.digest, defaults=defaults
    )[0]  # fmt: skip


def token(tenant: Tenant, link: Link) -> str | None:
    """What its address ends with; None once the key that made it is no longer listed."""
    key = signing.ring(KEY_PURPOSE).get(link.key_id)
    if key is None:
        return None
    mac = key.mac(f"{tenant.pk}:{link.pk}:{link.approval_id}:{link.user_id}:{link.digest}")
    return f"{tenant.pk.hex}.{link.pk.hex}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@contextmanager
def inside(text: str) -> Iterator[Tenant]:
    """Open the tenant that a link names. Raises the 410 problem; nothing it says is believed yet."""
    if len(text) > LONGEST:
        raise lapsed()
    try:
        tenant = context.get(UUID(hex=text.partition(".")[0]))
    except (ValueError, ValidationError, context.TenantClosed, context.TenantRequired):
        raise lapsed() from None
    try:
        with context.open(tenant):
            yield tenant
    except context.TenantClosed:
        raise lapsed() from None


def opened(tenant: Tenant, text: str) -> Opened:
    """What a link opens. Raises the 410 problem. Changes nothing."""
    return _opened(tenant, text, lock=False)


def _opened(tenant: Tenant, text: str, *, lock: bool) -> Opened:
    parts = text.split(".")
    try:
        link_id = UUID(hex=parts[1])
    except (IndexError, ValueError):
        raise lapsed() from None
    held = Link.objects.select_for_update(of=("self",)) if lock else Link.objects.all()
    link = held.select_related("approval").filter(pk=link_id, used_at=None, expires_at__gt=Now()).first()
    expected = token(tenant, link) if link is not None else None
    if link is None or expected is None or not hmac.compare_digest(expected.encode(), text.encode()):
        raise lapsed()
    # Who has asked for two steps is not let in by one; nor is who has lost the account or left.
    member = people.member_of(link.user_id)
    approval = people.decidable(member).filter(pk=link.approval_id).first() if member is not None else None
    if member is None or member.user.two_step or approval is None or approval.digest != link.digest:
        raise lapsed()
    return Opened(link, member, approval)


def decide(text: str, decision: str, reason: str) -> Approval:
    """Decide by a link, once: its row is locked and used up with the decision, or neither.

    Raises the 410 problem, and those of `deciding.decide`.
    """
    with inside(text) as tenant:
        refused: Problem | None = None
        with transaction.atomic():
            found = _opened(tenant, text, lock=True)
            given = deciding.Given(decision, found.link.digest, reason, "link")
            try:
                approval = deciding.decide(found.member, found.approval.pk, given)
                Link.objects.filter(pk=found.link.pk).update(used_at=Now())
                audit.write("link_used", approval.action, by=found.member.user_id, via="link", digest=approval.digest)
            except Problem as problem:
                refused = problem  # raised outside, so that what it wrote stays
        if refused is not None:
            raise refused
        return approval
