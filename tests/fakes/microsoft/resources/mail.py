"""Mail declared: folders, messages, attachments, and every method on them."""

from typing import Final

from tests.fakes.microsoft.resources.common import (
    BODY,
    DATE_TIME_ZONE,
    DESTINATION,
    EXTENDED_PROPERTIES,
    IMPORTANCE,
    RECIPIENT,
)
from tests.fakes.microsoft.schema import (
    BINARY,
    BOOLEAN,
    GET,
    INTEGER,
    LIST,
    NONE,
    STRING,
    TIME,
    Many,
    Property,
    Route,
    Structure,
    choice,
    either,
    structure,
)

MAIL_FOLDER: Final = structure(
    "mailFolder",
    {
        "id": Property(STRING, "r", null=False),
        "displayName": Property(STRING, required=True, null=False, sortable=True),
        "parentFolderId": Property(STRING, "r"),
        "childFolderCount": Property(INTEGER, "r"),
        "unreadItemCount": Property(INTEGER, "r"),
        "totalItemCount": Property(INTEGER, "r"),
        "sizeInBytes": Property(INTEGER, "r"),
        "isHidden": Property(BOOLEAN, "c"),
    },
)

FLAG: Final = structure(
    "followupFlag",
    {
        "flagStatus": Property(choice("followupFlagStatus", "notFlagged complete flagged")),
        "startDateTime": Property(DATE_TIME_ZONE),
        "dueDateTime": Property(DATE_TIME_ZONE),
        "completedDateTime": Property(DATE_TIME_ZONE),
    },
)
HEADER: Final = structure(
    "internetMessageHeader", {"name": Property(STRING, null=False), "value": Property(STRING, null=False)}
)

_ATTACHMENT: Final = structure(
    "attachment",
    {
        "id": Property(STRING, "r", null=False),
        "name": Property(STRING),
        "contentType": Property(STRING),
        "size": Property(INTEGER, "c"),
        "isInline": Property(BOOLEAN),
        "lastModifiedDateTime": Property(TIME, "r"),
    },
)
FILE_ATTACHMENT: Final = structure(
    "fileAttachment",
    {
        "name": Property(STRING, required=True),
        "contentBytes": Property(BINARY, required=True),
        "contentId": Property(STRING),
        "contentLocation": Property(STRING),
    },
    _ATTACHMENT,
)
ITEM_ATTACHMENT: Final = structure("itemAttachment", {}, _ATTACHMENT)
REFERENCE_ATTACHMENT: Final = structure("referenceAttachment", {}, _ATTACHMENT)
ATTACHMENT: Final = Structure(
    _ATTACHMENT.name,
    _ATTACHMENT.properties,
    {
        "#microsoft.graph.fileAttachment": FILE_ATTACHMENT,
        "#microsoft.graph.itemAttachment": ITEM_ATTACHMENT,
        "#microsoft.graph.referenceAttachment": REFERENCE_ATTACHMENT,
    },
)

_RECIPIENTS: Final = Property(Many(RECIPIENT), "cd")
_MESSAGE: Final = structure(
    "message",
    {
        "id": Property(STRING, "r", null=False),
        "changeKey": Property(STRING, "r"),
        "createdDateTime": Property(TIME, "r", sortable=True),
        "lastModifiedDateTime": Property(TIME, "r", sortable=True),
        "categories": Property(Many(STRING)),
        "receivedDateTime": Property(TIME, "r", sortable=True),
        "sentDateTime": Property(TIME, "r", sortable=True),
        "hasAttachments": Property(BOOLEAN, "r", sortable=True),
        "internetMessageId": Property(STRING, "cd"),
        "internetMessageHeaders": Property(Many(HEADER), "c", hidden=True),
        "subject": Property(STRING, "cd", sortable=True),
        "bodyPreview": Property(STRING, "r"),
        "importance": Property(IMPORTANCE, sortable=True),
        "parentFolderId": Property(STRING, "r"),
        "sender": Property(RECIPIENT, "cd"),
        "from": Property(RECIPIENT, "cd", sortable=True),
        "toRecipients": _RECIPIENTS,
        "ccRecipients": _RECIPIENTS,
        "bccRecipients": _RECIPIENTS,
        "replyTo": _RECIPIENTS,
        "conversationId": Property(STRING, "r"),
        "conversationIndex": Property(BINARY, "r"),
        "uniqueBody": Property(BODY, "r", hidden=True),
        "isDeliveryReceiptRequested": Property(BOOLEAN),
        "isReadReceiptRequested": Property(BOOLEAN),
        "isRead": Property(BOOLEAN, sortable=True),
        "isDraft": Property(BOOLEAN, "r", sortable=True),
        "webLink": Property(STRING, "r"),
        "inferenceClassification": Property(choice("inferenceClassificationType", "focused other")),
        "flag": Property(FLAG),
        "body": Property(BODY, "cd"),
        "attachments": Property(Many(ATTACHMENT), "c", navigation=True),
        **EXTENDED_PROPERTIES,
    },
)

# What meetings send arrives as messages of these types.
_MEETING: Final = {
    "meetingMessageType": Property(
        choice(
            "meetingMessageType",
            "none meetingRequest meetingCancelled meetingAccepted meetingTentativelyAccepted meetingDeclined",
        ),
        "r",
    ),
}
MESSAGE: Final = Structure(
    _MESSAGE.name,
    _MESSAGE.properties,
    {
        f"#microsoft.graph.{name}": structure(name, _MEETING, _MESSAGE)
        for name in ("eventMessage", "eventMessageRequest", "eventMessageResponse")
    },
)

SEND: Final = structure(
    "sendMail",
    {"message": Property(MESSAGE, null=False, required=True), "saveToSentItems": Property(BOOLEAN)},
)
REPLY: Final = structure("reply", {"comment": Property(STRING), "message": Property(MESSAGE)})
FORWARD: Final = structure("forward", {"toRecipients": Property(Many(RECIPIENT))}, REPLY)
UPLOAD: Final = structure(
    "uploadSession",
    {
        "uploadUrl": Property(STRING, "r"),
        "expirationDateTime": Property(TIME, "r"),
        "nextExpectedRanges": Property(Many(STRING), "r"),
    },
)
ATTACHMENT_ITEM: Final = structure(
    "attachmentItem",
    {
        "attachmentType": Property(choice("attachmentType", "file item reference"), null=False, required=True),
        "name": Property(STRING, null=False, required=True),
        "size": Property(INTEGER, null=False, required=True),
        "contentType": Property(STRING),
        "isInline": Property(BOOLEAN),
        "contentId": Property(STRING),
    },
)
CREATE_UPLOAD: Final = structure(
    "createUploadSession",
    {
        "AttachmentItem": Property(ATTACHMENT_ITEM, null=False, required=True),
    },
)

READ: Final = either("Mail.Read", "Mail.ReadWrite")
READ_BASIC: Final = either("Mail.ReadBasic", *READ)
APP_BASIC: Final = either("Mail.ReadBasic.All", "Mail.ReadBasic", *READ)
WRITE: Final = either("Mail.ReadWrite")
SEND_SCOPE: Final = either("Mail.Send")
_HIDDEN: Final = frozenset({"includeHiddenFolders"})
_SEARCH: Final = LIST | {"$search"}
_DELTA: Final = frozenset("$select $top $expand $filter $orderby changeType".split())
_FOLDER_DELTA: Final = frozenset({"$select", "$top"})


def _read(path: str, name: str, **more: object) -> Route:
    return Route("GET", path, name, READ, READ, **more)  # type: ignore[arg-type]  # the fields of Route, by name


def _write(method: str, path: str, name: str, **more: object) -> Route:
    return Route(method, path, name, WRITE, WRITE, **more)  # type: ignore[arg-type]  # the fields of Route, by name


_IN_FOLDER: Final = "mailFolders/{folder}/messages"
_ONE: Final = "messages/{message}"


def _for_messages(prefix: str) -> list[Route]:
    """The methods of one message, reached directly or through its folder."""
    return [
        _read(prefix, "message_get", options=GET, entity=MESSAGE),
        _write("PATCH", prefix, "message_update", entity=MESSAGE, takes=MESSAGE, purpose="update"),
        _write("DELETE", prefix, "message_delete", returns="nothing", status=204),
        _read(f"{prefix}/$value", "message_mime", returns="bytes"),
        _write("POST", f"{prefix}/move", "message_move", entity=MESSAGE, takes=DESTINATION, status=201),
        _write("POST", f"{prefix}/copy", "message_copy", entity=MESSAGE, takes=DESTINATION, status=201),
        _write("POST", f"{prefix}/permanentDelete", "message_purge", returns="nothing", status=204),
        Route(
            "POST", f"{prefix}/send", "message_send", SEND_SCOPE, SEND_SCOPE, returns="nothing", status=202,
            optional_body=True,
        ),
        *(
            _write(
                "POST", f"{prefix}/{action}", f"message_{name}", entity=MESSAGE, takes=takes, status=201,
                optional_body=True, mime=True,
            )
            for action, name, takes in (
                ("createReply", "create_reply", REPLY),
                ("createReplyAll", "create_reply_all", REPLY),
                ("createForward", "create_forward", FORWARD),
            )
        ),
        _read(f"{prefix}/attachments", "attachment_list", options=LIST, entity=ATTACHMENT, returns="many"),
        _write("POST", f"{prefix}/attachments", "attachment_add", entity=ATTACHMENT, takes=ATTACHMENT, status=201),
        _write(
            "POST", f"{prefix}/attachments/createUploadSession", "upload_create", entity=UPLOAD, takes=CREATE_UPLOAD,
            status=201,
        ),
        _read(f"{prefix}/attachments/{{attachment}}", "attachment_get", options=GET, entity=ATTACHMENT),
        _read(f"{prefix}/attachments/{{attachment}}/$value", "attachment_content", returns="bytes"),
        _write("DELETE", f"{prefix}/attachments/{{attachment}}", "attachment_delete", returns="nothing", status=204),
    ]  # fmt: skip


ROUTES: Final = [
    Route(
        "GET", "mailFolders", "folder_list", READ_BASIC, APP_BASIC, options=LIST | _HIDDEN, entity=MAIL_FOLDER,
        returns="many",
    ),
    _write("POST", "mailFolders", "folder_create", entity=MAIL_FOLDER, takes=MAIL_FOLDER, status=201),
    Route(
        "GET", "mailFolders/delta", "folder_delta", READ_BASIC, APP_BASIC, options=_FOLDER_DELTA, entity=MAIL_FOLDER,
        returns="delta", tracking="MailFolders",
    ),
    Route("GET", "mailFolders/{folder}", "folder_get", READ_BASIC, APP_BASIC, options=GET | _HIDDEN,
          entity=MAIL_FOLDER),
    _write("PATCH", "mailFolders/{folder}", "folder_update", entity=MAIL_FOLDER, takes=MAIL_FOLDER, purpose="update"),
    _write("DELETE", "mailFolders/{folder}", "folder_delete", returns="nothing", status=204),
    _write("POST", "mailFolders/{folder}/move", "folder_move", entity=MAIL_FOLDER, takes=DESTINATION, status=201),
    Route(
        "GET", "mailFolders/{folder}/childFolders", "folder_children", READ_BASIC, APP_BASIC, options=LIST | _HIDDEN,
        entity=MAIL_FOLDER, returns="many",
    ),
    _write(
        "POST", "mailFolders/{folder}/childFolders", "folder_create_child", entity=MAIL_FOLDER, takes=MAIL_FOLDER,
        status=201,
    ),
    _read("messages", "message_list", options=_SEARCH, entity=MESSAGE, returns="many"),
    _write("POST", "messages", "message_create", entity=MESSAGE, takes=MESSAGE, status=201, mime=True),
    _read(_IN_FOLDER, "message_list", options=_SEARCH, entity=MESSAGE, returns="many"),
    _write("POST", _IN_FOLDER, "message_create", entity=MESSAGE, takes=MESSAGE, status=201, mime=True),
    _read(
        f"{_IN_FOLDER}/delta", "message_delta", options=_DELTA, entity=MESSAGE, returns="delta", tracking="Messages"
    ),
    *_for_messages(_ONE),
    *_for_messages(f"{_IN_FOLDER}/{{message}}"),
    Route(
        "POST", "sendMail", "send_mail", SEND_SCOPE, SEND_SCOPE, takes=SEND, returns="nothing", status=202, mime=True
    ),
    Route("PUT", "uploads/{upload}", "upload_put", entity=ATTACHMENT, options=NONE, raw=True, level="upload"),
    Route("GET", "uploads/{upload}", "upload_state", entity=UPLOAD, level="upload"),
    Route("DELETE", "uploads/{upload}", "upload_cancel", returns="nothing", status=204, level="upload"),
]  # fmt: skip
