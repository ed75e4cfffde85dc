"""What a decision is bound to: SHA-256 over the canonical bytes of exactly what would happen. Pure but for `of`."""

import hashlib
from typing import Any, Final

import orjson

from apps.ai.actions import kind
from apps.ai.models import Action

FORM: Final = 1
"""Of the canonical bytes; another form gives other digests, and open approvals are then looked at anew."""


def canonical(action: Action, recipients: list[str], version: str) -> bytes:
    """JSON in UTF-8 with sorted keys and no space: the same for the same content, and for no other."""
    content: dict[str, Any] = {
        "form": FORM,
        "kind": action.kind,
        "account": str(action.account_id),
        "for": str(action.user_id),
        "args": action.args,
        "recipients": recipients,
        "version": version,
    }
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def of(action: Action) -> str:
    """The digest of an action as it stands: its recipients and what it acts upon are read anew.

    Raises the 404 problem when what it acts upon is gone.
    """
    of_kind = kind(action.kind)
    recipients = of_kind.recipients(action.account, action.args)
    version = of_kind.version(action.account, action.args)
    return hashlib.sha256(canonical(action, recipients, version)).hexdigest()
