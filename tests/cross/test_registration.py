"""An operator's mistake with our registration, or an organisation that shuts the application out for a while, ends
nothing that people asked for: it waits, and is done once that is mended.
"""

from typing import Any, Final

import pytest
from django.conf import settings as installed
from django.utils.timezone import now

from apps.compose.models import Draft, DraftState
from apps.outbound import runner
from apps.outbound.models import OPEN, Command, State
from apps.providers import connections
from apps.providers.models import AccountStatus
from apps.sync import lease
from apps.sync.models import SyncTarget
from tests.cross.stages import GoogleElsewhere, Stage
from tests.cross.test_scenarios import act, arrives, message

NAMES: Final = {
    "google": ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"),
    "microsoft": ("MICROSOFT_CLIENT_ID", "MICROSOFT_CLIENT_SECRET"),
}
at_clouds = pytest.mark.parametrize("stage", ["google", "microsoft"], indirect=True)


def once(stage: Stage) -> None:
    """One look of the queue at what waits, as a worker that has only just started."""
    connections.drop(stage.account)
    Command.objects.filter(OPEN, account=stage.account).update(due_at=now(), not_before=None)
    target = SyncTarget.objects.get(account_id=stage.account.pk, kind="outbound")
    SyncTarget.objects.filter(pk=target.pk).update(lease_until=None, is_active=True)
    with lease.take(target.pk) as held:
        assert held is not None
        runner.run(held)


def asked_for(stage: Stage) -> str:
    """A message to be starred, and another to be sent; the id of the first."""
    one = arrives(stage, "Roof")
    act(stage, "star", one)
    stage.send("Chimney")
    return one


def states() -> set[str]:
    waiting = Command.objects.filter(action__in=("store", "send"))
    assert waiting.count() == 2
    return set(waiting.values_list("state", flat=True))


@at_clouds
@pytest.mark.parametrize("mistake", ["a wrong secret", "no registration"])
def test_what_waits_outlives_a_mistake_of_the_operators(stage: Stage, settings: Any, mistake: str) -> None:
    one = asked_for(stage)
    client, secret = NAMES[stage.name]
    right = getattr(installed, client), getattr(installed, secret)
    stage.elsewhere.spend_token()
    if mistake == "a wrong secret":
        setattr(settings, secret, "wrong")
    else:
        setattr(settings, client, "")
    once(stage)
    assert states() == {State.PENDING}
    stage.account.refresh_from_db()
    assert stage.account.status == AccountStatus.ACTIVE, "nothing that its person could mend"
    setattr(settings, client, right[0])
    setattr(settings, secret, right[1])
    stage.elsewhere.calm()
    stage.settle()
    assert states() == {State.DONE} and "\\flagged" in message(one).flags
    assert stage.elsewhere.sent() and Draft.objects.get().state == DraftState.SENT


@pytest.mark.parametrize("stage", ["google"], indirect=True)
def test_what_waits_outlives_an_organisation_that_shuts_us_out(stage: Stage) -> None:
    asked_for(stage)
    assert isinstance(stage.elsewhere, GoogleElsewhere)
    stage.elsewhere.spend_token()
    stage.elsewhere.refuse_tokens()
    once(stage)
    assert states() == {State.PENDING}
    stage.account.refresh_from_db()
    assert stage.account.status == AccountStatus.NEEDS_RECONNECT
    stage.elsewhere.calm()
    stage.consent_again()
    stage.settle()
    assert states() == {State.DONE}
