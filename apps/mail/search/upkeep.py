"""Sorting new words into their index apart from the transactions that bring mail, so that no mail waits for it.

PostgreSQL appends new entries of a GIN index to a list and sorts the list in when it is full, within
the transaction that happens to fill it: a second's work that one arrival in a thousand would pay for.
"""

import threading
from collections import Counter
from typing import Final

from django.db import connection, transaction

from apps.tenants import context

# So many messages take a tenth of a second to sort in, and are searched unsorted in a few milliseconds.
EVERY: Final = 200

_written: Final[Counter[str]] = Counter()
_lock: Final = threading.Lock()


def wrote(messages: int) -> None:
    """Note that this process wrote so many messages into the open tenant."""
    with _lock:
        _written[context.current().schema_name] += messages


def due() -> bool:
    """True when this process has written enough into the open tenant since it last said so."""
    schema = context.current().schema_name
    with _lock:
        if _written[schema] < EVERY:
            return False
        del _written[schema]
    return True


def sort_in() -> None:
    """Empty the open tenant's list. Twice at a time is harmless: the second waits, and finds it empty."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '64MB'")
        cursor.execute("SELECT gin_clean_pending_list('words_vector')")
