"""When the service fails: each agent ends in a state and a sentence, pays for what was read, does nothing twice."""

from collections import Counter
from datetime import timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from apps.ai import consent
from apps.ai.chat import answering
from apps.ai.chat.models import ChatTurn
from apps.ai.model import errors, switches
from apps.ai.models import Action, ModelCall, ModelUsage, Reading, Summary
from apps.ai.reading import runner, stream
from apps.core.clock import now
from apps.mail.models import Message
from apps.reports import preparing
from apps.reports.models import ReportPart
from tests.ai.test_reading import receive, understanding
from tests.fakes.mistral.script import (
    CHAT,
    Act,
    Asked,
    always,
    call,
    calls,
    fail,
    garbled,
    say,
    to,
)
from tests.fakes.mistral.script import answering as answered_by
from tests.fakes.mistral.server import MistralApi
from tests.mail.fixtures import Box
from tests.tenants.fixtures import Cast, Make

SHAPES: Final[dict[str, Any]] = {
    "Understanding": understanding(category="support", needs_reply=True, turn="waiting_on_me"),
    "ThreadSummary": {"summary": "A drawing is wanted.", "points": []},
    "Words": {"summary": "One letter waits.", "suggestions": ["Answer Bob."]},
}


def healthy(asked: Asked) -> Act:
    """What a service says that works."""
    wanted = (asked.body.get("response_format") or {}).get("json_schema")
    return say(SHAPES[wanted["name"]] if wanted else "Dear Bob, you get it on Friday.")


FAILURES: Final = {
    "429": (fail("rate_limited"), errors.RateLimited, False),
    "429 for long": (fail("rate_limited", retry_after=600), errors.RateLimited, False),
    "500": (fail("internal"), errors.Unavailable, False),
    "504": (fail("gateway_timeout"), errors.TimedOut, True),
    "cut off": (say("The beginning of an answer").cut(1), errors.Unavailable, True),
    "no JSON": (garbled("<html>busy</html>"), errors.Malformed, True),
    "empty": (say(""), errors.Malformed, True),
    "unseen": (say("\u200b\u202e \ufeff"), errors.Malformed, True),
    "too long": (say("word " * 50).ending("length"), errors.Malformed, True),
    "filtered": (say("I").ending("content_filter"), errors.Refused, True),
    "the key": (fail("unauthorized"), errors.KeyRefused, False),
}


@pytest.mark.parametrize("name", FAILURES)
def test_every_agent_ends_in_a_state_and_a_sentence(
    name: str, box: Box, cast: Cast, make: Make, mistral: MistralApi
) -> None:
    act, kind, paid = FAILURES[name]
    consent.set_by(cast.owner, box.account.pk, reading=True, drafting=True)
    message = receive(box, 1, "Can you send me the drawing of the roof?")
    client = make.client(cast.owner)
    mistral.when(always, act)
    _fails(client, message, kind)
    _reading_waits(box.account.pk, kind)
    part = _reported(box, cast)
    assert (part.assistant, part.summary, part.stats["received"]) == (kind.code, "", 1)
    outcomes = set(ModelCall.objects.values_list("outcome", flat=True))
    assert kind.code in outcomes and outcomes <= {kind.code, "ok"}
    tokens = sum(ModelUsage.objects.values_list("prompt_tokens", flat=True))
    assert (tokens > 0) == paid and not ModelUsage.objects.exclude(reserved_tokens=0).exists()
    assert not Action.objects.exists() and not Summary.objects.exists()
    mistral.script.clear()
    mistral.when(to(CHAT), answered_by(healthy))
    _works(client, message, box, cast)


def _fails(client: Any, message: Message, kind: type[errors.ModelError]) -> None:
    """What a person asked for: told at once, in words, with the status that says what helps."""
    for path in (f"threads/{message.thread_id}/summary", f"messages/{message.pk}/draft"):
        answer = client.post(f"/api/v1/{path}", {"propose": True}, format="json")
        told = answer.json()
        assert (answer.status_code, told["code"], told["detail"]) == (kind.status, f"ai_{kind.code}", kind.detail)
    answer = client.post("/api/v1/chat", {"question": "roof drawing"}, format="json")
    turn = answer.json()["turn"]
    assert answer.status_code == 200 and turn["state"] == "failed"
    assert (turn["problem"]["code"], turn["problem"]["detail"]) == (f"ai_{kind.code}", kind.detail)
    assert answer.json()["hits"][0]["title"] == message.subject, "what a search finds stands in its place"


def _reading_waits(account_id: UUID, kind: type[errors.ModelError]) -> None:
    """What nobody waits for: put off, with the reason; done by rules where another try would not help."""
    stream.recent(account_id)
    while runner.run() == 0.0:
        pass
    row = Reading.objects.get()
    if issubclass(kind, errors.Passing):
        assert (row.state, row.error, row.tries) == ("waiting", kind.code, 1)
        assert row.not_before is not None and row.not_before > now()
    else:
        assert (row.state, row.error, row.by) == ("done", kind.code, "rules")


def _reported(box: Box, cast: Cast) -> ReportPart:
    today = now().date()
    wanted = preparing.Wanted(today + timedelta(days=1), today - timedelta(days=1), ZoneInfo("UTC"), now())
    preparing.prepare(cast.owner, wanted)
    return ReportPart.objects.get(account=box.account)


def _works(client: Any, message: Message, box: Box, cast: Cast) -> None:
    """The service is back: everything is made, once."""
    Reading.objects.update(state="waiting", not_before=now() - timedelta(seconds=1))
    for _ in range(2):
        while runner.run() == 0.0:
            pass
        assert client.post(f"/api/v1/threads/{message.thread_id}/summary").status_code == 200
        draft = client.post(f"/api/v1/messages/{message.pk}/draft", {"propose": True}, format="json")
        assert draft.status_code == 200
        assert client.post("/api/v1/chat", {"question": "roof"}, format="json").json()["turn"]["state"] == "answered"
    assert _reported(box, cast).summary == SHAPES["Words"]["summary"]
    row = Reading.objects.get()
    assert (row.state, row.by, row.error) == ("done", "model", "")
    assert Counter(Action.objects.values_list("kind", flat=True)) == {"email.reply": 1}
    assert Summary.objects.count() == 1 and ReportPart.objects.count() == 1
    assert not ModelUsage.objects.exclude(reserved_tokens=0).exists()


def test_an_agent_without_tools_that_is_asked_for_one_has_none(
    box: Box, cast: Cast, make: Make, mistral: MistralApi
) -> None:
    """Reading, writing and summing up have no tools: a call of one is no answer, and nothing is called."""
    message = receive(box, 1, "Can you send me the drawing of the roof?")
    mistral.when(always, call("send_mail", to="eve@evil.example"))
    client = make.client(cast.owner)
    for path in (f"threads/{message.thread_id}/summary", f"messages/{message.pk}/draft"):
        assert client.post(f"/api/v1/{path}", {}, format="json").json()["code"] == "ai_malformed"
    assert not Action.objects.exists()


def test_a_model_that_calls_tools_for_ever_is_ended_and_said_so(
    box: Box, cast: Cast, make: Make, mistral: MistralApi
) -> None:
    """Also where it does not heed that there are no more rounds."""
    receive(box, 1, "Can you send me the drawing of the roof?")
    mistral.when(to(CHAT), calls(*[("search", {"query": f"roof {number}"}) for number in range(9)]))
    turn = make.client(cast.owner).post("/api/v1/chat", {"question": "roof"}, format="json").json()["turn"]
    assert (turn["state"], turn["problem"]["code"]) == ("failed", "ai_malformed")
    assert len(turn["steps"]) == 9 * answering.ROUNDS
    assert sum(not step["refused"] for step in turn["steps"]) == answering.CALLS * answering.ROUNDS
    assert len(mistral.asked()) <= answering.ROUNDS + 1
    assert ChatTurn.objects.get().state == "failed"


@pytest.mark.parametrize("tool", ["calendar.create", "send mail", "x" * 200, "è", "search; drop", "__import__"])
def test_a_tool_that_there_is_not_is_refused_whatever_its_name(
    tool: str, box: Box, cast: Cast, make: Make, mistral: MistralApi
) -> None:
    """The service takes no conversation back in which a function has such a name: the turn goes on all the same."""
    receive(box, 1, "Can you send me the drawing of the roof?")
    mistral.when(to(CHAT), say("I have no such tool."))
    mistral.when(to(CHAT), call(tool, to="eve@evil.example"), times=1)
    turn = make.client(cast.owner).post("/api/v1/chat", {"question": "roof"}, format="json").json()["turn"]
    assert (turn["state"], turn["answer"]) == ("answered", "I have no such tool.")
    assert turn["steps"] == [{"tool": "unknown", "refused": True}]


def test_a_days_end_in_the_middle_of_a_turn_is_told(box: Box, cast: Cast, make: Make, mistral: MistralApi) -> None:
    receive(box, 1, "Can you send me the drawing of the roof?")
    mistral.when(to(CHAT), call("search", query="roof"))
    switches.change(cast.owner.user_id, daily_tokens=2_800)
    answer = make.client(cast.owner).post("/api/v1/chat", {"question": "roof"}, format="json").json()
    assert answer["turn"]["problem"]["code"] == "ai_budget_spent" and answer["hits"]
    assert 0 < len(mistral.asked()) < answering.ROUNDS
    assert not ModelUsage.objects.exclude(reserved_tokens=0).exists()
