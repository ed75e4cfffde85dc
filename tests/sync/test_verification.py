"""`verify`: what it believes, what it repeats, and what it refuses to judge."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.mail.models import Mailbox, Placement
from apps.providers import connect
from apps.providers.adapters.errors import CursorExpired, ProviderDown
from apps.providers.checks import Server, Services
from apps.providers.connect import ConnectRequest
from apps.providers.models import ProviderAccount
from apps.sync import lease, operations, registry, verification
from apps.sync.models import Phase, SyncTarget
from apps.sync.registry import Comparison, Difference
from tests.imap.conftest import dovecot, dovecots
from tests.imap.dovecot import PASSWORD, Dovecot
from tests.sync import fixtures
from tests.tenants.fixtures import Cast

__all__ = ["dovecot", "dovecots"]

ONE, OTHER = Difference("flags", "INBOX UID 1", "server says a"), Difference("message", "INBOX UID 2", "not mirrored")


class Compared(fixtures.ScriptedKind):
    """A kind whose comparisons come from a list; an error in it is raised."""

    def __init__(self) -> None:
        super().__init__(name="compared")
        self.looks: list[Any] = []

    def compare(self, adapter: Any, account: ProviderAccount) -> Comparison:
        look = self.looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return Comparison(10, tuple(look))


@pytest.fixture
def kind() -> Iterator[Compared]:
    made = Compared()
    registry.register(made)
    yield made
    registry._kinds.pop(made.name)


@pytest.fixture
def account(cast: Cast, kind: Compared) -> ProviderAccount:
    """An account whose only target is of the scripted kind."""
    with cast.inside():
        made = fixtures.account(cast.owner)
        fixtures.target(cast.owner, made.pk, kind=kind.name)
        return made


def verified(cast: Cast, account: ProviderAccount) -> verification.Verified:
    with cast.inside():
        (found,) = verification.verify(account, settle=0)
    return found


def test_an_equal_mirror_is_looked_at_once(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    kind.looks = [[]]
    found = verified(cast, account)
    assert (found.equal, found.compared, found.differences) == (True, 10, ())
    assert kind.caught == 1  # one incremental sync came first


def test_a_difference_that_goes_by_itself_is_none(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    kind.looks = [[ONE], []]
    assert verified(cast, account).equal
    assert kind.caught == 2  # each look is preceded by a sync


def test_only_a_difference_seen_twice_counts(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    third = Difference("flags", "INBOX UID 3", "new since")
    kind.looks = [[ONE, OTHER], [third, ONE]]
    found = verified(cast, account)
    assert (found.equal, found.differences) == (False, (ONE,))


def test_a_sync_that_fails_is_no_verdict(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    kind.news = [ProviderDown("the server cannot be reached")]
    found = verified(cast, account)
    assert not found.equal
    assert found.obstacle == "the sync failed: the server cannot be reached"


def test_an_expired_cursor_is_no_failure_but_a_full_look(
    cast: Cast, account: ProviderAccount, kind: Compared, queued: Any
) -> None:
    kind.news, kind.looks = [CursorExpired("UIDVALIDITY moved")], [[]]
    assert verified(cast, account).equal
    assert kind.forgotten == 1


def test_a_census_that_fails_is_no_verdict(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    kind.looks = [ProviderDown("the server hung up")]
    assert verified(cast, account).obstacle == "the provider could not be read: the server hung up"


def test_an_account_that_waits_for_its_owner_is_no_verdict(
    cast: Cast, account: ProviderAccount, kind: Compared
) -> None:
    with cast.inside():
        ProviderAccount.objects.update(status="needs_reconnect")
    assert "connect it again first" in verified(cast, account).obstacle
    assert kind.opened == 0


def test_another_runner_is_waited_for(
    cast: Cast, account: ProviderAccount, kind: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "BUSY", 1.0)  # seconds of waiting; the test has no two minutes
    with cast.inside():
        (target,) = operations.targets_of([account.pk])
    with lease.take(target.pk) as held:
        assert held is not None
        assert "another run held the account" in verified(cast, account).obstacle
    kind.looks = [[]]
    assert verified(cast, account).equal


# The commands


def run(*arguments: str) -> tuple[int, str]:
    """A command's exit code and what it printed."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=out, no_color=True)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_the_command_lists_every_difference_and_exits_1(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    kind.looks = [[ONE, OTHER], [ONE, OTHER]]
    code, text = run("verify", "--tenant", cast.tenant.slug, "--settle", "0")
    assert code == 1
    assert "INBOX UID 1: server says a" in text
    assert "INBOX UID 2: not mirrored" in text
    assert "2 differences in 10 items" in text


def test_the_command_speaks_json(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    kind.looks = [[ONE], [ONE], []]
    tenant = ["--tenant", cast.tenant.slug, "--settle", "0", "--json"]
    code, text = run("verify", *tenant)
    told = json.loads(text.splitlines()[0])
    assert (code, told["equal"], told["differences"]) == (1, False, 1)
    assert told["accounts"][0]["differences"] == [{"kind": "flags", "where": "INBOX UID 1", "what": "server says a"}]
    code, text = run("verify", *tenant)
    assert (code, json.loads(text)["equal"]) == (0, True)


@pytest.mark.parametrize("command", [["verify"], ["sync", "status"], ["sync", "now"], ["account", "list"]])
def test_an_unknown_company_is_a_bad_argument(command: list[str], committed: None) -> None:
    code, text = run(*command, "--tenant", "no-such-company")
    assert code == 2
    assert "manage.py tenant list" in text


def test_an_unknown_account_is_a_bad_argument(cast: Cast) -> None:
    for command in (["verify"], ["sync", "status"]):
        code, text = run(*command, "--tenant", cast.tenant.slug, "--account", "nobody@x.example")
        assert code == 2
        assert "manage.py account list" in text


def test_sync_now_asks_and_waits_until_all_has_synced(
    cast: Cast, account: ProviderAccount, kind: Compared, queued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = run("sync", "now", "--tenant", cast.tenant.slug)
    assert (code, text) == (0, "1 syncs requested.\n")
    assert queued() == {"sync.high": 1}
    code, text = run("sync", "now", "--tenant", cast.tenant.slug, "--wait", "--timeout", "0.5")
    assert code == 1
    assert "Is a worker running?" in text


def test_sync_status_shows_each_target(cast: Cast, account: ProviderAccount, kind: Compared) -> None:
    code, text = run("sync", "status", "--tenant", cast.tenant.slug, "--account", account.address)
    assert code == 0
    assert str(account.pk) in text
    code, text = run("sync", "status", "--tenant", cast.tenant.slug, "--json")
    assert json.loads(text)[0]["kind"] == "compared"


def test_sync_reset_forgets_the_cursors(cast: Cast, account: ProviderAccount, kind: Compared, queued: Any) -> None:
    code, _ = run("sync", "reset", "--tenant", cast.tenant.slug, "--kind", "compared")
    assert (code, kind.forgotten) == (0, 1)
    assert queued() == {"sync.high": 1}


def test_a_sync_that_its_owner_must_mend_first_is_said_to_be_left_out(
    cast: Cast, account: ProviderAccount, kind: Compared, queued: Any
) -> None:
    with cast.inside():
        ProviderAccount.objects.update(status="needs_reconnect")
    code, text = run("sync", "now", "--tenant", cast.tenant.slug)
    assert code == 0
    assert "1 left out" in text
    assert "0 syncs requested." in text


def test_a_reset_takes_the_lease_from_a_run_under_way(cast: Cast, account: ProviderAccount, queued: Any) -> None:
    with cast.inside():
        found = operations.targets_of([account.pk])
        with lease.take(found[0].pk) as held:
            assert held is not None
            operations.reset(found)
            with pytest.raises(lease.LeaseLost):
                held.check()
            with lease.take(found[0].pk) as other:
                assert other is not None


# A real server


@pytest.fixture
def mirrored(cast: Cast, dovecot: Dovecot, queued: Any) -> ProviderAccount:
    """An account with ten messages, verified equal."""
    user = dovecot.new_user()
    dovecot.append(user, "INBOX", *[b"Subject: m%d\r\nMessage-ID: <%d@x>\r\n\r\nhi\r\n" % (n, n) for n in range(10)])
    services = Services(imap=Server("127.0.0.1", dovecot.port, "none"))
    wanted = ConnectRequest(f"{user}@firm.example", PASSWORD, username=user, services=services)
    with cast.inside():
        account = connect.connect(cast.owner, wanted)
        (found,) = verification.verify(account, settle=0)
        assert found.equal, found
        assert found.compared >= 10
    return account


@pytest.mark.dovecot
def test_a_wrong_mirror_is_found_out_though_no_cursor_shows_it(
    cast: Cast, mirrored: ProviderAccount, dovecot: Dovecot
) -> None:
    with cast.inside():
        box = Mailbox.objects.get(account=mirrored, role="inbox")
        Placement.objects.filter(mailbox=box, uid=1).update(flags=["\\flagged"])
        (found,) = verification.verify(mirrored, settle=0)
        assert {(item.kind, item.where) for item in found.differences} == {("flags", "INBOX UID 1")}
        # A reset compares in full and mends it.
        operations.reset(operations.targets_of([mirrored.pk]))
        (found,) = verification.verify(mirrored, settle=0)
        assert found.differences == ()


@pytest.mark.dovecot
def test_what_changes_at_the_server_is_synced_before_it_is_compared(
    cast: Cast, mirrored: ProviderAccount, dovecot: Dovecot
) -> None:
    dovecot.append(mirrored.settings["username"], "INBOX", b"Subject: late\r\n\r\nhi\r\n")
    with dovecot.client(mirrored.settings["username"]) as other:
        other.select("INBOX")
        other.uid("STORE", "1", "+FLAGS", r"(\Seen)")
        other.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
        other.expunge()
    with cast.inside():
        (found,) = verification.verify(mirrored, settle=0)
    assert found.equal, found


@pytest.mark.dovecot
def test_an_import_that_is_not_complete_is_completed_first(
    cast: Cast, mirrored: ProviderAccount, dovecot: Dovecot
) -> None:
    with cast.inside():
        SyncTarget.objects.filter(account_id=mirrored.pk).update(phase=Phase.INITIAL)
        (found,) = verification.verify(mirrored, settle=0)
    assert found.equal, found
