"""Microsoft's notifications: one Graph subscription for each surface; one of mail covers every folder."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import TokenSource
from apps.providers.adapters.microsoft import oauth, subscriptions
from apps.providers.adapters.microsoft.graph import Graph

from .base import Surface
from .pushing import Answer, Called, Fate, Hook, Subscribed, Told, Wanted, address_of, reachable

ROUTE: Final = "microsoft-graph"
FATES: Final = {
    None: Fate.CHANGED,
    subscriptions.Lifecycle.MISSED: Fate.CHANGED,
    subscriptions.Lifecycle.REAUTHORIZE: Fate.RENEW,
    subscriptions.Lifecycle.REMOVED: Fate.GONE,
}


class MicrosoftPusher:
    """Implements `Pusher`. `graph` speaks in the name of an account."""

    def __init__(self, graph: Callable[[TokenSource], Graph], *, simulated: bool) -> None:
        self._graph, self._simulated = graph, simulated

    def offers(self, surface: Surface) -> bool:
        """See Pusher."""
        return reachable(simulated=self._simulated)

    def by_address(self, surface: Surface) -> bool:
        """See Pusher."""
        return False

    def parts(self, tokens: TokenSource, surface: Surface) -> Sequence[str]:
        """See Pusher."""
        return ()

    def subscribe(self, tokens: TokenSource, wanted: Wanted, instead_of: Subscribed | None) -> Subscribed:
        """See Pusher. The former one is ended first: a second one of the same kind may be refused."""
        url = address_of(ROUTE)
        with closing(self._graph(tokens)) as graph:
            if instead_of is not None and instead_of.remote_id:
                with suppress(errors.Rejected, errors.PermissionMissing):
                    subscriptions.end(graph, instead_of.remote_id)
            return _told(subscriptions.subscribe(graph, wanted.surface.value, url, url, client_state=wanted.secret))

    def renew(self, tokens: TokenSource, wanted: Wanted, held: Subscribed) -> Subscribed:
        """See Pusher."""
        with closing(self._graph(tokens)) as graph:
            return _told(subscriptions.renew(graph, held.remote_id))

    def end(self, tokens: TokenSource, surface: Surface, held: Subscribed) -> None:
        """See Pusher."""
        if held.remote_id:
            with closing(self._graph(tokens)) as graph:
                subscriptions.end(graph, held.remote_id)

    def held(self, tokens: TokenSource) -> Sequence[Subscribed]:
        """See Pusher."""
        never, ours = datetime.min.replace(tzinfo=UTC), address_of(ROUTE)
        with closing(self._graph(tokens)) as graph:
            told = list(subscriptions.held(graph))
        return [Subscribed(never, never, name) for name, _, url in told if url == ours]

    def realm(self, subject: str) -> str:
        """See Pusher. A subject is `oid.tid`. Of private accounts Graph names a directory of its own choice."""
        tenant = subject.rpartition(".")[2].lower()
        return "" if tenant == oauth.CONSUMERS_TENANT else tenant

    def hooks(self) -> Mapping[str, Hook]:
        """See Pusher."""
        return {ROUTE: _called}

    def puller(self) -> None:
        """See Pusher: nothing waits to be fetched."""

    def prepare(self, *, anew: bool = False) -> None:
        """See Pusher: nothing."""


def _called(called: Called) -> Answer:
    """The hand-shake, or notifications. Graph sends again what is not answered with a success.

    Graph's notifications have no ids, and two of the same item may read alike: each of them rings.
    """
    given = called.query.get("validationToken")
    if given is not None:
        said = subscriptions.handshake(given)
        return Answer(HTTPStatus.BAD_REQUEST) if said is None else Answer(HTTPStatus.OK, said)
    told = [
        Told(
            secret=one.client_state, realm=one.tenant.lower(), remote_id=one.subscription, fate=FATES[one.lifecycle],
        )
        for one in subscriptions.said(called.body)
    ]  # fmt: skip
    return Answer(HTTPStatus.ACCEPTED, None, told)


def _told(made: subscriptions.Subscription) -> Subscribed:
    return Subscribed(made.expires, made.renew_at, made.id)
