"""OAuth: consent given, in part and denied; codes, refresh, assertions and revocation, through google-auth."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import google.auth.transport.requests
import httpx
import jwt
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2 import id_token, service_account
from googleapiclient.discovery import build_from_document

from tests.fakes.google.faults import HTML, SLOW
from tests.google_fake.desk import ANNA, AUTH, BOB, CALLBACK, Desk, Json, refused

READ = f"{AUTH}gmail.readonly"
CALENDAR = f"{AUTH}calendar.events"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def asked(desk: Desk, **changes: str | None) -> httpx.Response:
    """An authorization request as a browser makes it."""
    values = {
        "client_id": desk.client.id, "redirect_uri": CALLBACK, "response_type": "code", "state": "s t&1",
        "scope": f"openid {READ} {CALENDAR}", "access_type": "offline", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes  # fmt: skip
    return httpx.get(
        f"{desk.google.root}/o/oauth2/v2/auth",
        params={key: value for key, value in values.items() if value is not None},
    )


def sent_back(answer: httpx.Response) -> dict[str, str]:
    """What the redirect carries."""
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(CALLBACK)
    return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchanged(desk: Desk, given: str, **changes: str | None) -> httpx.Response:
    """The form that turns a code into tokens."""
    form = {
        "grant_type": "authorization_code", "code": given, "code_verifier": VERIFIER, "client_id": desk.client.id,
        "client_secret": desk.client.secret, "redirect_uri": CALLBACK,
    } | changes  # fmt: skip
    return httpx.post(
        f"{desk.google.root}/token", data={key: value for key, value in form.items() if value is not None}
    )


def consented(desk: Desk, **changes: str | None) -> str:
    desk.google.consent.decide(ANNA)
    return sent_back(asked(desk, **changes))["code"]


def test_a_code_becomes_tokens_that_open_what_was_granted(desk: Desk) -> None:
    desk.google.consent.decide(ANNA, granted=[READ])
    back = sent_back(asked(desk, nonce="n1"))
    assert back["state"] == "s t&1"
    told = exchanged(desk, back["code"]).json()
    assert set(told["scope"].split()) == {"openid", READ}
    assert told["expires_in"] == 3599 and told["refresh_token"]
    request = google.auth.transport.requests.Request()
    claims = id_token.verify_token(
        told["id_token"], request, desk.client.id, certs_url=f"{desk.google.root}/oauth2/v1/certs"
    )
    assert claims["sub"] == desk.google.grants.people[ANNA].sub and claims["nonce"] == "n1"
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert httpx.get(f"{desk.google.root}/gmail/v1/users/me/labels", headers=headers).status_code == 200
    assert httpx.get(f"{desk.google.root}/v1/userinfo", headers=headers).json()["sub"] == claims["sub"]
    no = httpx.get(f"{desk.google.root}/calendar/v3/calendars/primary/events", headers=headers)
    assert no.status_code == 403 and 'error="insufficient_scope"' in no.headers["WWW-Authenticate"]


def test_the_page_asks_scope_by_scope(desk: Desk) -> None:
    page = asked(desk, login_hint=BOB)
    assert page.status_code == 200 and "Simulated Google" in page.text
    assert f'value="{READ}" checked' in page.text and f'value="{BOB}" selected' in page.text
    ticket = page.text.split('name="ticket" value="')[1].split('"')[0]
    form = {"ticket": ticket, "user": BOB, "scope": [CALENDAR], "answer": "allow"}
    answer = httpx.post(f"{desk.google.root}/o/oauth2/v2/auth/decision", data=form)
    assert set(exchanged(desk, sent_back(answer)["code"]).json()["scope"].split()) == {"openid", CALENDAR}
    assert httpx.post(f"{desk.google.root}/o/oauth2/v2/auth/decision", data=form).status_code == 400


@pytest.mark.parametrize("error", ["access_denied", "admin_policy_enforced", "org_internal"])
def test_consent_is_denied(desk: Desk, error: str) -> None:
    desk.google.consent.decide(ANNA, error=error)
    assert sent_back(asked(desk)) == {"error": error, "state": "s t&1"}


def test_a_refresh_token_comes_once_unless_consent_is_asked_for_again(desk: Desk) -> None:
    assert "refresh_token" in exchanged(desk, consented(desk)).json()
    assert "refresh_token" not in exchanged(desk, consented(desk)).json()
    assert "refresh_token" in exchanged(desk, consented(desk, prompt="consent")).json()
    assert "refresh_token" not in exchanged(desk, consented(desk, prompt="consent", access_type=None)).json()


def test_scopes_add_up_when_they_are_to(desk: Desk) -> None:
    exchanged(desk, consented(desk, scope=READ))
    alone = exchanged(desk, consented(desk, scope=CALENDAR)).json()
    both = exchanged(desk, consented(desk, scope=CALENDAR, include_granted_scopes="true")).json()
    assert set(alone["scope"].split()) == {CALENDAR} and set(both["scope"].split()) == {READ, CALENDAR}


@pytest.mark.parametrize(
    ("changes", "status", "what"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": f"{CALLBACK}/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": None}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": None}, 400, "invalid_request"),
        ({"scope": "https://www.googleapis.com/auth/everything"}, 400, "invalid_scope"),
        ({"prompt": "please"}, 400, "invalid_request"),
        ({"access_type": "always"}, 400, "invalid_request"),
        ({"code_challenge": "short"}, 400, "invalid_request"),
        ({"code_challenge_method": "S512"}, 400, "invalid_request"),
        ({"unheard": "1"}, 400, "invalid_request"),
    ],
)
def test_authorization_requests_that_are_refused(desk: Desk, changes: Json, status: int, what: str) -> None:
    desk.google.consent.decide(ANNA)
    answer = asked(desk, **changes)
    assert answer.status_code == status and what in answer.text


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": None}, 400, "invalid_request"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": f"{CALLBACK}/"}, 400, "redirect_uri_mismatch"),
        ({"code_verifier": secrets.token_urlsafe(48)}, 400, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"code": "4/0other"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
    ],
)
def test_exchanges_that_are_refused(desk: Desk, changes: Json, status: int, error: str) -> None:
    answer = exchanged(desk, consented(desk), **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_code_that_comes_twice_takes_its_tokens_back(desk: Desk) -> None:
    code = consented(desk)
    first = exchanged(desk, code).json()
    assert exchanged(desk, code).json() == {"error": "invalid_grant", "error_description": "Bad Request"}
    assert desk.google.grants.bearer(first["access_token"]) is None
    with pytest.raises(RefreshError) as caught:
        _credentials(desk, first["refresh_token"]).refresh(google.auth.transport.requests.Request())
    assert caught.value.args[1]["error"] == "invalid_grant"


def test_a_code_is_good_for_ten_minutes(desk: Desk) -> None:
    code = consented(desk)
    desk.google.clock.advance(601)
    assert exchanged(desk, code).json()["error"] == "invalid_grant"


def _credentials(desk: Desk, token: str) -> Any:
    return desk.google.credentials(desk.google.grants.refresh[token])


ENDINGS: list[tuple[Callable[[Desk], object], str]] = [
    (lambda desk: desk.google.grants.withdraw(ANNA, desk.client.id), "Token has been expired or revoked."),
    (lambda desk: desk.google.grants.change_password(ANNA), "Token has been expired or revoked."),
    (lambda desk: desk.google.clock.advance(181 * 86_400), "Token has been expired or revoked."),
    (lambda desk: setattr(desk.google.grants.people[ANNA], "deleted", True), "Account has been deleted"),
    (
        lambda desk: [desk.google.grant(ANNA, desk.client, [READ]) for _ in range(100)],
        "Token has been expired or revoked.",
    ),
]


@pytest.mark.parametrize(("end", "what"), ENDINGS)
def test_ways_in_which_a_refresh_token_ends(desk: Desk, end: Callable[[Desk], object], what: str) -> None:
    credentials = desk.google.credentials(desk.google.grant(ANNA, desk.client, [READ]))
    request = google.auth.transport.requests.Request()
    credentials.refresh(request)
    end(desk)
    with pytest.raises(RefreshError) as caught:
        credentials.refresh(request)
    assert caught.value.args[1]["error_description"].startswith(what)


def test_google_auth_says_nothing_of_the_answer_when_a_session_must_be_proved_again(desk: Desk) -> None:
    credentials = desk.google.credentials(desk.google.grant(ANNA, desk.client, [READ]))
    desk.google.grants.kill(ANNA, why="rapt")
    with pytest.raises(RefreshError, match="Reauthentication is needed") as caught:
        credentials.refresh(google.auth.transport.requests.Request())
    assert len(caught.value.args) == 1
    assert b'"error_subtype": "invalid_rapt"' in desk.google.journal.entries[-1].answer


def test_tokens_of_a_client_in_testing_say_when_they_end(desk: Desk) -> None:
    desk.client.testing = True
    assert exchanged(desk, consented(desk)).json()["refresh_token_expires_in"] == 7 * 86_400


def test_a_refresh_may_be_narrower_and_never_wider(desk: Desk) -> None:
    token = desk.google.grant(ANNA, desk.client, [READ, CALENDAR])
    form = {
        "grant_type": "refresh_token", "refresh_token": token.token, "client_id": desk.client.id,
        "client_secret": desk.client.secret,
    }  # fmt: skip
    narrow = httpx.post(f"{desk.google.root}/token", data=form | {"scope": READ}).json()
    assert narrow["scope"] == READ and "refresh_token" not in narrow
    wide = httpx.post(f"{desk.google.root}/token", data=form | {"scope": f"{AUTH}contacts"})
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    assert httpx.post(f"{desk.google.root}/token", json=form).status_code == 400
    desk.google.oauth.rotates_refresh_tokens = True
    assert httpx.post(f"{desk.google.root}/token", data=form).json()["refresh_token"] != token.token


def test_revoking_ends_everything_of_the_client(desk: Desk) -> None:
    told = exchanged(desk, consented(desk)).json()
    assert httpx.post(f"{desk.google.root}/revoke", data={"token": told["access_token"]}).status_code == 200
    again = httpx.post(f"{desk.google.root}/revoke", data={"token": told["refresh_token"]})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")
    assert desk.google.grants.bearer(told["access_token"]) is None


def test_an_access_token_that_aged_is_refreshed_by_google_auth(desk: Desk) -> None:
    labels = desk.service("gmail").users().labels()
    labels.list(userId="me").execute()
    desk.google.grants.expire_access(ANNA)
    labels.list(userId="me").execute()
    statuses = [(entry.method, entry.status) for entry in desk.google.journal.entries]
    assert statuses[2:] == [("gmail.users.labels.list", 401), ("oauth.token", 200), ("gmail.users.labels.list", 200)]


@pytest.mark.parametrize(("kind", "asked_times"), [(503, 2), (HTML, 2), (SLOW, 1), (403, 1)])
def test_faults_of_the_token_endpoint(desk: Desk, kind: str | int, asked_times: int) -> None:
    credentials = desk.google.credentials(desk.google.grant(ANNA, desk.client, [READ]))
    desk.google.faults.add("oauth.token", kind, status=503)
    request = google.auth.transport.requests.Request()
    if kind == 403:
        with pytest.raises(RefreshError):
            credentials.refresh(request)
    else:
        credentials.refresh(request)
    assert desk.google.journal.count()["oauth.token"] == asked_times


def test_tokens_of_an_account_that_is_gone_open_nothing(desk: Desk) -> None:
    labels = desk.service("gmail").users().labels()
    labels.list(userId="me").execute()
    desk.google.grants.people[ANNA].deleted = True
    with pytest.raises(RefreshError, match="Account has been deleted"):
        labels.list(userId="me").execute()


# Service accounts


def delegated(desk: Desk, subject: str = BOB, scopes: tuple[str, ...] = (READ,)) -> Any:
    account = desk.google.grants.new_service_account(
        "robot@pmsync-simulated.iam.gserviceaccount.com", "pmsync-simulated"
    )
    desk.google.grants.delegate(account, "firm.example", [READ])
    info = account.info(f"{desk.google.root}/token")
    return service_account.Credentials.from_service_account_info(info, scopes=scopes, subject=subject)


def test_a_service_account_reads_for_a_whole_domain(desk: Desk) -> None:
    with build_from_document(desk.google.document("gmail"), credentials=delegated(desk)) as gmail:
        assert gmail.users().getProfile(userId="me").execute()["emailAddress"] == BOB
        with refused(403, "forbidden"):
            gmail.users().getProfile(userId=ANNA).execute()


@pytest.mark.parametrize(
    ("subject", "scopes", "error"),
    [
        ("nobody@firm.example", (READ,), "invalid_grant"),
        (BOB, (f"{AUTH}gmail.modify",), "unauthorized_client"),
        (BOB, ("https://nothing.example/scope",), "invalid_scope"),
    ],
)
def test_delegation_that_is_refused(desk: Desk, subject: str, scopes: tuple[str, ...], error: str) -> None:
    with pytest.raises(RefreshError) as caught:
        delegated(desk, subject, scopes).refresh(google.auth.transport.requests.Request())
    assert caught.value.args[1]["error"] == error


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"exp": 3700}, "short-lived token"),
        ({"iat": -9000, "exp": -5500}, "short-lived token"),
        ({"aud": "https://elsewhere.example/token"}, "audience"),
        ({"iss": "nobody@x"}, "account not found"),
    ],
)
def test_assertions_that_are_refused(desk: Desk, changes: Json, what: str) -> None:
    account = desk.google.grants.new_service_account("robot@p.iam.gserviceaccount.com", "p")
    now = int(time.time())
    claims: Json = {
        "iss": account.email, "scope": READ, "aud": "https://oauth2.googleapis.com/token", "iat": now,
        "exp": now + 3600,
    }  # fmt: skip
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": account.key.signed(claims)}
    assert httpx.post(f"{desk.google.root}/token", data=form).status_code == 200
    # Times are told from now on: a run may be long under way before it comes to this.
    changes = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    form["assertion"] = account.key.signed(claims | changes)
    answer = httpx.post(f"{desk.google.root}/token", data=form)
    assert answer.status_code == 400 and what in answer.json()["error_description"]
    form["assertion"] = jwt.encode(claims, desk.google.keys.current.private, algorithm="RS256")
    assert "Signature" in httpx.post(f"{desk.google.root}/token", data=form).json()["error_description"]
