"""A person's consent at Google and Microsoft: the whole way, and whoever tries to walk another's."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from apps.core.redis import client as redis_client
from apps.providers import accounts as provider_accounts
from apps.providers import connect, connections, removal, tokens
from apps.providers.adapters.errors import NeedsReconnect, SignInRequired, Transient
from apps.providers.grants import holders
from apps.providers.grants.models import ConsentHolder
from apps.providers.models import AccountStatus, OAuthGrant, ProviderAccount
from apps.sync import registry
from apps.sync.models import SyncTarget
from apps.tenants import context
from apps.users import sessions
from tests.fakes.certificates import Authority
from tests.fakes.microsoft.faults import status
from tests.providers.clouds import ANNA, BOB, GoogleSide, MicrosoftSide, Side, Wizard, google, microsoft
from tests.tenants.fixtures import Cast, Make


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Tests share a Redis, and each may try as often as a person who has just come."""
    store: Any = redis_client()
    for key in store.scan_iter("pmsync:limit:accounts.*"):
        store.delete(key)


@pytest.fixture
def at_google(settings: Any) -> Iterator[GoogleSide]:
    """Registered with Google."""
    with google(settings) as side:
        yield side


@pytest.fixture
def at_microsoft(settings: Any, authority: Authority) -> Iterator[MicrosoftSide]:
    """Registered with Microsoft."""
    with microsoft(settings, authority) as side:
        yield side


@pytest.fixture(params=["google", "microsoft"])
def side(request: pytest.FixtureRequest) -> Side:
    """One provider after the other."""
    found: Side = request.getfixturevalue(f"at_{request.param}")
    return found


def accounts(cast: Cast) -> list[ProviderAccount]:
    """What is connected in the company."""
    with cast.inside():
        return list(ProviderAccount.objects.order_by("pk"))


def test_a_consent_makes_an_account_whose_token_is_good(side: Side, make: Make, cast: Cast) -> None:
    told = Wizard(make, cast.owner, side).connect()
    (account,) = accounts(cast)
    assert told == {"connected": str(account.pk)}
    assert (account.address, account.provider_type, account.status) == (ANNA, side.name, AccountStatus.ACTIVE)
    assert account.settings == {"surfaces": ["calendar", "contacts", "mail"]}
    targets = SyncTarget.objects.filter(account_id=account.pk)
    assert set(targets.values_list("kind", flat=True)) >= {"mail", "calendar", "contacts"}
    with cast.inside():
        _, source = tokens.of(account)
        first = source.token()
        assert first
        assert source.token() == first
        assert source.token(first) != first, "a refused token is replaced"


def test_whoever_sees_an_account_sees_what_is_connected_and_that_it_is_simulated(
    side: Side, make: Make, cast: Cast, settings: Any
) -> None:
    wizard = Wizard(make, cast.owner, side)
    wizard.connect()
    (item,) = wizard.client.get("/api/v1/accounts").json()["items"]
    assert (item["surfaces"], item["simulated"]) == (["mail", "calendar", "contacts"], True)
    setattr(settings, f"PMSYNC_SIMULATED_{side.name.upper()}", "")
    (item,) = wizard.client.get("/api/v1/accounts").json()["items"]
    assert item["simulated"] is False


def test_what_is_not_granted_is_not_connected_and_can_be_added_later(
    at_google: GoogleSide, make: Make, cast: Cast
) -> None:
    wizard = Wizard(make, cast.owner, at_google)
    wizard.connect(only=["mail"])
    (account,) = accounts(cast)
    assert account.settings == {"surfaces": ["mail"]}
    assert not SyncTarget.objects.filter(account_id=account.pk, kind="calendar").exists()
    told = wizard.connect(account=str(account.pk), surfaces=["calendar"])
    assert told == {"connected": str(account.pk)}
    (account,) = accounts(cast)
    assert account.settings == {"surfaces": ["calendar", "mail"]}
    assert SyncTarget.objects.filter(account_id=account.pk, kind="calendar", is_active=True).exists()


def test_connecting_the_same_account_again_mends_it(side: Side, make: Make, cast: Cast) -> None:
    wizard = Wizard(make, cast.owner, side)
    first = wizard.connect()
    assert wizard.connect() == first
    assert len(accounts(cast)) == 1


def test_a_person_who_declines_is_told_so(side: Side, make: Make, cast: Cast) -> None:
    wizard = Wizard(make, cast.owner, side)
    assert wizard.back(side.answer(wizard.begin(), ANNA, accept=False)) == {"consent": "declined"}
    assert accounts(cast) == []


def test_an_answer_serves_once_and_only_the_browser_that_asked(side: Side, make: Make, cast: Cast) -> None:
    wizard, thief = Wizard(make, cast.owner, side), Wizard(make, cast.member, side)
    answer = side.answer(wizard.begin(), ANNA)
    assert thief.back(answer) == {"consent": "other_browser"}, "a stolen state connects nothing"
    assert wizard.back(answer) == {"consent": "stale"}, "nor does it serve afterwards"
    answer = side.answer(wizard.begin(), ANNA)
    assert "connected" in wizard.back(answer)
    assert wizard.back(answer) == {"consent": "stale"}
    assert len(accounts(cast)) == 1


def test_an_answer_to_another_request_is_refused(side: Side, make: Make, cast: Cast) -> None:
    wizard = Wizard(make, cast.owner, side)
    first, second = side.answer(wizard.begin(), ANNA), side.answer(wizard.begin(), BOB)
    assert wizard.back(first | {"state": "made-up"}) == {"consent": "stale"}
    # The cookie is the second request's; and a code of another's cannot be slipped in under a state.
    assert wizard.back(second | {"code": first["code"]})["consent"] in ("refused", "other_browser")
    assert accounts(cast) == []


def test_too_many_answers_from_one_address_lead_to_a_page_as_well(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    led = [client.get("/oauth/google/callback", {"state": "made-up"})["Location"] for _ in range(30)]
    assert led[0] == "/accounts/new?consent=stale"
    assert led[-1] == "/accounts/new?consent=try_later"


def test_who_signed_out_meanwhile_connects_nothing(side: Side, make: Make, cast: Cast) -> None:
    wizard = Wizard(make, cast.owner, side)
    answer = side.answer(wizard.begin(), ANNA)
    sessions.end(sessions.live(cast.owner.user), "test")
    assert wizard.back(answer) == {"consent": "signed_out"}
    assert accounts(cast) == []


def test_another_account_does_not_mend_this_one(side: Side, make: Make, cast: Cast) -> None:
    wizard = Wizard(make, cast.owner, side)
    account = wizard.connect()["connected"]
    assert wizard.connect(BOB, account=account) == {"consent": "other_account", "account": account}
    (held,) = accounts(cast)
    assert held.address == ANNA


def test_a_withdrawn_consent_needs_the_person_and_one_click(side: Side, make: Make, cast: Cast) -> None:
    wizard = Wizard(make, cast.owner, side)
    wizard.connect()
    (account,) = accounts(cast)
    _withdraw(side)
    with cast.inside():
        _, source = tokens.of(account)
        held = source.token()
        with pytest.raises(NeedsReconnect):
            source.token(held)
        assert OAuthGrant.objects.get(account=account).renewing_until is None, "nobody waits for one who failed"
    assert wizard.connect(account=str(account.pk)) == {"connected": str(account.pk)}
    with cast.inside():
        assert tokens.of(account)[1].token() != held


def test_a_connection_that_was_kept_does_not_outlive_its_consent(side: Side, make: Make, cast: Cast) -> None:
    """Elsewhere the withdrawn token may still be at hand: what it is answered must not stop the mended account."""
    wizard, kind = Wizard(make, cast.owner, side), registry.get("calendar")
    wizard.connect()
    (account,) = accounts(cast)
    with cast.inside(), connections.adapter(account, kind) as adapter:
        next(kind.changes(adapter, account))
    _withdraw(side)
    wizard.connect(account=str(account.pk))
    (mended,) = accounts(cast)
    with cast.inside():
        with connections.adapter(mended, kind) as adapter:
            next(kind.changes(adapter, mended))
        connections.drop(mended)
        refused = NeedsReconnect("the consent was withdrawn")
        assert not provider_accounts.needs_reconnect(account, refused, lambda: pytest.fail("nothing is stopped"))
    assert [one.status for one in accounts(cast)] == [AccountStatus.ACTIVE]


def test_disconnecting_revokes_and_forgets(at_google: GoogleSide, make: Make, cast: Cast) -> None:
    Wizard(make, cast.owner, at_google).connect()
    (account,) = accounts(cast)
    with cast.inside():
        refresh = tokens.held(account).refresh
        connect.disconnect(account)
        at_google.google.faults.add("oauth.revoke", "503")
        assert not removal.remove(account.pk), "it is tried again"
        assert removal.remove(account.pk)
        assert not OAuthGrant.objects.exists()
    assert at_google.google.grants.refresh[refresh].dead


def test_what_a_colleague_has_connected_too_is_not_revoked(at_google: GoogleSide, make: Make, cast: Cast) -> None:
    Wizard(make, cast.owner, at_google).connect()
    Wizard(make, cast.member, at_google).connect()
    first, second = accounts(cast)
    with cast.inside():
        connect.disconnect(first)
        assert removal.remove(first.pk)
        _, source = tokens.of(second)
        assert source.token(source.token()), "the other's consent is good still"


def test_what_another_company_lives_by_is_not_revoked(at_google: GoogleSide, make: Make, cast: Cast) -> None:
    Wizard(make, cast.owner, at_google).connect()
    Wizard(make, cast.outsider, at_google).connect()
    (mine,) = accounts(cast)
    with cast.inside():
        refresh = tokens.held(mine).refresh
        connect.disconnect(mine)
        assert removal.remove(mine.pk)
    assert not at_google.google.grants.refresh[refresh].dead
    with context.open(cast.neighbour):
        theirs = ProviderAccount.objects.get()
        _, source = tokens.of(theirs)
        assert source.token(source.token()), "the other company's is good still"
        refresh = tokens.held(theirs).refresh
        connect.disconnect(theirs)
        assert removal.remove(theirs.pk)
    assert at_google.google.grants.refresh[refresh].dead, "whoever goes last gives it back"
    assert not ConsentHolder.objects.filter(account_id__in=[mine.pk, theirs.pk]).exists()


def test_holders_of_a_consent_are_known_by_a_keyed_digest_alone(
    at_google: GoogleSide, make: Make, cast: Cast, settings: Any
) -> None:
    Wizard(make, cast.owner, at_google).connect()
    Wizard(make, cast.outsider, at_google).connect()
    (mine,) = accounts(cast)
    subject = at_google.google.grants.people[ANNA].sub
    rows = {row.tenant_id: row.digest for row in ConsentHolder.objects.all() if row.account_id}
    assert rows[cast.tenant.pk] == rows[cast.neighbour.pk]
    plain = {hashlib.sha256(text.encode()).hexdigest() for text in (subject, ANNA, f"google:{subject}")}
    assert rows[cast.tenant.pk] not in plain | {subject, ANNA}
    # The secret key changes: while the former one is listed it is found, and the next renewal writes it anew.
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 6
    with cast.inside():
        _, source = tokens.of(mine)
        source.token(source.token())
        digest = ConsentHolder.objects.get(account_id=mine.pk).digest
        assert digest != rows[cast.tenant.pk]
        assert not holders.last(mine, subject), "the neighbour's stands under the former key"


def test_fresh_tokens_that_are_refused_again_and_again_need_the_person(
    at_google: GoogleSide, make: Make, cast: Cast
) -> None:
    Wizard(make, cast.owner, at_google).connect()
    (account,) = accounts(cast)
    with cast.inside():
        _, source = tokens.of(account)
        held = source.token()
        for _ in range(2):
            held = source.token(held)
        with pytest.raises(NeedsReconnect):
            source.token(held)


def test_a_provider_that_is_away_keeps_the_consent(side: Side, make: Make, cast: Cast) -> None:
    Wizard(make, cast.owner, side).connect()
    (account,) = accounts(cast)
    _fail_token(side)
    with cast.inside():
        _, source = tokens.of(account)
        held = source.token()
        with pytest.raises(Transient):
            source.token(held)
        assert source.token(held) != held


def test_what_is_to_be_proved_anew_goes_into_the_next_request(
    at_microsoft: MicrosoftSide, make: Make, cast: Cast
) -> None:
    wizard = Wizard(make, cast.owner, at_microsoft)
    wizard.connect()
    (account,) = accounts(cast)
    with cast.inside():
        asked = SignInRequired("prove it", claims='{"id_token":{}}')
        assert provider_accounts.needs_reconnect(account, asked, lambda: None)
    assert "claims=" in wizard.begin(account=str(account.pk))
    assert wizard.connect(account=str(account.pk)) == {"connected": str(account.pk)}
    assert "claims=" not in wizard.begin(account=str(account.pk))


def test_a_provider_that_is_not_registered_says_so(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    answer = client.post("/api/v1/accounts/consent", {"provider": "google"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "provider_off")
    assert client.get("/api/v1/accounts/providers").json()["items"] == []


def _withdraw(side: Side) -> None:
    if isinstance(side, GoogleSide):
        side.google.grants.withdraw(ANNA, settings.GOOGLE_CLIENT_ID)
    elif isinstance(side, MicrosoftSide):
        side.microsoft.end_sessions(side.people[ANNA])


def _fail_token(side: Side) -> None:
    if isinstance(side, GoogleSide):
        side.google.faults.add("oauth.token", "503")
    elif isinstance(side, MicrosoftSide):
        side.microsoft.faults.add(status(503), "POST .*/token")
