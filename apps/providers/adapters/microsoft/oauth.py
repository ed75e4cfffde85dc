"""Log-in with the Microsoft identity platform: the authorize URL, codes, refreshing, applications by themselves.

Microsoft identity platform, "OAuth 2.0 authorization code flow", "Refresh tokens", "Microsoft Entra authentication
and authorization error codes". An error is judged by `error` and `suberror`; the AADSTS numbers, which the vendor
says may change, only refine what these leave open.
"""

import contextlib
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import msal  # type: ignore[import-untyped]  # it carries no types

from apps.providers.adapters import errors
from apps.providers.adapters.tls import for_http

LOGIN: Final = "https://login.microsoftonline.com"
COMMON: Final = "common"
CONSUMERS_TENANT: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all private accounts."""
APPLICATION_SCOPE: Final = "https://graph.microsoft.com/.default"
SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": ("User.Read",),
    "mail": ("Mail.ReadWrite", "Mail.Send"),
    "calendar": ("Calendars.ReadWrite",),
    "contacts": ("Contacts.ReadWrite",),
}
"""The least that each surface needs in both directions; a token carries all that was ever allowed."""
RESERVED: Final = frozenset({"openid", "profile", "offline_access", "email"})
SECONDS: Final = 20.0
EXPIRY_MARGIN: Final = 120

CONSENT_NUMBERS: Final = frozenset({65001, 65004, 90094, 90099, 900941})
OPERATOR_ERRORS: Final = frozenset({"invalid_client", "unauthorized_client", "invalid_scope", "invalid_resource"})
OPERATOR_NUMBERS: Final = frozenset({7000215, 7000222, 700016, 700027, 50011, 500112})
PASSING: Final = frozenset({"temporarily_unavailable", "server_error", "service_unavailable"})
PASSING_NUMBERS: Final = frozenset({90033, 50196})


@dataclass(frozen=True, slots=True)
class Application:
    """Our registration. `authority` is the login host, `trust` what is believed of it where it is not a public one.

    `secret` may be a certificate as msal takes it: `{"private_key": ..., "thumbprint": ...}`.
    """

    client_id: str
    secret: str | Mapping[str, str] = field(repr=False)
    authority: str = LOGIN
    trust: SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Flow:
    """What must be kept, sealed, between the authorize request and its answer."""

    url: str
    state: str
    kept: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token endpoint gave.

    `account` is `oid.tid`, the one key of the account: addresses change. `refresh_token` is empty where none was
    given: then the one that is held stays good.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    scopes: frozenset[str]
    account: str = ""
    address: str = ""
    name: str = ""

    @property
    def tenant(self) -> str:
        """The directory that the account is of; empty for an application by itself."""
        return self.account.rpartition(".")[2]

    @property
    def consumer(self) -> bool:
        """A private account: no application permissions, no admin consent, opaque tokens."""
        return self.tenant == CONSUMERS_TENANT


def scopes(surfaces: Iterable[str]) -> list[str]:
    """The scopes that these surfaces need. Raises KeyError for one that is none."""
    return sorted({scope for surface in ("profile", *surfaces) for scope in SCOPES[surface]})


def begin(
    application: Application,
    surfaces: Iterable[str],
    redirect_uri: str,
    *,
    tenant: str = COMMON,
    login_hint: str = "",
    claims: str = "",
    prompt: str = "select_account",
) -> Flow:
    """The authorize request with its state, nonce and PKCE challenge (RFC 7636, S256).

    Asking for one more surface later is another request: what was allowed before stays allowed. Raises ProviderDown.
    """
    with _client(application, tenant) as client:
        made = client.initiate_auth_code_flow(
            scopes(surfaces), redirect_uri=redirect_uri, state=secrets.token_urlsafe(32), prompt=prompt or None,
            login_hint=login_hint or None, claims_challenge=claims or None, response_mode="form_post",
        )  # fmt: skip
    if "auth_uri" not in made:
        raise failure(made)
    return Flow(made["auth_uri"], made["state"], made)


def complete(
    application: Application, flow: Mapping[str, Any], answer: Mapping[str, str], *, tenant: str = COMMON
) -> Grant:
    """Exchange what came back to the redirect address. Raises what `failure` gives; Rejected for a foreign state."""
    if not secrets.compare_digest(str(flow.get("state", "")).encode(), answer.get("state", "").encode()):
        raise errors.Rejected("the answer does not belong to this sign-in")
    with _client(application, tenant) as client:
        given = client.acquire_token_by_auth_code_flow(dict(flow), dict(answer))
    return _grant(given)


def refresh(application: Application, refresh_token: str, surfaces: Iterable[str], *, tenant: str = COMMON) -> Grant:
    """A new access token, and a new refresh token to be stored in place of this one. Raises what `failure` gives.

    One caller at a time for each account: the old refresh token may be void from here on.
    """
    with _client(application, tenant) as client:
        given = client.acquire_token_by_refresh_token(refresh_token, scopes=scopes(surfaces))
    return _grant(given)


def for_application(application: Application, tenant: str) -> Grant:
    """A token of the application by itself, by the roles that the tenant's administrator allowed.

    There is no refresh token: ask again. Raises what `failure` gives; Rejected for a tenant that is none in particular.
    """
    if tenant in (COMMON, "organizations", "consumers", CONSUMERS_TENANT):
        raise errors.Rejected("application permissions belong to one organisation")
    with _client(application, tenant) as client:
        # What msal caches, errors too, lives in the client, which is new each time.
        given = client.acquire_token_for_client([APPLICATION_SCOPE])
    return _grant(given)


def admin_consent_url(application: Application, tenant: str, redirect_uri: str, state: str) -> str:
    """Where an administrator allows the application for the whole organisation."""
    query = {
        "client_id": application.client_id, "scope": APPLICATION_SCOPE, "redirect_uri": redirect_uri, "state": state,
    }  # fmt: skip
    return f"{application.authority}/{tenant}/v2.0/adminconsent?{urlencode(query)}"


def admin_consent(answer: Mapping[str, str], state: str) -> str:
    """The tenant whose administrator consented. Raises errors.ConsentMissing, Rejected for a foreign state."""
    if not state or not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
        raise errors.Rejected("the answer does not belong to this request")
    if answer.get("error") or answer.get("admin_consent", "").lower() != "true" or not answer.get("tenant"):
        raise errors.ConsentMissing("the administrator did not consent", said=answer.get("error", ""), by_admin=True)
    return answer["tenant"]


def sign_out_url(application: Application, redirect_uri: str = "", *, tenant: str = COMMON) -> str:
    """Where the browser ends its session. The platform has no end point that revokes one application's tokens:
    whoever disconnects forgets them, and the person withdraws the consent at myapps.microsoft.com."""
    query = f"?{urlencode({'post_logout_redirect_uri': redirect_uri})}" if redirect_uri else ""
    return f"{application.authority}/{tenant}/oauth2/v2.0/logout{query}"


# ------------------------------------------------------------------ errors


def failure(answer: Mapping[str, Any]) -> errors.AdapterError:
    """The typed error of an error object of the token or authorize end point. Pure."""
    error, suberror = str(answer.get("error") or ""), str(answer.get("suberror") or "")
    numbers = frozenset(number for number in answer.get("error_codes") or () if isinstance(number, int))
    said = _said(answer)
    if error in PASSING or numbers & PASSING_NUMBERS:
        return errors.Transient("the sign-in service reports a passing fault", said=said)
    if error in OPERATOR_ERRORS or numbers & OPERATOR_NUMBERS:
        return errors.Rejected("our registration with Microsoft is not accepted", said=said)
    admin = bool(numbers & {90094, 90099, 900941})
    declined = error in ("access_denied", "consent_required") or suberror == "consent_required"
    if declined or numbers & CONSENT_NUMBERS:
        return errors.ConsentMissing("the consent is missing", said=said, by_admin=admin)
    if error in ("invalid_grant", "interaction_required", "login_required"):
        claims = answer.get("claims")
        return errors.SignInRequired(
            "Microsoft asks for a new sign-in", said=said, claims=claims if isinstance(claims, str) else ""
        )
    return errors.Rejected("the sign-in service does not take this", said=said)


def _said(answer: Mapping[str, Any]) -> str:
    """The description up to the ids of the request, which say nothing to anybody."""
    text = str(answer.get("error_description") or "").partition(" Trace ID:")[0].partition("\r\n")[0]
    return f"{answer.get('error', '')}: {text}" if text else str(answer.get("error", ""))


# ------------------------------------------------------------------ msal


@contextlib.contextmanager
def _client(application: Application, tenant: str) -> Iterator[Any]:
    """A client that knows nothing of earlier calls: msal would repeat an error that it remembers.

    What it and its transport raise within comes out as an error of `adapters`.
    """
    trust = application.trust or for_http()
    with httpx.Client(verify=trust, timeout=SECONDS, follow_redirects=False, trust_env=False) as http, _asking():
        yield msal.ConfidentialClientApplication(
            application.client_id,
            client_credential=application.secret,
            authority=f"{application.authority}/{tenant}",
            instance_discovery=False,
            http_client=_Http(http),
        )


class _Http:
    """The transport of msal over httpx: what else msal would set is decided already."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return self._http.get(url, params=params, headers=headers)

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return self._http.post(url, params=params, data=data, headers=headers)


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """What msal and its transport raise, as errors of `adapters`."""
    try:
        yield
    except (httpx.HTTPStatusError, msal.exceptions.MsalServiceError) as error:
        raise errors.Transient(f"the sign-in service reports a passing fault: {type(error).__name__}") from None
    except httpx.HTTPError as error:
        raise errors.ProviderDown(f"the sign-in service cannot be reached: {type(error).__name__}") from None
    except ValueError as error:
        # msal says this of a discovery document that did not come, and of answers that are no JSON.
        raise errors.Transient(f"the sign-in service's answer is not understood: {type(error).__name__}") from None


def _grant(given: Mapping[str, Any]) -> Grant:
    if "access_token" not in given:
        raise failure(given)
    claims = given.get("id_token_claims") or {}
    told = str(given.get("scope") or "").split()
    tid, oid = str(claims.get("tid") or ""), str(claims.get("oid") or "")
    return Grant(
        access_token=given["access_token"],
        refresh_token=given.get("refresh_token") or "",
        expires_at=time.time() + max(0, int(given.get("expires_in") or 0) - EXPIRY_MARGIN),
        scopes=frozenset(told) - RESERVED,
        account=f"{oid}.{tid}" if oid and tid else "",
        address=str(claims.get("preferred_username") or claims.get("email") or ""),
        name=str(claims.get("name") or ""),
    )
