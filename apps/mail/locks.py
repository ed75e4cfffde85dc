"""One writer per account: whoever writes an account's mirror holds its advisory lock until commit."""

from uuid import UUID

from django.db import connection


def account(account_id: UUID) -> None:
    """Take the account's lock for this transaction. Counters, threads and entries rely on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 42))", [str(account_id)])


def account_for_history(account_id: UUID) -> None:
    """The same for a large batch of old mail, with memory to sort many words into their index at once."""
    account(account_id)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '16MB'")
