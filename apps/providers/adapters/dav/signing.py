"""How a request says who asks: a token, Basic over TLS, or Digest where nothing else is offered."""

from collections.abc import Generator

import httpx

from apps.providers.adapters import web
from apps.providers.adapters.base import Login


def auth(login: Login) -> httpx.Auth:
    """What every request of this log-in carries."""
    if login.access_token:
        return _Bearer(login.access_token)
    return httpx.BasicAuth(login.username, login.password)


def sign(request: httpx.Request, refusal: web.Answer, login: Login) -> bool:
    """Answer the challenge that came with the refusal; False when it holds none that can be answered.

    httpx would ask for a challenge of its own, and read that refusal without any bound.
    """
    flow = httpx.DigestAuth(login.username, login.password).sync_auth_flow(request)
    next(flow)
    try:
        flow.send(httpx.Response(refusal.status, headers=refusal.headers, request=request))
    except StopIteration:
        return False
    return True


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request
