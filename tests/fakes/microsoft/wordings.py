"""What Microsoft's services say when they refuse: the one table that a recording from a live account corrects."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Graph:
    """One refusal of Graph; the message takes values in braces."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Login:
    """One refusal of the identity platform, by its AADSTS number."""

    error: str
    message: str
    suberror: str = ""
    status: int = 400
    claims: str = ""


_CHANGE_KEY: Final = (
    "The send or update operation could not be performed because the change key passed in the request does not match "
    "the current change key for the item."
)
_TRACKING: Final = (
    "The following parameters are not supported with change tracking over the '{resource}' resource: '{options}'."
)
_ACCESS: Final = "Access is denied. Check credentials and try again."

GRAPH: Final = {
    # Who is calling
    "no token": Graph(401, "InvalidAuthenticationToken", "Access token is empty."),
    "malformed token": Graph(401, "InvalidAuthenticationToken", "CompactToken parsing failed with error code: "
        "80049217"),
    "expired token": Graph(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
    "revoked token": Graph(
        401, "InvalidAuthenticationToken", "Continuous access evaluation resulted in claims challenge with result: "
        "InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
    ),
    "wrong audience": Graph(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."),
    "scope": Graph(403, "ErrorAccessDenied", _ACCESS),
    "directory": Graph(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    "policy": Graph(403, "ErrorAccessDenied", "Access to OData is disabled: [RAOP] : Blocked by tenant configured "
        "AppOnly AccessPolicy settings."),
    "not shared": Graph(403, "ErrorAccessDenied", _ACCESS),
    "me without user": Graph(400, "BadRequest", "/me request is only valid with delegated authentication flow."),
    "send as": Graph(403, "ErrorSendAsDenied", "The user account which was used to submit this request does not have "
        "the right to send mail on behalf of the specified sending account., Cannot submit message."),
    # Where
    "segment": Graph(400, "BadRequest", "Resource not found for the segment '{segment}'."),
    "method": Graph(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
    "version": Graph(400, "BadRequest", "Invalid version: {version}"),
    "user": Graph(404, "ErrorInvalidUser", "The requested user '{user}' is invalid."),
    "no mailbox": Graph(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is "
        "hosted on-premise."),
    "malformed id": Graph(400, "ErrorInvalidIdMalformed", "Id is malformed."),
    "item": Graph(404, "ErrorItemNotFound", "The specified object was not found in the store."),
    "subscription": Graph(404, "ResourceNotFound", "The object was not found."),
    "no photo": Graph(404, "ErrorItemNotFound", "The specified object was not found in the store., The photo wasn't "
        "found."),
    # The query
    "uri": Graph(400, "RequestBroker--ParseUri", "Invalid query option: {what}"),
    "option": Graph(400, "RequestBroker--ParseUri", "The query parameter '{option}' is not supported."),
    "twice": Graph(400, "BadRequest", "Query option '{option}' was specified more than once, but it must be specified "
        "at most once."),
    "select": Graph(400, "RequestBroker--ParseUri", "Could not find a property named '{name}' on type '{type}'."),
    "order": Graph(400, "RequestBroker--ParseUri", "Could not find a property named '{name}' on type '{type}'."),
    "expand": Graph(400, "RequestBroker--ParseUri", "Parsing OData Select and Expand failed: Could not find a property "
        "named '{name}' on type '{type}'."),
    "number": Graph(400, "RequestBroker--ParseUri", "Invalid value '{value}' for {option} query option found. The "
        "{option} query option requires a non-negative integer value."),
    "top": Graph(400, "RequestBroker--ParseUri", "The limit of '{limit}' for Top query has been exceeded. The value "
        "from the incoming request is '{value}'."),
    "filter": Graph(400, "ErrorInvalidUrlQueryFilter", "The query filter is invalid: {what}"),
    "inefficient": Graph(400, "InefficientFilter", "The restriction or sort order is too complex for this operation."),
    "search and": Graph(400, "SearchWith{option}", "The query parameter '{option}' is not supported with '$search'."),
    "search": Graph(400, "BadRequest", "Syntax error: the $search clause must be a quoted phrase."),
    "tracking": Graph(400, "ErrorInvalidUrlQuery", _TRACKING),
    "tracking filter": Graph(400, "ErrorInvalidUrlQuery", "The filter is not supported with change tracking: {what}"),
    "edited link": Graph(400, "ErrorInvalidUrlQuery", "Parameters cannot be added to a link that carries a token: "
        "'{options}'."),
    "token": Graph(400, "BadRequest", "Badly formed token."),
    "generation": Graph(410, "SyncStateNotFound", "The sync state generation is not found; generation={generation};"
        "[highest={highest}]."),
    "required option": Graph(400, "ErrorInvalidParameter", "This request requires a time window specified by the query "
        "string parameters StartDateTime and EndDateTime. Missing: {option}."),
    "window": Graph(400, "ErrorInvalidParameter", "The parameter '{option}' is invalid: {value}"),
    "long window": Graph(400, "ErrorCalendarViewRangeTooBig", "The requested time window exceeds the allowed length."),
    "reversed window": Graph(400, "ErrorInvalidParameter", "EndDateTime must be later than StartDateTime."),
    # The body
    "no body": Graph(400, "BadRequest", "Empty Payload. JSON content expected."),
    "media type": Graph(415, "RequestBodyRead", "A supported MIME type could not be found that matches the content "
        "type of the request. None of the supported type(s) matches the content type '{type}'."),
    "json": Graph(400, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set "
        "and payload is of valid JSON format."),
    "unknown property": Graph(400, "RequestBodyRead", "The property '{name}' does not exist on type '{type}'. Make "
        "sure to only use property names that are defined by the type."),
    "literal": Graph(400, "RequestBodyRead", "Cannot convert the literal '{value}' of the property '{name}' to the "
        "expected type '{type}'."),
    "read-only": Graph(400, "ErrorInvalidPropertySet", "Set action is invalid for property '{name}'."),
    "not a draft": Graph(400, "ErrorInvalidPropertySet", "The property '{name}' can only be updated while the message "
        "is a draft."),
    "missing": Graph(400, "ErrorInvalidRequest", "The required property '{name}' is missing."),
    "parameter": Graph(400, "ErrorInvalidParameter", "The parameter '{name}' is invalid: {what}"),
    "extended property": Graph(400, "ErrorInvalidProperty", "The id '{name}' of the extended property is not valid."),
    "validation": Graph(400, "ErrorPropertyValidationFailure", "At least one property failed validation: {what}"),
    "large": Graph(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size."),
    "prefer": Graph(400, "ErrorInvalidRequest", "The Prefer header is invalid: {what}"),
    "zone": Graph(400, "TimeZoneNotSupportedException", "A valid TimeZone value must be specified. The following "
        "TimeZone value is not supported: '{zone}'."),
    # Writing
    "change key": Graph(412, "ErrorIrresolvableConflict", _CHANGE_KEY),
    "folder exists": Graph(409, "ErrorFolderExists", "A folder with the specified name already exists."),
    "distinguished folder": Graph(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted or "
        "moved."),
    "into itself": Graph(400, "ErrorMoveCopyFailed", "A folder cannot be moved into itself or one below it."),
    # Mail
    "header name": Graph(400, "InvalidInternetMessageHeader", "The internet message header name '{name}' should start "
        "with 'x-' or 'X-'."),
    "header count": Graph(400, "InvalidInternetMessageHeaderCollection", "Maximum number of headers in one message "
        "should be 5 or less."),
    "recipients": Graph(400, "ErrorInvalidRecipients", "At least one recipient isn't valid., A message can't be sent "
        "because it contains no recipients."),
    "recipient": Graph(400, "ErrorInvalidRecipients", "At least one recipient isn't valid."),
    "base64": Graph(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content."),
    "mime": Graph(400, "ErrorMimeContentInvalid", "The MIME content is invalid."),
    "message id": Graph(400, "ErrorInvalidInternetMessageId", "The internet message id '{value}' is not valid."),
    "sent already": Graph(400, "ErrorInvalidSendItem", "The item is not a draft and cannot be sent."),
    "daily sends": Graph(403, "ErrorExceededMessageLimit", "The message can't be submitted because the sender's "
        "submission quota was exceeded."),
    "quota": Graph(507, "ErrorQuotaExceeded", "The mailbox has exceeded its quota."),
    "attachment size": Graph(413, "ErrorAttachmentSizeLimitExceeded", "The attachment size exceeds the allowed size "
        "limit."),
    "small session": Graph(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", "The attachment size is less than "
        "the minimum of an upload session."),
    "upload range": Graph(416, "ErrorInvalidRange", "The uploaded fragment does not start at the next expected range."),
    "content range": Graph(400, "ErrorInvalidRequest", "The Content-Range header is missing or malformed."),
    "upload session": Graph(404, "ErrorItemNotFound", "The upload session was not found."),
    "upload authorization": Graph(401, "InvalidAuthenticationToken", "The upload URL is authenticated by itself: the "
        "Authorization header must not be sent."),
    # Calendar
    "organizer": Graph(400, "ErrorInvalidRequest", "Your request can't be completed. You need to be an organizer to "
        "cancel a meeting."),
    "respond": Graph(400, "ErrorInvalidRequest", "Your request can't be completed. You can't respond to this meeting "
        "because you're the meeting organizer."),
    "no response": Graph(400, "ErrorInvalidRequest", "Your request can't be completed. The meeting organizer hasn't "
        "requested a response."),
    "event end": Graph(400, "ErrorPropertyValidationFailure", "At least one property failed validation: the end must "
        "be after the start."),
    "all day": Graph(400, "ErrorPropertyValidationFailure", "The Event.Start property for an all-day event needs to be "
        "set to midnight, and its duration to whole days."),
    "recurrence": Graph(400, "ErrorInvalidParameter", "The recurrence is invalid: {what}"),
    "occurrence": Graph(400, "ErrorInvalidRequest", "The recurrence of an occurrence cannot be set."),
    "crossing": Graph(400, "ErrorOccurrenceCrossingBoundary", "Modified occurrence is crossing or overlapping adjacent "
        "occurrence."),
    "attendees": Graph(400, "ErrorInvalidRequest", "The number of attendees exceeds the limit of 500."),
    "transaction": Graph(409, "ErrorDuplicateTransactionId", "Your request can't be completed. The client provided id "
        "for the event was already used in a previous request."),
    "calendar": Graph(403, "ErrorCannotDeleteObject", "The default calendar cannot be deleted."),
    "read-only calendar": Graph(403, "ErrorAccessDenied", _ACCESS),
    "not a series": Graph(400, "ErrorInvalidRequest", "The event is not a series master."),
    # Contacts
    "contact emails": Graph(400, "ErrorInvalidArgument", "A contact holds at most three e-mail addresses."),
    "photo type": Graph(400, "ErrorInvalidRequest", "The photo is not an image that is supported."),
    # Subscriptions
    "subscription field": Graph(400, "InvalidRequest", "{what}"),
    "subscription life": Graph(400, "InvalidRequest", "Subscription expiration can only be {minutes} minutes in the "
        "future."),
    "validation timeout": Graph(400, "ValidationError", "Subscription validation request timed out."),
    "validation failed": Graph(400, "ValidationError", "Subscription validation request failed. Must respond with 200 "
        "OK to this request."),
    "subscription limit": Graph(403, "ExtensionError", "Operation: Create; Exception: [Status Code: Forbidden; Reason: "
        "Number of subscriptions for the mailbox exceeds the limit]"),
    "subscription exists": Graph(409, "InvalidRequest", "A subscription to this resource and changeType exists."),
    "subscription access": Graph(403, "ExtensionError", "Operation: Create; Exception: [Status Code: Forbidden; "
        "Reason: Access is denied]"),
    "reauthorized": Graph(429, "TooManyRequests", "The subscription was renewed or reauthorized less than 10 minutes "
        "ago."),
    # Many at once
    "batch": Graph(400, "BadRequest", "{what}"),
    "failed dependency": Graph(424, "FailedDependency", "A request that this one depends on failed."),
    "concurrency": Graph(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    "throttled": Graph(429, "ApplicationThrottled", "Application is over its MailboxRequests limit."),
    "uploads": Graph(429, "ApplicationThrottled", "Application is over its MailboxUpload limit."),
    "send rate": Graph(429, "ErrorTooManyRequests", "The mailbox is over its message rate limit."),
    "transient": Graph(503, "ErrorMailboxStoreUnavailable", "The mailbox store is unavailable."),
    "unknown error": Graph(500, "UnknownError", ""),
    "timeout": Graph(504, "ErrorTimeoutExpired", "The request timed out."),
}  # fmt: skip

_MFA: Final = '{"access_token":{"capolids":{"essential":true,"values":["fake-policy"]}}}'

LOGIN: Final = {
    50011: Login("invalid_request", "The redirect URI '{uri}' specified in the request does not match the redirect "
        "URIs configured for the application '{app}'."),
    500112: Login("invalid_client", "The reply address '{given}' does not match the reply address '{wanted}' provided "
        "when requesting Authorization code."),
    50059: Login("invalid_request", "No tenant-identifying information found in either the request or implied by any "
        "provided credentials."),
    50034: Login("invalid_grant", "The user account does not exist in the directory."),
    50057: Login("invalid_grant", "The user account is disabled."),
    50076: Login("interaction_required", "Due to a configuration change made by your administrator, or because you "
        "moved to a new location, you must use multi-factor authentication to access "
        "'00000003-0000-0000-c000-000000000000'.",
        "basic_action", claims=_MFA),
    50079: Login("interaction_required", "Due to a configuration change made by your administrator, or because you "
        "moved to a new location, you must enroll in multi-factor authentication.", "basic_action", claims=_MFA),
    50158: Login("interaction_required", "External security challenge not satisfied.", "basic_action", claims=_MFA),
    50126: Login("invalid_grant", "Error validating credentials due to invalid username or password."),
    50173: Login("invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is "
        "needed. The user might have changed or reset their password.", "bad_token"),
    501481: Login("invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization "
        "request."),
    53003: Login("interaction_required", "Access has been blocked by Conditional Access policies. The access policy "
        "does not allow token issuance.", "message_only", claims=_MFA),
    54005: Login("invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code "
        "or use an existing refresh token."),
    65001: Login("invalid_grant", "The user or administrator has not consented to use the application with ID '{app}'. "
        "Send an interactive authorization request for this user and resource.", "consent_required"),
    65004: Login("access_denied", "User declined to consent to access the app.", "user_declined"),
    70000: Login("invalid_grant", "The provided value for the input parameter '{what}' is not valid.", "bad_token"),
    70003: Login("unsupported_grant_type", "The app requested an unsupported grant type '{grant}'."),
    70005: Login("unsupported_response_type", "The app requested an unsupported response type '{type}'."),
    70008: Login("invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. "
        "Send a new interactive authorization request for this user and resource.", "token_expired"),
    700082: Login("invalid_grant", "The refresh token has expired due to inactivity. The token was issued on {issued} "
        "and was inactive for 90.00:00:00.", "token_expired"),
    70011: Login("invalid_scope", "The provided request must include a 'scope' input parameter. The provided value for "
        "the input parameter 'scope' is not valid. The scope {scope} is not valid."),
    1002012: Login("invalid_scope", "The provided value for scope {scope} is not valid. Client credential flows must "
        "have a scope value with /.default suffixed to the resource identifier (application ID URI)."),
    70043: Login("invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks by "
        "conditional access.", "bad_token", claims=_MFA),
    700016: Login("unauthorized_client", "Application with identifier '{app}' was not found in the directory "
        "'{tenant}'."),
    7000215: Login("invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is "
        "the client secret value, not the client secret ID, for a secret added to app '{app}'.", status=401),
    7000218: Login("invalid_client", "The request body must contain the following parameter: 'client_assertion' or "
        "'client_secret'.", status=401),
    700027: Login("invalid_client", "The certificate with identifier used to sign the client assertion is not "
        "registered on application, or the assertion is not valid: {what}", status=401),
    7000222: Login("invalid_client", "The provided client secret keys for app '{app}' are expired.", status=401),
    7000229: Login("unauthorized_client", "The client application {app} is missing service principal in the tenant "
        "{tenant}."),
    90002: Login("invalid_request", "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID "
        "and are signing into the correct cloud."),
    900144: Login("invalid_request", "The request body must contain the following parameter: '{name}'."),
    9000411: Login("invalid_request", "The request is not properly formatted. The parameter '{name}' is duplicated."),
    90014: Login("invalid_request", "The required field '{name}' is missing from the credential."),
    90023: Login("invalid_request", "Invalid STS request: {what}"),
    90033: Login("temporarily_unavailable", "A transient error has occurred. Please try again.", status=503),
    90094: Login("access_denied", "An administrator must consent to the permissions.", "consent_required"),
    90099: Login("invalid_grant", "The application '{app}' has not been authorized in the tenant '{tenant}'.",
        "consent_required"),
    9002313: Login("invalid_request", "Invalid request. Request is malformed or invalid."),
    9002325: Login("invalid_request", "Proof Key for Code Exchange is required for cross-origin authorization code "
        "redemption."),
    50194: Login("unauthorized_client", "Application '{app}' is not configured as a multi-tenant application."),
    50196: Login("invalid_grant", "The server terminated an operation because it encountered a client request loop."),
    50020: Login("invalid_request", "User account '{user}' does not exist in tenant '{tenant}' and cannot access the "
        "application."),
    160021: Login("interaction_required", "Application requested a user session which does not exist."),
}  # fmt: skip
