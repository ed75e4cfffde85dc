"""Mistral's embeddings, through langchain's client: 1,024 dimensions, any language. Texts leave this machine.

The client is asked in batches of its own making, by tokens, and once each: its retries wait half a minute with a
worker in hand, and hide why. Who reads mail puts it off; who searches goes without.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx
import numpy as np
from django.conf import settings

from apps.ai.model import access
from apps.ai.model.errors import ModelError

from .embedder import Column, EmbedderError, Vectors

if TYPE_CHECKING:
    from langchain_mistralai import MistralAIEmbeddings
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Answer:
    """Vectors, and the tokens that the service counted; None where it did not say."""

    vectors: Vectors
    tokens: int | None


@dataclass  # no slots: threads would share them
class _Meter(threading.local):
    """What the service counted since it was set to zero, in this thread."""

    tokens: int = 0
    told: bool = True


_meter: Final = _Meter()


def _count(response: httpx.Response) -> None:
    """Follows each answer of the client's: langchain keeps of it the vectors alone."""
    if not response.is_success:
        return
    response.read()
    try:
        _meter.tokens += int(response.json()["usage"]["total_tokens"])
    except (ValueError, KeyError, TypeError):
        _meter.told = False


@dataclass(frozen=True, slots=True)
class Mistral:
    """The service, as settings describe it."""

    client: "MistralAIEmbeddings"
    name: str
    column: Column = field(default="large")

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """See `embedder.Model`. Charges nobody: see `charging`."""
        return self.answer(texts).vectors

    def answer(self, texts: Sequence[str]) -> Answer:
        """The vectors and what they cost. Raises EmbedderError."""
        _meter.tokens, _meter.told = 0, True
        try:
            found = np.array(self.client.embed_documents(list(texts)), np.float32)
        except httpx.HTTPStatusError as error:
            refused = access.refusal(error.response)
            # Those of its batches that it had answered before are paid for.
            raise EmbedderError(_reason(refused), refused.retry_after, read=_meter.tokens > 0) from None
        except access.UNREAD:
            raise EmbedderError("the embedding service cannot be reached", read=_meter.tokens > 0) from None
        except httpx.TimeoutException:
            raise EmbedderError("the embedding service took too long", read=True) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise EmbedderError("the embedding service cannot be reached", read=True) from None
        except (ValueError, KeyError, TypeError):
            raise EmbedderError("the embedding service gave an answer that makes no sense", read=True) from None
        return Answer(found, _meter.tokens if _meter.told else None)


def _reason(error: ModelError) -> str:
    return f"the embedding service refused ({error.code})"


_made: Final[dict[tuple[Any, ...], Mistral]] = {}
_making: Final = threading.Lock()


def model() -> Mistral:
    """The client for the settings as they stand; one for a process and its settings."""
    key = (
        os.getpid(), settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL, settings.PMSYNC_MISTRAL_EMBEDDING_MODEL,
        settings.PMSYNC_MISTRAL_TIMEOUT,
    )  # fmt: skip
    with _making:
        if key not in _made:
            _made[key] = _built(*key[1:])
        return _made[key]


def close() -> None:
    """End the connections of this process's clients."""
    with _making:
        while _made:
            _made.popitem()[1].client.client.close()


def _built(key: str, url: str, name: str, timeout: int) -> Mistral:
    from langchain_mistralai import MistralAIEmbeddings  # its import takes seconds
    from pydantic import SecretStr

    client = MistralAIEmbeddings(
        api_key=SecretStr(key),
        # With its last slash, or the client would leave out the path's last part.
        endpoint=f"{url}/",
        model=name,
        timeout=timeout,
        max_retries=None,
        tokenizer=counting(),
    )
    client.client.event_hooks["response"] = [_count]
    return Mistral(client, name)


def counting() -> "Tokenizer":
    """A tokenizer that makes batches small enough: a token for every two characters, more than the service's own.

    Without one the client asks the model hub for Mistral's, which stalls for half a minute where there is no network.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    found = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))  # noqa: S106  no password
    split = pre_tokenizers.Split(Regex(r"[\s\S][\s\S]?"), "isolated")
    found.pre_tokenizer = split
    return found
