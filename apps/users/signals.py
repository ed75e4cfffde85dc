"""What other applications may want to know about people; users knows none of them."""

from django.dispatch import Signal

# Sent after commit with `session_id` and `tenant_id` (both UUID) when a session may no longer be
# used in a tenant: signed out, revoked, password changed, membership gone. Open sockets of that
# session must close.
session_ended = Signal()
