"""What people write: drafts with their files, who they write as, their templates, and what became of what they sent."""

from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class Identity(models.Model):
    """Who a person writes as in one account: the account's own address, or an alias that its server allows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="identities")
    name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=320)
    reply_to = models.CharField(max_length=320, blank=True)
    signature_html = models.TextField(blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account",), name="identity_default", condition=models.Q(is_default=True)),
        )

    def __str__(self) -> str:
        return str(self.id)


class Template(models.Model):
    """A text that a person uses again and again. Theirs alone, in whichever account."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    name = models.CharField(max_length=120)
    subject = models.TextField(blank=True)
    html = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = (models.Index(fields=("user_id", "name"), name="template_owner"),)

    def __str__(self) -> str:
        return str(self.id)


class SubmissionServer(models.Model):
    """What an account's submission server said at its last EHLO, and what it was seen to do. Null: not known."""

    account = models.OneToOneField(ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="+")
    message_bytes = models.BigIntegerField(null=True)
    recipients = models.IntegerField(null=True)
    utf8 = models.BooleanField(default=False)
    files_sent = models.BooleanField(null=True)
    """True when it puts a copy of what it sends into the Sent mailbox by itself."""
    seen_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.account_id)


class DraftState(models.TextChoices):
    """`waiting` can still be undone, `scheduled` waits for its time, `doubt` waits for the person's word."""

    EDITING = "editing"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DOUBT = "doubt"


class Mode(models.TextChoices):
    """How a draft began."""

    NEW = "new"
    REPLY = "reply"
    REPLY_ALL = "reply_all"
    FORWARD = "forward"


class Draft(models.Model):
    """A message being written, and its way out.

    `rev` counts its versions, `saved_rev` is the one that the Drafts mailbox holds; `moves` counts its changes of
    state, so that who is told twice knows which is the newer. What is sent is fixed in `pack` when the person
    sends it: the bytes of every attempt are the same.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="drafts")
    identity = models.ForeignKey(Identity, on_delete=models.SET_NULL, null=True, related_name="+")
    by_user = models.UUIDField()
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.NEW)
    source_message_id = models.UUIDField(null=True)
    thread_id = models.UUIDField(null=True)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    subject = models.TextField(blank=True)
    html = models.TextField(blank=True)
    quote = models.JSONField(null=True)
    include_quote = models.BooleanField(default=True)
    in_reply_to = models.TextField(blank=True)
    references = ArrayField(models.TextField(), default=list)
    calendar = models.TextField(blank=True, db_default="")
    """An iTIP message that it carries: an invitation, an answer to one; and its METHOD."""
    calendar_method = models.CharField(max_length=16, blank=True, db_default="")
    state = models.CharField(max_length=10, choices=DraftState, default=DraftState.EDITING)
    send_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    error = models.JSONField(null=True)
    header_id = models.TextField(blank=True)
    """The Message-ID under which it is sent, chosen before the first attempt."""
    message_id = models.UUIDField(null=True)
    """The mirrored message that shows it: in Drafts while it is written, in Sent afterwards."""
    envelope = models.JSONField(null=True)
    command_id = models.UUIDField(null=True)
    pack = models.TextField(blank=True)
    pack_length = models.BigIntegerField(default=0)
    request_digest = models.CharField(max_length=64, blank=True)
    """Of a message sent by one call: the same key with another content is another request."""
    rev = models.PositiveBigIntegerField(default=0)
    saved_rev = models.PositiveBigIntegerField(default=0)
    moves = models.PositiveBigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("account", "-updated_at"), name="draft_recent", condition=~models.Q(state="sent")),
            models.Index(fields=("message_id",), name="draft_message", condition=models.Q(message_id__isnull=False)),
            models.Index(fields=("header_id",), name="draft_header", condition=~models.Q(header_id="")),
            models.Index(fields=("sent_at",), name="draft_sent", condition=models.Q(sent_at__isnull=False)),
        )

    def __str__(self) -> str:
        return str(self.id)

    def become(self, state: DraftState, error: dict[str, Any] | None = None) -> None:
        """Change its state, with why; `STATE_FIELDS` are to be saved."""
        self.state, self.error = state, error
        self.moves += 1


STATE_FIELDS: Final = ("state", "error", "moves")


class DraftCopy(models.Model):
    """A version that we put, or tried to put, into the Drafts mailbox. Written before the attempt.

    `fingerprint` is of its content: a copy that another client changed has another one. `uid` and
    `epoch` say where it lies, once the server told us.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="copies")
    rev = models.PositiveBigIntegerField()
    fingerprint = models.CharField(max_length=64)
    uid = models.BigIntegerField(null=True)
    epoch = models.BigIntegerField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("draft", "rev"), name="draft_copy_once"),)


class Upload(models.Model):
    """A file of a draft, brought in piece by piece; or one of a mirrored message, until its bytes are copied."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+")
    draft_id = models.UUIDField()
    """No foreign key: a file may be on its way before the draft it belongs to."""
    by_user = models.UUIDField()
    filename = models.CharField(max_length=255, blank=True)
    content_type = models.CharField(max_length=160, blank=True)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=200, blank=True)
    source_id = models.UUIDField(null=True)
    """The attachment of a mirrored message whose bytes it still needs."""
    origin_id = models.UUIDField(null=True)
    """The file it is a copy of: who names that one again means this one."""
    attached = models.BooleanField(default=True)
    """False once the draft let go of it; kept a while, for another version may still hold it."""
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            models.Index(fields=("draft_id",), name="upload_draft"),
            models.Index(fields=("created_at",), name="upload_age"),
        )

    def __str__(self) -> str:
        return str(self.id)


class UploadPiece(models.Model):
    """One piece of a file, sealed in a pack of its own."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pieces")
    start = models.BigIntegerField()
    length = models.IntegerField()
    pack = models.TextField()
    pack_offset = models.BigIntegerField()
    pack_length = models.IntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("upload", "start"), name="piece_once"),)


class Delivery(models.Model):
    """What mail systems reported about one recipient of a message (RFC 3464). `about` digests its Message-ID."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+")
    about = models.BinaryField(max_length=16)
    address = models.CharField(max_length=320)
    state = models.CharField(max_length=12)
    sentence = models.TextField()
    report_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "about", "address"), name="delivery_once"),)


class Correspondent(models.Model):
    """An address that the account wrote to or heard from: what the recipients' autocompletion offers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=320)
    name = models.TextField(blank=True)
    folded = models.TextField()
    written_to = models.PositiveIntegerField(default=0)
    heard_from = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "address"), name="correspondent_once"),)
        indexes = (
            GinIndex(fields=("folded",), name="correspondent_parts", opclasses=("gin_trgm_ops",)),
            models.Index(fields=("account", "-last_at"), name="correspondent_recent"),
        )


class Gathered(models.Model):
    """How far an account's mail was read for correspondents: ids grow with time."""

    account = models.OneToOneField(ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="+")
    up_to = models.UUIDField(null=True)
