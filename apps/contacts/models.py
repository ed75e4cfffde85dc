"""The mirrored address books of a tenant. A contact's vCard is the truth; the other columns are read out of it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from apps.collections.models import Collection, CollectionObject


class AddressBook(Collection):
    """An address book; new cards are written in its version of vCard."""

    version = models.CharField(max_length=4, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "remote_id"), name="book_once"),)


class Contact(CollectionObject):
    """A person, an organisation, or a group of contacts, in one address book."""

    collection = models.ForeignKey(AddressBook, on_delete=models.CASCADE, related_name="contacts")
    kind = models.CharField(max_length=12, default="individual")
    name = models.TextField(blank=True)
    sort_name = models.TextField(blank=True)
    """The name by which it stands in the list, folded (case, accents): the family name first."""
    organization = models.TextField(blank=True)
    title = models.TextField(blank=True)
    emails = ArrayField(models.TextField(), default=list)
    """Addresses in lower case, the preferred one first."""
    phones = ArrayField(models.TextField(), default=list)
    """Digits, with a leading + where the country is named."""
    words = models.TextField(blank=True)
    """All that a search looks at, folded."""
    has_photo = models.BooleanField(default=False)
    card = models.JSONField(default=dict)
    """What the card says, as people are shown it, without its photo."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("collection", "remote_id"), name="contact_once"),)
        indexes = (
            models.Index(fields=("account", "sort_name", "id"), name="contact_sorted"),
            models.Index(fields=("account", "uid"), name="contact_uid"),
            GinIndex(fields=("emails",), name="contact_emails"),
            GinIndex(fields=("words",), name="contact_words", opclasses=("gin_trgm_ops",)),
        )
