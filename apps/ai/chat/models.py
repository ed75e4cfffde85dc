"""What people asked and were answered, sealed; whose accounts an answer was made of."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.ids import new_id


class ChatSession(models.Model):
    """A conversation of one person with the assistant.

    `accounts` are those that any of its answers was made of. A person who may not read one of them any more does not
    see the session, and it is removed when the owner of one takes their consent back.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    accounts = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("user_id", "-updated_at"), name="chat_newest"),
            models.Index(fields=("updated_at",), name="chat_oldest"),
        )

    def __str__(self) -> str:
        return str(self.id)


class TurnState(models.TextChoices):
    """`asked` is being answered, or was when its process died; `stopped` was, when its person wanted no more of it."""

    ASKED = "asked"
    ANSWERED = "answered"
    FAILED = "failed"
    STOPPED = "stopped"


class ChatTurn(models.Model):
    """A question and what came of it. `content` is sealed for "chat:<id>": see `keeping.Content`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=TurnState, default=TurnState.ASKED)
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("session", "number"), name="chat_turn_once"),)

    def __str__(self) -> str:
        return str(self.id)
