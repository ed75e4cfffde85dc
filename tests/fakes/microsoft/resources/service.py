"""Declared: users, the signed-in one, mailbox settings, translated ids, subscriptions and batches."""

from typing import Any, Final

from tests.fakes.microsoft.schema import (
    BOOLEAN,
    GET,
    INTEGER,
    STRING,
    TIME,
    Many,
    Property,
    Route,
    choice,
    either,
    structure,
)

USER: Final = structure(
    "user",
    {
        "id": Property(STRING, "r", null=False),
        "displayName": Property(STRING, "r"),
        "givenName": Property(STRING, "r"),
        "surname": Property(STRING, "r"),
        "mail": Property(STRING, "r"),
        "userPrincipalName": Property(STRING, "r"),
        "businessPhones": Property(Many(STRING), "r"),
        "jobTitle": Property(STRING, "r"),
        "mobilePhone": Property(STRING, "r"),
        "officeLocation": Property(STRING, "r"),
        "preferredLanguage": Property(STRING, "r"),
        "proxyAddresses": Property(Many(STRING), "r", hidden=True),
        "accountEnabled": Property(BOOLEAN, "r", hidden=True),
        "department": Property(STRING, "r", hidden=True),
        "userType": Property(STRING, "r", hidden=True),
    },
)
SETTINGS: Final = structure(
    "mailboxSettings",
    {
        "archiveFolder": Property(STRING, "r"),
        "timeZone": Property(STRING, "r"),
        "dateFormat": Property(STRING, "r"),
        "timeFormat": Property(STRING, "r"),
        "userPurpose": Property(choice("userPurpose", "user linked shared room equipment others"), "r"),
    },
)
_ID_FORMAT: Final = choice("exchangeIdFormat", "entryId ewsId immutableEntryId restId restImmutableEntryId")
TRANSLATE: Final = structure(
    "translateExchangeIds",
    {
        "inputIds": Property(Many(STRING), null=False, required=True),
        "sourceIdType": Property(_ID_FORMAT, null=False, required=True),
        "targetIdType": Property(_ID_FORMAT, null=False, required=True),
    },
)
TRANSLATED: Final = structure("convertIdResult", {"sourceId": Property(STRING, "r"), "targetId": Property(STRING, "r")})
SUBSCRIPTION: Final = structure(
    "subscription",
    {
        "id": Property(STRING, "r", null=False),
        "resource": Property(STRING, "c", null=False, required=True),
        "applicationId": Property(STRING, "r"),
        "changeType": Property(STRING, "c", null=False, required=True),
        "clientState": Property(STRING, "c"),
        "notificationUrl": Property(STRING, "cu", null=False, required=True),
        "lifecycleNotificationUrl": Property(STRING, "c"),
        "expirationDateTime": Property(TIME, "cu", null=False, required=True),
        "creatorId": Property(STRING, "r"),
        "includeResourceData": Property(BOOLEAN, "c"),
        "latestSupportedTlsVersion": Property(STRING, "c"),
        "encryptionCertificate": Property(STRING, "c"),
        "encryptionCertificateId": Property(STRING, "c"),
        "notificationQueryOptions": Property(STRING, "r"),
        "notificationUrlAppId": Property(STRING, "r"),
    },
)


class Anything:
    """A value whose shape is another resource's business."""

    name = "Edm.Untyped"

    def faults(self, value: Any, where: str, purpose: str) -> Any:
        """Nothing is wrong with it here."""
        return iter(())


BATCH_REQUEST: Final = structure(
    "batchRequestStep",
    {
        "id": Property(STRING, null=False),
        "method": Property(STRING, null=False),
        "url": Property(STRING, null=False),
        "headers": Property(Anything()),
        "body": Property(Anything()),
        "dependsOn": Property(Many(STRING)),
    },
)
BATCH: Final = structure("batchRequestContent", {"requests": Property(Many(BATCH_REQUEST), null=False)})
BATCH_RESPONSE: Final = structure(
    "batchResponseStep",
    {
        "id": Property(STRING, "r"),
        "status": Property(INTEGER, "r"),
        "headers": Property(Anything(), "r"),
        "body": Property(Anything(), "r"),
    },
)
BATCH_RESPONSES: Final = structure("batchResponseContent", {"responses": Property(Many(BATCH_RESPONSE), "r")})

# A subscription is allowed to whoever may read its resource; the handler looks at that.
_ANY: Final = either(
    "Mail.Read", "Mail.ReadWrite", "Calendars.Read", "Calendars.ReadWrite", "Contacts.Read", "Contacts.ReadWrite"
)
_ME: Final = either("User.Read", "User.ReadWrite", "User.Read.All")
_LISTED: Final = frozenset("$select $top $filter $count".split())
"""Options of a list of directory objects: it cannot be skipped into, and is sorted only by its own rules."""

ROUTES: Final = [
    Route("GET", "", "user_get", _ME, either("User.Read.All"), options=GET, entity=USER),
    Route("GET", "users", "user_list", either("User.ReadBasic.All", "User.Read.All"), either("User.Read.All"),
          options=_LISTED, entity=USER, returns="many", level="service"),
    Route(
        "GET", "mailboxSettings", "settings_get", either("MailboxSettings.Read", "MailboxSettings.ReadWrite"),
        either("MailboxSettings.Read", "MailboxSettings.ReadWrite"), entity=SETTINGS,
    ),
    Route(
        "POST", "translateExchangeIds", "translate_ids", either("User.Read", "User.ReadWrite"),
        either("User.Read.All"), takes=TRANSLATE, entity=TRANSLATED, returns="many",
    ),
    Route("GET", "subscriptions", "subscription_list", _ANY, _ANY, entity=SUBSCRIPTION, returns="many",
          level="service"),
    Route("POST", "subscriptions", "subscription_create", _ANY, _ANY, entity=SUBSCRIPTION, takes=SUBSCRIPTION,
          status=201, level="service"),
    Route("GET", "subscriptions/{subscription}", "subscription_get", _ANY, _ANY, entity=SUBSCRIPTION, level="service"),
    Route("PATCH", "subscriptions/{subscription}", "subscription_renew", _ANY, _ANY, entity=SUBSCRIPTION,
          takes=SUBSCRIPTION, purpose="update", level="service"),
    Route("DELETE", "subscriptions/{subscription}", "subscription_delete", _ANY, _ANY, returns="nothing", status=204,
          level="service"),
    Route("POST", "subscriptions/{subscription}/reauthorize", "subscription_reauthorize", _ANY, _ANY,
          returns="nothing", status=204, optional_body=True, level="service"),
    Route("POST", "$batch", "batch", takes=BATCH, entity=BATCH_RESPONSES, level="batch"),
]  # fmt: skip
