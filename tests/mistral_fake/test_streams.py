"""Streams with the real library: their events, calls of tools in them, and how they break."""

from collections.abc import Iterable

import httpx
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import tool
from langchain_mistralai import ChatMistralAI

from tests.fakes.mistral.script import call, garbled, read, say, streamed
from tests.fakes.mistral.server import MistralApi
from tests.mistral_fake.conftest import MODEL, chat_of

TEXT = "A sentence that is long enough to come in several pieces, with accents: perché, größer."


@tool
def find_mail(query: str) -> str:
    """Search the mailbox."""
    return query


def joined(chunks: Iterable[AIMessage]) -> AIMessageChunk:
    whole: AIMessageChunk | None = None
    for chunk in chunks:
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    return whole


def test_pieces_joined_are_the_answer(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(streamed, say(TEXT))
    chunks = list(chat.stream("x"))
    whole = joined(chunks)
    assert len(chunks) > 5 and whole.content == TEXT
    assert whole.response_metadata["finish_reason"] == "stop" and whole.response_metadata["model_name"] == MODEL
    assert whole.usage_metadata is not None and whole.usage_metadata["output_tokens"] > 10


async def test_asynchronous_streams_are_the_same(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(streamed, say(TEXT))
    assert "".join([str(chunk.content) async for chunk in chat.astream("x")]) == TEXT
    await chat.async_client.aclose()


def test_a_call_of_a_tool_comes_in_a_stream(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(streamed, call("find_mail", query="invoices"))
    whole = joined(chat.bind_tools([find_mail]).stream("x"))
    assert [(one["name"], one["args"]) for one in whole.tool_calls] == [("find_mail", {"query": "invoices"})]
    assert whole.response_metadata["finish_reason"] == "tool_calls"


def test_the_reader_streams_too(chat: ChatMistralAI) -> None:
    asked = "Summarise: <mail>The pump is broken again. Please send somebody.</mail>"
    assert "".join(str(chunk.content) for chunk in chat.stream(asked)) == chat.invoke(asked).content


def test_max_tokens_ends_a_stream(api: MistralApi) -> None:
    api.when(streamed, say(TEXT))
    whole = joined(list(chat_of(api, max_tokens=4).stream("x")))
    assert TEXT.startswith(str(whole.content)) and whole.response_metadata["finish_reason"] == "length"


def test_a_stream_that_breaks_is_an_error(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(streamed, say(TEXT).cut(4))
    got: list[str] = []
    with pytest.raises(httpx.RemoteProtocolError):
        got.extend(str(chunk.content) for chunk in chat.stream("x"))
    assert got and TEXT.startswith("".join(got)) and api.journal[0].verdict == "cut"


def test_a_stream_that_ends_too_early_is_no_error_to_the_library(api: MistralApi, chat: ChatMistralAI) -> None:
    """The caller has to look for the finish reason: a proxy that closes politely leaves no other trace."""
    first = '{"id":"a","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant",'
    api.when(streamed, garbled(f'data: {first}"content":"Half a sen"}},"finish_reason":null}}]}}\n\n'))
    whole = joined(list(chat.stream("x")))
    assert whole.content == "Half a sen" and "finish_reason" not in whole.response_metadata


def test_an_event_that_is_no_json_is_an_error(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(streamed, garbled('data: {"id": "a", "choi\n\n'))
    with pytest.raises(ValueError, match="Unterminated"):
        list(chat.stream("x"))


def test_a_slow_stream_arrives_piece_by_piece(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(streamed, say(TEXT).slowly(0.01))
    assert "".join(str(chunk.content) for chunk in chat.stream("x")) == TEXT


def test_a_stalled_stream_times_out(api: MistralApi) -> None:
    api.when(streamed, read.slowly(30))
    with pytest.raises(httpx.ReadTimeout):
        list(chat_of(api, timeout=1).stream("x"))
