"""New rows of a model by COPY: an INSERT of many values is put together on the client, slower than all else is."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model


def insert(rows: Sequence[Model]) -> None:
    """Insert rows that are not there yet, all of one model. Signals are not sent and nothing is read back.

    Raises IntegrityError as an INSERT would.
    """
    if not rows:
        return
    model = type(rows[0])
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with connection.cursor() as cursor, cursor.copy(
        f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN"
    ) as copy:  # fmt: skip
        for row in rows:
            copy.write_row([_stored(field, row) for field in fields])
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _stored(field: Any, row: Model) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add=True), connection)
