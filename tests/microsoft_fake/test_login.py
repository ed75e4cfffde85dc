"""Logging in with the real msal: consent, codes, rotation, application permissions, and every way it can end."""

import json
import ssl
from typing import Any

import httpx
import msal  # type: ignore[import-untyped]  # it carries no types
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.certificates import Authority
from tests.fakes.microsoft.browser import Browser, Refused
from tests.fakes.microsoft.faults import cut, login
from tests.fakes.microsoft.server import Microsoft
from tests.microsoft_fake.cast import CALLBACK, TWO_WAY, World

TOKEN_PATH = "/common/oauth2/v2.0/token"  # noqa: S105  # a path


def test_a_person_signs_in_and_msal_gets_what_it_verifies(world: World) -> None:
    answer = world.sign_in(world.anna)
    assert answer["id_token_claims"]["oid"] == world.anna.id
    assert set(TWO_WAY) <= set(answer["scope"].split())
    assert 3600 <= answer["expires_in"] < 5400
    who = httpx.get(
        f"{world.microsoft.graph_url}/me",
        verify=world.trust,
        headers={"Authorization": f"Bearer {answer['access_token']}"},
    ).json()
    assert who["mail"] == "anna@firm.example"


def test_home_account_id_is_object_and_tenant(world: World) -> None:
    client = world.msal()
    flow = client.initiate_auth_code_flow(TWO_WAY, redirect_uri=CALLBACK, response_mode="form_post")
    client.acquire_token_by_auth_code_flow(flow, world.browser.sign_in(flow["auth_uri"], world.anna))
    assert [one["home_account_id"] for one in client.get_accounts()] == [f"{world.anna.id}.{world.firm.id}"]


def test_a_declined_consent_comes_back_as_an_error(world: World) -> None:
    answer = world.sign_in(world.anna, accept=False)
    assert answer["error"] == "access_denied"
    assert "AADSTS65004" in answer["error_description"]


def test_response_mode_query_answers_in_the_address(world: World) -> None:
    client = world.msal()
    with pytest.warns(UserWarning, match="form_post"):
        flow = client.initiate_auth_code_flow(TWO_WAY, redirect_uri=CALLBACK)
    answer = client.acquire_token_by_auth_code_flow(flow, world.browser.sign_in(flow["auth_uri"], world.anna))
    assert "access_token" in answer


def test_where_only_admins_consent_others_are_told_so(world: World) -> None:
    world.firm.people_may_consent = False
    assert "AADSTS90094" in world.sign_in(world.anna)["error_description"]
    world.microsoft.directory.consent_as_admin(world.app, world.firm, TWO_WAY)
    assert "access_token" in world.sign_in(world.anna)


def test_refreshing_rotates_and_the_old_token_is_refused(world: World) -> None:
    client, first = world.msal(), world.sign_in(world.anna)
    second = client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    assert second["refresh_token"] != first["refresh_token"]
    again = client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    assert (again["error"], again["error_codes"]) == ("invalid_grant", [70000])
    assert "access_token" in client.acquire_token_by_refresh_token(second["refresh_token"], scopes=TWO_WAY)


def test_msal_refreshes_by_itself_and_keeps_the_newest_token(world: World) -> None:
    client = world.msal()
    flow = client.initiate_auth_code_flow(TWO_WAY, redirect_uri=CALLBACK, response_mode="form_post")
    first = client.acquire_token_by_auth_code_flow(flow, world.browser.sign_in(flow["auth_uri"], world.anna))
    [account] = client.get_accounts()
    assert client.acquire_token_silent(TWO_WAY, account)["access_token"] == first["access_token"]
    for _ in range(2):
        refreshed = client.acquire_token_silent_with_error(TWO_WAY, account, force_refresh=True)
        assert refreshed["access_token"] != first["access_token"]
    world.anna.refusal = 50076
    refused = client.acquire_token_silent_with_error(TWO_WAY, account, force_refresh=True)
    assert refused["error"] == "interaction_required"
    assert json.loads(refused["claims"])["access_token"]["capolids"]["essential"] is True


def test_the_pages_for_people_may_be_elsewhere_without_tls(
    authority: Authority, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    browser = Browser(authority.client())
    with Microsoft(tls, pages_port=0) as microsoft:
        anna = microsoft.directory.person(microsoft.directory.tenant("firm.example"), "anna@firm.example")
        app = microsoft.directory.app([CALLBACK])
        client = msal.ConfidentialClientApplication(
            app.id, client_credential=app.secret, authority=microsoft.authority("common"), instance_discovery=False,
            verify=str(authority.root),
        )  # fmt: skip
        flow = client.initiate_auth_code_flow(TWO_WAY, redirect_uri=CALLBACK, response_mode="form_post")
        assert flow["auth_uri"].startswith("http://127.0.0.1:")
        answer = client.acquire_token_by_auth_code_flow(flow, browser.sign_in(flow["auth_uri"], anna))
        assert "access_token" in answer
        pages = flow["auth_uri"].partition("/common/")[0]
        assert httpx.get(f"{pages}/v1.0/me").status_code == 404
        assert httpx.post(f"{pages}{TOKEN_PATH}").status_code == 404
    browser.close()


def test_by_a_switch_the_old_token_stays_good(world: World) -> None:
    client, first = world.msal(), world.sign_in(world.anna)
    world.microsoft.behaviour.old_refresh_tokens_work = True
    for _ in range(2):
        assert "access_token" in client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)


def test_a_refresh_token_sleeps_for_ninety_days_and_dies(world: World) -> None:
    client, first = world.msal(), world.sign_in(world.anna)
    world.microsoft.clock.advance(days=89)
    second = client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    world.microsoft.clock.advance(days=91)
    dead = client.acquire_token_by_refresh_token(second["refresh_token"], scopes=TWO_WAY)
    assert (dead["error"], dead["suberror"], dead["error_codes"]) == ("invalid_grant", "token_expired", [700082])


def test_scopes_beyond_the_consent_ask_for_consent(world: World) -> None:
    client, first = world.msal(), world.sign_in(world.anna, ["Mail.Read"])
    answer = client.acquire_token_by_refresh_token(first["refresh_token"], scopes=["Contacts.Read"])
    assert (answer["error"], answer["suberror"], answer["error_codes"]) == (
        "invalid_grant", "consent_required", [65001],
    )  # fmt: skip
    wider = world.sign_in(world.anna, ["Contacts.Read"])
    assert {"Mail.Read", "Contacts.Read"} <= set(wider["scope"].split())


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (50057, "invalid_grant"),
        (50076, "interaction_required"),
        (50173, "invalid_grant"),
        (53003, "interaction_required"),
        (65001, "invalid_grant"),
        (70043, "invalid_grant"),
    ],
)
def test_whatever_stands_in_the_way_of_a_refresh_has_its_number(world: World, number: int, error: str) -> None:
    client, first = world.msal(), world.sign_in(world.anna)
    world.anna.refusal = number
    answer = client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    assert (answer["error"], answer["error_codes"]) == (error, [number])
    assert ("claims" in answer) == (number in (50076, 53003, 70043))
    assert "access_token" in world.sign_in(world.anna), "whoever signs in by hand has passed it"


def test_a_withdrawn_consent_must_be_given_again(world: World) -> None:
    first = world.sign_in(world.anna)
    world.microsoft.directory.withdraw(world.app, world.anna)
    answer = world.msal().acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    assert (answer["suberror"], answer["error_codes"]) == ("consent_required", [65001])


def test_an_application_may_prove_itself_by_certificate(world: World) -> None:
    world.microsoft.directory.consent_as_admin(world.app, world.firm)
    right, wrong = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    world.app.public_key = right.public_key()
    answers = []
    for key in (right, wrong):
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        client = msal.ConfidentialClientApplication(
            world.app.id, client_credential={"private_key": pem.decode(), "thumbprint": "ab" * 20},
            authority=world.microsoft.authority(world.firm.id), instance_discovery=False,
            verify=str(world.authority.root),
        )  # fmt: skip
        answers.append(client.acquire_token_for_client(["https://graph.microsoft.com/.default"]))
    assert "access_token" in answers[0]
    assert answers[1]["error_codes"] == [700027]


def test_ended_sessions_void_every_token(world: World) -> None:
    client, first = world.msal(), world.sign_in(world.anna)
    world.microsoft.end_sessions(world.anna)
    answer = client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    assert answer["error_codes"] == [50173]
    refused = httpx.get(
        f"{world.microsoft.graph_url}/me",
        verify=world.trust,
        headers={"Authorization": f"Bearer {first['access_token']}"},
    )
    assert refused.status_code == 401
    assert 'error="insufficient_claims"' in refused.headers["WWW-Authenticate"]


def test_personal_accounts_have_opaque_tokens_and_their_own_tenant(world: World) -> None:
    answer = world.sign_in(world.private)
    assert answer["access_token"].count(".") == 0
    assert answer["id_token_claims"]["tid"] == "9188040d-6c67-4c5b-b112-36a304b66dad"


def test_an_application_by_itself(world: World) -> None:
    wanted = ["https://graph.microsoft.com/.default"]
    assert world.msal(world.firm.id).acquire_token_for_client(wanted)["error_codes"] == [7000229]
    url = f"{world.microsoft.origin}/{world.firm.id}/v2.0/adminconsent"
    asked = f"{url}?client_id={world.app.id}&redirect_uri={CALLBACK}&state=s&scope={wanted[0]}"
    assert world.browser.sign_in(asked, world.boss) == {
        "admin_consent": "True", "tenant": world.firm.id, "state": "s",
    }  # fmt: skip
    answer = world.msal(world.firm.id).acquire_token_for_client(wanted)
    assert "access_token" in answer and "refresh_token" not in answer


def test_only_an_administrator_consents_for_all(world: World) -> None:
    url = f"{world.microsoft.origin}/organizations/v2.0/adminconsent?client_id={world.app.id}&redirect_uri={CALLBACK}"
    assert world.browser.sign_in(url, world.anna)["error"] == "access_denied"
    assert world.browser.sign_in(url, world.boss, accept=False)["error"] == "access_denied"
    with pytest.raises(Refused, match="AADSTS50020"):
        world.browser.sign_in(url, world.private)


def test_msal_refuses_plain_http(world: World) -> None:
    with pytest.raises(ValueError, match="https"):
        msal.ConfidentialClientApplication(world.app.id, client_credential="x", authority="http://127.0.0.1/common")


def test_a_wrong_secret_is_the_operators_business(world: World) -> None:
    world.microsoft.directory.consent_as_admin(world.app, world.firm)
    wanted = ["https://graph.microsoft.com/.default"]
    assert world.msal(world.firm.id, secret="wrong").acquire_token_for_client(wanted)["error_codes"] == [7000215]
    world.app.secret_expired = True
    assert world.msal(world.firm.id).acquire_token_for_client(wanted)["error_codes"] == [7000222]


def test_the_authorize_page_of_a_wrong_application_sends_nobody_away(world: World) -> None:
    base = f"{world.microsoft.origin}/common/oauth2/v2.0/authorize?response_type=code&scope=openid"
    with pytest.raises(Refused, match="AADSTS700016"):
        world.browser.sign_in(f"{base}&client_id=nobody&redirect_uri={CALLBACK}", world.anna)
    with pytest.raises(Refused, match="AADSTS50011"):
        world.browser.sign_in(f"{base}&client_id={world.app.id}&redirect_uri=https://evil.example/", world.anna)
    with pytest.raises(Refused, match="AADSTS90002"):
        world.browser.sign_in(f"{world.microsoft.origin}/nowhere.example/oauth2/v2.0/authorize", world.anna)


def _code(world: World) -> tuple[dict[str, str], dict[str, Any]]:
    client = world.msal()
    flow = client.initiate_auth_code_flow(TWO_WAY, redirect_uri=CALLBACK, response_mode="form_post")
    answer = world.browser.sign_in(flow["auth_uri"], world.anna)
    form = {
        "client_id": world.app.id, "client_secret": world.app.secret, "grant_type": "authorization_code",
        "code": answer["code"], "redirect_uri": CALLBACK, "code_verifier": flow["code_verifier"],
    }  # fmt: skip
    return form, answer


def _token(world: World, form: dict[str, str], tenant: str = "common") -> tuple[int, Any]:
    url = f"{world.microsoft.origin}/{tenant}/oauth2/v2.0/token"
    answer = httpx.post(url, data=form, verify=world.trust)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("change", "status", "number"),
    [
        ({"code_verifier": "x" * 43}, 400, 501481),
        ({"code_verifier": ""}, 400, 501481),
        ({"redirect_uri": "https://pmsync.example/other"}, 400, 500112),
        ({"code": "0.Anonsense"}, 400, 70000),
        ({"code": ""}, 400, 900144),
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_secret": ""}, 401, 7000218),
        ({"client_id": "nobody"}, 400, 700016),
        ({"grant_type": "password"}, 400, 70003),
        ({"grant_type": ""}, 400, 900144),
        ({"scope": "Mail.Nonsense"}, 400, 70011),
        ({"scope": "Mail.Read.Shared"}, 400, 65001),
    ],
)
def test_a_code_is_exchanged_only_as_it_was_asked_for(
    world: World, change: dict[str, str], status: int, number: int
) -> None:
    form, _ = _code(world)
    answered, body = _token(world, form | change)
    assert (answered, body["error_codes"]) == (status, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= body.keys()


def test_a_code_is_good_once_and_using_it_twice_voids_what_it_gave(world: World) -> None:
    form, _ = _code(world)
    _, first = _token(world, form)
    assert _token(world, form)[1]["error_codes"] == [54005]
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert _token(world, form | refresh)[1]["error_codes"] == [70000]


def test_a_code_lives_for_ten_minutes(world: World) -> None:
    form, _ = _code(world)
    world.microsoft.clock.advance(minutes=11)
    assert _token(world, form)[1]["error_codes"] == [70008]


def test_a_tenant_refuses_the_people_of_another(world: World) -> None:
    form, _ = _code(world)
    assert _token(world, form, "other.example")[1]["error_codes"] == [50020]


def test_credentials_need_the_default_scope_and_a_tenant(world: World) -> None:
    form = {"client_id": world.app.id, "client_secret": world.app.secret, "grant_type": "client_credentials"}
    assert _token(world, form | {"scope": "Mail.Read"}, world.firm.id)[1]["error_codes"] == [1002012]
    wanted = {"scope": "https://graph.microsoft.com/.default"}
    assert _token(world, form | wanted)[1]["error_codes"] == [50059]


def test_faults_of_the_login_reach_msal(world: World) -> None:
    client, first = world.msal(), world.sign_in(world.anna)
    world.microsoft.faults.add(login(90033), TOKEN_PATH)
    # msal raises for 5xx, and loses the body: only the status is left to look at.
    with pytest.raises(msal.exceptions.MsalServiceError, match="503"):
        client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    # It keeps the answer for five seconds (of a 400, for sixty): until then the same request is not even sent.
    before = len(world.microsoft.journal.entries)
    with pytest.raises(msal.exceptions.MsalServiceError, match="503"):
        client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    assert len(world.microsoft.journal.entries) == before
    assert "access_token" in world.msal().acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)


def test_a_refresh_whose_answer_is_lost_has_rotated_all_the_same(world: World) -> None:
    client, first = world.msal(), world.sign_in(world.anna)
    # urllib3, below msal, repeats a request by itself when the connection was an old one: a fresh client has none.
    world.microsoft.faults.add(cut(after_commit=True), TOKEN_PATH, times=2)
    with pytest.raises(Exception, match=r"(?i)connection"):
        client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    world.microsoft.faults.clear()
    again = client.acquire_token_by_refresh_token(first["refresh_token"], scopes=TWO_WAY)
    assert again["error_codes"] == [70000]
