"""How a request says who asks: a token, Basic over TLS, or Digest where nothing else is offered."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import httpx

from apps.providers.adapters import web
from apps.providers.adapters.base import Login


@dataclass(slots=True)
class Signed:
    """A client that asks as one person; once a server wants Digest, the log-in is never sent in the clear again."""

    http: httpx.Client
    login: Login
    _digest: bool = False

    def ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str], bounds: web.Bounds) -> web.Answer:
        """One request and its answer. Raises httpx.TransportError, TooMuch, and what the guard raises."""

        def request() -> httpx.Request:
            return self.http.build_request(method, url, content=body, headers=dict(headers))

        answer = web.ask(self.http, request(), bounds, None if self._digest else _auth(self.login))
        offered = answer.headers.get("www-authenticate", "").lower()
        if answer.status == 401 and "digest" in offered and ("basic" not in offered or self._digest):
            again = request()
            if _sign(again, answer, self.login):
                self._digest = True
                answer = web.ask(self.http, again, bounds)
        return answer


def _auth(login: Login) -> httpx.Auth:
    if login.access_token:
        return _Bearer(login.access_token)
    return httpx.BasicAuth(login.username, login.password)


def _sign(request: httpx.Request, refusal: web.Answer, login: Login) -> bool:
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
