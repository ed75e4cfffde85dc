"""What is found by meaning: passages with their vectors, and how far each account was read."""

from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField, HnswIndex

from apps.calendar.models import Event
from apps.contacts.models import Contact
from apps.core.ids import new_id
from apps.mail.models import Message
from apps.providers.models import ProviderAccount


class Chunk(models.Model):
    """A passage of one message, event or contact, and its vector under one model.

    A vector stands in the column of its model's length; vectors of two models are never compared, so every query
    names the model. A source in which there is nothing to read has one chunk without text and vector: it was looked
    at. `rev` is the source's when it was read (messages never change: 0). PostgreSQL itself removes chunks with their
    source, because mail is deleted by statements that know nothing of this table.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    rev = models.PositiveBigIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    model = models.CharField(max_length=60)
    text = models.TextField(blank=True)
    small = HalfVectorField(dimensions=384, null=True)
    large = HalfVectorField(dimensions=1024, null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(message__isnull=False, event__isnull=True, contact__isnull=True)
                | Q(message__isnull=True, event__isnull=False, contact__isnull=True)
                | Q(message__isnull=True, event__isnull=True, contact__isnull=False),
                name="chunk_of_one_source",
            ),
            # These also answer what has no chunk of a model yet.
            models.UniqueConstraint(
                fields=("message", "model", "position"), name="chunk_of_message", condition=Q(message__isnull=False)
            ),
            models.UniqueConstraint(
                fields=("event", "model", "position"), name="chunk_of_event", condition=Q(event__isnull=False)
            ),
            models.UniqueConstraint(
                fields=("contact", "model", "position"), name="chunk_of_contact", condition=Q(contact__isnull=False)
            ),
        )
        indexes = (
            # An account's vectors lie together in these: they are compared without a look at the table. The first
            # holds every chunk, so that it also finds all of an account's.
            models.Index(fields=("account", "model"), include=("id", "small"), name="chunk_small_of"),
            models.Index(
                fields=("account", "model"),
                include=("id", "large"),
                name="chunk_large_of",
                condition=Q(large__isnull=False),
            ),
            HnswIndex(fields=("small",), name="chunk_small", opclasses=("halfvec_ip_ops",)),
            HnswIndex(fields=("large",), name="chunk_large", opclasses=("halfvec_ip_ops",)),
        )

    def __str__(self) -> str:
        return str(self.id)


class Coverage(models.Model):
    """How far an account was read: all up to journal number `seq` is embedded under `model`.

    `leased_until` keeps a second reader off while one is at it; it lapses by itself when that one dies.
    """

    account = models.OneToOneField(ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="coverage")
    model = models.CharField(max_length=60, blank=True)
    seq = models.BigIntegerField(default=-1)
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    covered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.account_id)
