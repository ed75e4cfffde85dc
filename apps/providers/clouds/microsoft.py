"""Microsoft as this installation is registered with it."""

import ssl
import time
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailAdapter, MailMirror, Meter, TokenSource, whom
from apps.providers.adapters.collections import CollectionAdapter
from apps.providers.adapters.microsoft import oauth
from apps.providers.adapters.microsoft.calendars import GraphCalendars
from apps.providers.adapters.microsoft.contacts import GraphContacts
from apps.providers.adapters.microsoft.graph import ROOT, Graph, segment
from apps.providers.adapters.microsoft.mail import GraphMail
from apps.providers.adapters.microsoft.sending import GraphSender
from apps.providers.adapters.smtp.submission import Submission
from apps.providers.models import ProviderType

from .base import Asked, Granted, Renewed, Surface
from .microsoft_company import MicrosoftCompanies
from .microsoft_push import MicrosoftPusher


class MicrosoftCloud:
    """Implements `Cloud`."""

    name: Final = ProviderType.MICROSOFT.value
    title: Final = "Microsoft"

    @property
    def configured(self) -> bool:
        """See Cloud."""
        return bool(settings.MICROSOFT_CLIENT_ID and settings.MICROSOFT_CLIENT_SECRET)

    @property
    def simulated(self) -> bool:
        """See Cloud."""
        return bool(self.root)

    @property
    def root(self) -> str:
        """The address of a simulation; empty for Microsoft itself."""
        return str(settings.PMSYNC_SIMULATED_MICROSOFT)

    @property
    def application(self) -> str:
        """See Cloud."""
        return str(settings.MICROSOFT_CLIENT_ID)

    @property
    def pusher(self) -> MicrosoftPusher:
        """See Cloud."""
        return MicrosoftPusher(self.graph, simulated=self.simulated)

    @property
    def companies(self) -> MicrosoftCompanies:
        """See Cloud."""
        return MicrosoftCompanies(self._registered, self.graph)

    def host(self, surface: Surface) -> str:
        """See Cloud."""
        return urlsplit(ROOT).hostname or ""

    def begin(self, surfaces: Collection[Surface], redirect_uri: str, *, hint: str, claims: str) -> Asked:
        """See Cloud."""
        flow = oauth.begin(
            self._application(), surfaces, redirect_uri, login_hint=hint, claims=claims,
            prompt="" if hint else "select_account",
        )  # fmt: skip
        return Asked(flow.url, flow.state, flow.kept)

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str], redirect_uri: str) -> Granted:
        """See Cloud."""
        grant = oauth.complete(self._application(), kept, answer)
        if not grant.account or not grant.address:
            raise errors.Rejected("Microsoft's answer does not say who consented")
        if not grant.refresh_token:
            raise errors.NeedsReconnect("Microsoft gave no lasting consent")
        return Granted(grant.account, grant.address, grant.name, _surfaces(grant.scopes), _renewed(grant))

    def renew(self, refresh: str, surfaces: Collection[Surface]) -> Renewed:
        """See Cloud."""
        return _renewed(oauth.refresh(self._application(), refresh, surfaces))

    def revoke(self, refresh: str) -> None:
        """Nothing: Microsoft has no address for that. The token is forgotten, and ends for itself."""

    def mail(self, tokens: TokenSource, meter: Meter, mirror: MailMirror) -> MailAdapter:
        """See Cloud."""
        return GraphMail(self.graph(tokens, meter), mirror)

    def submission(self, tokens: TokenSource, meter: Meter) -> Submission:
        """See Cloud."""
        return GraphSender(self.graph(tokens, meter), time.sleep)

    def collections(self, surface: Surface, tokens: TokenSource, meter: Meter) -> CollectionAdapter:
        """See Cloud."""
        kind = GraphCalendars if surface is Surface.CALENDAR else GraphContacts
        return kind(self.graph(tokens, meter))

    def graph(self, tokens: TokenSource, meter: Meter | None = None) -> Graph:
        """Graph in the name of an account."""
        person, root = whom(tokens), f"{self.root}/v1.0" if self.root else ROOT
        user = f"users/{segment(person)}" if person else "me"
        return Graph(tokens, root=root, user=user, tls=_trust(), meter=meter)

    def _application(self) -> oauth.Application:
        return self._registered(settings.MICROSOFT_CLIENT_ID, settings.MICROSOFT_CLIENT_SECRET)

    def _registered(self, client_id: str, secret: str) -> oauth.Application:
        return oauth.Application(client_id, secret, self.root or oauth.LOGIN, _trust())


def _trust() -> ssl.SSLContext | None:
    """What is believed of a simulation; None: what the machine believes."""
    authority = settings.PMSYNC_SIMULATED_MICROSOFT_CA
    return ssl.create_default_context(cafile=authority) if authority else None


def _surfaces(scopes: Collection[str]) -> frozenset[Surface]:
    """The surfaces that these scopes suffice for; Graph's come with or without its address."""
    held = {scope.rpartition("/")[2].lower() for scope in scopes}
    return frozenset(
        surface for surface in Surface if {scope.lower() for scope in oauth.SCOPES[surface]} <= held
    )  # fmt: skip


def _renewed(grant: oauth.Grant) -> Renewed:
    return Renewed(grant.access_token, grant.refresh_token, grant.expires_at)
