"""What agents want done."""

from django.db import models

from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class ActionState(models.TextChoices):
    """`proposed` waits for a decision; `allowed` may be done; the rest say how it ended."""

    PROPOSED = "proposed"
    ALLOWED = "allowed"
    REFUSED = "refused"
    EXPIRED = "expired"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


class Origin(models.TextChoices):
    """Whose wish an action is: the person's own, or one that an agent took from what others wrote."""

    PERSON = "person"
    CONTENT = "content"


class Action(models.Model):
    """One thing that an agent wants done for a person; nothing of it happens before it is decided.

    `args` is exactly what would happen, in the canonical form of its kind (`actions.Kind.clean`). `sources` is what the
    agent read: [{"type": "message" | "event" | "contact", "id": UUID}]. `key` names the reason: an agent that finds the
    same reason twice proposes once. `inverse` is what undoes it, once it is done. `recipients` (addresses in lower
    case), `risk` and `version` (of what it acts upon) follow from the arguments, as its kind says; `error` is why it
    was not done: {"code", "sentence"}. `origin` is whose wish it is: the person's own only where the model had seen
    nothing but the person's words when it called for it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+")
    user_id = models.UUIDField()
    agent = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    args = models.JSONField()
    why = models.TextField(blank=True)
    sources = models.JSONField(default=list)
    key = models.CharField(max_length=200)
    origin = models.CharField(
        max_length=7, choices=Origin, default=Origin.CONTENT, db_default=models.Value(Origin.CONTENT)
    )
    recipients = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    risk = models.CharField(max_length=8, default="medium", db_default="medium")
    version = models.CharField(max_length=64, blank=True, default="", db_default="")
    state = models.CharField(max_length=10, choices=ActionState, default=ActionState.PROPOSED)
    inverse = models.JSONField(null=True)
    error = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "agent", "key"), name="action_once"),)
        indexes = (
            models.Index(fields=("account", "-done_at"), name="action_done", condition=models.Q(done_at__isnull=False)),
        )

    def __str__(self) -> str:
        return str(self.id)


# The other tables of the application, each in the module of what it is for.
from .chat.models import ChatSession, ChatTurn  # noqa: E402
from .followups.models import FollowUp  # noqa: E402
from .model.models import AgentSwitch, Consent, ModelCall, ModelUsage  # noqa: E402
from .people.models import Correspondence  # noqa: E402
from .reading.models import AgentCursor, Reading  # noqa: E402
from .retrieval.models import Chunk, Coverage  # noqa: E402
from .writing.models import Summary  # noqa: E402

__all__ = [
    "Action", "ActionState", "AgentCursor", "AgentSwitch", "ChatSession", "ChatTurn", "Chunk", "Consent",
    "Correspondence", "Coverage", "FollowUp", "ModelCall", "ModelUsage", "Origin", "Reading", "Summary",
]  # fmt: skip
