"""A statement answers what its query set answers, for each set of values and each tenant, without building SQL anew."""

from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from apps.core.statement import Given, Statement, among
from apps.mail.models import Mailbox
from apps.providers.models import ProviderAccount
from apps.tenants import context
from tests.tenants.fixtures import Cast

OF_ACCOUNT = Statement(lambda: Mailbox.objects.filter(account_id=Given("account")).order_by("path"))
PATHS = Statement(lambda: Mailbox.objects.filter(among("pk", "ids")).order_by("path").values_list("path"))
WITH_ACCOUNT = Statement(lambda: Mailbox.objects.filter(pk=Given("pk")).select_related("account"))


def make_mailboxes(cast: Cast, *names: str) -> ProviderAccount:
    """An account with mailboxes of these names, in the open tenant."""
    account = ProviderAccount.objects.create(
        owner_id=cast.owner.user_id, address="a@statement.example", provider_type="imap", settings={"imap": {"port": 1}}
    )
    for name in names:
        Mailbox.objects.create(account=account, path=[name], remote_id=name)
    return account


def names(boxes: list[Mailbox]) -> list[str]:
    return [box.path[0] for box in boxes]


def test_a_statement_answers_as_its_query_set_does(cast: Cast) -> None:
    with context.open(cast.tenant):
        account = make_mailboxes(cast, "b", "a", "c")
        assert names(OF_ACCOUNT.all(account=account.pk)) == ["a", "b", "c"]
        assert OF_ACCOUNT.all(account=uuid4()) == []
        first = OF_ACCOUNT.first(account=account.pk)
        assert first == Mailbox.objects.get(path=["a"])
        assert OF_ACCOUNT.first(account=uuid4()) is None


def test_a_part_of_the_rows_can_be_asked_for(cast: Cast) -> None:
    with context.open(cast.tenant):
        make_mailboxes(cast, "b", "a", "c")
        ids = list(Mailbox.objects.values_list("pk", flat=True))
        assert [path for (path,) in PATHS.tuples(ids=ids, limit=2, offset=1)] == [["b"], ["c"]]
        assert PATHS.tuples(ids=[]) == []


def test_rows_that_belong_to_it_come_with_it_and_json_is_read(cast: Cast) -> None:
    with context.open(cast.tenant):
        account = make_mailboxes(cast, "a")
        wanted = Mailbox.objects.get(account=account).pk
        with CaptureQueriesContext(connection) as asked:
            box = WITH_ACCOUNT.first(pk=wanted)
            assert box is not None
            assert box.account.settings == {"imap": {"port": 1}}
        assert len(asked) == 1


def test_one_compilation_serves_all_tenants(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with context.open(cast.tenant):
        ours = make_mailboxes(cast, "ours")
        assert names(OF_ACCOUNT.all(account=ours.pk)) == ["ours"]
    with context.open(cast.neighbour):
        theirs = make_mailboxes(cast, "theirs")

        def compiled(*_: object) -> None:
            raise AssertionError("built anew")

        with monkeypatch.context() as patch:
            patch.setattr(SQLCompiler, "as_sql", compiled)
            assert names(OF_ACCOUNT.all(account=theirs.pk)) == ["theirs"]
            assert OF_ACCOUNT.all(account=ours.pk) == []


def test_a_value_that_is_missing_is_named(cast: Cast) -> None:
    with context.open(cast.tenant), pytest.raises(KeyError, match="account"):
        OF_ACCOUNT.all()
