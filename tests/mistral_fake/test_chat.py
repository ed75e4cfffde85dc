"""Chat with the real library: answers, structured output in its three ways, tools, lengths, usage, the journal."""

import json
import threading
from typing import Any, Literal

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_mistralai import ChatMistralAI
from pydantic import BaseModel, ValidationError

from tests.fakes.mistral import tokens
from tests.fakes.mistral.script import Act, Asked, always, answering, call, calls, offers, say, says
from tests.fakes.mistral.server import MistralApi
from tests.mistral_fake.conftest import MODEL, chat_of


class Verdict(BaseModel):
    """What to do with a mail."""

    category: Literal["billing", "meeting", "other"]
    needs_reply: bool
    deadline: str | None = None


@tool
def find_mail(query: str, limit: int = 5) -> str:
    """Search the mailbox for mails about a subject."""
    return f"{limit} mails about {query}"


@tool
def create_event(title: str, start: str) -> str:
    """Create a calendar event."""
    return f"{title} at {start}"


def test_the_newest_rule_that_fits_answers(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("anything"))
    api.when(says("invoice"), say("about an invoice"))
    assert chat.invoke("Where is my INVOICE?").content == "about an invoice"
    assert chat.invoke("Hello").content == "anything"


def test_a_counted_rule_is_used_up(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("later"))
    api.when(always, say("first"), times=1)
    assert [chat.invoke("x").content for _ in range(3)] == ["first", "later", "later"]


def test_an_answer_may_be_a_function_of_the_request(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, answering(lambda asked: say(f"{asked.system}|{asked.text}|{asked.model}")))
    said = chat.invoke([SystemMessage("Be brief"), HumanMessage("one"), AIMessage("two"), HumanMessage("three")])
    assert said.content == f"Be brief|three|{MODEL}"


def test_content_may_come_in_parts(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, answering(lambda asked: say(asked.text)))
    said = chat.invoke([HumanMessage([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}])])
    assert said.content == "one\ntwo"


@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
def test_structured_output_is_parsed_whichever_way_it_is_asked_for(
    api: MistralApi, chat: ChatMistralAI, method: Any
) -> None:
    told: dict[str, Any] = {"category": "billing", "needs_reply": True, "deadline": "2026-03-06"}
    api.when(always, say(told))
    api.when(lambda asked: bool(asked.tools), call("Verdict", **told))
    got = chat.with_structured_output(Verdict, method=method).invoke("Please answer")
    assert got == Verdict(category="billing", needs_reply=True, deadline="2026-03-06")


def test_each_way_of_structured_output_is_another_request(api: MistralApi, chat: ChatMistralAI) -> None:
    for method in ("function_calling", "json_schema", "json_mode"):
        chat.with_structured_output(Verdict, method=method).invoke('Give keys "category", "needs_reply"')  # type: ignore[arg-type]  # a list of literals
    by_tool, by_schema, by_mode = (entry.body for entry in api.asked())
    assert by_tool["tool_choice"] == "any" and by_tool["tools"][0]["function"]["name"] == "Verdict"
    assert by_schema["response_format"]["json_schema"]["strict"] is True
    assert by_mode["response_format"] == {"type": "json_object"}


def test_a_condition_may_name_the_tool_or_the_schema(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(offers("Verdict"), say({"category": "meeting", "needs_reply": False}))
    got = chat.with_structured_output(Verdict, method="json_schema").invoke("x")
    assert isinstance(got, Verdict) and got.category == "meeting"


def test_output_that_is_no_json_is_the_callers_to_handle(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say('Sure! {"category": "bil'))
    with pytest.raises(OutputParserException):
        chat.with_structured_output(Verdict, method="json_schema").invoke("x")


def test_output_outside_the_schema_is_the_callers_to_handle(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, call("Verdict", category="lottery", needs_reply="perhaps"))
    with pytest.raises(ValidationError):
        chat.with_structured_output(Verdict).invoke("x")


def test_arguments_that_are_no_json_become_an_invalid_call(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, call("find_mail", '{"query": '))
    said = chat.bind_tools([find_mail]).invoke("x")
    assert said.tool_calls == [] and said.invalid_tool_calls[0]["name"] == "find_mail"


def test_a_call_of_a_tool_and_its_answer_make_a_round(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, call("find_mail", query="invoices", limit=2), times=1)
    helper = chat.bind_tools([find_mail, create_event])
    asked = HumanMessage("What is there about invoices?")
    first = helper.invoke([asked])
    assert [(one["name"], one["args"]) for one in first.tool_calls] == [
        ("find_mail", {"query": "invoices", "limit": 2})
    ]
    answer = find_mail.invoke(first.tool_calls[0])
    assert helper.invoke([asked, first, answer]).content == "2 mails about invoices"
    sent = api.asked()[-1].body["messages"]
    assert sent[-1]["tool_call_id"] == sent[-2]["tool_calls"][0]["id"] and len(sent[-1]["tool_call_id"]) == 9


def test_several_calls_at_once_are_each_answered(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("done"))
    api.when(always, calls(("find_mail", {"query": "a"}), ("create_event", {"title": "b", "start": "c"})), times=1)
    helper = chat.bind_tools([find_mail, create_event])
    first = helper.invoke("x")
    assert len({one["id"] for one in first.tool_calls}) == 2
    answers = [ToolMessage("ok", tool_call_id=one["id"]) for one in first.tool_calls]
    assert helper.invoke([HumanMessage("x"), first, *answers]).content == "done"


def test_ids_of_other_providers_are_made_fit_by_the_library(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("done"))
    made = AIMessage("", tool_calls=[{"id": "call_of_another_provider", "name": "find_mail", "args": {"query": "x"}}])
    said = chat.invoke([HumanMessage("x"), made, ToolMessage("none", tool_call_id="call_of_another_provider")])
    assert said.content == "done"


def test_a_tool_can_be_required_by_name(api: MistralApi, chat: ChatMistralAI) -> None:
    helper = chat.bind_tools([find_mail, create_event], tool_choice="create_event")
    said = helper.invoke("<mail>Date: 2026-03-02\n\nLunch on 5 March 2026 at 12:30, fine?</mail>")
    assert said.tool_calls[0]["name"] == "create_event" and said.tool_calls[0]["args"]["start"] == "2026-03-05T12:30:00"


def test_without_need_no_tool_is_called(chat: ChatMistralAI) -> None:
    assert not chat.bind_tools([create_event]).invoke("Good morning").tool_calls
    assert chat.bind_tools([create_event]).invoke("Create a calendar event on 2026-03-05").tool_calls


def test_usage_counts_tokens_of_both_sides(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("one two three"))
    short, long = chat.invoke("word"), chat.invoke(" ".join(["word"] * 100))
    assert short.usage_metadata is not None and long.usage_metadata is not None
    assert short.usage_metadata["output_tokens"] == tokens.count("one two three") == 4
    assert long.usage_metadata["input_tokens"] - short.usage_metadata["input_tokens"] == 99
    assert api.asked()[0].usage["total_tokens"] == short.usage_metadata["total_tokens"]


def test_max_tokens_cuts_the_answer_and_says_so(api: MistralApi) -> None:
    api.when(always, say("one two three four five six"))
    said = chat_of(api, max_tokens=3).invoke("x")
    assert said.content == "one two thre" and said.response_metadata["finish_reason"] == "length"


def test_max_tokens_cuts_arguments_inside_their_json(api: MistralApi) -> None:
    api.when(always, call("find_mail", query="a long question about many things"))
    said = chat_of(api, max_tokens=6).bind_tools([find_mail]).invoke("x")
    assert said.invalid_tool_calls and said.response_metadata["finish_reason"] == "length"


def test_stop_words_end_the_answer(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("one. END two"))
    assert chat.invoke("x", stop=["END"]).content == "one. "


def test_an_answer_can_be_begun_for_the_model(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say(" world"))
    begun = AIMessage("Hello", additional_kwargs={"prefix": True})
    assert chat.invoke([HumanMessage("Greet"), begun]).content == "Hello world"


def test_the_base_url_may_come_from_the_environment(api: MistralApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_BASE_URL", api.url)
    monkeypatch.setenv("MISTRAL_API_KEY", api.key)
    with ChatMistralAI(model=MODEL, timeout=5).client as client:  # type: ignore[call-arg]  # an alias
        assert client.base_url == f"{api.url}/"
        assert ChatMistralAI(model=MODEL, client=client).invoke("Hello").content  # type: ignore[call-arg]  # likewise
    assert api.journal[-1].verdict == "ok"


async def test_it_answers_asynchronous_callers(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("soon"))
    assert [said.content for said in await chat.abatch(["a", "b", "c"])] == ["soon"] * 3
    await chat.async_client.aclose()


def test_several_choices_are_paid_for(api: MistralApi, chat: ChatMistralAI) -> None:
    api.when(always, say("one two"))
    done = chat.generate([[HumanMessage("x")]], n=2)
    assert [one.text for one in done.generations[0]] == ["one two", "one two"]
    assert api.asked()[0].usage["completion_tokens"] == 4


async def test_it_counts_how_many_are_answered_at_once(api: MistralApi, chat: ChatMistralAI) -> None:
    together = threading.Barrier(3)

    def meet(asked: Asked) -> Act:
        together.wait(5)
        return say("done")

    api.when(always, answering(meet))
    await chat.abatch(["a", "b", "c"])
    await chat.async_client.aclose()
    assert api.most_at_once == 3


def test_the_same_request_has_the_same_answer(chat: ChatMistralAI) -> None:
    asked = "Summarise: <mail>The pump is broken again. Please send somebody on Tuesday. We wait.</mail>"
    assert chat.invoke(asked).content == chat.invoke(asked).content


def test_the_journal_holds_what_was_sent(api: MistralApi, chat: ChatMistralAI) -> None:
    chat.invoke("Hello")
    entry = api.journal[0]
    assert (entry.method, entry.path, entry.verdict, entry.status) == ("POST", "/v1/chat/completions", "ok", 200)
    assert entry.headers["authorization"] == f"Bearer {api.key}"
    assert json.loads(entry.raw)["messages"] == [{"role": "user", "content": "Hello"}]
