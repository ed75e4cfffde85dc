"""Consent, tokens and their ends, against the simulated token endpoint."""

import re
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.google import oauth
from apps.providers.adapters.google.oauth import Surface
from tests.google_adapter.desk import ANNA, AUTH, CALLBACK, MODIFY, Desk


def consented(desk: Desk, asking: oauth.Asking) -> dict[str, str]:
    """The query that the person comes back with."""
    answer = desk.http.get(asking.url)
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def test_a_consent_gives_tokens_for_what_was_granted(desk: Desk) -> None:
    asking = oauth.ask(desk.client, CALLBACK, list(Surface), login_hint=ANNA, endpoints=desk.endpoints)
    query = parse_qs(urlsplit(asking.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["include_granted_scopes"] == ["true"]
    mail = f"{AUTH}gmail.modify"
    desk.google.consent.decide(ANNA, granted=["openid", "email", mail, f"{AUTH}calendar.events"])
    code = oauth.answered(consented(desk, asking), asking.state)
    tokens = oauth.exchange(desk.http, desk.client, code, asking.verifier, CALLBACK, endpoints=desk.endpoints)
    assert tokens.access
    assert tokens.refresh
    assert oauth.granted(tokens.scopes) == {Surface.MAIL}, "the calendar's list was not granted"
    renewed = oauth.refresh(desk.http, desk.client, tokens.refresh, endpoints=desk.endpoints)
    assert renewed.access != tokens.access
    assert renewed.refresh == ""
    assert mail in renewed.scopes
    with pytest.raises(errors.NeedsReconnect):
        oauth.exchange(desk.http, desk.client, code, asking.verifier, CALLBACK, endpoints=desk.endpoints)


def test_who_consented_is_told_to_us_and_to_nobody_else(desk: Desk) -> None:
    asking = oauth.ask(desk.client, CALLBACK, [Surface.MAIL], endpoints=desk.endpoints)
    desk.google.consent.decide(ANNA)
    code = oauth.answered(consented(desk, asking), asking.state)
    told = oauth.exchange(desk.http, desk.client, code, asking.verifier, CALLBACK, endpoints=desk.endpoints).id_token
    now = desk.google.clock.now()
    assert oauth.identity(told, desk.client, now).address == ANNA
    for client, moment, text in (
        (oauth.Client("another", "x"), now, told),
        (desk.client, now + 2 * 3600, told),
        (desk.client, now, "no.token.atall"),
        (desk.client, now, ""),
    ):
        with pytest.raises(errors.Rejected):
            oauth.identity(text, client, moment)


def test_a_consent_that_was_refused_is_told(desk: Desk) -> None:
    asking = oauth.ask(desk.client, CALLBACK, [Surface.MAIL], endpoints=desk.endpoints)
    desk.google.consent.decide(ANNA, error="access_denied")
    query = consented(desk, asking)
    with pytest.raises(errors.PermissionMissing):
        oauth.answered(query, asking.state)
    with pytest.raises(errors.Rejected):
        oauth.answered(query, "another state")


def test_a_grant_that_ended_needs_the_person(desk: Desk) -> None:
    token = desk.grant(ANNA, MODIFY)
    oauth.revoke(desk.http, token.token, endpoints=desk.endpoints)
    oauth.revoke(desk.http, token.token, endpoints=desk.endpoints)  # twice is no error
    with pytest.raises(errors.NeedsReconnect) as caught:
        oauth.refresh(desk.http, desk.client, token.token, endpoints=desk.endpoints)
    assert token.token not in repr(caught.value)


@pytest.mark.parametrize("kind", ["503", "500", "cut", "html", "redirect", "half"])
def test_a_token_endpoint_in_trouble_costs_nobody_the_consent(desk: Desk, kind: str) -> None:
    token = desk.grant(ANNA, MODIFY)
    desk.fail("oauth.token", kind)
    with pytest.raises(errors.Transient):
        oauth.refresh(desk.http, desk.client, token.token, endpoints=desk.endpoints)
    assert oauth.refresh(desk.http, desk.client, token.token, endpoints=desk.endpoints).access


def test_a_registration_that_is_wrong_is_not_the_persons_fault(desk: Desk) -> None:
    token = desk.grant(ANNA, MODIFY)
    with pytest.raises(errors.Rejected):
        oauth.refresh(desk.http, oauth.Client(desk.client.id, "wrong"), token.token, endpoints=desk.endpoints)


def test_a_service_account_acts_for_a_domain_that_delegates(desk: Desk) -> None:
    made = desk.google.grants.new_service_account("robot@project.iam.gserviceaccount.com", desk.registered.project)
    info = made.info(desk.endpoints.token)
    account = oauth.ServiceAccount(made.email, info["private_key"], info["private_key_id"])
    now = desk.google.clock.now()
    with pytest.raises(errors.PermissionMissing):
        oauth.assume(desk.http, account, ANNA, MODIFY, now, endpoints=desk.endpoints)
    made.delegated["firm.example"] = frozenset(MODIFY)
    assert oauth.assume(desk.http, account, ANNA, MODIFY, now, endpoints=desk.endpoints).access
    with pytest.raises(errors.NeedsReconnect):
        oauth.assume(desk.http, account, "nobody@firm.example", MODIFY, now, endpoints=desk.endpoints)


def test_nothing_secret_is_shown(desk: Desk) -> None:
    asking = oauth.ask(desk.client, CALLBACK, [Surface.MAIL])
    shown = repr(asking) + repr(desk.client) + repr(oauth.Tokens("secret-token", 1.0, "secret-refresh"))
    assert not re.search(f"secret|{asking.state}|{asking.verifier}|{desk.client.secret}", shown.replace("secret=", ""))
