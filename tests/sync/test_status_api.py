"""Sync status, a sync at once, and the company's overview for its admins, over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import now

from apps.core.redis import client as redis_client
from apps.mail.models import Mailbox
from apps.providers import sharing
from apps.providers.models import ProviderAccount
from apps.sync import api, status
from apps.sync.models import Breaker, SyncTarget
from apps.users.models import Role
from tests.sync import fixtures
from tests.tenants.fixtures import Cast, Make

ADMIN = "/api/v1/admin"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Each test may ask as often as a person who has just come."""
    store: Any = redis_client()
    for key in store.scan_iter("pmsync:limit:sync.*"):
        store.delete(key)


def made(cast: Cast, **fields: Any) -> tuple[ProviderAccount, SyncTarget]:
    """The owner's account and its target."""
    with cast.inside():
        account = fixtures.account(cast.owner)
        return account, fixtures.target(cast.owner, account.pk, **fields)


def test_status_tells_the_contracts_fields(make: Make, cast: Cast, queued: Any) -> None:
    account, target = made(cast, last_synced_at=now(), push_until=now() + timedelta(minutes=5), push_kind="notify")
    (item,) = make.client(cast.owner).get("/api/v1/sync/status").json()["items"]
    assert item == {
        "account_id": str(account.pk), "kind": "mail", "tier": "NORMAL", "phase": "live",
        "last_synced_at": item["last_synced_at"], "due_at": item["due_at"], "state": "idle", "breaker": "CLOSED",
        "error": None, "push": "notify",
    }  # fmt: skip
    assert item["last_synced_at"].endswith("Z")
    SyncTarget.objects.filter(pk=target.pk).update(
        error_code="provider_down", error_reason="the server cannot be reached", due_at=now() + timedelta(minutes=1)
    )
    (item,) = make.client(cast.owner).get("/email-sync/status").json()["items"]
    assert (item["state"], item["error"]) == (
        "waiting",
        {"code": "provider_down", "message": "the server cannot be reached"},
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "idle"),
        ({"wanted_at": timedelta(0)}, "queued"),
        ({"queued_at": timedelta(0)}, "queued"),
        ({"queued_at": timedelta(minutes=-5)}, "idle"),
        ({"wanted_at": timedelta(0), "lease_until": timedelta(minutes=1)}, "running"),
        ({"wanted_at": timedelta(0), "lease_until": timedelta(minutes=-1)}, "queued"),
        ({"error_code": "transient", "due_at": timedelta(minutes=1)}, "waiting"),
        ({"error_code": "transient", "due_at": timedelta(minutes=-1)}, "idle"),
        ({"breaker": Breaker.OPEN}, "waiting"),
        ({"is_active": False}, "waiting"),
    ],
)
def test_what_a_target_is_doing(fields: dict[str, Any], expected: str) -> None:
    moment = now()
    values = {name: moment + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    target = SyncTarget(**({"due_at": moment} | values))
    assert status.state(target, moment) == expected


def test_only_accounts_one_may_see_are_told(make: Make, cast: Cast, queued: Any) -> None:
    account, _ = made(cast)
    clients = {name: make.client(getattr(cast, name)) for name in ("owner", "member", "outsider")}
    shown = {name: len(client.get("/api/v1/sync/status").json()["items"]) for name, client in clients.items()}
    assert shown == {"owner": 1, "member": 0, "outsider": 0}
    with cast.inside():
        sharing.let_in(cast.owner, account, cast.member.user_id, "reader")
    assert len(clients["member"].get("/api/v1/sync/status").json()["items"]) == 1


def test_a_sync_at_once_is_requested_and_counted(make: Make, cast: Cast, queued: Any) -> None:
    account, target = made(cast)
    client = make.client(cast.owner)
    answer = client.post(f"/api/v1/accounts/{account.pk}/sync")
    assert (answer.status_code, answer.json()) == (202, {"requested": 1})
    target.refresh_from_db()
    assert target.wanted_because == "user"
    assert queued() == {"sync.high": 1}
    codes = [client.post(f"/api/v1/accounts/{account.pk}/sync").status_code for _ in range(api.SYNC_NOW.burst + 3)]
    assert 429 in codes
    assert queued() == {"sync.high": 1}


def test_an_account_that_waits_for_its_owner_is_not_tried_again(make: Make, cast: Cast, queued: Any) -> None:
    account, _ = made(cast)
    with cast.inside():
        ProviderAccount.objects.update(status="needs_reconnect", status_reason="Enter the password again.")
    answer = make.client(cast.owner).post(f"/api/v1/accounts/{account.pk}/sync")
    assert (answer.status_code, answer.json()["code"]) == (409, "needs_reconnect")
    assert answer.json()["detail"] == "Enter the password again."
    assert queued() == {}


# Admins


def test_owners_and_admins_see_all_targets_and_no_content(make: Make, cast: Cast, queued: Any) -> None:
    account, _ = made(cast)
    for person in (cast.owner, make.member_of(cast.tenant, Role.ADMIN)):
        told = make.client(person).get("/api/admin/sync-status")
        assert told.status_code == 200
        assert [item["account_id"] for item in told.json()["items"]] == [str(account.pk)]
        assert told.json()["summary"] == {
            "targets": 1,
            "by_state": {"idle": 1},
            "by_breaker": {"CLOSED": 1},
            "failing": 0,
        }
        assert account.address not in told.content.decode()


def test_other_members_and_other_companies_are_refused(make: Make, cast: Cast, queued: Any) -> None:
    account, _ = made(cast)
    routes = (("get", "/sync-status"), ("post", "/restart-sync"), ("delete", f"/sync-state/{account.pk}"))
    member, outsider = make.client(cast.member), make.client(cast.outsider)
    for method, route in routes:
        assert getattr(member, method)(ADMIN + route, {}, format="json").status_code == 403
    assert outsider.get(ADMIN + "/sync-status").json()["items"] == []
    assert outsider.post(ADMIN + "/restart-sync", {"account_id": str(account.pk)}, format="json").status_code == 404
    assert outsider.delete(ADMIN + f"/sync-state/{account.pk}").status_code == 404
    assert outsider.delete(ADMIN + f"/sync-state/{uuid4()}").status_code == 404
    assert queued() == {}


def test_a_restart_forgets_failures_and_asks_again(make: Make, cast: Cast, queued: Any) -> None:
    _, target = made(
        cast, error_code="provider_down", error_count=7, breaker=Breaker.OPEN,
        breaker_until=now() + timedelta(hours=1), breaker_trips=3, due_at=now() + timedelta(hours=1),
    )  # fmt: skip
    answer = make.client(cast.owner).post("/api/admin/restart-sync", {}, format="json")
    assert (answer.status_code, answer.json()) == (202, {"requested": 1})
    target.refresh_from_db()
    assert (target.error_count, target.error_code, target.breaker, target.breaker_until) == (0, "", "CLOSED", None)
    assert queued() == {"sync.high": 1}


def test_a_restart_leaves_accounts_that_wait_for_their_owner(make: Make, cast: Cast, queued: Any) -> None:
    _, target = made(cast, is_active=False, error_code="needs_reconnect")
    with cast.inside():
        ProviderAccount.objects.update(status="needs_reconnect")
    answer = make.client(cast.owner).post("/api/admin/restart-sync", {}, format="json")
    assert answer.json() == {"requested": 0}
    target.refresh_from_db()
    assert (target.is_active, target.error_code) == (False, "needs_reconnect")
    assert queued() == {}


def test_a_deleted_state_drops_the_cursors_and_asks_for_a_full_look(make: Make, cast: Cast, queued: Any) -> None:
    account, target = made(cast, error_code="transient")
    with cast.inside():
        box = Mailbox.objects.create(account=account, remote_id="INBOX", path=["INBOX"], cursor={"v": 1})
    answer = make.client(cast.owner).delete(f"/api/admin/sync-state/{account.pk}")
    assert (answer.status_code, answer.json()) == (202, {"requested": 1})
    with cast.inside():
        box.refresh_from_db()
    target.refresh_from_db()
    assert (box.cursor, target.error_code, target.wanted_because) == (None, "", "user")
