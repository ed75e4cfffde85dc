"""The simulated model at a person's desk: which tool it asks for, and what it says of what it was shown."""

import json
from typing import Any

import pytest

from tests.fakes.mistral import desk
from tests.fakes.mistral.script import CHAT, Asked

SYSTEM = "It is Sunday 29 November 2026, 19:18, in Europe/Rome."
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("search", "list_events", "free_slots")]


def asked(question: str, *results: tuple[str, Any], choice: str = "auto") -> Asked:
    """A request of the chat, with what tools gave back so far."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    for number, (name, result) in enumerate(results):
        call = {"id": str(number), "function": {"name": name, "arguments": "{}"}}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "content": json.dumps(result), "tool_call_id": str(number)})
    return Asked(CHAT, {}, {"messages": messages, "tools": TOOLS, "tool_choice": choice})


@pytest.mark.parametrize(
    ("question", "tool", "arguments"),
    [
        ("Who mends the roof?", "search", {"query": "Who mends the roof?"}),
        ("What is on my calendar tomorrow?", "list_events", {"start": "2026-11-30", "end": "2026-11-30"}),
        ("Quando ho un'ora libera la settimana prossima?", "free_slots", {"start": "2026-11-30", "end": "2026-12-04"}),
        ("Find a slot with Owen Hughes next week", "find_contact", {"name": "Owen Hughes"}),
        ("Propose “Lunch” on Friday at 15:00", "propose_event", {"title": "Lunch", "start": "2026-12-04T15:00"}),
    ],
)
def test_it_looks_where_the_question_points(question: str, tool: str, arguments: dict[str, Any]) -> None:
    (use,) = desk.answer(asked(question)).calls
    assert use.name == tool and json.loads(use.arguments).items() >= arguments.items()


def test_it_says_what_it_was_shown_and_cites_it() -> None:
    hits = [{"name": "M1", "type": "message", "title": "Roof", "who": "Ann", "excerpt": "Bob mends the roof."}]
    request = asked(
        "Who mends the roof?",
        ("search", {"result": hits}),
        ("read_message", {"result": {"text": "Bob mends the roof."}}),
    )
    assert desk.answer(request).content == "Ann wrote: “Bob mends the roof.” [M1]"


def test_it_says_what_was_refused_and_that_nothing_was_found() -> None:
    refused = desk.answer(asked("Propose lunch", ("propose_event", {"refused": "No calendar."})))
    assert refused.content == "I could not do that: No calendar."
    assert "Non ho trovato" in str(desk.answer(asked("Chi è?", ("search", {"result": []}))).content)


def test_without_tools_left_it_answers() -> None:
    assert not desk.answer(asked("Who mends the roof?", choice="none")).calls
