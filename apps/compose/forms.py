"""The fields of compose's requests and answers, as the API reads and documents them."""

from typing import Any, Final

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from .models import DraftState, Mode

MOST: Final = 2_000


class People(serializers.JSONField):
    """A list of {name, address} or of text, or one text: read by `recipients`, which names what is wrong."""


class AttachedIn(serializers.Serializer[Any]):
    """A file that the draft holds: an upload's id, or that of a mirrored message's attachment to take along."""

    id = serializers.UUIDField()


class DraftIn(serializers.Serializer[Any]):
    """A version of a draft; what is left out stays as it is."""

    rev = serializers.IntegerField(min_value=0, help_text="the version this one began from; 0 for a new draft")
    account_id = serializers.UUIDField(required=False)
    identity_id = serializers.UUIDField(required=False, allow_null=True)
    mode = serializers.ChoiceField(choices=Mode.choices, required=False)
    source_message_id = serializers.UUIDField(required=False, allow_null=True)
    to = People(required=False)
    cc = People(required=False)
    bcc = People(required=False)
    subject = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    html = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    include_quote = serializers.BooleanField(required=False)
    attachments = AttachedIn(many=True, required=False)


class SendIn(serializers.Serializer[Any]):
    """When a draft leaves."""

    rev = serializers.IntegerField(min_value=0)
    undo_seconds = serializers.IntegerField(default=0)
    send_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class OnceIn(serializers.Serializer[Any]):
    """A message made and sent by one call."""

    to = People()
    cc = People(required=False)
    bcc = People(required=False)
    subject = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    html = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    account_id = serializers.UUIDField(required=False)
    identity_id = serializers.UUIDField(required=False)
    mode = serializers.ChoiceField(choices=Mode.choices, required=False)
    source_message_id = serializers.UUIDField(required=False)
    include_quote = serializers.BooleanField(required=False)
    attachments = AttachedIn(many=True, required=False)
    undo_seconds = serializers.IntegerField(default=0)
    send_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ResolveIn(serializers.Serializer[Any]):
    """What became of a message in doubt."""

    decision = serializers.ChoiceField(choices=("resend", "was_sent"))


class UploadIn(serializers.Serializer[Any]):
    """A file that is about to be brought."""

    draft_id = serializers.UUIDField()
    filename = serializers.CharField(max_length=1000, allow_blank=True, trim_whitespace=False)
    content_type = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    size = serializers.IntegerField(min_value=0)
    inline = serializers.BooleanField(default=False)


class IdentityIn(serializers.Serializer[Any]):
    """A new identity."""

    account_id = serializers.UUIDField()
    name = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    address = serializers.CharField(max_length=320)
    reply_to = serializers.CharField(required=False, allow_blank=True, max_length=320, default="")
    signature_html = serializers.CharField(required=False, allow_blank=True, default="")
    is_default = serializers.BooleanField(default=False)


class IdentityChangeIn(serializers.Serializer[Any]):
    """What changes of an identity."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=200)
    address = serializers.CharField(required=False, max_length=320)
    reply_to = serializers.CharField(required=False, allow_blank=True, max_length=320)
    signature_html = serializers.CharField(required=False, allow_blank=True)
    is_default = serializers.BooleanField(required=False)


class TemplateIn(serializers.Serializer[Any]):
    """A new template; fields stand in double braces."""

    name = serializers.CharField(max_length=120)
    subject = serializers.CharField(required=False, allow_blank=True, max_length=5_000, default="")
    html = serializers.CharField(required=False, allow_blank=True, default="")


class TemplateChangeIn(serializers.Serializer[Any]):
    """What changes of a template."""

    name = serializers.CharField(required=False, max_length=120)
    subject = serializers.CharField(required=False, allow_blank=True, max_length=5_000)
    html = serializers.CharField(required=False, allow_blank=True)


PERSON: Final[dict[str, Any]] = {"name": serializers.CharField(), "address": serializers.CharField()}
FILE_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "filename": serializers.CharField(),
    "content_type": serializers.CharField(),
    "size": serializers.IntegerField(),
    "inline": serializers.BooleanField(),
    "content_id": serializers.CharField(allow_null=True, help_text="the HTML shows it as `cid:<content_id>`"),
    "url": serializers.CharField(),
}
DRAFT_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "account_id": serializers.UUIDField(),
    "identity_id": serializers.UUIDField(allow_null=True),
    "mode": serializers.ChoiceField(choices=Mode.choices),
    "source_message_id": serializers.UUIDField(allow_null=True),
    "thread_id": serializers.UUIDField(allow_null=True),
    "to": inline_serializer("DraftTo", PERSON, many=True),
    "cc": inline_serializer("DraftCc", PERSON, many=True),
    "bcc": inline_serializer("DraftBcc", PERSON, many=True),
    "subject": serializers.CharField(),
    "html": serializers.CharField(),
    "quote": inline_serializer(
        "DraftQuote", {"html": serializers.CharField(), "text": serializers.CharField()}, allow_null=True
    ),
    "include_quote": serializers.BooleanField(),
    "attachments": inline_serializer("DraftFile", FILE_FIELDS, many=True),
    "state": serializers.ChoiceField(choices=DraftState.choices),
    "send_at": serializers.DateTimeField(allow_null=True),
    "undo_until": serializers.DateTimeField(allow_null=True),
    "error": inline_serializer(
        "DraftError", {"code": serializers.CharField(), "sentence": serializers.CharField()}, allow_null=True
    ),
    "message_id": serializers.UUIDField(allow_null=True),
    "rev": serializers.IntegerField(help_text="counts its versions"),
    "moves": serializers.IntegerField(help_text="counts its changes of state"),
    "updated_at": serializers.DateTimeField(),
}
DRAFT: Final = inline_serializer("Draft", DRAFT_FIELDS)
DRAFTS: Final = inline_serializer(
    "Drafts",
    {"seq": serializers.IntegerField(), "items": inline_serializer("DraftItem", DRAFT_FIELDS, many=True)},
)
PREFILL: Final = inline_serializer(
    "Prefill",
    {
        "account_id": serializers.UUIDField(),
        "identity_id": serializers.UUIDField(),
        "mode": serializers.ChoiceField(choices=Mode.choices),
        "source_message_id": serializers.UUIDField(),
        "thread_id": serializers.UUIDField(allow_null=True),
        "to": inline_serializer("PrefillTo", PERSON, many=True),
        "cc": inline_serializer("PrefillCc", PERSON, many=True),
        "bcc": inline_serializer("PrefillBcc", PERSON, many=True),
        "subject": serializers.CharField(),
        "quote": inline_serializer("PrefillQuote", {"html": serializers.CharField(), "text": serializers.CharField()}),
        "include_quote": serializers.BooleanField(),
        "attachments": inline_serializer("PrefillFile", FILE_FIELDS, many=True),
        "in_reply_to": serializers.CharField(),
        "references": serializers.ListField(child=serializers.CharField()),
    },
)
UPLOAD: Final = inline_serializer(
    "Upload",
    {
        "id": serializers.UUIDField(),
        "chunk_size": serializers.IntegerField(),
        "received": serializers.IntegerField(),
        "attachment": inline_serializer("UploadFile", FILE_FIELDS, allow_null=True),
    },
)
IDENTITY_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "account_id": serializers.UUIDField(),
    "name": serializers.CharField(),
    "address": serializers.CharField(),
    "reply_to": serializers.CharField(),
    "signature_html": serializers.CharField(),
    "is_default": serializers.BooleanField(),
    "limits": inline_serializer(
        "IdentityLimits",
        {
            "message_bytes": serializers.IntegerField(allow_null=True),
            "recipients": serializers.IntegerField(allow_null=True),
        },
    ),
}
IDENTITY: Final = inline_serializer("Identity", IDENTITY_FIELDS)
IDENTITIES: Final = inline_serializer(
    "Identities", {"items": inline_serializer("IdentityItem", IDENTITY_FIELDS, many=True)}
)
TEMPLATE_FIELDS: Final[dict[str, Any]] = {
    "id": serializers.UUIDField(),
    "name": serializers.CharField(),
    "subject": serializers.CharField(),
    "html": serializers.CharField(),
    "fields": serializers.ListField(child=serializers.CharField()),
}
TEMPLATE: Final = inline_serializer("Template", TEMPLATE_FIELDS)
TEMPLATES: Final = inline_serializer(
    "Templates", {"items": inline_serializer("TemplateItem", TEMPLATE_FIELDS, many=True)}
)
RECIPIENTS: Final = inline_serializer(
    "Recipients",
    {"items": inline_serializer("Recipient", PERSON | {"source": serializers.CharField()}, many=True)},
)
UNSUBSCRIBED: Final = inline_serializer(
    "Unsubscribed",
    {
        "how": serializers.ChoiceField(choices=("one_click", "mail", "link")),
        "url": serializers.CharField(allow_null=True),
    },
)
