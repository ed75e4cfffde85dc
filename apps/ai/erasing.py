"""Erasing what the agents made of an account: readings, follow-ups, vectors, chats, and what the model was asked."""

from uuid import UUID

from django.db import transaction

from .chat import keeping as chat
from .followups.models import FollowUp
from .model import keeping
from .people.models import Correspondence
from .reading.models import Reading
from .retrieval import filling
from .writing.models import Summary


def erase(account_id: UUID) -> int:
    """Forget it all; return how many rows that were. Actions that were proposed are kept: they are an audit."""
    with transaction.atomic():
        removed = keeping.erase(account_id) + filling.forget(account_id) + chat.forget([account_id])
        for model in (Summary, FollowUp, Reading, Correspondence):
            removed += model._default_manager.filter(account_id=account_id).delete()[0]
    return removed
