"""The columns that calendars and address books share; `calendar` and `contacts` make tables of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class Collection(models.Model):
    """A calendar or an address book, and the cursor of its sync."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="%(class)ss")
    remote_id = models.TextField()
    name = models.TextField(blank=True)
    color = models.CharField(max_length=7, blank=True)
    description = models.TextField(blank=True)
    writable = models.BooleanField(default=True)
    cursor = models.JSONField(null=True)
    missing_since = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    remaining = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    rev = models.PositiveBigIntegerField(default=1)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


class CollectionObject(models.Model):
    """One object of a collection: its text, and how it stands with the provider.

    `data` is what is shown: the provider's text, with our own changes while they are on their way. Then
    `base` is the provider's text without them, or what it is to get first. An empty `etag` says that the
    provider does not have the object yet; `leaving` names the command that takes it away.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="%(class)ss")
    remote_id = models.TextField()
    etag = models.TextField(blank=True)
    data = models.BinaryField(default=b"")
    base = models.BinaryField(null=True)
    digest = models.BinaryField(default=b"")
    uid = models.TextField(blank=True)
    refused = models.TextField(blank=True)
    """Why the provider, which lists the object, does not hand it out: its own words."""
    problems = ArrayField(models.TextField(), default=list)
    """What in the text could not be understood, each a short phrase."""
    ours = models.BinaryField(null=True)
    """After a conflict: the text as it was changed here, until a person decides. `data` is the provider's."""
    leaving = models.UUIDField(null=True)
    unconfirmed_at = models.DateTimeField(null=True)
    """When a change of ours was carried out that no sync has told of since."""
    rev = models.PositiveBigIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)
