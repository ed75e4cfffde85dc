"""From what a provider told to the routes that it is about: who is believed, and what follows."""

from collections.abc import Sequence

import structlog

from apps.providers.clouds import Fate, Told

from . import rings, routes, upkeep
from .models import PushRoute

log = structlog.get_logger(__name__)


def take(provider_type: str, told: Sequence[Told]) -> int:
    """Ring for every notification that is believed; return how many rang."""
    by_secret = routes.of_secrets(provider_type, {one.secret for one in told if one.secret})
    rang = 0
    for one in told:
        known = by_secret.get(one.secret) if one.secret else None
        found = [known] if known else routes.of_address(provider_type, one.address) if one.address else []
        believed = [route for route in found if _belongs(one, route)]
        if not believed:
            log.info("notification of nobody", provider=provider_type)
        rang += sum(_heard(one, route) for route in believed)
    return rang


def _belongs(one: Told, route: PushRoute) -> bool:
    """Whether a notification that knows the route's secret speaks of its subscription and its directory.

    While a subscription is being made its name is not known here yet, and the first notifications may be there before.
    """
    if route.realm and routes.digest(one.realm) != route.realm:
        return False
    being_made = route.lease_until is not None or not route.remote_id
    named = one.remote_id == route.remote_id and one.resource_id in ("", route.resource_id)
    return being_made or not one.remote_id or named


def _heard(one: Told, route: PushRoute) -> bool:
    match one.fate:
        case Fate.WORKS:
            rings.note(route)
            return False
        case Fate.RENEW:
            upkeep.hurry(route)
            return False
        case Fate.GONE:
            if one.remote_id == route.remote_id:
                upkeep.gone(route)
            return False
        case Fate.PARTS:
            upkeep.recount(route)
            return rings.heard(route, one.message)
        case Fate.CHANGED:
            return rings.heard(route, one.message)
