"""Google's OAuth 2.0: asking for consent, exchanging a code, renewing, revoking, and service accounts.

Nothing is stored here. Sources: "Using OAuth 2.0 for Web Server Applications" and "Using OAuth 2.0 for
Server to Server Applications" (developers.google.com/identity), RFC 6749, RFC 7636, RFC 7523.
"""

import base64
import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from google.auth import crypt, jwt

from apps.providers.adapters import errors
from apps.providers.adapters.google.errors import LOWER, from_exception

SCOPE: Final = "https://www.googleapis.com/auth/"
IDENTITY: Final = ("openid", "email")
ASSERTION_LIFE: Final = 3600
"""Seconds: the longest that Google takes (RFC 7523 section 3)."""
ISSUERS: Final = frozenset({"accounts.google.com", "https://accounts.google.com"})
SKEW: Final = 60.0
"""Seconds by which clocks may differ."""
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ANSWER_MOST: Final = 64 * 1024
EARLIER: Final = 225.0
"""Seconds before its end from which a token counts as spent, as google-auth has it."""


class Surface(StrEnum):
    """What a person connects, each for itself: consent is asked one by one and may be given in part."""

    MAIL = "mail"
    CALENDAR = "calendar"
    CONTACTS = "contacts"


SCOPES: Final[Mapping[Surface, tuple[str, ...]]] = {
    # Reads, labels, drafts, sends. Deleting for good would need the whole of https://mail.google.com/.
    Surface.MAIL: (f"{SCOPE}gmail.modify",),
    # calendarList.list does not accept calendar.events.
    Surface.CALENDAR: (f"{SCOPE}calendar.events", f"{SCOPE}calendar.calendarlist.readonly"),
    Surface.CONTACTS: (f"{SCOPE}contacts", f"{SCOPE}contacts.other.readonly"),
}
_SUFFICE: Final[Mapping[Surface, tuple[frozenset[str], ...]]] = {
    Surface.MAIL: (frozenset({f"{SCOPE}gmail.modify"}), frozenset({"https://mail.google.com/"})),
    Surface.CALENDAR: (frozenset(SCOPES[Surface.CALENDAR]), frozenset({f"{SCOPE}calendar"})),
    # Other contacts are looked at where they may be; without them the address book itself still works.
    Surface.CONTACTS: (frozenset({f"{SCOPE}contacts"}),),
}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Google's OAuth listens. `at` makes those of another root."""

    authorize: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token: str = "https://oauth2.googleapis.com/token"  # noqa: S105  (an address)
    revoke: str = "https://oauth2.googleapis.com/revoke"

    @classmethod
    def at(cls, root: str) -> "Endpoints":
        """The same paths below one root."""
        base = root.rstrip("/")
        return cls(f"{base}/o/oauth2/v2/auth", f"{base}/token", f"{base}/revoke")


GOOGLE: Final = Endpoints()


@dataclass(frozen=True, slots=True)
class Client:
    """Our registration with Google."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asking:
    """A consent on its way: `state` and `verifier` are kept until the answer comes, `url` is where the person goes."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave. `refresh` is empty where it gave none: the one that is held stays good.

    `expires_in` is in seconds; `refresh_expires_in` is set for a grant that ends by itself. `scopes` are those
    granted, which may be fewer than were asked for; empty where the answer does not say.
    """

    access: str = field(repr=False)
    expires_in: float
    refresh: str = field(default="", repr=False)
    refresh_expires_in: float | None = None
    scopes: frozenset[str] = frozenset()
    id_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who consented. `subject` is the account's one key at Google: addresses change."""

    subject: str
    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account with domain-wide delegation: its address and its private key (PEM)."""

    email: str
    key: str = field(repr=False)
    key_id: str = ""


def scopes_of(surfaces: Collection[Surface]) -> tuple[str, ...]:
    """The scopes to ask for: the least that each surface needs, and who it is."""
    return tuple(dict.fromkeys((*IDENTITY, *(scope for one in surfaces for scope in SCOPES[one]))))


def granted(scopes: Collection[str]) -> frozenset[Surface]:
    """The surfaces that these scopes suffice for. A person may untick some, and Google reorders them."""
    held = frozenset(scopes)
    return frozenset(surface for surface, ways in _SUFFICE.items() if any(way <= held for way in ways))


def ask(
    client: Client,
    redirect_uri: str,
    surfaces: Collection[Surface],
    *,
    login_hint: str = "",
    endpoints: Endpoints = GOOGLE,
) -> Asking:
    """Begin a consent: a fresh state and PKCE verifier (RFC 7636, S256) and the URL with both.

    `include_granted_scopes` adds to what was granted before; `prompt=consent` has Google give a refresh token
    again. A reconnection of the same person uses up one of a hundred, so ask only when it is needed.
    """
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": " ".join(scopes_of(surfaces)),
        "state": state,
        "access_type": "offline",
        "prompt": "consent",
        "include_granted_scopes": "true",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if login_hint:
        query["login_hint"] = login_hint
    return Asking(f"{endpoints.authorize}?{urlencode(query)}", state, verifier)


def answered(query: Mapping[str, str], state: str) -> str:
    """The code in the query that Google sent the person back with.

    Raises Rejected for a state that is not ours, PermissionMissing when the person or their organisation said no,
    NeedsReconnect for anything else.
    """
    if not secrets.compare_digest(query.get("state", "").encode(), state.encode()):
        raise errors.Rejected("the answer belongs to another request for consent")
    error = query.get("error", "")
    if error in ("access_denied", "admin_policy_enforced", "org_internal", "disallowed_useragent"):
        raise errors.PermissionMissing("the consent was not given", said=error)
    if error or not query.get("code"):
        raise errors.NeedsReconnect("Google did not complete the consent", said=error)
    return query["code"]


def exchange(
    http: httpx.Client, client: Client, code: str, verifier: str, redirect_uri: str, *, endpoints: Endpoints = GOOGLE
) -> Tokens:
    """Exchange a code, once. Raises NeedsReconnect for one that is used or old, the errors of `adapters.errors`."""
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": redirect_uri}
    return _tokens(http, endpoints, form | {"client_id": client.id, "client_secret": client.secret})


def identity(id_token: str, client: Client, now: float) -> Identity:
    """Who an ID token that the token endpoint gave is about; `now` is in seconds since the epoch.

    It came over TLS from its issuer itself, so its signature proves nothing more (OpenID Connect Core 1.0 section
    3.1.3.7 point 6). Raises Rejected for one that is meant for another client or comes from another issuer.
    """
    try:
        told = jwt.decode(id_token, verify=False)  # type: ignore[no-untyped-call]
    except ValueError:
        raise errors.Rejected("Google's answer does not say who consented") from None
    if told.get("aud") != client.id or told.get("iss") not in ISSUERS:
        raise errors.Rejected("the ID token is meant for somebody else")
    if not isinstance(told.get("exp"), int | float) or told["exp"] < now - SKEW:
        raise errors.Rejected("the ID token has ended")
    if not told.get("sub") or not told.get("email"):
        raise errors.Rejected("Google's answer does not say who consented")
    return Identity(str(told["sub"]), str(told["email"]), str(told.get("name") or ""))


def refresh(http: httpx.Client, client: Client, token: str, *, endpoints: Endpoints = GOOGLE) -> Tokens:
    """A new access token, for all that was granted: naming scopes here would only make it narrower.

    Raises NeedsReconnect when the grant is gone, Rejected when it is our registration that Google refuses.
    """
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return _tokens(http, endpoints, form | {"client_id": client.id, "client_secret": client.secret})


def assume(
    http: httpx.Client,
    account: ServiceAccount,
    subject: str,
    scopes: Collection[str],
    now: float,
    *,
    endpoints: Endpoints = GOOGLE,
) -> Tokens:
    """An access token of a person of a domain that delegates to the service account (RFC 7523 section 2.1); of the
    service account itself when `subject` is empty.

    `now` is in seconds since the epoch. Raises PermissionMissing when the domain does not delegate these scopes,
    NeedsReconnect for a person that is unknown there, Rejected for a key that is none.
    """
    claims = {
        "iss": account.email,
        "scope": " ".join(scopes),
        "aud": endpoints.token,
        "iat": int(now),
        "exp": int(now) + ASSERTION_LIFE,
    } | ({"sub": subject} if subject else {})
    try:
        signer = crypt.RSASigner.from_string(account.key, account.key_id or None)  # type: ignore[no-untyped-call]
        assertion = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]
    except ValueError:
        raise errors.Rejected("the service account's key cannot be read") from None
    return _tokens(http, endpoints, {"grant_type": JWT_BEARER, "assertion": assertion.decode()})


def revoke(http: httpx.Client, token: str, *, endpoints: Endpoints = GOOGLE) -> None:
    """Give a grant back. One that is gone already is no error."""
    status, told = _post(http, endpoints.revoke, {"token": token})
    if status != 200 and told.get("error") != "invalid_token":
        raise _refused(status, told)


def _tokens(http: httpx.Client, endpoints: Endpoints, form: Mapping[str, str]) -> Tokens:
    status, told = _post(http, endpoints.token, form)
    access = told.get("access_token")
    if status != 200:
        raise _refused(status, told)
    if not isinstance(access, str) or not access:
        raise errors.Transient("Google's answer holds no access token")
    until = told.get("refresh_token_expires_in")
    return Tokens(
        access=access,
        expires_in=max(_seconds(told.get("expires_in")) - EARLIER, 1.0),
        refresh=str(told.get("refresh_token") or ""),
        refresh_expires_in=None if until is None else _seconds(until),
        scopes=frozenset(str(told.get("scope", "")).split()),
        id_token=str(told.get("id_token") or ""),
    )


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _post(http: httpx.Client, url: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Post a form; the status and the JSON, empty when there is none. Follows no redirect: the form is a secret."""
    try:
        answer = http.post(url, data=dict(form), follow_redirects=False)
        told = answer.json() if len(answer.content) <= ANSWER_MOST else {}
    except ValueError:
        if answer.status_code == 200:
            raise errors.Transient("Google's answer cannot be read") from None
        told = {}
    except LOWER as error:
        raise from_exception(error) from None
    return answer.status_code, told if isinstance(told, dict) else {}


PASSING: Final = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})
OURS: Final = frozenset(
    {"invalid_client", "redirect_uri_mismatch", "invalid_request", "unsupported_grant_type", "invalid_scope"}
)
"""Mistakes of our registration or of our request: nothing that the person could mend."""


def _refused(status: int, told: Mapping[str, Any]) -> errors.AdapterError:
    name, said = str(told.get("error", "")), str(told.get("error_description", ""))
    if name in PASSING or status in (408, 429) or status >= 500 or status < 400:
        kind = errors.RateLimited if status == 429 else errors.Transient
        return kind("Google gives no token at the moment", said=said or name)
    if name == "unauthorized_client" or name in ("access_denied", "admin_policy_enforced", "org_internal"):
        return errors.PermissionMissing("the organisation does not let us act for this account", said=said or name)
    if name in OURS:
        return errors.Rejected(f"Google refuses our registration or request: {name}", said=said)
    return errors.NeedsReconnect("the consent is no longer good", said=said or name)
