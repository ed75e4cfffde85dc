"""One of Google's APIs, built from its packaged discovery document, with every failure as a typed error."""

import copy
import functools
import json
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import googleapiclient.discovery_cache
import httplib2
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import Error as LibraryError
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest
from googleapiclient.model import RawModel

from apps.providers.adapters import errors
from apps.providers.adapters.base import Meter, TokenSource, Unmetered, whom
from apps.providers.adapters.google import costs
from apps.providers.adapters.google.errors import LOWER, from_exception, from_refusal, refusal
from apps.providers.adapters.google.wire import Wire

Json = dict[str, Any]
Key = TypeVar("Key")

FILES: Final[Mapping[str, str]] = {
    "gmail": "gmail.v1", "calendar": "calendar.v3", "people": "people.v1", "directory": "admin.directory_v1",
}  # fmt: skip
"""The packaged documents; methods of the directory are not named as its file is."""
AT_ONCE: Final = 25
"""Requests in one batch: a cold batch of 100 is answered 429 at once, 25 pass."""
QUOTA_USER: Final = "quotaUser="
_DOCUMENTS: Final = Path(googleapiclient.discovery_cache.__file__).parent / "documents"


@functools.cache
def _packaged(name: str) -> Json:
    document: Json = json.loads((_DOCUMENTS / f"{FILES[name]}.json").read_bytes())
    return document


class Api:
    """A service and the connection below it. `root` replaces the provider's own address."""

    def __init__(
        self,
        name: str,
        tokens: TokenSource,
        *,
        root: str = "",
        clock: Callable[[], float] = time.time,
        meter: Meter | None = None,
        **wire: Any,
    ) -> None:
        document = _packaged(name)
        if root:
            document = copy.deepcopy(document)
            document["rootUrl"] = root.rstrip("/") + "/"
            document["baseUrl"] = document["rootUrl"] + document["servicePath"]
            document.pop("mtlsRootUrl", None)
        self.name = name
        self.wire = Wire(tokens, document["rootUrl"], **wire)
        self._tokens = tokens
        self._meter, self._budget = meter or Unmetered(), costs.BUDGETS.get(name)
        self._clock = clock
        self._whom = whom(tokens)
        self._batch = document["rootUrl"] + document["batchPath"]
        self.service: Any = build_from_document(document, http=self.wire)

    def run(self, request: Any) -> Json:
        """Carry out one request and give its answer. Raises the errors of `adapters.errors`.

        A 401 that outlives a fresh token is TokenRefused: single machines of Google's refuse good tokens for a
        while; when that goes on, whoever keeps the token has the person asked.
        """
        self._spend([request])
        try:
            answer = request.execute(num_retries=0)
        except HttpError as error:
            raise _settled(self._refused(error)) from None
        except (errors.AdapterError, LibraryError, httplib2.HttpLib2Error, *LOWER) as error:
            raise _from(error) from None
        return _object(answer, request)

    def each(self, requests: Mapping[Key, Any]) -> dict[Key, Json | errors.AdapterError]:
        """Carry out independent requests, several in each round trip; each has an answer or an error of its own.

        Raises the errors of `adapters.errors` for a round trip that failed as a whole, and RateLimited when a part
        was put off: what would follow would be put off too.
        """
        found: dict[Key, Json | errors.AdapterError] = {}
        keys = list(requests)
        for start in range(0, len(keys), AT_ONCE):
            some = {key: requests[key] for key in keys[start : start + AT_ONCE]}
            answered = self._together(some)
            again = {key: some[key] for key, one in answered.items() if isinstance(one, errors.AuthExpired)}
            if again:
                self.wire.renewed(self._tokens.token())
                answered |= self._together(again)
            for one in answered.values():
                if isinstance(one, errors.RateLimited):
                    raise one
            found |= {
                key: _settled(one) if isinstance(one, errors.AdapterError) else one for key, one in answered.items()
            }
        return found

    def _together(self, requests: Mapping[Key, Any]) -> dict[Key, Json | errors.AdapterError]:
        if len(requests) == 1:
            ((key, request),) = requests.items()
            try:
                return {key: self.run(request)}
            except (errors.NotFound, errors.Conflict, errors.Rejected) as error:
                return {key: error}
        self._spend(requests.values())
        found: dict[Key, Json | errors.AdapterError] = {}
        names = {str(number): key for number, key in enumerate(requests)}
        batch = BatchHttpRequest(batch_uri=self._batch)
        for name, key in names.items():
            batch.add(requests[key], callback=_keeper(self, names, requests, found), request_id=name)
        try:
            batch.execute(http=self.wire)
        except HttpError as error:
            raise _settled(self._refused(error)) from None
        except (errors.AdapterError, LibraryError, httplib2.HttpLib2Error, *LOWER) as error:
            raise _from(error) from None
        except (LookupError, TypeError, AttributeError):
            # The library trusts that every part is there and whole; one that broke off is neither.
            raise errors.Transient("Google's answer to a batch cannot be read") from None
        if len(found) != len(requests):
            raise errors.Transient("Google's answer to a batch leaves requests out")
        return found

    def _spend(self, requests: Collection[Any]) -> None:
        if self._whom:
            # All that a service account asks counts as one user's, unless each request says whose it is.
            for one in requests:
                if QUOTA_USER not in one.uri:
                    one.uri += f"{'&' if '?' in one.uri else '?'}{QUOTA_USER}{quote(self._whom)}"
        if self._budget is not None:
            self._meter.spend(self._budget, costs.units(str(one.methodId) for one in requests))

    def refused(self, error: Exception) -> errors.AdapterError:
        """The typed error of one part of a batch."""
        return self._refused(error) if isinstance(error, HttpError) else _from(error)

    def _refused(self, error: HttpError) -> errors.AdapterError:
        told = refusal(self.name, int(error.resp.status), error.resp, error.content, self._clock())
        return from_refusal(told)

    def ready(self) -> None:
        """Have a token at hand. Raises what the token source raises."""
        self._tokens.token()

    def close(self) -> None:
        """Close the connections; never raises."""
        self.wire.close()


def _keeper(
    api: Api, names: Mapping[str, Key], requests: Mapping[Key, Any], found: dict[Key, Json | errors.AdapterError]
) -> Callable[[str, Any, Exception | None], None]:
    def keep(name: str, answer: Any, error: Exception | None) -> None:
        if error is not None:
            found[names[name]] = api.refused(error)
            return
        try:
            found[names[name]] = _object(answer, requests[names[name]])
        except errors.Transient as unreadable:
            found[names[name]] = unreadable

    return keep


def _object(answer: Any, request: Any) -> Json:
    """The JSON object of an answer. The library gives a body that is no JSON, one that broke off, back as text.
    Methods that answer with nothing are read by another model of its own."""
    if isinstance(getattr(request.postproc, "__self__", None), RawModel):
        return {}
    if not isinstance(answer, dict):
        raise errors.Transient("Google's answer cannot be read", said=type(answer).__name__)
    return answer


def _settled(error: errors.AdapterError) -> errors.AdapterError:
    """A token was renewed already, so a refusal of it is no reason to bother the person yet."""
    if isinstance(error, errors.AuthExpired):
        return errors.TokenRefused("Google refuses an access token that was just renewed", said=error.said)
    return error


def _from(error: BaseException) -> errors.AdapterError:
    if isinstance(error, LibraryError | httplib2.HttpLib2Error):
        return errors.Transient("Google's answer cannot be read", said=type(error).__name__)
    return from_exception(error)
