"""One writer per account and kind: whoever writes an account's collections holds its advisory lock until commit."""

from uuid import UUID

from django.db import connection


def account(kind: str, account_id: UUID) -> None:
    """Take the lock of an account's collections of this kind for this transaction. Counters rely on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 44))", [f"{kind}:{account_id}"])
