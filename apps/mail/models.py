"""The mirrored mail of a tenant.

A message is one row however many mailboxes hold it; a placement says where, under which UID, with
which flags. Words for search live in a table of their own, so that marking mail read never touches
a full-text index.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class Mailbox(models.Model):
    """A mailbox, the cursor of its sync, and its counters."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="mailboxes")
    remote_id = models.TextField()
    path = ArrayField(models.TextField())
    delimiter = models.CharField(max_length=4, null=True)
    role = models.CharField(max_length=10, blank=True)
    selectable = models.BooleanField(default=True)
    subscribed = models.BooleanField(default=True)
    stable_id = models.TextField(null=True)
    epoch = models.BigIntegerField(null=True)
    cursor = models.JSONField(null=True)
    remaining = models.PositiveIntegerField(null=True)
    missing_since = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)
    threads = models.PositiveIntegerField(default=0)
    unread_threads = models.PositiveIntegerField(default=0)
    rev = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "remote_id"), name="mailbox_once"),)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def whole(self) -> bool:
        """Where messages have labels: it holds every one of them, whatever its labels are. A server's mere view of all
        mail is never mirrored, so it has no epoch."""
        return self.role == "all" and self.selectable and self.epoch is not None


class Thread(models.Model):
    """A conversation within one account; its columns are what a list row shows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="threads")
    subject = models.TextField(blank=True)
    # For mail that is threaded by subject: a digest of the base subject (RFC 5256), 0 for none, and
    # whether the thread began with a reply whose parent nobody named.
    subject_key = models.BigIntegerField(default=0)
    rootless = models.BooleanField(default=False)
    snippet = models.TextField(blank=True)
    participants = models.JSONField(default=list)
    last_at = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)
    flagged = models.BooleanField(default=False)
    has_attachment = models.BooleanField(default=False)
    keywords = ArrayField(models.TextField(), null=True)
    rev = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=("account", "-last_at"), name="thread_recent"),
            models.Index(fields=("account", "subject_key"), name="thread_subject", condition=~models.Q(subject_key=0)),
        )

    def __str__(self) -> str:
        return str(self.id)


class ThreadEntry(models.Model):
    """A thread's row in one mailbox's list, ordered by its newest message there."""

    pk = models.CompositePrimaryKey("mailbox_id", "thread_id")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="entries")
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="entries")
    at = models.DateTimeField()
    unread = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    snoozed_until = models.DateTimeField(null=True)
    """Until then the list does not show it, and no counter counts it."""

    class Meta:
        indexes = (
            models.Index(fields=("mailbox", "-at", "-thread"), name="entry_newest"),
            models.Index(fields=("mailbox", "-at"), name="entry_unread", condition=models.Q(unread=True)),
            models.Index(fields=("mailbox", "-at"), name="entry_flagged", condition=models.Q(flagged=True)),
        )


class Snooze(models.Model):
    """A thread put off in one mailbox; once it has woken, what keeps it at the top of the list."""

    pk = models.CompositePrimaryKey("mailbox_id", "thread_id")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="snoozes", db_index=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="snoozes")
    until = models.DateTimeField()
    woken_at = models.DateTimeField(null=True)
    by_command = models.UUIDField()


class Message(models.Model):
    """A message's envelope and state. Its bytes lie sealed in a pack (`apps.core.blobs`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="messages")
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    identity = models.TextField()
    message_id = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    senders = models.JSONField(default=list)
    recipients = models.JSONField(default=dict)
    at = models.DateTimeField()
    date_header = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(default=0)
    snippet = models.TextField(blank=True)
    flags = ArrayField(models.TextField(), default=list)
    has_attachment = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)
    truncated = ArrayField(models.TextField(), default=list)
    complete = models.BooleanField(default=True)
    unreadable = models.BooleanField(default=False)
    pack = models.TextField(blank=True)
    pack_offset = models.BigIntegerField(default=0)
    pack_length = models.IntegerField(default=0)
    orphaned_at = models.DateTimeField(null=True)
    rev = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=("account", "identity"), name="message_identity"),
            models.Index(fields=("thread", "at"), name="message_in_thread"),
            models.Index(fields=("orphaned_at",), name="message_orphan", condition=models.Q(orphaned_at__isnull=False)),
            models.Index(
                fields=("account",), name="message_flagged", condition=models.Q(flags__contains=["\\flagged"])
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class Placement(models.Model):
    """A message in a mailbox: what the provider has, and what open commands make of it.

    `flags` is what people see. While an open command says otherwise than the provider, or one that was
    carried out while the provider was being read, `base_flags` keeps what was read (null: the same).
    `leaving` names the command that takes it away: then it is shown and counted nowhere, and the
    provider still has it. `expected` names the command that puts it there: then its UID is negative, it
    is shown and counted, and the provider has it not yet.
    """

    pk = models.CompositePrimaryKey("mailbox_id", "uid")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="placements")
    uid = models.BigIntegerField()
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="placements", db_index=False)
    flags = ArrayField(models.TextField(), default=list)
    modseq = models.BigIntegerField(null=True)
    base_flags = ArrayField(models.TextField(), null=True)
    leaving = models.UUIDField(null=True)
    expected = models.UUIDField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("message",), name="placement_message"),
            models.Index(fields=("leaving",), name="placement_leaving", condition=models.Q(leaving__isnull=False)),
            models.Index(fields=("expected",), name="placement_expected", condition=models.Q(expected__isnull=False)),
            models.Index(fields=("message",), name="placement_base", condition=models.Q(base_flags__isnull=False)),
        )


class ThreadLink(models.Model):
    """A Message-ID that belongs to a thread, also one only referred to so far.

    The key is a digest: a Message-ID may be longer than an index row allows.
    """

    pk = models.CompositePrimaryKey("account_id", "digest")
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.BinaryField(max_length=16)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="links")


class Attachment(models.Model):
    """A part of a message that is offered as a file."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    section = models.CharField(max_length=120)
    filename = models.TextField(blank=True)
    content_type = models.TextField(blank=True)
    size = models.PositiveBigIntegerField(default=0)
    content_id = models.TextField(blank=True)
    inline = models.BooleanField(default=False)


class MessageWords(models.Model):
    """What search reads of a message. Names, subject and file names are folded (case, accents);
    the body stays as it is, for the excerpt that a hit shows."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="words")
    account_id = models.UUIDField()
    at = models.DateTimeField()
    sender = models.TextField(blank=True)
    recipients = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    filenames = models.TextField(blank=True)
    body = models.TextField(blank=True)
    vector = SearchVectorField()

    class Meta:
        indexes = (
            models.Index(fields=("account_id", "-at", "-message"), name="words_newest"),
            GinIndex(fields=("vector",), name="words_vector"),
            GinIndex(
                fields=("sender", "recipients", "subject", "filenames"),
                name="words_parts",
                opclasses=("gin_trgm_ops", "gin_trgm_ops", "gin_trgm_ops", "gin_trgm_ops"),
            ),
        )


class ImageSender(models.Model):
    """A sender, in lower case, whose remote images a person always sees."""

    user_id = models.UUIDField()
    address = models.TextField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user_id", "address"), name="image_sender_once"),)

    def __str__(self) -> str:
        return str(self.pk)
