"""A whole company at once: its key tried and kept, its people chosen, hired, dismissed, and all of it given up."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.core.redis import client as redis_client
from apps.mail.models import Message
from apps.providers import connections, removal, tokens
from apps.providers.companies import connecting, people, tasks
from apps.providers.models import AccountStatus, CompanyConnection, CompanyPerson, OAuthGrant, ProviderAccount
from apps.realtime.models import JournalEntry
from apps.sync import lease, runs, targets
from apps.sync.models import SyncTarget
from apps.users.models import Membership, OneTimeCode, Role, User
from tests.cross.stages import letter, new_message_id
from tests.fakes.certificates import Authority
from tests.fakes.google.keys import Key
from tests.fakes.microsoft.faults import status
from tests.google_fake.desk import SCHEMAS
from tests.providers.clouds import ANNA, BOB, Wizard, google, microsoft
from tests.providers.companies import CLARA, Company, GoogleCompany, MicrosoftCompany
from tests.tenants.fixtures import Cast, Make

DAVE = "dave@firm.example"
BASE = "/api/v1/company/connections"


@pytest.fixture(autouse=True)
def fresh(make: Make) -> Iterator[None]:
    """Tries of other tests do not count, and people who were invited go with the company."""
    store: Any = redis_client()
    for key in store.scan_iter("pmsync:limit:*"):
        store.delete(key)
    yield
    User.objects.filter(email__endswith="@firm.example").delete()


@pytest.fixture
def at_google(settings: Any) -> Iterator[GoogleCompany]:
    """A Workspace domain."""
    with google(settings) as side:
        yield GoogleCompany(side)
        for entry in side.google.journal.of("directory.users.list"):
            if entry.verdict == "served" and "fields" not in entry.parameters:
                assert SCHEMAS.faults(entry.method, entry.status, entry.answer) == []


@pytest.fixture
def at_microsoft(settings: Any, authority: Authority) -> Iterator[MicrosoftCompany]:
    """An organisation."""
    with microsoft(settings, authority) as side:
        yield MicrosoftCompany(side)


@pytest.fixture(params=["google", "microsoft"])
def company(request: pytest.FixtureRequest) -> Company:
    """At one after the other."""
    found: Company = request.getfixturevalue(f"at_{request.param}")
    return found


class Office:
    """The administrator in front of our screens, and what runs behind them."""

    def __init__(self, make: Make, cast: Cast, company: Company) -> None:
        self.cast, self.company = cast, company
        self.client = make.client(cast.owner)
        self.id = ""

    def give(self, **other: Any) -> Any:
        """Give the key."""
        body = {"provider": self.company.name} | self.company.key() | other
        return self.client.post(BASE, body, format="json")

    def connect(self, **other: Any) -> dict[str, Any]:
        """Give a key that suffices."""
        answer = self.give(**other)
        assert answer.status_code == 201, answer.content
        told: dict[str, Any] = answer.json()
        self.id = told["id"]
        return told

    def people(self) -> dict[str, dict[str, Any]]:
        """The directory, by address."""
        return {one["address"]: one for one in self.client.get(f"{BASE}/{self.id}/people").json()["items"]}

    def choose(self, *addresses: str) -> None:
        """Choose these people, or everyone, and let the tasks run."""
        there = self.people()
        body: dict[str, Any] = {"people": [there[one]["id"] for one in addresses]} if addresses else {"everyone": True}
        answer = self.client.post(f"{BASE}/{self.id}/people", body, format="json")
        assert answer.status_code == 202, answer.content
        tasks.connect_people(str(self.cast.tenant.pk), self.id)

    def read(self) -> Any:
        """Have the directory read now."""
        return self.client.post(f"{BASE}/{self.id}/read")

    def accounts(self) -> dict[str, ProviderAccount]:
        """What is connected, by address."""
        with self.cast.inside():
            return {row.address: row for row in ProviderAccount.objects.exclude(status="disconnected")}


@pytest.fixture
def office(make: Make, cast: Cast, company: Company) -> Office:
    """The administrator."""
    return Office(make, cast, company)


def sync(cast: Cast, account: ProviderAccount, kind: str = "mail") -> SyncTarget:
    """One run of the engine."""
    target = SyncTarget.objects.get(account_id=account.pk, kind=kind)
    with cast.inside():
        targets.request(target.pk, "user")
        with lease.take(target.pk) as held:
            assert held is not None
            assert held.claim_wanted()
            runs.catch_up(held)
        connections.drop(account)
    target.refresh_from_db()
    return target


def invited() -> set[str]:
    """Those of the company's domain who are mailed a link to come in."""
    codes = OneTimeCode.objects.filter(purpose="invitation", user__email__endswith="@firm.example")
    return set(codes.values_list("user__email", flat=True))


def test_an_administrator_connects_everyone_and_their_mail_is_mirrored(office: Office) -> None:
    company, cast = office.company, office.cast
    told = office.connect()
    assert (told["status"], told["sentence"], told["application"]) == ("active", "", company.application)
    assert office.accounts() == {}, "nobody is connected who was not chosen"
    assert {one["state"] for one in office.people().values()} == {"offered"}
    office.choose()
    accounts = office.accounts()
    assert set(accounts) == {ANNA, BOB, CLARA}
    assert {one["state"] for one in office.people().values()} == {"connected"}
    assert invited() == {ANNA, BOB, CLARA}, "whoever was nobody here is invited"
    bob = User.objects.get(email=BOB)
    assert Membership.objects.filter(user=bob, tenant=cast.tenant, role="member").exists()
    assert accounts[BOB].owner_id == bob.pk

    message_id = new_message_id()
    company.deliver(BOB, letter("For Bob", message_id))
    for kind in ("mail", "calendar", "contacts"):
        assert sync(cast, accounts[BOB], kind).error_code == ""
    with cast.inside():
        assert Message.objects.get(account=accounts[BOB], message_id=message_id).subject == "For Bob"
        assert not Message.objects.exclude(account=accounts[BOB]).exists()


def test_only_chosen_people_are_connected_and_those_of_the_company_are_not_invited_again(
    make: Make, office: Office
) -> None:
    anna = make.member_of(office.cast.tenant, email=ANNA)
    office.connect(surfaces=["calendar"])
    office.choose(ANNA)
    account = office.accounts()[ANNA]
    assert (account.owner_id, account.settings) == (anna.user_id, {"surfaces": ["calendar"]})
    assert invited() == set()
    assert set(SyncTarget.objects.filter(account_id=account.pk).values_list("kind", flat=True)) <= {
        "calendar", "outbound",
    }  # fmt: skip
    (item,) = make.client(anna).get("/api/v1/accounts").json()["items"]
    assert (item["by_company"], item["mine"]) == (True, True)
    office.choose(ANNA)
    assert list(office.accounts()) == [ANNA], "chosen twice she is there once"


def test_an_administrator_does_not_thereby_read_anything(make: Make, office: Office) -> None:
    office.connect()
    office.choose(BOB)
    assert make.client(office.cast.owner).get("/api/v1/accounts").json()["items"] == []


def test_what_is_not_granted_is_named_and_nothing_is_kept(office: Office) -> None:
    company = office.company
    company.grant(only=["calendar", "contacts"])
    answer = office.give()
    assert answer.status_code == 422, answer.content
    told = answer.json()
    assert told["code"] == "company_refused"
    assert told["what"] == {"google": "scopes", "microsoft": "roles"}[company.name]
    missing = {
        "google": ["https://www.googleapis.com/auth/gmail.modify"],
        "microsoft": ["Mail.ReadWrite", "Mail.Send"],
    }[company.name]
    assert told["missing"] == missing
    console = {"google": "admin.google.com", "microsoft": "entra.microsoft.com"}[company.name]
    for word in (company.application, console, *missing):
        assert word in told["detail"]
    company.grant(directory=False)
    assert len(office.give().json()["missing"]) == 1
    with office.cast.inside():
        assert not CompanyConnection.objects.exists()
    company.grant()
    office.connect()


def test_the_sentence_is_in_the_language_of_whoever_asks(make: Make, office: Office) -> None:
    office.company.grant(only=[])
    office.cast.owner.user.locale = "it"
    office.cast.owner.user.save()
    assert "Mancano ora" in office.give().json()["detail"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"key": "hello"}, "key_shape"),
        ({"key": "[]"}, "key_shape"),
        ({"key": json.dumps({"type": "service_account"})}, "key_shape"),
        ({"key": json.dumps({"web": {"client_id": "x", "client_secret": "y"}})}, "key_kind"),
        ({"administrator": "nobody@firm.example"}, "administrator"),
        ({"administrator": "firm.example"}, "administrator"),
        ({"administrator": ANNA}, "administrator_rights"),
    ],
)
def test_what_google_does_not_take(
    make: Make, cast: Cast, at_google: GoogleCompany, change: dict[str, str], what: str
) -> None:
    told = Office(make, cast, at_google).give(**change).json()
    assert (told["code"], told["what"]) == ("company_refused", what)
    assert "PRIVATE KEY" not in json.dumps(told)


def test_a_key_that_was_deleted_and_an_interface_that_is_off(make: Make, cast: Cast, at_google: GoogleCompany) -> None:
    office, real = Office(make, cast, at_google), at_google.robot.key
    at_google.robot.key = Key("another")
    given = json.loads(at_google.key()["key"])
    at_google.robot.key = real
    assert office.give(key=json.dumps(given)).json()["what"] == "key"
    for api, title in (("directory", "Admin SDK API"), ("people", "People API")):
        at_google.google.disabled = {(at_google.robot.project, api)}
        told = office.give().json()
        assert (told["what"], told["title"]) == ("service_off", title)
        assert at_google.robot.project in told["detail"]


def test_a_key_file_does_not_say_where_tokens_are_asked_for(make: Make, cast: Cast, at_google: GoogleCompany) -> None:
    assert "evil.example" in at_google.key()["key"]
    Office(make, cast, at_google).connect()
    assert at_google.google.journal.of("oauth.token")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"secret": "wrong"}, "secret"),
        ({"secret": "6b1d0c1a-0000-4000-8000-000000000001"}, "secret_shape"),
        ({"client_id": "pmsync"}, "client_id"),
        ({"client_id": "6b1d0c1a-0000-4000-8000-000000000001"}, "application"),
        ({"directory": "elsewhere.example"}, "directory"),
        ({"directory": "common"}, "directory"),
        ({"directory": "../evil"}, "directory"),
        ({"directory": "9188040d-6c67-4c5b-b112-36a304b66dad"}, "directory"),
    ],
)
def test_what_microsoft_does_not_take(
    make: Make, cast: Cast, at_microsoft: MicrosoftCompany, change: dict[str, str], what: str
) -> None:
    told = Office(make, cast, at_microsoft).give(**change).json()
    assert (told["code"], told["what"]) == ("company_refused", what)
    assert at_microsoft.app.secret not in json.dumps(told)


def test_an_application_that_nobody_consented_to_and_a_secret_that_lapsed(
    make: Make, cast: Cast, at_microsoft: MicrosoftCompany
) -> None:
    office = Office(make, cast, at_microsoft)
    at_microsoft.app.secret_expired = True
    assert office.give().json()["what"] == "secret_expired"
    at_microsoft.app.secret_expired = False
    at_microsoft.directory.admin_consents.clear()
    told = office.give().json()
    assert told["what"] == "application"
    assert at_microsoft.app.id in told["detail"]


def test_the_provider_being_away_is_no_refusal(make: Make, cast: Cast, at_google: GoogleCompany) -> None:
    at_google.google.faults.add("oauth.token", "503")
    answer = Office(make, cast, at_google).give()
    assert (answer.status_code, answer.json()["code"]) == (503, "try_later")


def test_only_administrators_come_near_it(make: Make, office: Office) -> None:
    office.connect()
    member, outsider = make.client(office.cast.member), make.client(office.cast.outsider)
    key = {"provider": office.company.name} | office.company.key()
    for method, path, body in (
        ("get", "", None), ("post", "", key), ("get", f"/{office.id}", None), ("delete", f"/{office.id}", None),
        ("put", f"/{office.id}/key", key), ("post", f"/{office.id}/read", None), ("get", f"/{office.id}/people", None),
        ("post", f"/{office.id}/people", {"everyone": True}), ("post", f"/{office.id}/people/let-go", {}),
    ):  # fmt: skip
        assert getattr(member, method)(BASE + path, body, format="json").status_code == 403, path
        if path:
            assert getattr(outsider, method)(BASE + path, body, format="json").status_code == 404, path
    assert outsider.get(BASE).json()["items"] == []
    admin = make.client(make.member_of(office.cast.tenant, Role.ADMIN))
    assert [one["id"] for one in admin.get(BASE).json()["items"]] == [office.id]


def test_one_company_is_connected_once(office: Office) -> None:
    office.connect()
    answer = office.give()
    assert (answer.status_code, answer.json()["code"]) == (409, "already_connected")


def test_a_person_may_not_disconnect_what_the_company_connected_and_is_told_who_can(make: Make, office: Office) -> None:
    anna = make.member_of(office.cast.tenant, email=ANNA)
    office.connect()
    office.choose(ANNA)
    account = office.accounts()[ANNA]
    client, owner = make.client(anna), office.cast.owner.user
    for answer in (
        client.delete(f"/api/v1/accounts/{account.pk}"),
        client.post(f"/api/v1/accounts/{account.pk}/reconnect", {"password": "x"}, format="json"),
        client.post(
            "/api/v1/accounts/consent", {"provider": office.company.name, "account": str(account.pk)}, format="json"
        ),
    ):
        told = answer.json()
        assert (answer.status_code, told["code"]) == (403, "connected_by_company")
        assert told["administrators"] == [owner.name]
        assert owner.name in told["detail"]
    assert office.accounts()[ANNA].status == AccountStatus.ACTIVE
    there = office.people()
    body = {"people": [there[ANNA]["id"]]}
    assert office.client.post(f"{BASE}/{office.id}/people/let-go", body, format="json").json() == {"people": 1}
    assert office.accounts() == {}
    assert office.people()[ANNA]["state"] == "offered"


def test_newcomers_are_offered_and_whoever_leaves_is_suspended_and_told(make: Make, office: Office) -> None:
    company, cast = office.company, office.cast
    anna = make.member_of(cast.tenant, email=ANNA)
    office.connect()
    office.choose(ANNA, BOB)
    company.hire(DAVE, "Dave Duca")
    company.dismiss(ANNA)
    company.dismiss(BOB, gone=True)
    told = office.read().json()
    assert told["people"] == {"all": 2, "connected": 0, "new": 1, "left": 2, "waiting": 0}
    there = office.people()
    assert there[DAVE]["new"]
    assert not there[CLARA]["new"], "she was there when the choice was made"
    accounts = office.accounts()
    assert {accounts[one].status for one in (ANNA, BOB)} == {AccountStatus.SUSPENDED}
    assert "directory" in accounts[ANNA].status_reason
    with cast.inside():
        entry = JournalEntry.objects.filter(event="account:status", account_id=accounts[ANNA].pk).latest("seq")
    assert entry.data["account"]["status"] == "suspended"
    answer = make.client(anna).post(f"/api/v1/accounts/{accounts[ANNA].pk}/sync")
    assert answer.status_code == 409
    sync(cast, accounts[ANNA])  # finds that it may not

    company.take_back(ANNA)
    before = office.read()
    assert before.status_code == 200
    assert office.accounts()[ANNA].status == AccountStatus.ACTIVE
    assert sync(cast, accounts[ANNA]).error_code == ""
    assert office.accounts()[BOB].status == AccountStatus.SUSPENDED


def test_an_empty_directory_suspends_nobody(office: Office) -> None:
    office.connect()
    office.choose(ANNA)
    for address in (ANNA, BOB, CLARA):
        office.company.dismiss(address, gone=True)
    assert office.read().status_code in (422, 503)
    assert office.accounts()[ANNA].status == AccountStatus.ACTIVE


def test_a_grant_that_is_taken_back_is_told_once_and_mended_for_everybody(make: Make, office: Office) -> None:
    company, cast = office.company, office.cast
    office.connect()
    office.choose(ANNA, BOB)
    accounts = office.accounts()
    company.grant(only=[])
    for account in accounts.values():
        sync(cast, account)
    with cast.inside():
        assert CompanyConnection.objects.get().suspected_at is not None
    tasks.read_directory(str(cast.tenant.pk), office.id)
    assert {one.status for one in office.accounts().values()} == {AccountStatus.NEEDS_RECONNECT}
    assert "Ask " in office.accounts()[ANNA].status_reason
    told = office.client.get(f"{BASE}/{office.id}").json()
    assert told["status"] == "refused"
    assert company.application in told["sentence"]
    company.grant()
    assert office.read().json()["status"] == "active"
    assert {one.status for one in office.accounts().values()} == {AccountStatus.ACTIVE}
    assert sync(cast, accounts[BOB]).error_code == ""


def test_another_key_is_taken_for_the_same_company_only(make: Make, office: Office, settings: Any) -> None:
    company = office.company
    office.connect()
    answer = office.client.put(f"{BASE}/{office.id}/key", company.key(), format="json")
    assert answer.status_code == 200, answer.content
    wrong = company.key() | {"key": "{}", "secret": "wrong"}
    assert office.client.put(f"{BASE}/{office.id}/key", wrong, format="json").status_code == 422
    assert office.read().status_code == 200, "the former one stays"


def test_whoever_connected_it_themselves_keeps_their_own(make: Make, cast: Cast, at_google: GoogleCompany) -> None:
    from tests.providers.clouds import GoogleSide

    anna = make.member_of(cast.tenant, email=ANNA)
    Wizard(make, anna, GoogleSide(at_google.google)).connect()
    office = Office(make, cast, at_google)
    office.connect()
    office.choose(ANNA)
    assert office.people()[ANNA]["state"] == "refused"
    assert "already" in office.people()[ANNA]["sentence"]
    assert office.accounts()[ANNA].company_id is None


def test_consent_to_what_the_company_connected_changes_nothing(
    make: Make, cast: Cast, at_google: GoogleCompany
) -> None:
    from tests.providers.clouds import GoogleSide

    anna = make.member_of(cast.tenant, email=ANNA)
    office = Office(make, cast, at_google)
    office.connect()
    office.choose(ANNA)
    account = office.accounts()[ANNA]
    told = Wizard(make, anna, GoogleSide(at_google.google)).connect()
    assert told == {"consent": "by_company", "account": str(account.pk)}
    with cast.inside():
        assert tokens.of(account)[1].whom == at_google.subject(ANNA)


def test_somebody_of_another_company_joins_this_one_and_brings_nothing(make: Make, office: Office) -> None:
    elsewhere = make.member_of(office.cast.neighbour, email=ANNA)
    office.connect()
    office.choose(ANNA)
    assert office.accounts()[ANNA].owner_id == elsewhere.user_id
    (item,) = make.client(elsewhere).get(
        "/api/v1/accounts", headers={"X-PMSync-Tenant": office.cast.tenant.slug}
    ).json()["items"]  # fmt: skip
    assert item["address"] == ANNA
    assert make.client(elsewhere).get("/api/v1/accounts").json()["items"] == []


def test_a_provider_that_is_away_leaves_people_waiting(make: Make, cast: Cast, at_google: GoogleCompany) -> None:
    office = Office(make, cast, at_google)
    office.connect()
    with cast.inside():
        people.choose(cast.owner, connecting.connections().get(), [], everyone=True)
        at_google.google.faults.add("oauth.token", "503", times=1)
        assert not people.connect_wanted(connecting.connections().get().pk)
        assert CompanyPerson.objects.filter(state="wanted").count() == 1
        assert people.connect_wanted(connecting.connections().get().pk)
        assert not CompanyPerson.objects.filter(state="wanted").exists()


def test_giving_a_company_up_ends_its_accounts_and_forgets_its_key(make: Make, office: Office) -> None:
    cast = office.cast
    office.connect()
    office.choose(ANNA, BOB)
    rows = list(office.accounts().values())
    assert office.client.delete(f"{BASE}/{office.id}").status_code == 204
    assert office.client.get(f"{BASE}/{office.id}").status_code == 404
    tasks.end_company(str(cast.tenant.pk), office.id)
    assert office.accounts() == {}
    with cast.inside():
        assert CompanyConnection.objects.exists(), "what the accounts have at the provider is ended with it"
        for row in rows:
            assert removal.remove(row.pk)
        assert not CompanyConnection.objects.exists()
        assert not OAuthGrant.objects.exists()
        assert not CompanyPerson.objects.exists()
    office.connect()


def test_tokens_of_a_company_are_renewed_by_its_key(office: Office) -> None:
    office.connect()
    office.choose(ANNA, BOB)
    account = office.accounts()[ANNA]
    with office.cast.inside():
        held = tokens.held(account)
        assert held.refresh == ""
        _, source = tokens.of(account)
        first = source.token()
        assert source.token(first) != first
        assert source.application == office.company.application
        secret = office.company.key().get("secret") or json.loads(office.company.key()["key"])["private_key"]
        row = CompanyConnection.objects.get()
        assert secret[:40].encode() not in bytes(row.sealed)
        assert secret not in repr(tokens.company_key(row))


def test_each_mailbox_of_a_service_account_has_a_budget_of_its_own(
    make: Make, cast: Cast, at_google: GoogleCompany
) -> None:
    office = Office(make, cast, at_google)
    office.connect(surfaces=["mail"])
    office.choose(ANNA, BOB)
    at_google.google.quotas.spent.clear()
    for account in office.accounts().values():
        assert sync(cast, account).error_code == ""
    spent = at_google.google.quotas.spent
    assert {at_google.subject(one) for one in (ANNA, BOB)} <= set(spent)
    assert spent[at_google.robot.email] == 0


def test_a_mailbox_that_a_policy_leaves_out_concerns_its_person_alone(
    make: Make, cast: Cast, at_microsoft: MicrosoftCompany
) -> None:
    office = Office(make, cast, at_microsoft)
    office.connect(surfaces=["mail"])
    office.choose(ANNA, BOB)
    accounts = office.accounts()
    anna = at_microsoft.directory.find_person(ANNA)
    assert anna is not None
    at_microsoft.directory.consent_as_admin(at_microsoft.app, at_microsoft.firm, only=[anna])
    assert sync(cast, accounts[ANNA]).error_code == ""
    assert sync(cast, accounts[BOB]).error_code == "permission_missing"
    tasks.read_directory(str(cast.tenant.pk), office.id)
    assert office.client.get(f"{BASE}/{office.id}").json()["status"] == "active"
    assert office.accounts()[BOB].status == AccountStatus.NEEDS_RECONNECT, "nobody tries it again and again"


def test_graph_being_away_while_the_directory_is_read_changes_nothing(
    make: Make, cast: Cast, at_microsoft: MicrosoftCompany
) -> None:
    office = Office(make, cast, at_microsoft)
    office.connect()
    office.choose(ANNA)
    at_microsoft.microsoft.faults.add(status(503), "GET .*/users", times=3)
    assert office.read().status_code == 503
    assert office.client.get(f"{BASE}/{office.id}").json()["status"] == "active"
    assert office.accounts()[ANNA].status == AccountStatus.ACTIVE


def test_the_command_connects_a_company_through_the_same_code(
    make: Make, cast: Cast, at_google: GoogleCompany, tmp_path: Path
) -> None:
    file = tmp_path / "key.json"
    file.write_text(at_google.key()["key"])
    told = StringIO()
    wanted = {"tenant": cast.tenant.slug, "by": cast.owner.user.email, "provider": "google", "stdout": told}
    call_command(
        "account", "connect-company", **wanted, key_file=file, administrator=CLARA, person=[BOB], json=True
    )  # fmt: skip
    facts = json.loads(told.getvalue())
    assert (facts["realm"], facts["people"]["all"], facts["people"]["waiting"]) == ("firm.example", 3, 1)
    at_google.grant(only=["mail"])
    with pytest.raises(CommandError, match=f"add the client ID {at_google.application}") as refused:
        call_command(
            "account", "connect-company", **wanted, key_file=file, administrator=CLARA, everyone=True, json=False
        )  # fmt: skip
    assert refused.value.returncode == 1
    member = wanted | {"by": cast.member.user.email}
    with pytest.raises(CommandError, match="owners and admins") as forbidden:
        call_command("account", "connect-company", **member, key_file=file, administrator=CLARA)
    assert forbidden.value.returncode == 2
