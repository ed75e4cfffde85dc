"""Bringing back what is on its way out, as long as nothing of it has begun."""

from typing import Any

from apps.core.problems import Problem
from apps.outbound import queue, requests
from apps.outbound.models import Command
from apps.realtime.journal import Event

from .commands import CollectionCommands
from .kind import CollectionKind


def recall(kind: CollectionKind, row: Any) -> list[Event]:
    """Show an object again that leaves for a command, under the lock of its account; the command is taken back.

    An edit that took it in is taken back whole: the object that was edited is as it was, and all others that it took
    in are there again. Raises 409 when the provider is at it already.
    """
    command = Command.objects.select_related("account", "request").filter(pk=row.leaving).first()
    if command is None:
        raise _too_late(kind)
    if command.pk not in queue.cancel([command.pk]):
        raise _too_late(kind)
    command.refresh_from_db()
    commands = CollectionCommands(kind)
    told = commands.back(row) if command.action == "delete" else commands.taken_back(command)
    return [*told, *requests.count(command)]


def _too_late(kind: CollectionKind) -> Problem:
    return Problem(409, "pending", f"The {kind.called.objects} are still being saved. Try again in a moment.")
