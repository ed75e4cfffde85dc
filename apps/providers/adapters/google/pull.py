"""Gmail's notifications fetched from Pub/Sub, for an installation that nobody outside can reach.

Pub/Sub, "Pull subscriptions": a request waits at Google until there is something, and what is not acknowledged
within the subscription's deadline comes again. What comes is a poke, as a push is (`push.py`).
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from apps.providers.adapters import errors
from apps.providers.adapters.google import oauth, push
from apps.providers.adapters.google.errors import LOWER, from_exception, from_refusal, refusal
from apps.providers.adapters.tls import for_http

ROOT: Final = "https://pubsub.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/pubsub"
TOGETHER: Final = 100
WAIT: Final = httpx.Timeout(120.0, connect=10.0)
"""Google lets a request without messages wait for about 90 seconds."""
MOST: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pulled:
    """A message: what acknowledges it, and the poke in it; None for one that is none of Gmail's."""

    ack: str
    poke: push.Poke | None


def service_account(text: bytes) -> oauth.ServiceAccount:
    """A key file as Google's console makes it. Raises Rejected for one that is none, without showing any of it."""
    try:
        told = json.loads(text)
        return oauth.ServiceAccount(
            str(told["client_email"]), str(told["private_key"]), str(told.get("private_key_id", ""))
        )
    except (ValueError, KeyError, TypeError):
        raise errors.Rejected("this is no key file of a service account") from None


class Puller:
    """One subscription (`projects/P/subscriptions/S`), pulled in the name of a service account. One task's own."""

    def __init__(
        self, account: oauth.ServiceAccount, subscription: str, *, root: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._account, self._subscription, self._clock = account, subscription, clock
        self._root = root.rstrip("/") or ROOT
        self._endpoints = oauth.Endpoints.at(root) if root else oauth.GOOGLE
        self._http = httpx.AsyncClient(verify=for_http(), timeout=WAIT, follow_redirects=False, trust_env=False)
        self._token, self._until = "", 0.0

    async def pull(self) -> list[Pulled]:
        """What waits, or an empty list when nothing came for a while. Raises the errors of `adapters.errors`."""
        told = await self._ask("pull", {"maxMessages": TOGETHER})
        found = told.get("receivedMessages", [])
        return [_pulled(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    async def acknowledge(self, acks: Sequence[str]) -> None:
        """These need not come again. Raises the errors of `adapters.errors`: then they come again."""
        if acks:
            await self._ask("acknowledge", {"ackIds": list(acks)})

    async def close(self) -> None:
        """Close the connections; what waits at Google is left to whoever comes next."""
        await self._http.aclose()

    async def _ask(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{self._root}/v1/{self._subscription}:{verb}"
        headers = {"Authorization": f"Bearer {await self._bearer()}"}
        try:
            answer = await self._http.post(url, json=body, headers=headers)
            content = answer.content
        except LOWER as error:
            raise from_exception(error) from None
        if answer.status_code == 401:
            self._token = ""
            raise errors.Transient("Pub/Sub does not accept the access token")
        if answer.status_code != 200:
            raise from_refusal(refusal("pubsub", answer.status_code, answer.headers, content[:MOST], self._clock()))
        try:
            told = json.loads(content) if len(content) <= MOST else None
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise errors.Transient("Pub/Sub's answer cannot be read")
        return told

    async def _bearer(self) -> str:
        if not self._token or self._clock() > self._until:
            tokens = await asyncio.to_thread(self._assume)
            self._token, self._until = tokens.access, self._clock() + tokens.expires_in
        return self._token

    def _assume(self) -> oauth.Tokens:
        with httpx.Client(verify=for_http(), timeout=20.0, follow_redirects=False, trust_env=False) as http:
            return oauth.assume(http, self._account, "", [SCOPE], self._clock(), endpoints=self._endpoints)


def _pulled(one: dict[str, Any]) -> Pulled:
    try:
        return Pulled(str(one.get("ackId", "")), push.poke_of(one["message"]))
    except (KeyError, errors.Rejected):
        return Pulled(str(one.get("ackId", "")), None)
