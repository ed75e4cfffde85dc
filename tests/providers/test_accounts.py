"""What an account's owner is told when it stops; and changes of an account amid the writing of what belongs to it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.providers import accounts
from apps.providers.adapters.errors import AdapterError, AuthExpired, NeedsReconnect, PermissionMissing
from apps.providers.models import AccountAccess, AccountStatus, ProviderAccount
from apps.realtime import journal
from apps.tenants import context
from tests.tenants.fixtures import Cast


@pytest.mark.parametrize(
    "error",
    [
        NeedsReconnect("the server's certificate is not valid for this host", said="certificate has expired"),
        NeedsReconnect("the server did not accept the user name and password", said="[AUTHENTICATIONFAILED] no"),
        AuthExpired("the server did not accept the access token"),
    ],
)
def test_the_cause_is_named_with_the_servers_words_and_the_next_step(error: AdapterError) -> None:
    told = accounts.explain(ProviderAccount(), error)
    assert error.reason in told
    assert error.said in told
    assert "enter the password again" in told


def test_a_permission_that_is_missing_is_not_blamed_on_the_password() -> None:
    assert "password" not in accounts.explain(ProviderAccount(), PermissionMissing("no", said="IMAP is off"))


def test_where_there_is_no_password_none_is_asked_for() -> None:
    account = ProviderAccount(settings={"surfaces": ["mail"]})
    told = accounts.explain(account, NeedsReconnect("the consent is no longer good", said="AADSTS50173: code"))
    assert "Sign in again" in told
    assert "password" not in told
    assert "AADSTS" not in told


def test_an_account_changes_while_what_belongs_to_it_is_being_written(cast: Cast) -> None:
    """The writer holds the journal and, at its commit, looks for the account: whoever changes it has only its row."""
    with cast.inside():
        account = ProviderAccount.objects.create(owner_id=cast.owner.user_id, address="a@b.example", credentials=b"")

    def change() -> bool:
        try:
            with context.open(cast.tenant):
                return accounts.update(account.pk, reachable=False)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, cast.inside():
        with transaction.atomic():
            AccountAccess.objects.create(account=account, user_id=cast.member.user_id, role=AccountAccess.Role.READER)
            journal.append([accounts.status_event(account)])
            changed = pool.submit(change)
            _until_somebody_waits_for_us()
        assert changed.result(30)
        account.refresh_from_db()
        assert not account.reachable


def test_a_refusal_that_comes_while_another_log_in_is_being_stored_stops_nothing(cast: Cast) -> None:
    with cast.inside():
        account = ProviderAccount.objects.create(
            owner_id=cast.owner.user_id, address="a@b.example", credentials=b"", status=AccountStatus.ACTIVE
        )
    stopped: list[str] = []

    def refuse() -> bool:
        try:
            with context.open(cast.tenant):
                refused = NeedsReconnect("the server did not accept the user name and password")
                return accounts.needs_reconnect(account, refused, lambda: stopped.append("beside"))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, cast.inside():
        with transaction.atomic():
            mended = ProviderAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
            accounts.go_on(mended)
            mended.save()
            refusal = pool.submit(refuse)
            _until_somebody_waits_for_us()
        assert not refusal.result(30)
        mended.refresh_from_db()
        assert (mended.status, stopped) == (AccountStatus.ACTIVE, [])


def _until_somebody_waits_for_us() -> None:
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone():
                return
            assert time.monotonic() < deadline
            time.sleep(0.02)
