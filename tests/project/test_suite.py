"""`make test` tells what failed and what it left out, and with PMSYNC_TEST_EVERYTHING leaves nothing out."""

import sys
from pathlib import Path

import pytest

from tests import conftest, suite
from tests.conftest import Needed
from tests.suite import EVERYTHING, Outcome, Step


class Item:
    """As much of a collected test as the hook looks at."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self.added: list[pytest.MarkDecorator] = []

    def get_closest_marker(self, name: str) -> str | None:
        return name if name == self.marker else None

    def add_marker(self, marker: pytest.MarkDecorator) -> None:
        self.added.append(marker)


@pytest.fixture
def without_dovecot(monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """A machine that lacks Dovecot and three tests, two of which need it."""
    needed = {"dovecot": Needed("Dovecot", lambda: None, "apt-get install dovecot-imapd")}
    monkeypatch.setattr(conftest, "NEEDED", needed)
    monkeypatch.delenv(EVERYTHING, raising=False)
    return [Item("dovecot"), Item("slow"), Item("dovecot")]


def ended(code: int, *command: str) -> Outcome:
    return Outcome(Step("step", command or ("ruff",)), code, 1.0)


def test_what_the_machine_lacks_is_left_out_with_the_remedy(
    without_dovecot: list[Item], pytestconfig: pytest.Config
) -> None:
    conftest.pytest_collection_modifyitems(pytestconfig, without_dovecot)  # type: ignore[arg-type]  # see Item
    first, other, _ = without_dovecot
    assert first.added[0].kwargs["reason"] == "Dovecot is not installed (apt-get install dovecot-imapd)"
    assert other.added == []


def test_with_everything_asked_for_a_missing_server_is_an_error(
    without_dovecot: list[Item], pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EVERYTHING, "1")
    with pytest.raises(pytest.UsageError, match="Dovecot is missing, and 2 tests need it"):
        conftest.pytest_collection_modifyitems(pytestconfig, without_dovecot)  # type: ignore[arg-type]  # see Item


def test_the_last_line_names_what_was_not_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EVERYTHING, raising=False)
    assert suite.verdict([ended(0)], ["12 tests: Dovecot is not installed"], 3.0) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Not run: 12 tests: Dovecot is not installed"
    assert suite.verdict([ended(0)], [], 3.0) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Not run: nothing"


def test_with_everything_asked_for_what_was_not_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EVERYTHING, "1")
    assert suite.verdict([ended(0)], ["1 tests: no reason at all"], 3.0) == 1
    assert suite.verdict([ended(0)], [], 3.0) == 0


def test_a_failed_step_fails_the_run_and_an_empty_selection_of_tests_does_not() -> None:
    assert suite.verdict([ended(0), ended(1)], [], 3.0) == 1
    assert suite.verdict([ended(suite.NO_TESTS, *suite.python("pytest"))], [], 3.0) == 0
    assert suite.verdict([ended(suite.NO_TESTS)], [], 3.0) == 1


def test_a_missing_program_is_a_failed_step() -> None:
    outcome = suite.run(Step("client", ["no-such-program-anywhere"]), shown=False)
    assert not outcome.good
    assert "no-such-program-anywhere is not installed" in outcome.output


def test_static_checks_are_given_settings_that_lead_nowhere(tmp_path: Path) -> None:
    code = "import os; print(os.environ['DATABASE_URL'])"
    outcome = suite.run(Step("types", [sys.executable, "-c", code], tmp_path, static=True), shown=False)
    assert outcome.output.strip() == suite.NOWHERE["DATABASE_URL"]
