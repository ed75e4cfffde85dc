"""Summaries that were made."""

from django.db import models

from apps.mail.models import Thread
from apps.providers.models import ProviderAccount


class Summary(models.Model):
    """A conversation in few words, as it stood at its message `up_to`, in one language."""

    thread = models.OneToOneField(Thread, on_delete=models.CASCADE, primary_key=True, related_name="+")
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+")
    up_to = models.UUIDField()
    language = models.CharField(max_length=8)
    text = models.TextField()
    points = models.JSONField(default=list)
    made_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return str(self.thread_id)
