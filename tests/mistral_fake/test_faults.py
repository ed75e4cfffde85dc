"""Faults by script, as the real library meets them: limits, failures, silence, half answers; the control over HTTP."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_mistralai import ChatMistralAI

from tests.fakes.mistral.script import always, call, dropped, fail, garbled, read, say
from tests.fakes.mistral.server import KEY, MistralApi
from tests.mistral_fake.conftest import MODEL, chat_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "status", "retry_after"),
    [
        ("rate_limited", 429, None),
        ("rate_limited", 429, 3),
        ("rate_limited", 429, "Wed, 21 Oct 2026 07:28:00 GMT"),
        ("rate_limited_by_gateway", 429, None),
        ("capacity", 429, None),
        ("internal", 500, None),
        ("bad_gateway", 502, None),
        ("unavailable", 503, 5),
        ("gateway_timeout", 504, None),
    ],
)
def test_the_library_does_not_try_again(api: MistralApi, name: str, status: int, retry_after: Any) -> None:
    """Whatever `max_retries` says: only errors of the transport are tried again."""
    api.when(always, fail(name, retry_after=retry_after))
    with pytest.raises(httpx.HTTPStatusError) as caught:
        chat_of(api, max_retries=3).invoke("x")
    assert caught.value.response.status_code == status and len(api.journal) == 1
    assert caught.value.response.headers.get("retry-after") == (None if retry_after is None else str(retry_after))
    assert api.journal[0].verdict == name


def test_the_limit_of_a_minute_is_kept_by_a_clock() -> None:
    now = [1000.0]
    with MistralApi(per_minute=2, clock=lambda: now[0]) as api:
        chat = chat_of(api)
        chat.invoke("x")
        chat.invoke("x")
        with pytest.raises(httpx.HTTPStatusError, match="Rate limit exceeded") as caught:
            chat.invoke("x")
        assert caught.value.response.headers["x-ratelimit-remaining-req-minute"] == "0"
        assert "retry-after" not in caught.value.response.headers
        now[0] += 61
        assert chat.invoke("x").content


def test_silence_is_a_timeout(api: MistralApi) -> None:
    api.when(always, read.after(30))
    with pytest.raises(httpx.ReadTimeout):
        chat_of(api, timeout=1).invoke("x")


@pytest.mark.slow  # the library waits four seconds
def test_a_connection_that_is_reset_is_tried_again_by_the_library(api: MistralApi) -> None:
    api.when(always, say("done"))
    api.when(always, dropped, times=1)
    assert chat_of(api, max_retries=2).invoke("x").content == "done"
    assert [entry.verdict for entry in api.journal] == ["dropped", "ok"]


def test_half_an_answer_is_an_error_of_the_transport(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("done").cut(0))
    with pytest.raises(httpx.RemoteProtocolError):
        chat.invoke("x")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"id": "a", "choices": [{"mess', json.JSONDecodeError),
        ("<html>maintenance</html>", json.JSONDecodeError),
        ("", json.JSONDecodeError),
        ('{"object": "chat.completion"}', KeyError),
        ('{"choices": [{"message": {"role": "user", "content": "x"}}]}', ValueError),
    ],
)
def test_a_200_that_is_no_completion_is_whatever_error_it_happens_to_be(
    api: MistralApi, chat: ChatMistralAI, body: str, error: type[Exception]
) -> None:
    api.when(always, garbled(body))
    with pytest.raises(error):
        chat.invoke("x")


def test_other_reasons_to_end_are_told(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("I cannot").ending("model_length"))
    assert chat.invoke("x").response_metadata["finish_reason"] == "model_length"
    api.when(always, call("nothing_like_what_was_offered", x=1))
    assert chat.invoke("x").tool_calls[0]["name"] == "nothing_like_what_was_offered"


def test_ending_the_service_ends_answers_that_are_delayed() -> None:
    with MistralApi() as api:
        api.when(always, read.after(60))
        with pytest.raises(httpx.ReadTimeout):
            chat_of(api, timeout=1).invoke("x")
    assert api.stopping.is_set()


def test_rules_are_set_over_http(api: MistralApi, chat: ChatMistralAI) -> None:
    control = f"{api.origin}/_fake"
    rules: list[dict[str, Any]] = [
        {"when": {}, "act": {"say": {"fine": True}}},
        {"when": {"says": "limit"}, "act": {"fail": "rate_limited", "retry_after": 2}, "times": 1},
        {"when": {"says": "tool"}, "act": {"calls": [["find", {"query": "x"}]], "finish": "tool_calls"}},
        {"when": {"says": "broken", "path": "/v1/chat/completions"}, "act": {"garbled": "{"}},
    ]
    for number, rule in enumerate(rules, 1):
        assert httpx.post(f"{control}/rules", json=rule).json() == {"rules": number}
    with pytest.raises(httpx.HTTPStatusError, match="429"):
        chat.invoke("limit")
    assert chat.invoke("limit").content == '{"fine": true}'
    assert chat.invoke("tool").tool_calls[0]["args"] == {"query": "x"}
    with pytest.raises(json.JSONDecodeError):
        chat.invoke("broken")
    told = httpx.get(f"{control}/journal").json()
    assert [entry["verdict"] for entry in told] == ["rate_limited", "ok", "ok", "garbled"]
    httpx.delete(f"{control}/rules")
    httpx.delete(f"{control}/journal")
    assert not api.script.rules and not api.journal
    assert httpx.post(f"{control}/rules", json={"act": {"fail": "no such"}}).status_code == 400
    assert httpx.get(f"{control}/elsewhere").status_code == 404


def test_it_runs_as_a_process() -> None:
    command = [sys.executable, "-m", "tests.fakes.mistral", "--key", "one", "--key", KEY]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().strip()
            chat = ChatMistralAI(model=MODEL, api_key="one", base_url=url, timeout=5)  # type: ignore[call-arg,arg-type]  # aliases
            with chat.client:
                assert chat.invoke("Hello").content
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0
