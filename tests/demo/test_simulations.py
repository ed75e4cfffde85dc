"""The demo's simulated providers: what they hold, and that a real registration takes their place."""

import json
from pathlib import Path

import pytest

from apps.providers import clouds
from pmsync.demo import cast
from pmsync.demo.simulations import CLIENTS, SETTINGS, Simulations
from tests.fakes.google import Google
from tests.fakes.google.fill import fill as fill_google
from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.filling import fill as fill_microsoft
from tests.fakes.microsoft.mailbox import Message
from tests.fakes.microsoft.server import Microsoft


@pytest.fixture
def simulations(tmp_path: Path) -> Simulations:
    return Simulations(tmp_path, 1, 2, 3)


def test_a_real_registration_is_not_simulated(simulations: Simulations, monkeypatch: pytest.MonkeyPatch) -> None:
    assert simulations.names == ["google", "microsoft"]
    assert set(simulations.environment()) == set(SETTINGS)
    monkeypatch.setenv("GOOGLE_CLIENT_ID", "ours.apps.googleusercontent.com")
    monkeypatch.setenv("MICROSOFT_CLIENT_ID", CLIENTS["microsoft"][0])  # what the demo tells its own programs
    assert simulations.names == ["microsoft"]
    assert simulations.ports == [2, 3]
    assert [service.name for service in simulations.services("http://localhost:8000")] == ["microsoft"]
    assert not any("GOOGLE" in name for name in simulations.environment())


def test_what_they_hold_is_written_once_and_read_by_them_as_it_is(simulations: Simulations, tmp_path: Path) -> None:
    written = simulations.fill(0.1)
    assert written > 0
    assert simulations.fill(0.1) == 0
    with Google(seed=1) as google, Microsoft(None) as microsoft:
        told = fill_google(google, tmp_path / "google")
        people = fill_microsoft(microsoft, tmp_path / "microsoft")
        assert told["messages"] + sum(_messages(microsoft, person) for person in people) == written
    assert told["people"] - len(cast.COMPANY) == len(people) == 3
    # The company delegates just what our key asks for.
    (robot,) = google.grants.service_accounts.values()
    assert robot.info("")["private_key"] == json.loads(simulations.company_key.read_text())["private_key"]
    asked = clouds.known("google").companies.scopes(list(clouds.Surface))
    assert set(asked) == robot.delegated[cast.WORKSPACE]
    assert told["events"] > 10 < told["contacts"]
    # Who comes again at the next start is the same account: its consent is mended, not refused.
    with Google(seed=2) as google_again, Microsoft(None, seed=2) as microsoft_again:
        fill_google(google_again, tmp_path / "google")
        others = fill_microsoft(microsoft_again, tmp_path / "microsoft")
    assert [one.sub for one in google_again.grants.people.values()] == [
        one.sub for one in google.grants.people.values()
    ]
    assert [(one.id, one.tenant.id) for one in others] == [(one.id, one.tenant.id) for one in people]


def _messages(microsoft: Microsoft, person: Person) -> int:
    return sum(isinstance(item, Message) for item in microsoft.mailbox(person).items.values())


def test_read_mail_lies_where_it_was_read(simulations: Simulations, tmp_path: Path) -> None:
    simulations.fill(0.1)
    (home,) = [one for one in (tmp_path / "google").iterdir() if one.name.startswith("marco")]
    assert list((home / "mail" / "INBOX").glob("*.eml")), "read, so without the label of what is unread"
    assert json.loads((tmp_path / "google/people.json").read_text())[0]["email"] == home.name
