"""What Google says when it refuses: one table, so that one recording from a live account corrects it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Wording:
    """One refusal: HTTP status, legacy reason, message template, google.rpc status and where the fault lies."""

    http: int
    reason: str
    message: str
    status: str = ""
    domain: str = "global"
    location: str = ""
    location_type: str = ""
    detail: str = ""
    """Reason of the google.rpc.ErrorInfo that goes with it."""


INVALID: Final = "INVALID_ARGUMENT"
DENIED: Final = "PERMISSION_DENIED"
PRECONDITION: Final = "FAILED_PRECONDITION"
EXHAUSTED: Final = "RESOURCE_EXHAUSTED"
NOT_FOUND: Final = "NOT_FOUND"
CREDENTIALS: Final = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
QUOTA: Final = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per {scope}' of service '{service}' "
    "for consumer 'project_number:{number}'."
)

# Every API

GENERAL: Final = {
    "unauthenticated": Wording(
        401, "authError", CREDENTIALS, "UNAUTHENTICATED", location="Authorization", location_type="header",
        detail="ACCESS_TOKEN_INVALID",
    ),
    "login required": Wording(
        401, "required",
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
        "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        "UNAUTHENTICATED", location="Authorization", location_type="header", detail="CREDENTIALS_MISSING",
    ),
    "scope": Wording(
        403, "insufficientPermissions", "Request had insufficient authentication scopes.", DENIED,
        detail="ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    ),
    "service disabled": Wording(
        403, "accessNotConfigured",
        "{title} has not been used in project {number} before or it is disabled.", DENIED, "usageLimits",
        detail="SERVICE_DISABLED",
    ),
    "not found": Wording(404, "notFound", "Requested entity was not found.", NOT_FOUND),
    "unknown query": Wording(
        400, "badRequest",
        "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. "
        "Field '{name}' could not be found in request message.", INVALID,
    ),
    "unknown field": Wording(
        400, "badRequest", 'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.', INVALID
    ),
    "value": Wording(400, "badRequest", "Invalid value at '{path}' ({type}), {value}", INVALID),
    "base64": Wording(
        400, "badRequest", "Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for \"{value}\"", INVALID
    ),
    "repeated": Wording(
        400, "badRequest",
        "Invalid value (multiple values found) at '{name}': the field is not repeated and takes one value.", INVALID,
    ),
    "json": Wording(400, "parseError", "Invalid JSON payload received. {what}", INVALID),
    "content type": Wording(
        400, "badContent",
        "Media type '{type}' is not supported. Valid media types: [{valid}]",
        INVALID,
    ),
    "no body wanted": Wording(
        400, "badRequest", "Invalid JSON payload received. The method takes no request body.", INVALID
    ),
    "required": Wording(400, "required", "Required parameter: {name}", INVALID, location="{name}",
                        location_type="parameter"),
    "page token": Wording(400, "invalidArgument", "Invalid pageToken", INVALID, location="pageToken",
                          location_type="parameter"),
    "fields": Wording(400, "invalidParameter", "Invalid field selection {name}", INVALID, location="fields",
                      location_type="parameter"),
    "too large": Wording(413, "uploadTooLarge", "Request is too large.", INVALID),
    "upload gone": Wording(404, "notFound", "The upload session does not exist.", NOT_FOUND),
    "upload range": Wording(400, "badRequest", "Failed to parse Content-Range header.", INVALID),
    "batch size": Wording(
        400, "badRequest", "Inner request count exceeds the limit. Received: {received}, Limit: {limit}", INVALID
    ),
    "batch body": Wording(400, "badRequest", "Failed to parse batch request, error: {what}", INVALID),
    "not simulated": Wording(501, "notImplemented", "This simulation does not have {method}.", "UNIMPLEMENTED"),
    "user rate": Wording(403, "userRateLimitExceeded", "User Rate Limit Exceeded", DENIED, "usageLimits",
                         detail="RATE_LIMIT_EXCEEDED"),
    "rate": Wording(403, "rateLimitExceeded", QUOTA, DENIED, "usageLimits", detail="RATE_LIMIT_EXCEEDED"),
    "rate 429": Wording(429, "rateLimitExceeded", QUOTA, EXHAUSTED, "usageLimits", detail="RATE_LIMIT_EXCEEDED"),
    "exhausted": Wording(429, "rateLimitExceeded", "Resource has been exhausted (e.g. check quota).", EXHAUSTED),
    "concurrent": Wording(429, "rateLimitExceeded", "Too many concurrent requests for user", EXHAUSTED),
    "backend": Wording(500, "backendError", "Backend Error", "INTERNAL"),
    "unavailable": Wording(503, "backendError", "The service is currently unavailable.", "UNAVAILABLE"),
    "deadline": Wording(504, "backendError", "Deadline expired before operation could complete.", "DEADLINE_EXCEEDED"),
    "quota exceeded": Wording(403, "quotaExceeded", "Calendar usage limits exceeded.", DENIED, "usageLimits"),
    "daily limit": Wording(403, "dailyLimitExceeded", "Daily Limit Exceeded", DENIED, "usageLimits"),
    "domain policy": Wording(
        403, "domainPolicy", "The domain administrators have disabled this application.", DENIED
    ),
    "conflict": Wording(409, "conflict", "The operation was aborted.", "ABORTED"),
}  # fmt: skip

GMAIL: Final = {
    "delegation": Wording(403, "forbidden", "Delegation denied for {user}", DENIED),
    "precondition": Wording(400, "failedPrecondition", "Precondition check failed.", PRECONDITION),
    "mail disabled": Wording(400, "failedPrecondition", "Mail service not enabled", PRECONDITION),
    "metadata q": Wording(403, "forbidden", "Metadata scope does not support 'q' parameter", DENIED),
    "metadata format": Wording(403, "forbidden", "Metadata scope doesn't allow format {format}", DENIED),
    "id": Wording(400, "invalidArgument", "Invalid id value", INVALID),
    "label": Wording(400, "invalidArgument", "Invalid label: {label}", INVALID),
    "label name": Wording(400, "invalidArgument", "Invalid label name", INVALID),
    "label exists": Wording(409, "aborted", "Label name exists or conflicts", "ABORTED"),
    "label system": Wording(400, "invalidArgument", "Invalid {verb} request", INVALID),
    "label limit": Wording(400, "invalidArgument", "Too many labels", INVALID),
    "label color": Wording(400, "invalidArgument", "Label color {color} is not on the allowed color palette", INVALID),
    "label both": Wording(400, "invalidArgument", "Cannot both add and remove the same label", INVALID),
    "labels missing": Wording(400, "invalidArgument", "No label add or removes specified", INVALID),
    "ids missing": Wording(400, "invalidArgument", "No message ids specified", INVALID),
    "ids limit": Wording(400, "invalidArgument", "Too many message ids. Limit: 1000", INVALID),
    "history id": Wording(400, "invalidArgument", "Invalid value for startHistoryId", INVALID),
    "raw missing": Wording(
        400, "invalidArgument",
        "'raw' RFC822 payload message string or uploading message via /upload/* URL required",
        INVALID,
    ),
    "recipients": Wording(400, "invalidArgument", "Recipient address required", INVALID),
    "recipient form": Wording(400, "invalidArgument", "Invalid {header} header", INVALID),
    "recipient limit": Wording(400, "invalidArgument", "Too many recipients", INVALID),
    "send cap": Wording(429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after {until}", EXHAUSTED),
    "thread": Wording(404, "notFound", "Requested entity was not found.", NOT_FOUND),
    "draft": Wording(400, "invalidArgument", "Message not a draft", INVALID),
    "draft id": Wording(400, "invalidArgument", "Invalid draft", INVALID),
    "topic name": Wording(
        400, "invalidArgument",
        "Invalid topicName does not match projects/{project}/topics/*",
        INVALID,
    ),
    "topic missing": Wording(
        404, "notFound",
        "Error sending test message to Cloud PubSub {topic} : Resource not found (resource={short}).",
        NOT_FOUND,
    ),
    "topic denied": Wording(
        403, "forbidden",
        "Error sending test message to Cloud PubSub {topic} : User not authorized to perform this action.",
        DENIED,
    ),
}  # fmt: skip

CALENDAR: Final = {
    "parameter": Wording(400, "invalidParameter", "Invalid {type} value: '{value}'.{allowed}", location="{name}",
                         location_type="parameter"),
    "bad request": Wording(400, "badRequest", "Bad Request"),
    "invalid": Wording(400, "invalid", "Invalid Value", location="{name}", location_type="parameter"),
    "field": Wording(400, "invalid", "Invalid value for: {what}"),
    "sync token parameter": Wording(
        400, "badRequest", "Sync token cannot be used with query restrictions.", "", location="syncToken",
        location_type="parameter",
    ),
    "sync token other": Wording(400, "invalid", "Invalid sync token value.", location="syncToken",
                                location_type="parameter"),
    "full sync": Wording(
        410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.", domain="calendar",
        location="syncToken", location_type="parameter",
    ),
    "updated min": Wording(
        410, "updatedMinTooLongAgo", "The requested minimum modification time lies too far in the past.",
        domain="calendar", location="updatedMin", location_type="parameter",
    ),
    "order by": Wording(
        400, "badRequest", "The requested ordering is not available for the particular query.",
        location="orderBy", location_type="parameter",
    ),
    "time range": Wording(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar",
                          location="{name}", location_type="parameter"),
    "missing end": Wording(400, "required", "Missing end time."),
    "missing start": Wording(400, "required", "Missing start time."),
    "kinds": Wording(400, "invalid", "Start and end times must either both be date or both be dateTime."),
    "time": Wording(400, "invalid", "Invalid {which} time."),
    "zone missing": Wording(400, "required", "Missing time zone definition for {which} time."),
    "zone": Wording(400, "invalid", "Invalid time zone definition for {which} time."),
    "recurrence": Wording(400, "invalid", "Invalid recurrence rule."),
    "instance recurrence": Wording(400, "invalid", "Recurrence cannot be set on an instance of a recurring event."),
    "attendee": Wording(400, "invalid", "Invalid attendee email."),
    "attendee missing": Wording(400, "required", "Missing attendee email."),
    "attendees limit": Wording(
        403, "calendarUsageLimits", "Too many attendees.", domain="calendar"
    ),
    "attachments limit": Wording(400, "invalid", "The maximum number of attachments is 25."),
    "event id": Wording(400, "invalid", "Invalid resource id value."),
    "duplicate": Wording(409, "duplicate", "The requested identifier already exists."),
    "id and uid": Wording(400, "invalid", "Event ID and iCalUID cannot both be specified."),
    "uid missing": Wording(400, "required", "Missing iCalUID."),
    "sequence": Wording(
        400, "invalid",
        "Invalid sequence value. The specified sequence number is below the current sequence number of the resource. "
        "Re-fetch the resource and use its sequence number on the following request.",
    ),
    "condition": Wording(412, "conditionNotMet", "Precondition Failed", location="If-Match", location_type="header"),
    "not found": Wording(404, "notFound", "Not Found"),
    "deleted": Wording(410, "deleted", "Resource has been deleted"),
    "forbidden": Wording(403, "forbidden", "Forbidden"),
    "writer": Wording(
        403, "requiredAccessLevel", "You need to have writer access to this calendar.", domain="calendar"
    ),
    "owner": Wording(403, "requiredAccessLevel", "You need to have owner access to this calendar.", domain="calendar"),
    "organizer": Wording(
        403, "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer of the event.",
        domain="calendar",
    ),
    "event type": Wording(400, "eventTypeRestriction", "This operation is not allowed for events of this type.",
                          domain="calendar"),
    "move instance": Wording(
        400, "cannotChangeOrganizerOfInstance", "Cannot change the organizer of an instance.", domain="calendar"
    ),
    "primary": Wording(
        403, "cannotDeletePrimaryCalendar",
        "The primary calendar cannot be deleted.",
        domain="calendar",
    ),
    "channel type": Wording(400, "channelUnknown", "Unknown channel type"),
    "channel field": Wording(400, "invalid", "Invalid value for {name}: longer than {limit} characters"),
    "channel missing": Wording(400, "required", "entity.{name}"),
    "channel not unique": Wording(400, "channelIdNotUnique", "Channel id {id} not unique"),
    "channel https": Wording(400, "push.webhookUrlNotHttps", "WebHook callback must be HTTPS: {address}"),
    "channel expiration": Wording(400, "invalid", "Invalid expiration: {value}"),
    "channel unsupported": Wording(
        400, "pushNotSupportedForRequestedResource",
        "Push notifications are not supported by this resource.", domain="calendar",
    ),
    "channel not found": Wording(404, "notFound", "Channel '{id}' not found for project '{project}'"),
}  # fmt: skip

PEOPLE: Final = {
    "mask missing": Wording(
        400, "badRequest", "{name} mask is required. Please specify one or more valid paths. Valid paths are "
        "documented at https://developers.google.com/people/api/rest/v1/people/get.", INVALID,
    ),
    "mask": Wording(
        400, "badRequest", 'Invalid {name} mask path: "{path}". Valid paths are documented at '
        "https://developers.google.com/people/api/rest/v1/people/get.", INVALID,
    ),
    "update mask": Wording(400, "badRequest", "Update mask path \"{path}\" cannot be updated.", INVALID),
    "page size": Wording(400, "badRequest", "Page size must be between {low} and {high} (inclusive).", INVALID),
    "page token": Wording(
        400, "badRequest",
        "Page token is invalid or was issued for other request parameters.",
        INVALID,
    ),
    "sync token": Wording(
        400, "badRequest", "Request parameters must match the parameters of the request that issued the sync token.",
        INVALID,
    ),
    "sync token unknown": Wording(400, "badRequest", "Sync token is invalid.", INVALID),
    "sync token expired": Wording(
        400, "failedPrecondition",
        "Sync token is expired. Clear local cache and retry call without the sync token.", PRECONDITION,
        detail="EXPIRED_SYNC_TOKEN",
    ),
    "sync quota": Wording(
        429, "rateLimitExceeded",
        "Quota exceeded for quota metric 'Sync-first-page read requests' and limit 'Sync-first-page read requests per "
        "minute per user' of service 'people.googleapis.com' for consumer 'project_number:{number}'.", EXHAUSTED,
        detail="RATE_LIMIT_EXCEEDED",
    ),
    "batch limit": Wording(400, "badRequest", "The number of {what} must be at most {limit}.", INVALID),
    "batch empty": Wording(400, "badRequest", "At least one of {what} is required.", INVALID),
    "batch twice": Wording(400, "badRequest", "Duplicate resource name in the request: {name}", INVALID),
    "singleton": Wording(400, "badRequest", "Only one person.{field} is allowed for contact source.", INVALID),
    "source missing": Wording(
        400, "badRequest", "Request must set person.metadata.sources with a contact source and its etag.", INVALID
    ),
    "etag": Wording(
        400, "failedPrecondition",
        "Request person.etag is different than the current person.etag. Clear local cache and get the latest person.",
        PRECONDITION, detail="failedPrecondition",
    ),
    "read only": Wording(400, "badRequest", "Resource name {name} is not a contact and cannot be changed.", INVALID),
    "memberships": Wording(
        400, "badRequest", "A contact must always have at least one contact group membership.", INVALID
    ),
    "membership group": Wording(
        400, "badRequest",
        "Contact group {name} does not exist or cannot be changed.",
        INVALID,
    ),
    "photo": Wording(400, "badRequest", "Invalid photo bytes.", INVALID),
    "group name": Wording(400, "badRequest", "Contact group name is empty or not allowed.", INVALID),
    "group exists": Wording(409, "aborted", "Contact group name already exists.", "ALREADY_EXISTS"),
    "group system": Wording(400, "badRequest", "System contact groups cannot be changed.", INVALID),
    "not found": Wording(404, "notFound", "Requested entity was not found.", NOT_FOUND),
    "other person": Wording(403, "forbidden", "The caller does not have permission to request {name}.", DENIED),
}  # fmt: skip

PUBSUB: Final = {
    "denied": Wording(403, "forbidden", "User not authorized to perform this action.", DENIED),
    "not found": Wording(404, "notFound", "Resource not found (resource={name}).", NOT_FOUND),
    "exists": Wording(
        409, "alreadyExists",
        "Resource already exists in the project (resource={name}).",
        "ALREADY_EXISTS",
    ),
    "endpoint": Wording(
        400, "badRequest", "Invalid push endpoint given (endpoint={endpoint}). Refer to "
        "https://cloud.google.com/pubsub/docs/subscriber#push_endpoints for more information.", INVALID,
    ),
    "deadline": Wording(
        400, "badRequest", "Invalid ack deadline given (ack_deadline={value}). It must be between 10 and 600 seconds.",
        INVALID,
    ),
    "max messages": Wording(
        400, "badRequest",
        "You have passed an invalid argument to the service (argument=max_messages).",
        INVALID,
    ),
    "push subscription": Wording(
        400, "failedPrecondition",
        "This method is not supported for this subscription type.",
        PRECONDITION,
    ),
    "empty message": Wording(
        400, "badRequest",
        "One or more messages in the publish request is empty. Each message must contain either non-empty "
        "data, or at least one attribute.",
        INVALID,
    ),
    "ack id": Wording(400, "badRequest", "You have passed an invalid ack ID to the service (ack_id={value}).", INVALID),
}  # fmt: skip

DIRECTORY: Final = {
    "not an administrator": Wording(403, "forbidden", "Not Authorized to access this resource/api"),
    "customer": Wording(400, "badRequest", "Bad Request"),
    "other customer": Wording(404, "notFound", "Resource Not Found: {name}"),
    "domain": Wording(404, "notFound", "Domain not found."),
    "query": Wording(400, "invalid", "Invalid Input: query"),
    "page token": Wording(400, "invalid", "Invalid Input: {name}"),
}

TABLES: Final = {
    "general": GENERAL, "gmail": GMAIL, "calendar": CALENDAR, "people": PEOPLE, "pubsub": PUBSUB,
    "directory": DIRECTORY,
}  # fmt: skip

SHORT: Final = {
    "authError": "Invalid Credentials",
    "required": "Login Required",
    "insufficientPermissions": "Insufficient Permission",
}
"""What the inner `errors[]` of a few refusals says instead of the long message."""

# The token endpoint: HTTP status, error, description

OAUTH: Final = {
    "expired": (400, "invalid_grant", "Token has been expired or revoked."),
    "bad grant": (400, "invalid_grant", "Bad Request"),
    "rapt": (400, "invalid_grant", "reauth related error (invalid_rapt)"),
    "account deleted": (400, "invalid_grant", "Account has been deleted"),
    "account disabled": (400, "invalid_grant", "Account has been disabled"),
    "subject": (400, "invalid_grant", "Invalid email or User ID"),
    "verifier missing": (400, "invalid_grant", "Missing code verifier."),
    "verifier": (400, "invalid_grant", "Invalid code verifier."),
    "redirect": (400, "redirect_uri_mismatch", "Bad Request"),
    "delegation": (
        401, "unauthorized_client",
        (
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of "
            "the scopes requested."
        ),
    ),
    "client": (401, "invalid_client", "The OAuth client was not found."),
    "secret": (401, "invalid_client", "Unauthorized"),
    "missing": (400, "invalid_request", "Missing required parameter: {name}"),
    "content": (400, "invalid_request", "Content-Type must be application/x-www-form-urlencoded"),
    "grant type": (400, "unsupported_grant_type", "Invalid grant_type: {name}"),
    "scope": (400, "invalid_scope", "Some requested scopes were invalid. {{valid=[], invalid=[{name}]}}"),
    "assertion": (400, "invalid_grant", "Invalid JWT Signature."),
    "assertion issuer": (400, "invalid_grant", "Invalid grant: account not found"),
    "assertion time": (
        400, "invalid_grant",
        (
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
            "iat and exp values in the JWT claim."
        ),
    ),
    "assertion audience": (400, "invalid_grant", "Invalid JWT: Failed audience check."),
    "assertion scope": (400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."),
    "revoked": (400, "invalid_token", "Token expired or revoked"),
}  # fmt: skip
