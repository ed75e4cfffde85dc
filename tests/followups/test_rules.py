"""What the rules see by themselves, on threads they were made with and on threads nobody looked at."""

from typing import Final

import pytest

from tests.followups import scoring
from tests.followups.corpus import Split, threads

FLOORS: Final[dict[Split, tuple[float, float]]] = {"develop": (0.95, 0.85), "held_out": (0.67, 0.5)}
"""Of turns, and of deadlines. What was not looked at says what to expect of mail; the other set guards the rules."""


@pytest.mark.parametrize("split", ["develop", "held_out"])
def test_the_rules_keep_what_they_reach_and_beat_the_plain_one(split: Split) -> None:
    guessed = [scoring.rules(one) for one in threads(split)]
    plainly = [scoring.plain(one) for one in threads(split)]
    turns, days = FLOORS[split]
    assert scoring.accuracy(guessed) >= turns
    assert scoring.deadlines(guessed) >= days
    for side in scoring.SIDES:
        assert scoring.precision(guessed, side) > scoring.precision(plainly, side) - 0.25, side
        assert scoring.recall(guessed, side) > scoring.recall(plainly, side) + 0.2, side
