"""What was last said to others of an event."""

from django.db import models

from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class Said(models.Model):
    """What an account last told others of an event: its text to those invited, or its own answer to who invites.

    `key` is the instance that an answer is to; empty for the whole of it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+")
    uid = models.CharField(max_length=255)
    key = models.CharField(max_length=40, blank=True)
    text = models.BinaryField(null=True)
    answer = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "uid", "key"), name="said_once"),)

    def __str__(self) -> str:
        return str(self.id)
