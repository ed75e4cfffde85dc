"""The blueprint's form: one call that makes a message and sends it (M075). The key decides that it happens once."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from apps.core.problems import Problem
from apps.users.members import Member

from . import drafts, sending
from .models import Draft

NAMESPACE: Final = UUID("9b0f5b66-1f0c-4d29-8e0c-5d0b2c5c4a11")


def send(member: Member, key: str, data: Mapping[str, Any]) -> Draft:
    """Make and send. The same key answers the same message; with another content it raises 422 `key_reused`."""
    draft_id = uuid5(NAMESPACE, f"{member.user_id}:{key}")
    digest = hashlib.sha256(orjson.dumps(_comparable(data))).hexdigest()
    held = Draft.objects.filter(pk=draft_id).first()
    if held is None:
        given = drafts.Given.parse({**data, "rev": 0})
        held = drafts.save(member, draft_id, given)
        Draft.objects.filter(pk=draft_id, request_digest="").update(request_digest=digest)
        held.refresh_from_db()
    if held.request_digest != digest:
        raise Problem(422, "key_reused", "This Idempotency-Key was used for another message.")
    when = sending.When(data.get("undo_seconds", 0), data.get("send_at"))
    return sending.send(member, draft_id, held.rev, when)


def _comparable(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in sorted(data.items())}
