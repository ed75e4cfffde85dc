"""Forgets commands that ended long ago, with the requests whose last command they were."""

from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from apps.core.clock import now

from .models import Command, CommandRequest, State

# As long as somebody may ask "what became of it", and a client may send the same key again.
KEPT: Final = timedelta(days=30)
AT_ONCE: Final = 5_000


def prune(kept: timedelta = KEPT) -> int:
    """Delete the open tenant's commands that ended before; return how many. What is in doubt stays."""
    before, total = now() - kept, 0
    while True:
        old = Command.objects.filter(finished_at__lt=before).exclude(state=State.DOUBT)
        removed, _ = Command.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])).delete()
        total += removed
        if removed < AT_ONCE:
            break
    left = Command.objects.filter(request=OuterRef("pk"))
    CommandRequest.objects.filter(~Exists(left), created_at__lt=before, selection__isnull=True).delete()
    return total
