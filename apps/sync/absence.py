"""What a provider no longer lists: believed gone when a second list, a minute later, lacks it too."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from django.db.models import Manager

from apps.core.clock import now

# Some servers answer a list short while they start, or rebuild (protocols 1.2).
GRACE: Final = timedelta(seconds=60)


def believed(rows: Manager[Any], missing: Collection[Any]) -> list[Any]:
    """Those of the missing rows that are missing for long enough; the others are marked since when they are.

    Rows have a column `missing_since`, null while they are listed.
    """
    moment = now()
    rows.filter(pk__in=[row.pk for row in missing if row.missing_since is None]).update(missing_since=moment)
    return [row for row in missing if row.missing_since is not None and moment - row.missing_since >= GRACE]
