"""Push from Graph: subscriptions made, renewed and ended, and what their notifications say.

A notification is a poke, never news: whoever gets one starts an ordinary run. The receiver answers `handshake` at both
addresses while `subscribe` is under way, so neither may wait for the other. Graph, "Change notifications for Outlook
resources", "Lifecycle notifications", "Receive change notifications through webhooks".
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import orjson

from apps.providers.adapters import errors

from .graph import Graph, Json, segment
from .messages import moment

LIFE: Final = timedelta(minutes=10_080) - timedelta(minutes=10)
"""The longest that Outlook takes, less what clocks may differ by."""
TOKEN_MOST: Final = 2048
RESOURCES: Final = {"mail": "messages", "calendar": "events", "contacts": "contacts"}
"""One subscription to all messages covers every folder."""
BODY_MOST: Final = 1024 * 1024
ITEMS_MOST: Final = 1000
NAME_MOST: Final = 255


class Lifecycle(StrEnum):
    """What becomes of a subscription."""

    REAUTHORIZE = "reauthorizationRequired"
    REMOVED = "subscriptionRemoved"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One that is held. Renew it at `renew_at`, half of its life."""

    id: str
    resource: str
    expires: datetime
    renew_at: datetime
    client_state: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A notification as it came, believed or not: the subscription that it names, the secret that it knows, the
    tenant that it speaks of."""

    subscription: str
    tenant: str
    client_state: str = field(default="", repr=False)
    lifecycle: Lifecycle | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What we know of a subscription that a notification names."""

    client_state: str = field(repr=False)
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Poke:
    """A notification that is believed. `lifecycle` is None when something changed."""

    subscription: str
    change: str = ""
    lifecycle: Lifecycle | None = None


def subscribe(
    graph: Graph, surface: str, notification_url: str, lifecycle_url: str, *,
    client_state: str = "", now: datetime | None = None,
) -> Subscription:  # fmt: skip
    """Subscribe to a surface (`mail`, `calendar`, `contacts`), with the secret given or one of its own. Raises errors.

    Make it before the first round of changes, so that nothing falls between. Ids are immutable from here on.
    """
    begun, state = now or datetime.now(UTC), client_state or secrets.token_urlsafe(48)
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": notification_url,
        "lifecycleNotificationUrl": lifecycle_url,
        "resource": f"{graph.user}/{RESOURCES[surface]}",
        "expirationDateTime": _text(begun + LIFE),
        "clientState": state,
    }
    content, kind = orjson.dumps(body), {"Content-Type": "application/json"}
    made = graph.ask("POST", graph.service("subscriptions"), content, kind).json
    return _subscription(made, begun, state)


def renew(graph: Graph, subscription: str, *, now: datetime | None = None) -> Subscription:
    """Give a subscription its whole life again. Raises NotFound when it is gone: subscribe anew, then sync."""
    begun = now or datetime.now(UTC)
    content, kind = orjson.dumps({"expirationDateTime": _text(begun + LIFE)}), {"Content-Type": "application/json"}
    url = graph.service(f"subscriptions/{segment(subscription)}")
    return _subscription(graph.ask("PATCH", url, content, kind).json, begun, "")


def end(graph: Graph, subscription: str) -> None:
    """End a subscription; one that is gone is no error."""
    try:
        graph.ask("DELETE", graph.service(f"subscriptions/{segment(subscription)}"))
    except errors.NotFound:
        return


def held(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Every subscription that the application holds for this account: id, resource, address of notifications.

    Look daily: they go silently, and a create whose answer was lost leaves one that nobody knows. An application by
    itself is told of everybody's.
    """
    mine = "" if graph.user == "me" else graph.user.rpartition("/")[2].lower()
    for page in graph.pages(graph.service("subscriptions")):
        for item in page.items:
            resource = str(item.get("resource") or "")
            if mine in resource.lower():
                yield str(item["id"]), resource, str(item.get("notificationUrl") or "")


def _subscription(made: Json, begun: datetime, state: str) -> Subscription:
    expires = moment(made.get("expirationDateTime"))
    if expires is None or not made.get("id"):
        raise errors.Transient("a subscription came without its id or end")
    return Subscription(str(made["id"]), str(made.get("resource") or ""), expires, begun + (expires - begun) / 2, state)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---------------------------------------------------------------------- the receiver's side, pure


def handshake(token: str | None) -> str | None:
    """What to answer to a request with `validationToken`: 200, text/plain, nosniff, within ten seconds. None: refuse.

    The token is said back, so only one that is printable and not too long is: who asks is not known.
    """
    if not token or len(token) > TOKEN_MOST or not token.isprintable():
        return None
    return token


def pokes(body: bytes, expected: Callable[[str], Expected | None]) -> list[Poke]:
    """The notifications of a request that are ours, each once. `expected` finds a subscription by its id.

    What is not ours is left out silently: the answer is 202 whatever it holds, and tells nobody what we know.
    """
    found: dict[Poke, None] = {}
    for item in _items(body):
        name = item.get("subscriptionId")
        known = expected(name) if isinstance(name, str) else None
        if known is None or not _authentic(item, known):
            continue
        lifecycle = item.get("lifecycleEvent")
        if lifecycle is None:
            found[Poke(str(name), str(item.get("changeType") or ""))] = None
        elif lifecycle in set(Lifecycle):
            found[Poke(str(name), lifecycle=Lifecycle(lifecycle))] = None
    return list(found)


def said(body: bytes) -> list[Said]:
    """All notifications of a request, those that say the same once, for whoever finds subscriptions by their secrets.

    Nothing in them is proved. What cannot be read, or tells of a fate that is not known, is left out silently.
    """
    found: dict[Said, None] = {}
    for item in _items(body)[:ITEMS_MOST]:
        named = [item.get(name) for name in ("subscriptionId", "tenantId", "clientState")]
        fate = item.get("lifecycleEvent")
        if not all(isinstance(text, str) and 0 < len(text) <= NAME_MOST for text in named):
            continue
        if fate is not None and (not isinstance(fate, str) or fate not in set(Lifecycle)):
            continue
        subscription, tenant, state = (str(text) for text in named)
        found[Said(subscription, tenant, state, Lifecycle(fate) if fate is not None else None)] = None
    return list(found)


def _items(body: bytes) -> list[Mapping[str, Any]]:
    if len(body) > BODY_MOST:
        return []
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    listed = told.get("value") if isinstance(told, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _authentic(item: Mapping[str, Any], known: Expected) -> bool:
    """The secret, compared in constant time, and the tenant where it is known."""
    state = str(item.get("clientState") or "")
    same = secrets.compare_digest(state.encode(), known.client_state.encode())
    tenant = str(item.get("tenantId") or "")
    return bool(known.client_state) and same and (not known.tenant or tenant.lower() == known.tenant.lower())
