"""Django's registration of realtime."""

from typing import Any
from uuid import UUID

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """The realtime application."""

    name = "apps.realtime"
    label = "realtime"

    def ready(self) -> None:
        """Sockets of a session that ends are closed."""
        from apps.users.signals import session_ended

        session_ended.connect(_close_sockets, dispatch_uid="realtime.close_sockets")


def _close_sockets(*, session_id: UUID, tenant_id: UUID | None, **_: Any) -> None:
    from . import doorbell

    if tenant_id is not None:
        doorbell.end_session(tenant_id, session_id)
