"""What an account's owner is told when it stops."""

import pytest

from apps.providers import accounts
from apps.providers.adapters.errors import AdapterError, AuthExpired, NeedsReconnect, PermissionMissing
from apps.providers.models import ProviderAccount


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
    told = accounts.explain(account, NeedsReconnect("the consent is no longer good"))
    assert "Sign in again" in told
    assert "password" not in told
