"""A fake of the Mistral API for each test, and the real library that talks to it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from langchain_mistralai import ChatMistralAI, MistralAIEmbeddings
from tokenizers import Tokenizer, models, pre_tokenizers

from tests.fakes.mistral.server import MistralApi

MODEL = "mistral-small-latest"
_made: list[ChatMistralAI | MistralAIEmbeddings] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Ends the connections of the test's clients: the library has no way to, and leaves them to the collector."""
    yield
    while _made:
        _made.pop().client.close()


@pytest.fixture
def api() -> Iterator[MistralApi]:
    with MistralApi() as running:
        yield running


@pytest.fixture
def chat(api: MistralApi) -> ChatMistralAI:
    return chat_of(api)


@pytest.fixture
def embeddings(api: MistralApi) -> MistralAIEmbeddings:
    return embeddings_of(api)


@pytest.fixture
def post(api: MistralApi) -> Callable[..., httpx.Response]:
    """Posts a body as it is, for what the library would not send."""

    def send(body: Any, path: str = "/chat/completions", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {api.key}"} | more.pop("headers", {})
        content = {"content": body} if isinstance(body, bytes | str) else {"json": body}
        return httpx.post(api.url + path, headers=headers, timeout=5, **content, **more)

    return send


def chat_of(api: MistralApi, **more: Any) -> ChatMistralAI:
    """The library's chat model, pointed at the fake."""
    wanted: dict[str, Any] = {"model": MODEL, "timeout": 5, "max_retries": 1, "temperature": 0}
    made = ChatMistralAI(**{"api_key": api.key, "base_url": api.url} | wanted | more)
    _made.append(made)
    return made


def embeddings_of(api: MistralApi, **more: Any) -> MistralAIEmbeddings:
    """The library's embeddings, with a tokenizer of our own: without one it asks the model hub for its."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]  # a property of the extension
    wanted: dict[str, Any] = {"tokenizer": tokenizer, "timeout": 5, "max_retries": None}
    made = MistralAIEmbeddings(**{"api_key": api.key, "endpoint": f"{api.url}/"} | wanted | more)
    _made.append(made)
    return made
