"""What the service refuses, each with its status, code and wording."""

import json
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_mistralai import ChatMistralAI

from tests.fakes.mistral.server import MistralApi
from tests.fakes.mistral.wordings import WORDINGS, refusal
from tests.mistral_fake.conftest import MODEL, chat_of

Post = Callable[..., httpx.Response]
USER = {"role": "user", "content": "Hello"}
NAMED = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}


def made(*ids: str) -> dict[str, Any]:
    """An assistant's message with calls of these ids."""
    calls = [{"id": one, "type": "function", "function": {"name": "find", "arguments": "{}"}} for one in ids]
    return {"role": "assistant", "content": "", "tool_calls": calls}


def told(id_: str | None, content: str = "x") -> dict[str, Any]:
    return {"role": "tool", "content": content, "tool_call_id": id_, "name": "find"}


def asking(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": list(messages) or [USER], **more}


# Messages


@pytest.mark.parametrize(
    ("messages", "verdict", "message"),
    [
        ([], "no_messages", "Conversation must have at least one message"),
        ([made("aaaaaaaaa")], "bad_start", "Conversation must start with a user message or system message"),
        ([USER, told("aaaaaaaaa")], "bad_order", "Unexpected role 'tool' after role 'user'"),
        (
            [USER, made("aaaaaaaaa"), told("aaaaaaaaa"), USER],
            "bad_order",
            "Unexpected role 'user' after role 'tool'",
        ),
        (
            [USER, {"role": "assistant", "content": "Hi"}],
            "bad_end",
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
        ),
        (
            [{"role": "system", "content": "Be brief"}],
            "bad_end",
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got system",
        ),
        (
            [USER, made("aaaaaaaaa", "bbbbbbbbb"), told("aaaaaaaaa")],
            "unanswered_calls",
            "Not the same number of function calls and responses",
        ),
        ([USER, made("aaaaaaaaa"), USER], "unanswered_calls", "Not the same number of function calls and responses"),
        (
            [USER, made("aaaaaaaaa"), told("bbbbbbbbb")],
            "stray_answer",
            "Unexpected tool call id bbbbbbbbb in tool results",
        ),
        (
            [USER, made("aaaaaaaaa"), told("aaaaaaaaa"), told("aaaaaaaaa")],
            "doubled_answer",
            "Duplicate tool call id aaaaaaaaa in tool results",
        ),
        (
            [USER, made("aaaaaaaaa"), told("aaaaaaaaa"), told("bbbbbbbbb")],
            "too_many_answers",
            "More tool responses than tool calls",
        ),
        (
            [USER, made("aaaaaaaaa", "aaaaaaaaa"), told("aaaaaaaaa")],
            "doubled_call",
            "Duplicate tool call id aaaaaaaaa in assistant message",
        ),
        (
            [USER, {"role": "assistant", "content": ""}, USER],
            "empty_assistant",
            "Assistant message must have either content or tool_calls, but not none.",
        ),
        (
            [USER, {"role": "assistant", "content": "Hi", "prefix": True}, USER],
            "prefix_inside",
            "Assistant message with prefix True must be last message",
        ),
        (
            [USER, made("call_1"), told("call_1")],
            "bad_call_id",
            "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.",
        ),
    ],
)
def test_messages_that_make_no_conversation_are_refused(
    api: MistralApi, post: Post, messages: list[Any], verdict: str, message: str
) -> None:
    answer = post({"model": MODEL, "messages": messages})
    assert answer.status_code == 400 and api.journal[0].verdict == verdict
    assert answer.json()["message"] == message and answer.json()["code"] == WORDINGS[verdict].code


def test_a_tools_answer_without_its_call_is_refused_to_the_library(api: MistralApi, chat: ChatMistralAI) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="Unexpected role 'tool' after role 'user'"):
        chat.invoke([HumanMessage("x"), ToolMessage("y", tool_call_id="aaaaaaaaa")])


def test_a_last_message_of_the_assistant_is_refused_to_the_library(chat: ChatMistralAI) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="Expected last role User or Tool"):
        chat.invoke([HumanMessage("x"), AIMessage("y")])


# The form


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        ({"messages": [USER]}, "missing", ["body", "model"]),
        ({"model": MODEL}, "missing", ["body", "messages"]),
        (asking(max_completion_tokens=5), "extra_forbidden", ["body", "max_completion_tokens"]),
        (asking(stream_options={"include_usage": True}), "extra_forbidden", ["body", "stream_options"]),
        (asking(seed=1), "extra_forbidden", ["body", "seed"]),
        (asking(USER | {"name": "Anna"}), "extra_forbidden", ["body", "messages", 0, "user", "name"]),
        (
            asking(USER, {"role": "assistant", "content": "x", "reasoning_content": "y"}, USER),
            "extra_forbidden",
            ["body", "messages", 1, "assistant", "reasoning_content"],
        ),
        (asking({"role": "developer", "content": "x"}), "union_tag_invalid", ["body", "messages", 0]),
        (asking({"content": "x"}), "union_tag_not_found", ["body", "messages", 0]),
        (asking(temperature=1.6), "less_than_equal", ["body", "temperature"]),
        (asking(temperature=-0.1), "greater_than_equal", ["body", "temperature"]),
        (asking(temperature="warm"), "float_parsing", ["body", "temperature"]),
        (asking(top_p=1.1), "less_than_equal", ["body", "top_p"]),
        (asking(top_p=0), "greater_than", ["body", "top_p"]),
        (asking(max_tokens=-1), "greater_than_equal", ["body", "max_tokens"]),
        (asking(n=0), "greater_than_equal", ["body", "n"]),
        (asking(presence_penalty=3), "less_than_equal", ["body", "presence_penalty"]),
        (asking(response_format={"type": "xml"}), "literal_error", ["body", "response_format", "type"]),
        (
            asking(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
            "missing",
            ["body", "response_format", "json_schema", "name"],
        ),
        (asking(tools=[{"type": "function"}]), "missing", ["body", "tools", 0, "function"]),
        (asking(reasoning_effort="medium"), "literal_error", ["body", "reasoning_effort"]),
    ],
)
def test_a_request_of_another_form_is_a_422_that_says_where(post: Post, body: Any, kind: str, place: list[Any]) -> None:
    answer = post(body)
    assert answer.status_code == 422
    (wrong,) = answer.json()["message"]["detail"]
    assert (wrong["type"], wrong["loc"]) == (kind, place)
    assert answer.json()["object"] == "error" and answer.json()["type"] == "invalid_request_error"


def test_the_wording_of_a_422_is_the_validators(post: Post) -> None:
    (extra,) = post(asking(seed=1)).json()["message"]["detail"]
    assert extra == {
        "type": "extra_forbidden",
        "loc": ["body", "seed"],
        "msg": "Extra inputs are not permitted",
        "input": 1,
    }
    (range_,) = post(asking(temperature=2)).json()["message"]["detail"]
    assert range_["msg"] == "Input should be less than or equal to 1.5" and range_["ctx"] == {"le": 1.5}


def test_a_body_that_is_no_json_is_a_422(post: Post) -> None:
    answer = post('{"model": ', headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and answer.json()["message"]["detail"][0]["type"] == "json_invalid"


def test_a_body_without_its_type_is_a_422(post: Post) -> None:
    answer = post(json.dumps(asking()))
    assert answer.status_code == 422 and answer.json()["message"]["detail"][0]["type"] == "model_attributes_type"


def test_what_the_library_passes_on_unseen_is_refused(chat: ChatMistralAI) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="Extra inputs are not permitted"):
        chat.invoke("x", seed=1)


def test_the_library_itself_refuses_temperatures_that_the_service_takes(api: MistralApi, post: Post) -> None:
    with pytest.raises(ValueError, match="temperature must be in the range"):
        chat_of(api, temperature=1.2)
    assert post(asking(temperature=1.2)).status_code == 200


# Keys, models, tools, lengths


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer another", "Basic Zm9v", "fake-mistral-key"])
def test_without_a_known_key_nothing_is_told(api: MistralApi, given: str) -> None:
    answer = httpx.post(f"{api.url}/chat/completions", json=asking(), headers={"Authorization": given})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})


def test_a_wrong_key_is_an_error_of_the_library(api: MistralApi) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="Error response 401"):
        chat_of(api, api_key="another").invoke("x")


@pytest.mark.parametrize("model", ["gpt-4o", "", "mistral-embed", "mistral-small-1"])
def test_an_unknown_model_is_refused(post: Post, model: str) -> None:
    answer = post(asking() | {"model": model})
    assert answer.status_code == 400
    assert answer.json() == {
        "object": "error",
        "message": f"Invalid model: {model}",
        "type": "invalid_model",
        "param": None,
        "code": "1500",
        "raw_status_code": 400,
    }


def test_a_prompt_longer_than_the_model_reads_is_refused(api: MistralApi) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="too large for model with 32768 maximum context length"):
        chat_of(api, model="open-mistral-nemo").invoke("word " * 33_000)
    assert api.journal[0].verdict == "too_long"


def test_the_answer_counts_towards_the_context(post: Post) -> None:
    answer = post(asking(model="open-mistral-nemo", max_tokens=32_768))
    assert answer.status_code == 400 and answer.json()["code"] == "3051"


def test_greedy_sampling_takes_no_other_top_p(api: MistralApi) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="top_p must be 1 when using greedy sampling"):
        chat_of(api, temperature=0, top_p=0.9).invoke("x")


def test_a_schema_has_to_be_there_where_one_is_promised(api: MistralApi, post: Post) -> None:
    assert post(asking(response_format={"type": "json_schema"})).status_code == 400
    assert api.journal[0].verdict == "no_schema"


def test_effort_is_for_models_that_reason(post: Post) -> None:
    assert post(asking(reasoning_effort="high")).status_code == 200
    assert post(asking(reasoning_effort="high", model="ministral-8b-latest")).status_code == 400


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"tools": [NAMED | {"function": {"name": "find mail", "parameters": {}}}]}, "bad_function_name"),
        ({"tools": [NAMED | {"function": {"name": "find", "parameters": {"type": "text"}}}]}, "bad_schema"),
        (
            {"tools": [NAMED], "tool_choice": {"type": "function", "function": {"name": "send"}}},
            "unknown_tool",
        ),
        ({"tool_choice": "any"}, "no_tools"),
    ],
)
def test_tools_that_cannot_be_called_are_refused(
    api: MistralApi, post: Post, more: dict[str, Any], verdict: str
) -> None:
    assert post(asking(**more)).status_code == 400
    assert api.journal[0].verdict == verdict


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"model": "mistral-embed", "input": []}, "empty_input"),
        ({"model": "mistral-embed", "input": "x", "output_dimension": 256}, "no_dimension"),
        ({"model": "mistral-embed", "input": 7}, "invalid"),
        ({"model": "mistral-embed", "input": "x", "user": "anna"}, "invalid"),
        ({"model": "mistral-embed"}, "invalid"),
    ],
)
def test_requests_for_embeddings_are_looked_at_as_strictly(
    api: MistralApi, post: Post, body: Any, verdict: str
) -> None:
    assert post(body, "/embeddings").status_code in (400, 422)
    assert api.journal[0].verdict == verdict


# The gateway


def test_other_paths_and_methods_are_refused(api: MistralApi, post: Post) -> None:
    assert post(asking(), "/completions").json() == {"message": "no Route matched with those values"}
    headers = {"Authorization": f"Bearer {api.key}"}
    assert httpx.get(f"{api.url}/chat/completions", headers=headers).status_code == 405
    assert httpx.post(f"{api.url}/models", headers=headers).status_code == 405


def test_a_body_that_is_too_large_is_not_read(api: MistralApi) -> None:
    connection = HTTPConnection("127.0.0.1", api.port, timeout=5)
    with closing(connection):
        connection.putrequest("POST", "/v1/chat/completions")
        connection.putheader("Content-Length", str(64 * 1024 * 1024))
        connection.endheaders()
        assert connection.getresponse().status == 413
    assert api.journal[0].verdict == "too_large"


def test_models_are_listed_under_each_of_their_names(api: MistralApi) -> None:
    headers = {"Authorization": f"Bearer {api.key}"}
    listed = httpx.get(f"{api.url}/models", headers=headers).json()["data"]
    by_name = {model["id"]: model for model in listed}
    assert (
        by_name[MODEL]["capabilities"]["completion_chat"]
        and not by_name["mistral-embed"]["capabilities"]["completion_chat"]
    )
    assert httpx.get(f"{api.url}/models/{MODEL}", headers=headers).json() == by_name[MODEL]
    assert httpx.get(f"{api.url}/models/none", headers=headers).status_code == 404
    assert httpx.get(f"{api.url}/models").status_code == 401


def test_every_wording_makes_a_body() -> None:
    facts = dict.fromkeys(("model", "tokens", "limit", "name", "choice", "at", "role", "before", "id", "error"), "x")
    for name, wording in WORDINGS.items():
        made_ = refusal(name, **facts)
        assert (
            made_.status == wording.status and made_.body and b"{" not in made_.body.removeprefix(b"{").split(b"}")[0]
        )
