"""What is open between people, one row for each side of a message."""

from django.db import models

from apps.core.ids import new_id
from apps.mail.models import Message, Thread
from apps.providers.models import ProviderAccount


class FollowUp(models.Model):
    """Something asked, or promised, in a message. `mine`: the account's person is to do it; else the other side.

    It is due on a day (`due_on`), which an hour may make exact (`due_at`); with neither, when silence has lasted. A row
    closes itself when the matter is settled; what a person dismissed stays dismissed.
    """

    class State(models.TextChoices):
        """`snoozed` counts as open once its time has come."""

        OPEN = "open"
        DONE = "done"
        DISMISSED = "dismissed"
        SNOOZED = "snoozed"

    class Kind(models.TextChoices):
        """Why it is open; `bounced` is a message of ours that did not arrive."""

        ASKED = "asked"
        PROMISED = "promised"
        BOUNCED = "bounced"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+", db_index=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)
    mine = models.BooleanField()
    kind = models.CharField(max_length=8, choices=Kind)
    who = models.CharField(max_length=320, blank=True)
    said = models.CharField(max_length=500, blank=True)
    due_on = models.DateField(null=True)
    due_at = models.DateTimeField(null=True)
    since = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    snoozed_until = models.DateTimeField(null=True)
    by = models.CharField(max_length=6)
    decided_by = models.UUIDField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("message", "mine"), name="followup_once"),)
        indexes = (
            models.Index(
                fields=("account", "mine", "since"),
                name="followup_open",
                # No `in`: PostgreSQL dumps that in another form than it keeps it in, and the two are compared.
                condition=models.Q(state="open") | models.Q(state="snoozed"),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
