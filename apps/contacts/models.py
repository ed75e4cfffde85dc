"""The mirrored address books of a tenant. A contact's vCard is the truth; the other columns are read out of it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from apps.collections.models import Collection, CollectionObject
from apps.core.ids import new_id


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


class ContactLink(models.Model):
    """What a person said of two contacts: that they are the same person, or that they are not.

    Each is named by its address book and UID rather than by its row: so a link outlasts that a contact is moved,
    merged and brought back, or read anew. `first` and `second` stand in the order of (book, UID).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    first_book = models.ForeignKey(AddressBook, on_delete=models.CASCADE, related_name="+")
    first_uid = models.TextField()
    second_book = models.ForeignKey(AddressBook, on_delete=models.CASCADE, related_name="+")
    second_uid = models.TextField()
    same = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user_id", "first_book", "first_uid", "second_book", "second_uid"), name="link_once"
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)


class Merge(models.Model):
    """Contacts that were made one, and all that it takes to bring each of them back octet for octet.

    `kept` and `groups` are ids of contacts; `before` and `after` are the kept one's text; `others` lists those that
    went: their book, their UID, their id and their text in base64.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    by_user = models.UUIDField()
    name = models.TextField()
    book = models.ForeignKey(AddressBook, on_delete=models.CASCADE, related_name="+")
    kept = models.UUIDField()
    kept_uid = models.TextField(blank=True)
    before = models.BinaryField()
    after = models.BinaryField()
    others = models.JSONField(default=list)
    groups = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("by_user", "created_at"), name="merge_of"),)

    def __str__(self) -> str:
        return str(self.pk)
