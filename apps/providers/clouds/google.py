"""Google as this installation is registered with it."""

import time
from collections.abc import Collection, Mapping
from typing import Any, Final

import httpx
from django.conf import settings

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailAdapter, MailMirror, Meter, TokenSource
from apps.providers.adapters.collections import CollectionAdapter
from apps.providers.adapters.google import calendar, contacts, gmail, oauth
from apps.providers.adapters.smtp.submission import Submission
from apps.providers.adapters.tls import for_http
from apps.providers.models import ProviderType

from .base import Asked, Granted, Renewed, Surface
from .google_company import GoogleCompanies
from .google_push import GooglePusher

PATIENCE: Final = httpx.Timeout(20.0, connect=10.0)
HOSTS: Final = {
    Surface.MAIL: "gmail.googleapis.com",
    Surface.CALENDAR: "www.googleapis.com",
    Surface.CONTACTS: "people.googleapis.com",
}


class GoogleCloud:
    """Implements `Cloud`."""

    name: Final = ProviderType.GOOGLE.value
    title: Final = "Google"

    @property
    def configured(self) -> bool:
        """See Cloud."""
        return bool(settings.GOOGLE_CLIENT_ID and settings.GOOGLE_CLIENT_SECRET)

    @property
    def simulated(self) -> bool:
        """See Cloud."""
        return bool(self.root)

    @property
    def root(self) -> str:
        """The address of a simulation; empty for Google itself."""
        return str(settings.PMSYNC_SIMULATED_GOOGLE)

    @property
    def application(self) -> str:
        """See Cloud."""
        return str(settings.GOOGLE_CLIENT_ID)

    @property
    def pusher(self) -> GooglePusher:
        """See Cloud."""
        return GooglePusher(self.root)

    @property
    def companies(self) -> GoogleCompanies:
        """See Cloud."""
        return GoogleCompanies(self.root, _http)

    def host(self, surface: Surface) -> str:
        """See Cloud."""
        return HOSTS[surface]

    def begin(self, surfaces: Collection[Surface], redirect_uri: str, *, hint: str, claims: str) -> Asked:
        """See Cloud."""
        wanted = [oauth.Surface(surface) for surface in surfaces]
        asking = oauth.ask(self._client(), redirect_uri, wanted, login_hint=hint, endpoints=self._endpoints())
        return Asked(asking.url, asking.state, {"state": asking.state, "verifier": asking.verifier})

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str], redirect_uri: str) -> Granted:
        """See Cloud."""
        code, client = oauth.answered(answer, str(kept["state"])), self._client()
        with _http() as http:
            tokens = oauth.exchange(
                http, client, code, str(kept["verifier"]), redirect_uri, endpoints=self._endpoints()
            )  # fmt: skip
        who = oauth.identity(tokens.id_token, client, time.time())
        if not tokens.refresh:
            raise errors.NeedsReconnect("Google gave no lasting consent")
        surfaces = frozenset(Surface(surface) for surface in oauth.granted(tokens.scopes))
        return Granted(who.subject, who.address, who.name, surfaces, _renewed(tokens))

    def renew(self, refresh: str, surfaces: Collection[Surface]) -> Renewed:
        """See Cloud."""
        with _http() as http:
            return _renewed(oauth.refresh(http, self._client(), refresh, endpoints=self._endpoints()))

    def revoke(self, refresh: str) -> None:
        """See Cloud."""
        with _http() as http:
            oauth.revoke(http, refresh, endpoints=self._endpoints())

    def mail(self, tokens: TokenSource, meter: Meter, mirror: MailMirror) -> MailAdapter:
        """See Cloud."""
        return gmail.connect(tokens, root=self.root, meter=meter)

    def submission(self, tokens: TokenSource, meter: Meter) -> Submission:
        """See Cloud."""
        return gmail.connect_submission(tokens, root=self.root, meter=meter)

    def collections(self, surface: Surface, tokens: TokenSource, meter: Meter) -> CollectionAdapter:
        """See Cloud."""
        if surface is Surface.CALENDAR:
            return calendar.connect(tokens, root=self.root, meter=meter)
        return contacts.connect(tokens, root=self.root, meter=meter)

    def _client(self) -> oauth.Client:
        return oauth.Client(settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET)

    def _endpoints(self) -> oauth.Endpoints:
        return oauth.Endpoints.at(self.root) if self.root else oauth.GOOGLE


def _http() -> httpx.Client:
    return httpx.Client(verify=for_http(), timeout=PATIENCE, follow_redirects=False, trust_env=False)


def _renewed(tokens: oauth.Tokens) -> Renewed:
    return Renewed(tokens.access, tokens.refresh, time.time() + tokens.expires_in)
