"""The Accounts part of the API over HTTP: what each route answers, to whom, and how often."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.urls import resolve

from apps.core.redis import client as redis_client
from apps.providers import api, discovery, removal
from apps.providers.models import ProviderAccount
from apps.providers.network import Network
from apps.users.models import Role
from tests.fakes.line_server import LineServer
from tests.imap.dovecot import PASSWORD, Dovecot
from tests.providers import scripts
from tests.tenants.fixtures import Cast, Make

pytestmark = pytest.mark.dovecot

ACCOUNTS = "/api/v1/accounts"
FIELDS = {
    "id", "address", "display_name", "provider_type", "status", "status_reason", "owner_id", "mine", "role", "as_of",
    "reachable", "import", "color", "surfaces", "simulated", "by_company",
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Tests share a Redis, and each may try as often as a person who has just come."""
    store: Any = redis_client()
    for key in store.scan_iter("pmsync:limit:accounts.*"):
        store.delete(key)


def body(dovecot: Dovecot, user: str, password: str = PASSWORD, **fields: Any) -> dict[str, Any]:
    """A request that names the test's own server."""
    imap = {"host": "127.0.0.1", "port": dovecot.port, "security": "none"}
    return {"address": f"{user}@firm.example", "username": user, "password": password, "imap": imap} | fields


@pytest.fixture
def owner(make: Make, cast: Cast) -> Any:
    """The owner's browser."""
    return make.client(cast.owner)


@pytest.fixture
def account(owner: Any, dovecot: Dovecot) -> dict[str, Any]:
    """An account that the owner has connected."""
    answer = owner.post(ACCOUNTS, body(dovecot, dovecot.new_user()), format="json")
    assert answer.status_code == 201, answer.content
    connected: dict[str, Any] = answer.json()
    return connected


def test_a_connected_account_is_answered_and_listed(owner: Any, account: dict[str, Any], cast: Cast) -> None:
    assert account.keys() == FIELDS
    assert (account["mine"], account["role"], account["status"]) == (True, "owner", "active")
    assert account["import"].keys() == {"done", "total", "rate", "seconds_left", "started_at"}
    listed = owner.get(ACCOUNTS).json()
    assert [item["id"] for item in listed["items"]] == [account["id"]]
    assert listed["seq"] >= 1
    assert owner.get(f"{ACCOUNTS}/{account['id']}").json()["id"] == account["id"]


def test_refused_servers_are_a_422_with_the_checks(owner: Any, cast: Cast) -> None:
    with LineServer(scripts.imap_login(b"NO [AUTHENTICATIONFAILED] nope")) as server:
        imap = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        wanted = {"address": "ada@firm.example", "password": "x", "imap": imap}
        answer = owner.post(ACCOUNTS, wanted, format="json")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "connection_failed")
    assert answer["Content-Type"] == "application/problem+json"
    assert told["checks"][-1] == {
        "service": "imap", "step": "login", "ok": False, "host": "127.0.0.1", "port": server.port,
        "message": told["detail"], "said": "[AUTHENTICATIONFAILED] nope",
    }  # fmt: skip


def test_the_persons_language_is_spoken(make: Make, cast: Cast) -> None:
    italian = make.member_of(cast.tenant, locale="it")
    wanted = {"address": "ada@outlook.com", "password": "x"}
    answer = make.client(italian).post(ACCOUNTS, wanted, format="json")
    assert answer.json()["detail"].startswith("ada@outlook.com si apre accedendo presso Microsoft")


BAD_REQUESTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"password": "x"}, "address"),
    ({"address": "ada@firm.example"}, "password"),
    ({"address": "nobody", "password": "x"}, "address"),
    ({"address": "a@b.example", "password": "x", "imap": {"host": "h", "port": 0}}, "imap.port"),
    ({"address": "a@b.example", "password": "x", "imap": {"host": "h", "port": 1, "security": "?"}}, "imap.security"),
    ({"address": "a@b.example", "password": "x", "smtp": "mail.example"}, "smtp.non_field_errors"),
    ({"address": "a@b.example", "password": ["x"]}, "password"),
)


def test_a_bad_request_names_its_field(owner: Any) -> None:
    for wanted, field in BAD_REQUESTS:
        answer = owner.post(ACCOUNTS, wanted, format="json")
        assert answer.status_code == 400, wanted
        assert field in answer.json()["errors"], wanted


def test_the_same_address_twice_is_a_409(owner: Any, account: dict[str, Any], dovecot: Dovecot) -> None:
    user = account["address"].split("@")[0]
    answer = owner.post(ACCOUNTS, body(dovecot, user), format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_connected")


def test_discovery_answers_the_contracts_fields(owner: Any) -> None:
    answer = owner.post(f"{ACCOUNTS}/discover", {"address": "ada@GMAIL.com"}, format="json")
    assert answer.json() == {
        "address": "ada@gmail.com",
        "provider_type": "google",
        "source": "preset",
        "imap": {"host": "imap.gmail.com", "port": 993, "security": "tls"},
        "smtp": {"host": "smtp.gmail.com", "port": 465, "security": "tls"},
        "caldav": None,
        "carddav": None,
        "username": "ada@gmail.com",
        "password_hint": discovery.discover("a@gmail.com", Network()).as_json()["password_hint"],
        "password_works": True,
        "confirm_hosts": False,
    }


def test_a_new_password_reconnects(owner: Any, account: dict[str, Any], cast: Cast, dovecot: Dovecot) -> None:
    with cast.inside():
        ProviderAccount.objects.update(status="needs_reconnect", status_reason="The password lapsed.")
    url = f"{ACCOUNTS}/{account['id']}/reconnect"
    with LineServer(scripts.imap_login(b"NO [AUTHENTICATIONFAILED] nope")) as server:
        imap = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        assert owner.post(url, {"password": "wrong", "imap": imap}, format="json").status_code == 422
    assert owner.get(f"{ACCOUNTS}/{account['id']}").json()["status"] == "needs_reconnect"
    answer = owner.post(url, {"password": PASSWORD}, format="json")
    assert (answer.status_code, answer.json()["status"], answer.json()["status_reason"]) == (200, "active", "")


def test_a_disconnected_account_is_gone(owner: Any, account: dict[str, Any], cast: Cast) -> None:
    url = f"{ACCOUNTS}/{account['id']}"
    assert owner.delete(url).status_code == 204
    assert owner.delete(url).status_code == 404
    assert owner.get(url).status_code == 404
    assert owner.get(ACCOUNTS).json()["items"] == []
    with cast.inside():
        assert len(removal.unfinished()) == 1


# Who may


PRIVATE = (
    ("get", ""), ("delete", ""), ("post", "/reconnect"), ("post", "/sync"), ("get", "/access"),
    ("get", "/access/{user}"), ("put", "/access/{user}"), ("delete", "/access/{user}"),
)  # fmt: skip


def test_another_persons_account_answers_as_one_that_does_not_exist(
    make: Make, cast: Cast, account: dict[str, Any]
) -> None:
    """F79 and F80: a colleague, an owner of the company without access, and another company's owner."""
    another_owner = make.member_of(cast.tenant, Role.OWNER)
    for person in (cast.member, another_owner, cast.outsider):
        client = make.client(person)
        for method, route in PRIVATE:
            tail = route.format(user=cast.owner.user_id)
            payload = {"password": "x", "role": "reader"}
            theirs = getattr(client, method)(f"{ACCOUNTS}/{account['id']}{tail}", payload, format="json")
            missing = getattr(client, method)(f"{ACCOUNTS}/{uuid4()}{tail}", payload, format="json")
            assert theirs.status_code == missing.status_code == 404, (method, route)
            assert theirs.json() == missing.json(), (method, route)


def test_nobody_without_a_token_gets_further(make: Make) -> None:
    client = make.client()
    urls = [(method, f"{ACCOUNTS}/{uuid4()}{route.format(user=uuid4())}") for method, route in PRIVATE]
    for method, url in [*urls, ("get", ACCOUNTS), ("post", ACCOUNTS), ("post", f"{ACCOUNTS}/discover")]:
        assert getattr(client, method)(url, {}, format="json").status_code == 401, (method, url)


def test_a_reader_sees_the_account_and_changes_nothing(
    make: Make, cast: Cast, owner: Any, account: dict[str, Any]
) -> None:
    url = f"{ACCOUNTS}/{account['id']}"
    grant = f"{url}/access/{cast.member.user_id}"
    assert owner.put(grant, {"role": "boss"}, format="json").status_code == 400
    answer = owner.put(grant, {"role": "reader"}, format="json")
    assert answer.json() == {
        "user_id": str(cast.member.user_id), "name": cast.member.user.name, "email": cast.member.user.email,
        "role": "reader",
    }  # fmt: skip
    reader = make.client(cast.member)
    seen = reader.get(url).json()
    assert (seen["mine"], seen["role"]) == (False, "reader")
    assert reader.delete(url).status_code == 404
    assert reader.post(f"{url}/reconnect", {"password": "x"}, format="json").status_code == 404
    assert reader.put(grant, {"role": "delegate"}, format="json").status_code == 404
    assert reader.get(f"{url}/access").status_code == 404
    assert owner.get(f"{url}/access").json()["items"] == [answer.json()]
    # Anyone may leave what was shared with them.
    assert reader.delete(grant).status_code == 204
    assert reader.get(url).status_code == 404


def test_a_person_of_another_company_cannot_be_let_in(cast: Cast, owner: Any, account: dict[str, Any]) -> None:
    url = f"{ACCOUNTS}/{account['id']}/access/{cast.outsider.user_id}"
    assert owner.put(url, {"role": "reader"}, format="json").status_code == 404


# How often


def test_connecting_is_slowed_down_per_mailbox_for_everybody_together(make: Make, cast: Cast) -> None:
    """F88: a mailbox's password is not guessed through us, from however many accounts of ours."""
    refused = 0
    with LineServer(scripts.imap_login(b"NO [AUTHENTICATIONFAILED] nope")) as server:
        imap = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        wanted = {"address": "Victim@firm.example", "password": "guess", "imap": imap}
        people = [make.client(cast.owner), make.client(cast.member), make.client(cast.outsider)]
        for number in range(12):
            answer = people[number % 3].post(ACCOUNTS, wanted, format="json")
            if answer.status_code == 429:
                refused += 1
                assert int(answer["Retry-After"]) >= 1
                assert answer.json()["code"] == "rate_limited"
        # The diagnosis connects once more, without a log-in.
        assert server.heard.count(b"AUTHENTICATE") == api.CONNECT_ADDRESS.burst
    assert refused == 12 - api.CONNECT_ADDRESS.burst


def test_discovery_is_slowed_down_per_person(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    answers = [
        client.post(f"{ACCOUNTS}/discover", {"address": "ada@gmail.com"}, format="json").status_code
        for _ in range(api.DISCOVER.burst + 5)
    ]
    assert answers.count(200) >= api.DISCOVER.burst
    assert 429 in answers
    other = make.client(cast.member).post(f"{ACCOUNTS}/discover", {"address": "ada@gmail.com"}, format="json")
    assert other.status_code == 200


def test_without_redis_nothing_is_tried(owner: Any, settings: Any, dovecot: Dovecot) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    redis_client.cache_clear()
    try:
        answer = owner.post(ACCOUNTS, body(dovecot, dovecot.new_user()), format="json")
    finally:
        settings.REDIS_URL = django_settings.REDIS_URL
        redis_client.cache_clear()
    assert (answer.status_code, answer.json()["code"]) == (503, "try_later")


# The blueprint's addresses


def test_the_blueprints_addresses_are_the_same_views() -> None:
    one, user = uuid4(), uuid4()
    for tail in (
        "",
        "/discover",
        f"/{one}",
        f"/{one}/reconnect",
        f"/{one}/sync",
        f"/{one}/access",
        f"/{one}/access/{user}",
    ):
        ours, theirs = resolve(ACCOUNTS + tail), resolve("/providers" + (tail or "/"))
        assert ours.func.view_class is theirs.func.view_class  # type: ignore[attr-defined]  # DRF's as_view
    for route in ("sync-status", "restart-sync", f"sync-state/{one}"):
        ours, theirs = resolve(f"/api/v1/admin/{route}"), resolve(f"/api/admin/{route}")
        assert ours.func.view_class is theirs.func.view_class  # type: ignore[attr-defined]  # as above
    assert resolve("/email-sync/status").func.view_class is resolve("/api/v1/sync/status").func.view_class  # type: ignore[attr-defined]  # as above


def test_the_old_configurations_are_gone_for_good(make: Make) -> None:
    client = make.client()
    for path in ("/email-configs", "/email-configs/7", "/api/email-configs", "/api/email-configs/7/test"):
        for method in ("get", "post", "put", "patch", "delete"):
            answer = getattr(client, method)(path, {}, format="json")
            assert (answer.status_code, answer.json()["code"]) == (410, "gone"), (method, path)
            assert answer.json()["see_other"] == "/providers/"
