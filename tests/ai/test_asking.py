"""The model is asked within bounds: consent, switch, budget; its failures are told apart; what was said is kept."""

import os
from typing import Any

import pytest
from django.db import transaction
from pydantic import BaseModel

from apps.ai import consent
from apps.ai.model import access, asking, budget, errors, keeping, switches
from apps.ai.model.asking import Patience, Question
from apps.ai.model.models import ModelCall, ModelUsage
from apps.core.clock import now
from tests.fakes.mistral.script import Act, always, dropped, fail, garbled, say
from tests.fakes.mistral.server import MistralApi
from tests.mail.fixtures import Box
from tests.tenants.fixtures import Cast

TEXT = "the budget is 40,000"
QUICK = Patience(tries=3, pause=0.01, longest=0.5)


class Colour(BaseModel):
    """What is asked for."""

    colour: str
    shades: int


RED = {"colour": "red", "shades": 3}


def question(box: Box, **fields: Any) -> Question:
    given: dict[str, Any] = {"account_id": box.account.pk, "user_id": box.account.owner_id, "patience": QUICK} | fields
    return Question("test", "Name the colour.", TEXT, **given)


def outcomes() -> list[str]:
    return list(ModelCall.objects.order_by("pk").values_list("outcome", flat=True))


def test_an_answer_has_the_shape_and_its_tokens_are_counted(box: Box, mistral: MistralApi) -> None:
    mistral.when(always, say(RED))
    answer = asking.ask(question(box), Colour)
    assert answer.value == Colour(colour="red", shades=3)
    sent = mistral.journal[-1]
    assert sent.body["response_format"]["json_schema"]["schema"]["required"] == ["colour", "shades"]
    row = ModelUsage.objects.get()
    assert (row.calls, row.reserved_tokens) == (1, 0)
    assert row.prompt_tokens == sent.usage["prompt_tokens"]
    assert row.completion_tokens == sent.usage["completion_tokens"]
    assert row.micros == round(row.prompt_tokens * 0.1 + row.completion_tokens * 0.3)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (fail("rate_limited", retry_after=0), "rate_limited"),
        (fail("internal"), "unavailable"),
        (fail("bad_gateway"), "unavailable"),
        (fail("gateway_timeout"), "timed_out"),
        (dropped, "unavailable"),
        (garbled("<html>"), "malformed"),
        (garbled("{}"), "malformed"),
        (say("It is red."), "malformed"),
        (say({"colour": "red"}), "malformed"),
        (say(RED).ending("length"), "malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_pass_is_tried_again(box: Box, mistral: MistralApi, act: Act, code: str) -> None:
    mistral.when(always, say(RED))
    mistral.when(always, act, times=2)
    assert asking.ask(question(box), Colour).value.colour == "red"
    assert outcomes() == [code, code, "ok"]
    mistral.when(always, act)
    with pytest.raises(errors.Passing) as told:
        asking.ask(question(box), Colour)
    assert told.value.code == code and len(mistral.journal) == 6
    assert ModelUsage.objects.get().reserved_tokens == 0


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (fail("unauthorized"), errors.KeyRefused),
        (fail("too_long", tokens=9, limit=8), errors.TooLong),
        (fail("unknown_model", model="m"), errors.Refused),
        (say(RED).ending("content_filter"), errors.Refused),
    ],
    ids=["key", "length", "model", "filter"],
)
def test_what_will_not_pass_is_asked_once(
    box: Box, mistral: MistralApi, act: Act, kind: type[errors.ModelError]
) -> None:
    mistral.when(always, act)
    with pytest.raises(kind):
        asking.ask(question(box), Colour)
    assert len(mistral.journal) == 1 and outcomes() == [kind.code]


def test_a_slow_answer_ends_in_time_and_is_paid_for(box: Box, mistral: MistralApi) -> None:
    mistral.when(always, say(RED).after(30))
    with pytest.raises(errors.TimedOut):
        asking.ask(question(box, patience=Patience(tries=1, timeout=1)), Colour)
    assert ModelUsage.objects.get().prompt_tokens > 0


def test_a_wait_longer_than_patience_is_handed_up(box: Box, mistral: MistralApi) -> None:
    mistral.when(always, fail("rate_limited", retry_after=90))
    with pytest.raises(errors.RateLimited) as told:
        asking.ask(question(box), Colour)
    assert told.value.retry_after == 90 and len(mistral.journal) == 1


def test_nothing_is_asked_without_consent_or_when_switched_off(box: Box, cast: Cast, mistral: MistralApi) -> None:
    switches.change(cast.owner.user_id, enabled=False)
    with pytest.raises(errors.SwitchedOff):
        asking.ask(question(box), Colour)
    switches.change(cast.owner.user_id, enabled=True)
    consent.set_by(cast.owner, box.account.pk, reading=False, drafting=False)
    with pytest.raises(errors.NoConsent):
        asking.ask(question(box), Colour)
    assert mistral.journal == []


def test_switching_off_stops_what_is_being_tried(box: Box, cast: Cast, mistral: MistralApi) -> None:
    mistral.when(always, fail("internal"))

    class Impatient(Patience):
        def wait(self, tried: int, error: errors.Passing) -> float | None:
            switches.change(cast.owner.user_id, enabled=False)
            return 0.0

    with pytest.raises(errors.SwitchedOff):
        asking.ask(question(box, patience=Impatient()), Colour)
    assert len(mistral.journal) == 1


def test_the_days_budget_ends_the_calls(box: Box, cast: Cast, mistral: MistralApi) -> None:
    mistral.when(always, say(RED))
    switches.change(cast.owner.user_id, daily_tokens=1_100)
    asking.ask(question(box), Colour)
    with pytest.raises(errors.BudgetSpent):
        asking.ask(question(box, most_tokens=1_090), Colour)
    assert len(mistral.journal) == 1
    assert 0 < budget.used(now().date()) < 1_100


def test_no_model_says_so(box: Box, settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    with pytest.raises(errors.NotConfigured) as told:
        asking.ask(question(box), Colour)
    assert told.value.problem().status_code == 409


def test_the_model_is_never_asked_inside_a_transaction(box: Box, mistral: MistralApi) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        asking.ask(question(box), Colour)
    assert mistral.journal == []


def test_what_was_said_is_kept_sealed_and_goes_in_time(box: Box, cast: Cast, mistral: MistralApi) -> None:
    mistral.when(always, say(RED))
    call = ModelCall.objects.get(pk=asking.ask(question(box), Colour).call_id)
    assert call.content is not None and TEXT.encode() not in bytes(call.content)
    kept = keeping.content(call)
    assert kept is not None and kept["prompt"][1]["content"] == TEXT and "red" in kept["output"]
    ModelCall.objects.update(at=now().replace(year=2020))
    assert keeping.prune() == 1
    switches.change(cast.owner.user_id, kept_days=0)
    call = ModelCall.objects.get(pk=asking.ask(question(box), Colour).call_id)
    assert call.content is None


def test_errors_hold_neither_mail_nor_key(box: Box, mistral: MistralApi) -> None:
    mistral.when(always, fail("internal"))
    with pytest.raises(errors.Unavailable) as told:
        asking.ask(question(box, patience=Patience(tries=1)), Colour)
    shown = f"{told.value!r} {told.value.__cause__!r} {told.value.problem().detail}"
    assert TEXT not in shown and mistral.key not in shown


def test_no_tracer_sends_prompts_elsewhere(mistral: MistralApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    access.close()
    access.chat()
    assert {os.environ[name] for name in access.TRACING} == {"false"}


def test_a_client_is_made_once(mistral: MistralApi) -> None:
    assert access.chat() is access.chat()
    assert access.chat(3) is not access.chat()
