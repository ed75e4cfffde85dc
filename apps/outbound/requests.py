"""People's requests: made once per key, counted as their commands end, told as `command:update`."""

from typing import Any
from uuid import UUID

from django.db import connection

from apps.realtime.journal import Event

from .models import OPEN, Command, CommandRequest, State


def begin(user_id: UUID, key: str, action: str, args: dict[str, Any], **fields: Any) -> tuple[CommandRequest, bool]:
    """The request of this key, and whether it is new. Two at the same time: the second waits and finds the first's."""
    return CommandRequest.objects.get_or_create(
        by_user=user_id, key=key, defaults={"action": action, "args": args, **fields}
    )


def count(command: Command) -> list[Event]:
    """Count a command that ended into its request; the event that tells it. Call before `journal.append`."""
    if command.request_id is None:
        return []
    request = CommandRequest.objects.select_for_update().get(pk=command.request_id)
    size = max(1, len(command.concerns)) if command.action != "expand" else 0
    if command.state == State.DONE:
        request.done += size
    elif command.state in (State.FAILED, State.DOUBT):
        request.failed += size
    refresh_state(request)
    request.save(update_fields=["done", "failed", "state"])
    return [event(request, command.account_id)]


def refresh_state(request: CommandRequest) -> None:
    """Done when nothing of it is left to be found, executed or decided."""
    still = request.selection is not None or request.commands.filter(OPEN).exists()
    request.state = "open" if still else "done"


def event(request: CommandRequest, account_id: UUID | None) -> Event:
    """`command:update`, for the person who asked."""
    data = {name: value for name, value in as_json(request).items() if name in TOLD}
    return Event("command:update", account_id, data, only_for=(request.by_user,))


TOLD = ("id", "key", "action", "state", "total", "done", "failed")


def as_json(request: CommandRequest) -> dict[str, Any]:
    """The request as its person is shown it."""
    return {
        "id": str(request.pk),
        "key": request.key,
        "action": request.action,
        "state": request.state,
        "total": request.total,
        "done": request.done,
        "failed": request.failed,
    }


def lock_key(user_id: UUID, key: str) -> None:
    """Let requests of one key come one after the other, until commit: the same key at once is one request."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 43))", [f"{user_id}:{key}"])
