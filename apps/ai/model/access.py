"""The one place that builds langchain's client, and that knows its errors. Knows neither tenants nor tables."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import httpx
import orjson
from django.conf import settings
from pydantic import SecretStr

from apps.core.clock import now

from . import errors

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_mistralai import ChatMistralAI

TRACING: Final = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING")
"""Switches of a tracer that would send every prompt to somebody else's service."""

UNREAD: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)
"""Errors of before anything was sent."""

_clients: dict[tuple[Any, ...], "ChatMistralAI"] = {}
_lock = threading.Lock()


def chat(timeout: float | None = None) -> "ChatMistralAI":
    """The model as settings describe it; one client for a process and its settings. Raises NotConfigured.

    `timeout` in seconds, by default the setting's. Its own retries are off: they know transport errors only.
    """
    if not settings.MISTRAL_API_KEY:
        raise errors.NotConfigured
    key = (
        os.getpid(), settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL, settings.PMSYNC_MISTRAL_MODEL,
        timeout or settings.PMSYNC_MISTRAL_TIMEOUT,
    )  # fmt: skip
    with _lock:
        if key not in _clients:
            _clients[key] = _built(*key[1:])
        return _clients[key]


def _built(api_key: str, url: str, model: str, timeout: float) -> "ChatMistralAI":
    for name in TRACING:
        os.environ[name] = "false"
    from langchain_mistralai import ChatMistralAI  # its import takes seconds

    return ChatMistralAI(
        api_key=SecretStr(api_key),
        base_url=url,
        model_name=model,
        timeout=max(1, round(timeout)),
        max_retries=1,
        temperature=0,
    )


def close() -> None:
    """End the connections of this process's clients."""
    with _lock:
        while _clients:
            _, client = _clients.popitem()
            client.client.close()


def invoke(runnable: Any, messages: Sequence[Any]) -> "AIMessage":
    """Ask once. Raises the errors of `errors`, and nothing else for whatever the service answers.

    `read` of an error tells that the service may have read the prompt, and will want to be paid for it.
    """
    with _typed():
        answer: AIMessage = runnable.invoke(list(messages))
        return _text(answer)


def stream(runnable: Any, messages: Sequence[Any], heard: Callable[[str], None]) -> "AIMessage":
    """Ask once, and tell each piece of text as it comes; the whole at the end. Raises as `invoke` does.

    What `heard` raises ends the call.
    """
    from langchain_core.messages import message_chunk_to_message

    whole: Any = None
    with _typed(), closing(runnable.stream(list(messages))) as chunks:
        for chunk in chunks:
            whole = chunk if whole is None else whole + chunk
            if text := str(chunk.text):
                heard(text)
        answer: AIMessage = message_chunk_to_message(whole)  # type: ignore[assignment]  # of a model's chunks
        return _text(answer)


def _text(answer: "AIMessage") -> "AIMessage":
    """Raises what JSON refuses: half a surrogate pair is no text, neither a database nor a browser takes it."""
    orjson.dumps([answer.content, answer.tool_calls])
    return answer


@contextmanager
def _typed() -> Iterator[None]:
    """What langchain and its client raise becomes what `errors` has."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise refusal(error.response) from None
    except UNREAD as error:
        kind = errors.TimedOut if isinstance(error, httpx.TimeoutException) else errors.Unavailable
        raise kind from None
    except httpx.TimeoutException:
        raise errors.TimedOut(read=True) from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
        raise errors.Unavailable(read=True) from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        # What langchain makes of a body that is not the protocol's: each of these was seen.
        raise errors.Malformed(read=True) from None


def refusal(response: httpx.Response) -> errors.ModelError:
    """The error of an answer that is no success."""
    status = response.status_code
    if status == 429:
        return errors.RateLimited(_seconds(response.headers.get("Retry-After")))
    if status in (401, 403):
        return errors.KeyRefused()
    if status in (408, 504):
        return errors.TimedOut(read=True)
    if status >= 500:
        return errors.Unavailable(_seconds(response.headers.get("Retry-After")))
    if status == 413 or (status in (400, 422) and "too large for model" in response.text):
        return errors.TooLong()
    return errors.Refused()


def _seconds(told: str | None) -> float | None:
    """Retry-After (RFC 9110, section 10.2.3): seconds, or a date."""
    if not told:
        return None
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(told) - now()).total_seconds())
    except (ValueError, TypeError):
        return None
