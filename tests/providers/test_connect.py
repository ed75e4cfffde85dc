"""An account's life: connected, mended, shared and ended, each with its row, its target and its event."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import redis
from django.db import IntegrityError, connection

from apps.core import blobs
from apps.core.crypto import SealBroken
from apps.core.problems import Problem
from apps.mail.models import Mailbox
from apps.providers import access, accounts, connect, credentials, removal, sharing, signals, tasks
from apps.providers.adapters.base import Login
from apps.providers.checks import Server, Services
from apps.providers.connect import ConnectRequest
from apps.providers.models import ProviderAccount
from apps.providers.network import Network
from apps.realtime import journal
from apps.sync import lease, queues, runs
from apps.sync.models import Breaker, Phase, SyncTarget
from apps.tenants import context
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.fakes.line_server import LineServer
from tests.imap.dovecot import PASSWORD, Dovecot
from tests.providers import scripts
from tests.providers.submission import Submission
from tests.tenants.fixtures import Cast

pytestmark = pytest.mark.dovecot


@pytest.fixture(autouse=True)
def queue(settings: Any) -> Iterator[Any]:
    """What waits in the broker, as its raw bytes; emptied before and after."""
    client: Any = redis.Redis.from_url(settings.REDIS_URL)

    def waiting() -> dict[str, list[bytes]]:
        found = {name: client.lrange(name, 0, -1) for name in queues.ALL}
        return {name: tasks for name, tasks in found.items() if tasks}

    client.delete(*queues.ALL)
    yield waiting
    client.delete(*queues.ALL)
    client.close()


@pytest.fixture
def network(patient: Network) -> Network:
    """Real servers are asked here."""
    return patient


def request(dovecot: Dovecot, user: str, password: str = PASSWORD, **fields: Any) -> ConnectRequest:
    """A request that names the test's own server."""
    services = fields.pop("services", Services(imap=Server("127.0.0.1", dovecot.port, "none")))
    values = {"address": f"{user}@firm.example", "username": user, "services": services} | fields
    return ConnectRequest(password=password, **values)


def connected(cast: Cast, dovecot: Dovecot, network: Network) -> ProviderAccount:
    """A connected account; the company must be open."""
    return connect.connect(cast.owner, request(dovecot, dovecot.new_user()), network)


def entries(after: int = 0) -> list[dict[str, Any]]:
    """The journal's events after a number, data parsed."""
    return [
        {
            "event": entry.event,
            "account_id": entry.account_id,
            "only_for": entry.only_for,
            "data": json.loads(entry.data),
        }
        for entry in journal.read(after)
    ]


def target(account: ProviderAccount) -> SyncTarget:
    return SyncTarget.objects.get(account_id=account.pk)


def problem(code: str) -> Any:
    """Expects the problem with this code."""
    return pytest.raises(Problem, check=lambda error: error.code == code)


# Connecting


def test_a_connected_account_has_its_row_its_target_its_event_and_a_run_on_its_way(
    cast: Cast, dovecot: Dovecot, network: Network, queue: Any
) -> None:
    with cast.inside() as tenant:
        account = connect.connect(cast.owner, request(dovecot, dovecot.new_user(), display_name=" Ada "), network)
        account.refresh_from_db()
        assert (account.status, account.display_name, account.owner_id) == ("active", "Ada", cast.owner.user_id)
        assert account.import_started_at is not None
        made = target(account)
        assert (made.tenant_id, made.kind, made.provider_type, made.host) == (tenant.pk, "mail", "imap", "127.0.0.1")
        assert (made.is_active, made.phase, made.wanted_because) == (True, Phase.INITIAL, "connect")
        (event,) = entries()
        assert (event["event"], event["account_id"]) == ("account:status", account.pk)
        assert event["data"]["account"] == accounts.as_json(account)
        assert credentials.unseal(account) == Login(account.settings["username"], PASSWORD)
    (task,) = queue()["sync.high"]
    assert str(made.pk) in task.decode()


def test_the_first_run_of_a_connected_account_brings_its_mail(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    user = dovecot.new_user()
    dovecot.append(user, "INBOX", b"Subject: one\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n")
    with cast.inside():
        account = connect.connect(cast.owner, request(dovecot, user), network)
        with lease.take(target(account).pk) as held:
            assert held is not None
            runs.catch_up(held)
        assert Mailbox.objects.get(account=account, role="inbox").total == 1


def test_typed_services_are_stored_as_they_were_checked(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    user = dovecot.new_user()
    with cast.inside(), Submission(user, PASSWORD) as submission:
        services = Services(Server("127.0.0.1", dovecot.port, "none"), Server("127.0.0.1", submission.port, "none"))
        account = connect.connect(cast.owner, request(dovecot, user, services=services), network)
        assert connect.services_of(account) == replace(services, trusted=("firm.example",))
        assert account.settings["source"] == "typed"


def test_a_refused_log_in_leaves_nothing_behind(cast: Cast, dovecot: Dovecot, network: Network, queue: Any) -> None:
    with cast.inside(), LineServer(scripts.imap_login(b"NO [AUTHENTICATIONFAILED] no")) as server:
        services = Services(imap=Server("127.0.0.1", server.port, "none"))
        with pytest.raises(connect.ConnectionFailed) as failed:
            connect.connect(cast.owner, request(dovecot, "ada", services=services), network)
        assert failed.value.status_code == 422
        assert [(check["step"], check["ok"]) for check in failed.value.extra["checks"]][-1] == ("login", False)
        assert not ProviderAccount.objects.exists()
        assert not SyncTarget.objects.filter(tenant=cast.tenant).exists()
        assert entries() == []
    assert queue() == {}


def test_a_conflict_in_what_others_keep_is_not_told_as_an_account_connected_twice(
    cast: Cast, dovecot: Dovecot, network: Network
) -> None:
    def conflicting(**sent: Any) -> None:
        raise IntegrityError('duplicate key value violates unique constraint "another"')

    signals.account_connected.connect(conflicting)
    try:
        with cast.inside(), pytest.raises(IntegrityError):
            connected(cast, dovecot, network)
    finally:
        signals.account_connected.disconnect(conflicting)


def test_a_typed_submission_server_that_refuses_stops_the_whole(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    user = dovecot.new_user()
    with cast.inside(), Submission(user, "another") as submission, problem("connection_failed") as failed:
        services = Services(Server("127.0.0.1", dovecot.port, "none"), Server("127.0.0.1", submission.port, "none"))
        connect.connect(cast.owner, request(dovecot, user, services=services), network)
    told = failed.value.extra["checks"]
    assert [(check["service"], check["step"]) for check in told if not check["ok"]] == [("smtp", "login")]
    assert ("imap", "permission", True) in [(check["service"], check["step"], check["ok"]) for check in told]


def test_the_same_address_twice_is_refused_whatever_its_case_and_free_for_a_colleague(
    cast: Cast, dovecot: Dovecot, network: Network
) -> None:
    user = dovecot.new_user()
    with cast.inside():
        connect.connect(cast.owner, request(dovecot, user), network)
        with problem("already_connected"):
            connect.connect(cast.owner, request(dovecot, user, address=f"{user.upper()}@FIRM.example"), network)
        other = connect.connect(cast.member, request(dovecot, user), network)
        assert other.owner_id == cast.member.user_id


def test_two_requests_at_once_connect_one_account(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    """Both pass the early look; the constraint lets one of them through."""
    user, together = dovecot.new_user(), threading.Barrier(2)

    def lookup(host: str, port: int) -> Sequence[str]:
        together.wait(10)
        return network.lookup(host, port)

    def attempt(_: int) -> str:
        try:
            with cast.inside():
                connect.connect(cast.owner, request(dovecot, user), replace(network, lookup=lookup))
                return "connected"
        except Problem as refused:
            return str(refused.code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == ["already_connected", "connected"]
    with cast.inside():
        (account,) = ProviderAccount.objects.all()
        assert target(account).kind == "mail"
        assert len(entries()) == 1


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@firm.example", "ada@", "ada@firm", "a da@firm.example", "ada@firm.example\r\nRCPT TO:<x@y.z>",
     "ada\0@firm.example", "ada@fi rm.example", "a,b@firm.example", "<ada@firm.example>", "a" * 320 + "@firm.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused_at_once(address: str, cast: Cast, dovecot: Dovecot, network: Network) -> None:
    with cast.inside(), problem("invalid"):
        connect.connect(cast.owner, request(dovecot, "ada", address=address), network)


# Connecting by discovery


def test_services_left_out_are_found_and_the_second_user_name_is_tried(
    cast: Cast, network: Network, dns: DnsServer, authority: Authority
) -> None:
    """Both servers know the person by the local part only, and speak TLS under names of their own domain."""
    dns.add("imap.firm.example", "A", "127.0.0.1")
    dns.add("smtp.firm.example", "A", "127.0.0.1")
    imap_tls, smtp_tls = authority.server("imap.firm.example"), authority.server("smtp.firm.example")
    with (
        cast.inside(),
        LineServer(scripts.imap_of("ada", "pencil"), imap_tls) as imap,
        Submission("ada", "pencil", "tls", smtp_tls) as smtp,
    ):
        dns.add("_imaps._tcp.firm.example", "SRV", f"0 1 {imap.port} imap.firm.example.")
        dns.add("_submissions._tcp.firm.example", "SRV", f"0 1 {smtp.port} smtp.firm.example.")
        account = connect.connect(cast.owner, ConnectRequest("ada@firm.example", "pencil"), network)
        found = Services(
            Server("imap.firm.example", imap.port, "tls"),
            Server("smtp.firm.example", smtp.port, "tls"),
            trusted=("firm.example",),
        )
        assert connect.services_of(account) == found
        assert (account.settings["username"], account.settings["source"]) == ("ada", "srv")


def test_microsoft_accounts_are_told_at_once_and_nothing_is_contacted(
    cast: Cast, dovecot: Dovecot, network: Network, dns: DnsServer
) -> None:
    wanted = ConnectRequest("ada@outlook.com", "pencil")
    with cast.inside(), problem("connection_failed") as failed:
        connect.connect(cast.owner, wanted, network)
    assert "signing in at Microsoft" in str(failed.value.detail)
    assert not dns.asked


def test_hosts_of_another_domain_are_shown_before_a_password_goes_there(
    cast: Cast, network: Network, dns: DnsServer
) -> None:
    with cast.inside(), LineServer(scripts.silent) as server, problem("confirm_hosts") as stopped:
        dns.add("_imaps._tcp.firm.example", "SRV", f"0 1 {server.port} imap.host.example.")
        dns.add("imap.host.example", "A", "127.0.0.1")
        connect.connect(cast.owner, ConnectRequest("ada@firm.example", "pencil"), network)
    assert "imap.host.example" in str(stopped.value.detail)
    assert stopped.value.extra["discovered"]["imap"]["host"] == "imap.host.example"
    assert server.connections == 0
    with cast.inside(), LineServer(scripts.silent) as server, problem("confirm_hosts") as stopped:
        dns.add("_imaps._tcp.firm.example", "SRV", f"0 1 {server.port} imap.firm.example.")
        dns.add("_caldavs._tcp.firm.example", "SRV", f"0 1 {server.port} dav.host.example.")
        connect.connect(cast.owner, ConnectRequest("ada@firm.example", "pencil"), network)
    assert "dav.host.example" in str(stopped.value.detail)
    assert server.connections == 0


def test_a_domain_without_servers_asks_the_person(cast: Cast, network: Network) -> None:
    with cast.inside(), problem("connection_failed") as failed:
        connect.connect(cast.owner, ConnectRequest("ada@firm.example", "pencil", locale="it"), network)
    assert str(failed.value.detail).startswith("Per ada@firm.example non è stato trovato")


# Reconnecting


def test_a_new_password_wakes_the_account_and_its_target(
    cast: Cast, dovecot: Dovecot, network: Network, queue: Any
) -> None:
    with cast.inside():
        account = connected(cast, dovecot, network)
        username = account.settings["username"]
        ProviderAccount.objects.filter(pk=account.pk).update(status="needs_reconnect", status_reason="lapsed")
        SyncTarget.objects.filter(account_id=account.pk).update(
            is_active=False, phase=Phase.LIVE, error_code="needs_reconnect", error_count=3, breaker=Breaker.OPEN,
            wanted_at=None, queued_at=None,
        )  # fmt: skip
        before = journal.head()
        connect.reconnect(cast.owner, account, request(dovecot, username, services=Services()), network)
        account.refresh_from_db()
        woken = target(account)
        assert (account.status, account.status_reason) == ("active", "")
        assert (woken.is_active, woken.error_code, woken.breaker, woken.phase) == (True, "", "CLOSED", Phase.LIVE)
        (event,) = entries(before)
        assert event["data"]["account"]["status"] == "active"
    assert str(woken.pk) in queue()["sync.high"][0].decode()


def test_a_wrong_new_password_leaves_the_account_as_it_was(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    with cast.inside():
        account = connected(cast, dovecot, network)
        ProviderAccount.objects.filter(pk=account.pk).update(status="needs_reconnect")
        account.refresh_from_db()
        sealed, before = bytes(account.credentials), journal.head()
        with LineServer(scripts.imap_login(b"NO [AUTHENTICATIONFAILED] no")) as server:
            services = Services(imap=Server("127.0.0.1", server.port, "none"))
            with problem("connection_failed"):
                connect.reconnect(cast.owner, account, request(dovecot, "x", services=services), network)
        account.refresh_from_db()
        assert (account.status, bytes(account.credentials)) == ("needs_reconnect", sealed)
        assert entries(before) == []


def test_an_account_that_ended_meanwhile_is_not_reconnected(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    with cast.inside():
        account = connected(cast, dovecot, network)
        connect.disconnect(account)
        wanted = request(dovecot, account.settings["username"], services=Services())
        with problem("not_found"):
            connect.reconnect(cast.owner, account, wanted, network)


# Sharing


def test_a_colleague_is_let_in_told_and_let_go(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    with cast.inside():
        account = connected(cast, dovecot, network)
        before = journal.head()
        sharing.let_in(cast.owner, account, cast.member.user_id, "reader")
        sharing.let_in(cast.owner, account, cast.member.user_id, "reader")
        assert access.visible_account(cast.member, account.pk) == account
        assert accounts.as_seen_by(cast.member, account)["role"] == "reader"
        sharing.let_in(cast.owner, account, cast.member.user_id, "delegate")
        assert [guest.role for guest in sharing.guests(cast.owner, account)] == ["delegate"]
        sharing.let_go(account, cast.member.user_id)
        sharing.let_go(account, cast.member.user_id)
        assert access.visible_account_ids(cast.member) == frozenset()
        told = entries(before)
        assert [event["data"]["gone"] for event in told] == [None, None, str(account.pk)]
        assert all(event["only_for"] == (cast.member.user_id,) for event in told)
        # Who may not see the account any more must still hear that it is gone.
        assert told[-1]["account_id"] is None


def test_strangers_are_not_let_in(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    with cast.inside():
        account = connected(cast, dovecot, network)
        with problem("not_found"):
            sharing.let_in(cast.owner, account, cast.outsider.user_id, "reader")
        with problem("own_account"):
            sharing.let_in(cast.owner, account, cast.owner.user_id, "reader")


# Disconnecting


def full_account(cast: Cast, dovecot: Dovecot, network: Network) -> ProviderAccount:
    """A synced account with mail in two mailboxes and a colleague who sees it."""
    user = dovecot.new_user()
    messages = [b"Subject: m%d\r\nMessage-ID: <%d@x>\r\n\r\nhello\r\n" % (n, n) for n in range(5)]
    dovecot.append(user, "INBOX", *messages)
    dovecot.append(user, "Work", messages[0])
    account = connect.connect(cast.owner, request(dovecot, user), network)
    with lease.take(target(account).pk) as held:
        assert held is not None
        runs.catch_up(held)
    sharing.let_in(cast.owner, account, cast.member.user_id, "reader")
    return account


def rows_of(account_id: UUID) -> dict[str, int]:
    """How many rows each table holds for the account, by the account's id anywhere in them."""
    found = {}
    with connection.cursor() as cursor:
        for dependent in removal.dependents():
            cursor.execute(f"SELECT count(*) FROM {dependent.table}")
            found[dependent.table] = cursor.fetchone()[0]
    return {table: count for table, count in found.items() if count}


def test_an_ended_account_is_gone_at_once_for_everybody(
    cast: Cast, dovecot: Dovecot, network: Network, queue: Any
) -> None:
    with cast.inside():
        account = full_account(cast, dovecot, network)
        before = journal.head()
        connect.disconnect(account)
        connect.disconnect(account)
        account.refresh_from_db()
        assert (account.status, bytes(account.credentials), account.settings) == ("disconnected", b"", {})
        for member in (cast.owner, cast.member):
            assert access.visible_account_ids(member) == frozenset()
            with problem("not_found"):
                access.visible_account(member, account.pk)
        with problem("not_found"):
            access.owned_account(cast.owner, account.pk)
        assert not SyncTarget.objects.filter(account_id=account.pk).exists()
        (event,) = entries(before)
        assert event["data"] == {"account": None, "gone": str(account.pk), "progress": False}
        assert set(event["only_for"]) == {cast.owner.user_id, cast.member.user_id}
        assert not accounts.update(account.pk, reachable=False)
    assert [task for task in queue()["housekeeping"] if str(account.pk).encode() in task]


def test_the_mirror_of_an_ended_account_is_removed_to_the_last_row_and_file(
    cast: Cast, dovecot: Dovecot, network: Network
) -> None:
    with cast.inside() as tenant:
        account = full_account(cast, dovecot, network)
        kept = full_account(cast, dovecot, network)
        twice = rows_of(account.pk)
        connect.disconnect(account)
        tasks.remove_mirror(str(tenant.pk), str(account.pk))
        once = rows_of(kept.pk)
        # What is left is the other account's: half of everything that was.
        assert once == {table: count // 2 for table, count in twice.items()}
        assert twice["mail_message"] == 10
        assert not ProviderAccount.objects.filter(pk=account.pk).exists()
        assert blobs.packs(f"{tenant.pk}/{account.pk}") == []
        assert blobs.packs(f"{tenant.pk}/{kept.pk}") != []
        assert all(event["data"] == {} for event in entries() if event["account_id"] == account.pk)
        assert any(event["data"] for event in entries() if event["account_id"] == kept.pk)
        # The journal keeps its numbers.
        assert [entry.seq for entry in journal.read(0)] == list(range(1, journal.head() + 1))


def test_a_removal_goes_bite_by_bite_and_goes_on_where_it_was_cut_off(
    cast: Cast, dovecot: Dovecot, network: Network
) -> None:
    with cast.inside() as tenant:
        account = full_account(cast, dovecot, network)
        connect.disconnect(account)
        first = removal.dependents()[0]
        removal._empty(first, account.pk)  # cut off after the first table
        assert removal.unfinished() == [account.pk]
        stray = removal._folder(None) / "00000000-0000-0000-0000-000000000000"
        stray.mkdir(parents=True)
        os.utime(stray, (0, 0))
    tasks.finish_removals(str(tenant.pk))
    with context.open(tenant):
        assert rows_of(account.pk) == {}
        assert removal.unfinished() == []
        assert not stray.exists()


def test_an_account_that_is_not_ended_is_never_removed(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    with cast.inside() as tenant:
        account = full_account(cast, dovecot, network)
        before = rows_of(account.pk)
        tasks.remove_mirror(str(tenant.pk), str(account.pk))
        assert rows_of(account.pk) == before


def test_removal_reaches_every_table_that_hangs_on_an_account() -> None:
    """Each table with a cascading way to an account, children before parents."""
    tables = [dependent.table for dependent in removal.dependents()]
    assert len(tables) == len(set(tables))
    assert {"mail_placement", "mail_message", "mail_thread", "mail_mailbox", "providers_accountaccess"} <= set(tables)
    for child, parent in (
        ("mail_placement", "mail_message"),
        ("mail_attachment", "mail_message"),
        ("mail_message", "mail_thread"),
        ("mail_threadentry", "mail_mailbox"),
    ):
        assert tables.index(child) < tables.index(parent)


def test_an_ended_account_can_be_connected_again_before_its_mirror_is_gone(
    cast: Cast, dovecot: Dovecot, network: Network
) -> None:
    user = dovecot.new_user()
    with cast.inside() as tenant:
        first = connect.connect(cast.owner, request(dovecot, user), network)
        connect.disconnect(first)
        second = connect.connect(cast.owner, request(dovecot, user), network)
        removal.remove(first.pk)
        assert access.visible_account_ids(cast.owner) == {second.pk}
        assert target(second).tenant_id == tenant.pk


def test_a_run_under_way_writes_nothing_after_the_end(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    user = dovecot.new_user()
    dovecot.append(user, "INBOX", b"Subject: one\r\n\r\nhello\r\n")
    with cast.inside():
        account = connect.connect(cast.owner, request(dovecot, user), network)
        with lease.take(target(account).pk) as held:
            assert held is not None
            connect.disconnect(account)
            with pytest.raises(lease.LeaseLost):
                held.check()
            runs.catch_up(held)
        assert not Mailbox.objects.filter(account=account).exists()


# Secrets


def test_the_password_is_found_nowhere_but_sealed(
    cast: Cast, dovecot: Dovecot, network: Network, queue: Any, settings: Any, caplog: Any, capfd: Any
) -> None:
    """P7 and F98: rows of every table, the journal, Redis, tasks, logs, exceptions and their frames."""
    canary = "canary-8813-pässword"
    user = dovecot.new_user()
    caplog.set_level(0)
    with cast.inside() as tenant:
        account = connected(cast, dovecot, network)
        login = Login(account.settings["username"], canary)
        credentials.seal(account, login)
        account.save()
        wanted = request(dovecot, user, canary)
        failures = []
        for script in (scripts.imap_login(b"NO no"), scripts.silent, scripts.says(b"* BYE no\r\n")):
            with LineServer(script) as server:
                refused = replace(wanted, services=Services(imap=Server("127.0.0.1", server.port, "none")))
                with problem("connection_failed") as failed:
                    connect.connect(cast.owner, refused, network)
                failures.append(repr(failed.value.extra) + str(failed.value.detail) + repr(failed.value))
                with problem("connection_failed"):
                    connect.reconnect(cast.owner, account, refused, network)
        connect.disconnect(account)
        dump = _dump(tenant.schema_name)
    client: Any = redis.Redis.from_url(settings.REDIS_URL)
    stored = b"".join(repr(_value(client, key)).encode() for key in client.scan_iter())
    client.close()
    out, err = capfd.readouterr()
    everywhere = "\n".join(
        [dump, stored.decode(), repr(queue()), *failures, caplog.text, out, err, repr(wanted), repr(login)]
    )
    assert "connect" in everywhere
    for form in (canary, "canary-8813"):
        assert form not in everywhere


def _dump(schema: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema IN (%s, 'public') AND table_type = 'BASE TABLE'",
            [schema],
        )
        rows = []
        for owner, table in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{owner}"."{table}" t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def _value(client: Any, key: bytes) -> Any:
    kind = client.type(key).decode()
    read = {
        "string": client.get,
        "list": lambda name: client.lrange(name, 0, -1),
        "hash": client.hgetall,
        "set": client.smembers,
        "zset": lambda name: client.zrange(name, 0, -1),
    }.get(kind)
    return read(key) if read else None


def test_what_is_sealed_for_one_account_opens_for_no_other(cast: Cast, dovecot: Dovecot, network: Network) -> None:
    with cast.inside():
        mine, other = connected(cast, dovecot, network), connected(cast, dovecot, network)
        other.credentials = mine.credentials
        with pytest.raises(SealBroken):
            credentials.unseal(other)
