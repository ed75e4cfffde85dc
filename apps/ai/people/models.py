"""How a person deals with those who write to them."""

from django.db import models

from apps.providers.models import ProviderAccount


class Correspondence(models.Model):
    """Half a year of mail with one address: what came, what of it was answered, how fast, what was written besides."""

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+", db_index=False)
    address = models.CharField(max_length=320)
    name = models.CharField(max_length=200, blank=True)
    received = models.PositiveIntegerField()
    answered = models.PositiveIntegerField()
    written = models.PositiveIntegerField()
    median_minutes = models.FloatField(null=True)
    last_at = models.DateTimeField()
    score = models.FloatField()
    counted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "address"), name="correspondence_once"),)

    def __str__(self) -> str:
        return self.address
