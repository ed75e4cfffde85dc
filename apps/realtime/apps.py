"""Django's registration of realtime."""

from typing import Any
from uuid import UUID

import structlog
from django.apps import AppConfig
from django.db import DatabaseError

log = structlog.get_logger(__name__)


class RealtimeConfig(AppConfig):
    """The realtime application."""

    name = "apps.realtime"
    label = "realtime"

    def ready(self) -> None:
        """Sockets of a session that ends are closed and its pushes end; what the journal takes is announced."""
        from apps.users.signals import session_ended

        from . import journal
        from .push import announcing

        session_ended.connect(_close_sockets, dispatch_uid="realtime.close_sockets")
        session_ended.connect(_end_pushes, dispatch_uid="realtime.end_pushes")
        journal.follow(announcing.appended)


def _close_sockets(*, session_id: UUID, tenant_id: UUID | None, **_: Any) -> None:
    from . import doorbell

    if tenant_id is not None:
        doorbell.end_session(tenant_id, session_id)


def _end_pushes(*, session_id: UUID, tenant_id: UUID | None, **_: Any) -> None:
    """Each push asks for the session anyway: what cannot be removed now is swept later."""
    from apps.tenants import context

    from .push import subscriptions

    if tenant_id is None:
        return
    try:
        with context.open(context.get(tenant_id)):
            subscriptions.end_sessions([session_id])
    except (context.TenantClosed, DatabaseError) as error:
        log.info("push subscriptions of an ended session left to the sweep", reason=type(error).__name__)
