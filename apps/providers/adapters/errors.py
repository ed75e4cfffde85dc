"""The errors an adapter may raise; nothing else escapes one.

AdapterError
├── Transient            try again after a pause
│   ├── RateLimited      the provider said to slow down
│   ├── ProviderDown     the host is out of reach, for everybody
│   ├── TokenRefused     no access token is good at the moment, or none is given: nothing was carried out
│   └── Unconfigured     this installation is not registered with the provider (`clouds`)
├── AuthExpired          the access token is spent; a refresh may mend it
├── NeedsReconnect       only the person can mend it (password, consent, certificate)
│   └── SignInRequired   they must sign in anew, perhaps with what the provider asks for
├── PermissionMissing    logged in, but not allowed
│   ├── ConsentMissing   somebody must consent first: the person, or an administrator
│   ├── ServiceOff       nobody switched the provider's interface on for the application
│   └── CompanyRefused   what a company gave for all its people does not suffice, and what does
├── CursorExpired        incremental sync is impossible from here: compare in full
├── Conflict             the object changed at the provider meanwhile
├── NotFound             the object is gone
└── Rejected             the provider will never accept this
    ├── BothChanged          the same part was changed here and at the provider: a person decides
    └── RecipientsRefused    a message to people some of whom its server does not take; nobody got it
"""

from collections.abc import Sequence
from dataclasses import dataclass


class AdapterError(Exception):
    """What went wrong at a provider.

    `reason` is written for an operator, never holds a secret, and is kept short; `said` is what
    the server answered, word for word, for the person to read.
    """

    code = "adapter_error"

    def __init__(self, reason: str, *, said: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.said = said[:500]


class Transient(AdapterError):
    """A passing fault. `retry_after` is in seconds, None when the provider gave no hint."""

    code = "transient"

    def __init__(self, reason: str, *, said: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, said=said)
        self.retry_after = retry_after


class RateLimited(Transient):
    """The provider asked for fewer requests or connections."""

    code = "rate_limited"


class ProviderDown(Transient):
    """The host refuses, hangs or cannot be found: likely for every account on it."""

    code = "provider_down"


class TokenRefused(Transient):
    """The provider accepts no access token at the moment, or gives none, so that nothing was carried out."""


class AuthExpired(AdapterError):
    """The credentials lapsed and may be refreshed without the person."""

    code = "auth_expired"


class NeedsReconnect(AdapterError):
    """Only the person can mend this: wrong password, withdrawn consent, invalid certificate."""

    code = "needs_reconnect"


class SignInRequired(NeedsReconnect):
    """The person must sign in anew; `claims`, when not empty, go into the authorize request (Microsoft)."""

    def __init__(self, reason: str, *, said: str = "", claims: str = "") -> None:
        super().__init__(reason, said=said)
        self.claims = claims


class PermissionMissing(AdapterError):
    """The log-in works but may not do this."""

    code = "permission_missing"


class ConsentMissing(PermissionMissing):
    """Consent was declined or never given; `by_admin` when only an administrator can give it."""

    def __init__(self, reason: str, *, said: str = "", by_admin: bool = False) -> None:
        super().__init__(reason, said=said)
        self.by_admin = by_admin


class ServiceOff(PermissionMissing):
    """The interface is not switched on in the application's own project."""

    code = "service_off"


class CompanyRefused(PermissionMissing):
    """What a company gave for all its people does not suffice. `what` names what is missing, `facts` fill in the
    sentence that says what to grant: none of them is a secret."""

    code = "company_refused"

    def __init__(self, what: str, *, said: str = "", **facts: str | Sequence[str]) -> None:
        super().__init__(f"the company's key does not suffice: {what}", said=said)
        self.what, self.facts = what, facts


class CursorExpired(AdapterError):
    """Changes since the cursor can no longer be told; compare in full."""

    code = "cursor_expired"


class Conflict(AdapterError):
    """The object changed since it was read."""

    code = "conflict"

    def __init__(self, reason: str, *, said: str = "", remote_etag: str | None = None) -> None:
        super().__init__(reason, said=said)
        self.remote_etag = remote_etag


class NotFound(AdapterError):
    """The object does not exist at the provider (any more)."""

    code = "not_found"


class Rejected(AdapterError):
    """The provider refused for good."""

    code = "rejected"


class BothChanged(Rejected):
    """The same part of an object was changed here and at the provider: a person decides."""

    code = "both_changed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient that the server did not take, and its words."""

    address: str
    said: str
    lasting: bool


class RecipientsRefused(Rejected):
    """The server takes some of the recipients or none; nothing was sent to anybody."""

    code = "recipients_refused"

    def __init__(self, reason: str, *, said: str = "", refusals: Sequence[Refusal] = ()) -> None:
        super().__init__(reason, said=said)
        self.refusals = tuple(refusals)
