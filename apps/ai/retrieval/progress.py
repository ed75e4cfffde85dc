"""How much of which account was read, for the person and for whoever runs the installation."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection

from apps.ai import consent
from apps.providers import access
from apps.providers.accounts import iso
from apps.users.members import Member

from .embedder import current_name
from .models import Coverage


def coverage(member: Member) -> dict[str, Any]:
    """The person's accounts: whether each may be read, how many of its messages were, and when all were."""
    accounts = list(access.visible_accounts(member))
    allowed = consent.consented([account.pk for account in accounts])
    name = current_name()
    read, total = counts(allowed, name)
    since = dict(Coverage.objects.filter(pk__in=allowed, model=name).values_list("pk", "covered_at"))
    items = [
        {
            "account_id": str(account.pk),
            "consented": account.pk in allowed,
            "read": read.get(account.pk, 0),
            "total": total.get(account.pk, 0),
            "covered_at": iso(since.get(account.pk)),
        }
        for account in accounts
    ]
    return {"model": name, "items": items}


def counts(accounts: Collection[UUID], model: str) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """By account, how many messages were read under a model, and how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, count(*) FROM ai_chunk WHERE account_id = ANY(%s) AND model = %s "
            "AND message_id IS NOT NULL AND position = 0 GROUP BY 1",
            [list(accounts), model],
        )
        read = dict(cursor.fetchall())
        cursor.execute(
            "SELECT account_id, count(*) FROM mail_messagewords WHERE account_id = ANY(%s) GROUP BY 1",
            [list(accounts)],
        )
        return read, dict(cursor.fetchall())
