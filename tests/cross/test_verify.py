"""What `verify` says of rows that are shown as on their way while nothing is."""

from typing import Any
from uuid import uuid4

import pytest

from apps.calendar.models import Event
from apps.sync import verification
from tests.cross.stages import START, Stage


@pytest.mark.parametrize("stage", ["imap"], indirect=True)
@pytest.mark.parametrize(
    ("broken", "shown"),
    [({"base": b"BEGIN:VCALENDAR"}, "changed"), ({"leaving": uuid4()}, "on its way out"), ({"etag": ""}, "new")],
)
def test_a_row_that_no_command_stands_behind_is_named(stage: Stage, broken: dict[str, Any], shown: str) -> None:
    stage.elsewhere.add_event("Regatta", START)
    stage.sync()
    Event.objects.update(**broken)
    (told,) = [one for one in verification.verify(stage.account, settle=0.1) if one.kind == "calendar"]
    assert f"is shown as {shown} and on its way, and no command is" in [one.what for one in told.differences]
