"""Carries push messages for `realtime`: one POST over our guarded HTTP, bounded, no redirect followed."""

import ssl
from collections.abc import Callable
from typing import Final

import httpx

from apps.realtime.push.carrier import Answer, Outgoing, Resolve, Unreachable

from .adapters import web
from .adapters.cutoff import Cutoff
from .adapters.tls import for_http

SECONDS: Final = 10.0
"""For the whole request: push services answer within one."""

OCTETS: Final = 16 * 1024
"""Of an answer; it is read for its status only."""


def post(outgoing: Outgoing, resolve: Resolve, trust: Callable[[], ssl.SSLContext] = for_http) -> Answer:
    """Post and read the answer. Raises Unreachable, and what `resolve` raises."""
    try:
        with Cutoff(SECONDS) as cutoff, web.client(resolve, trust(), SECONDS / 2) as http:
            request = http.build_request(
                "POST", outgoing.url, headers=dict(outgoing.headers), content=outgoing.body,
                extensions={"trace": cutoff.trace},
            )  # fmt: skip
            answer = web.ask(http, request, web.Bounds(cutoff.left, OCTETS))
    except (web.TooMuch, httpx.TransportError, httpx.InvalidURL) as error:
        raise Unreachable(type(error).__name__) from None
    return Answer(answer.status, answer.headers.get("Retry-After", ""))
