"""What rules extract from mail, on mails they were made with and on mails nobody looked at, and what comes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from apps.ai.model import switches
from apps.ai.models import Action, Reading
from apps.ai.reading import runner, stream
from apps.calendar.models import Calendar
from tests.ai.conftest import box, diary, mistral
from tests.ai.test_reading import receive
from tests.extraction import corpus, scoring
from tests.fakes.mistral.script import always, fail
from tests.fakes.mistral.server import MistralApi
from tests.mail.fixtures import Box
from tests.tenants.fixtures import Cast

__all__ = ["box", "diary", "mistral"]

FLOORS: Final = {"develop": (0.95, 0.9), "held_out": (0.8, 0.9)}
"""Of events and of tasks, precision and recall alike."""


@pytest.mark.parametrize("split", FLOORS)
def test_the_rules_keep_what_they_reach_and_beat_the_plain_one(split: str) -> None:
    mails = corpus.mails(split)
    found, plainly = [scoring.rules(one) for one in mails], [scoring.plain(one) for one in mails]
    for floor, measure in zip(FLOORS[split], (scoring.events, scoring.tasks), strict=True):
        reached, beside = scoring.rates(measure(found)), scoring.rates(measure(plainly))
        assert min(reached) >= floor
        assert reached[0] > beside[0] + 0.2 and reached[1] > beside[1] + 0.1


@pytest.mark.parametrize("split", ["develop", "held_out"])
def test_in_threads_too(split: Any) -> None:
    found = [scoring.rules(one) for one in corpus.threads(split)]
    plainly = [scoring.plain(one) for one in corpus.threads(split)]
    assert scoring.rates(scoring.events(found))[0] > scoring.rates(scoring.events(plainly))[0] + 0.4


def test_both_parts_hold_every_awkward_case() -> None:
    for split in FLOORS:
        mails = corpus.mails(split)
        assert {one.case for one in mails} >= corpus.CASES
        assert {"en", "it", "de"} <= {one.language for one in mails}
        assert len({one.letter.text for one in mails}) == len(mails)
    texts = [{one.letter.text for one in corpus.mails(split)} for split in FLOORS]
    assert not texts[0] & texts[1]


def _letter(box: Box, number: int, body: str, **fields: Any) -> None:
    receive(box, number, body, **fields)
    stream.recent(box.account.pk)
    runner.run()


def test_without_a_model_what_takes_place_is_suggested(box: Box, diary: Calendar, settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    day = (datetime.now(UTC) + timedelta(days=9)).date()
    _letter(box, 1, f"We meet on {day.isoformat()} at 10:00 on site.\n\nBob", subject="Site visit")
    action = Action.objects.get()
    assert (action.kind, action.state, action.origin) == ("calendar.create", "proposed", "content")
    assert action.args["fields"] == {
        "title": "Site visit",
        "start": {"at": f"{day}T10:00:00", "zone": "UTC"},
        "end": {"at": f"{day}T11:00:00", "zone": "UTC"},
    }
    assert action.why == f"We meet on {day.isoformat()} at 10:00 on site."
    assert Reading.objects.get().error == "not_configured"


def test_rules_suggest_nothing_twice_nor_where_agents_are_off(
    box: Box, cast: Cast, diary: Calendar, mistral: MistralApi
) -> None:
    day = (datetime.now(UTC) + timedelta(days=9)).date()
    switches.change(cast.owner.user_id, enabled=False)
    _letter(box, 1, f"We meet on {day.isoformat()} at 10:00 on site.")
    assert not Action.objects.exists()
    switches.change(cast.owner.user_id, enabled=True)
    mistral.when(always, fail("unauthorized"))
    for _ in range(2):
        Reading.objects.update(state="waiting")
        runner.run()
    assert Action.objects.count() == 1 and Reading.objects.get().error == "key_refused"
