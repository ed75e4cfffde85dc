"""Signing in over HTTP, as the web client and programs do it: the Auth part of the API, answer by answer."""

import re
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from rest_framework.test import APIClient

from apps.users import people, sessions, tokens
from apps.users.models import Session
from apps.users.sessions import Device
from tests.tenants.fixtures import PHRASE, Cast, Make

NEW_PHRASE = "seven quiet lamps underwater"


def post(client: APIClient, path: str, body: Any = None, **extra: Any) -> Any:
    return client.post(f"/api/v1/{path}", {} if body is None else body, format="json", **extra)


def bearer(client: APIClient, access: str) -> APIClient:
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def login(client: APIClient, email: str, password: str = PHRASE, **more: Any) -> Any:
    return post(client, "auth/login", {"email": email, "password": password, **more})


def code_in(letter: EmailMultiAlternatives) -> str:
    found = re.search(r"^\s+(\d{6})$", str(letter.body), re.MULTILINE)
    assert found, letter.body
    return found[1]


def link_in(letter: EmailMultiAlternatives) -> str:
    found = re.search(r"https?://\S+/reset#(\S+)", str(letter.body))
    assert found, letter.body
    return found[1]


# Password


def test_login_answers_with_an_access_token_and_who_i_am(make: Make, cast: Cast) -> None:
    client = make.client()
    answer = login(client, cast.owner.user.email.upper())
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access", "expires_in", "me"}
    assert body["expires_in"] == 900
    assert body["me"] == {
        "id": str(cast.owner.user.pk),
        "email": cast.owner.user.email,
        "name": cast.owner.user.name,
        "locale": "en",
        "timezone": "UTC",
        "two_step": False,
        "tenant": {
            "id": str(cast.tenant.pk),
            "slug": cast.tenant.slug,
            "name": cast.tenant.name,
            "plan": cast.tenant.plan,
        },
        "role": "owner",
        "tenants": [{"slug": cast.tenant.slug, "name": cast.tenant.name, "role": "owner"}],
    }
    assert bearer(client, body["access"]).get("/api/v1/me").json() == body["me"]


def test_the_refresh_cookie_is_out_of_reach_of_scripts_and_other_sites(make: Make, cast: Cast) -> None:
    cookie = login(make.client(), cast.owner.user.email).cookies["pmsync_refresh"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/api/v1/auth/"
    assert cookie["domain"] == ""
    assert int(cookie["max-age"]) == 30 * 86_400


def test_over_https_the_cookie_is_secure(make: Make, cast: Cast, settings: Any) -> None:
    settings.SECURE = True
    assert login(make.client(), cast.owner.user.email).cookies["pmsync_refresh"]["secure"]


def test_a_program_gets_the_refresh_token_in_the_body_and_no_cookie(make: Make, cast: Cast) -> None:
    client = make.client()
    first = login(client, cast.owner.user.email, cookie=False)
    assert not first.cookies
    second = post(client, "auth/refresh", {"refresh": first.json()["refresh"]})
    assert second.status_code == 200
    assert not second.cookies
    assert second.json()["refresh"] != first.json()["refresh"]


@pytest.mark.parametrize("body", [{}, {"email": "a@b.c"}, {"email": ["x"], "password": {}}, [], "text", None])
def test_a_malformed_login_names_the_field(make: Make, body: Any) -> None:
    answer = make.client().post("/api/v1/auth/login", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_a_person_of_several_companies_enters_the_one_they_name_or_used_last(make: Make, cast: Cast) -> None:
    people.join(cast.neighbour, cast.owner.user)
    email = cast.owner.user.email
    assert login(make.client(), email).json()["me"]["tenant"]["slug"] == cast.tenant.slug
    named = login(make.client(), email, tenant=cast.neighbour.slug).json()["me"]
    assert (named["tenant"]["slug"], named["role"]) == (cast.neighbour.slug, "member")
    assert [place["slug"] for place in named["tenants"]] == sorted(
        [cast.tenant.slug, cast.neighbour.slug], key=lambda slug: f"Company {slug}"
    )
    assert login(make.client(), email).json()["me"]["tenant"]["slug"] == cast.neighbour.slug


def test_naming_a_company_one_is_no_member_of_is_like_naming_none_that_exists(make: Make, cast: Cast) -> None:
    theirs = login(make.client(), cast.owner.user.email, tenant=cast.neighbour.slug)
    none = login(make.client(), cast.owner.user.email, tenant="no-such-company")
    assert theirs.status_code == none.status_code == 404
    assert theirs.json() == none.json()


def test_somebody_who_belongs_nowhere_is_told_so(make: Make) -> None:
    answer = login(make.client(), make.person().email)
    assert (answer.status_code, answer.json()["code"]) == (403, "no_tenant")


# Mailed code


def test_signing_in_by_a_mailed_code(make: Make, cast: Cast, letters: list[EmailMultiAlternatives]) -> None:
    client = make.client()
    asked = post(client, "auth/code", {"email": cast.member.user.email})
    assert asked.status_code == 202
    (letter,) = letters
    assert letter.to == [cast.member.user.email]
    body = {"challenge": asked.json()["challenge"], "code": code_in(letter)}
    entered = post(client, "auth/code/verify", body)
    assert entered.status_code == 200
    assert entered.json()["me"]["id"] == str(cast.member.user.pk)
    assert "pmsync_refresh" in entered.cookies
    again = post(client, "auth/code/verify", body)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_code")


def test_a_stranger_is_answered_alike_and_mailed_nothing(
    make: Make, committed: None, letters: list[EmailMultiAlternatives]
) -> None:
    asked = post(make.client(), "auth/code", {"email": "nobody@example.test"})
    assert asked.status_code == 202
    assert set(asked.json()) == {"challenge", "channel"}
    assert letters == []


# Two steps


def test_a_person_with_two_steps_types_a_code_after_the_password(
    make: Make, cast: Cast, letters: list[EmailMultiAlternatives]
) -> None:
    client = make.client(cast.owner)
    assert client.patch("/api/v1/me", {"two_step": True}, format="json").json()["two_step"] is True
    device = make.client()
    first = login(device, cast.owner.user.email)
    assert first.status_code == 200
    assert set(first.json()) == {"challenge", "channel"}
    assert first.json()["channel"] == "email"
    assert not first.cookies
    second = post(device, "auth/code/verify", {"challenge": first.json()["challenge"], "code": code_in(letters[-1])})
    assert second.status_code == 200
    assert second.json()["me"]["two_step"] is True


def test_a_code_alone_does_not_let_a_person_with_two_steps_in(
    make: Make, cast: Cast, letters: list[EmailMultiAlternatives]
) -> None:
    people.change(cast.owner.user, people.Changes(two_step=True))
    asked = post(make.client(), "auth/code", {"email": cast.owner.user.email})
    assert asked.status_code == 202
    (letter,) = letters
    assert not re.search(r"\d{6}", str(letter.body))
    assert "password" in str(letter.body)


# Refresh and logout


def test_refreshing_rotates_the_cookie(make: Make, cast: Cast) -> None:
    client = make.client()
    before = login(client, cast.owner.user.email).cookies["pmsync_refresh"].value
    answer = post(client, "auth/refresh")
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "expires_in", "me"}
    assert answer.cookies["pmsync_refresh"].value != before


def test_without_a_cookie_the_session_has_ended(make: Make) -> None:
    answer = post(make.client(), "auth/refresh")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


def test_a_stolen_cookie_used_later_ends_the_session_of_both(make: Make, cast: Cast) -> None:
    victim, thief = make.client(), make.client()
    stolen = login(victim, cast.owner.user.email).cookies["pmsync_refresh"].value
    assert post(victim, "auth/refresh").status_code == 200
    Session.objects.update(rotated_at=tokens.database_now() - sessions.GRACE * 2)
    thief.cookies["pmsync_refresh"] = stolen
    assert post(thief, "auth/refresh").status_code == 401
    assert post(victim, "auth/refresh").json()["code"] == "session_ended"


def test_logging_out_ends_the_session_and_clears_the_cookie(make: Make, cast: Cast) -> None:
    client = make.client()
    entered = login(client, cast.owner.user.email)
    cookie = entered.cookies["pmsync_refresh"].value
    answer = post(client, "auth/logout")
    assert answer.status_code == 204
    assert answer.cookies["pmsync_refresh"].value == ""
    assert answer.cookies["pmsync_refresh"]["path"] == "/api/v1/auth/"
    assert bearer(make.client(), entered.json()["access"]).get("/api/v1/me").status_code == 401
    client.cookies["pmsync_refresh"] = cookie
    assert post(client, "auth/refresh").status_code == 401
    assert post(client, "auth/logout").status_code == 204


def test_a_member_who_left_cannot_renew(make: Make, cast: Cast) -> None:
    client = make.client()
    login(client, cast.member.user.email)
    people.leave(cast.tenant, cast.member.user)
    assert post(client, "auth/refresh").json()["code"] == "session_ended"


# Switching


def test_switching_to_another_company(make: Make, cast: Cast) -> None:
    people.join(cast.neighbour, cast.owner.user)
    client = make.client()
    entered = login(client, cast.owner.user.email, tenant=cast.tenant.slug).json()
    switched = post(bearer(client, entered["access"]), "auth/switch", {"tenant": cast.neighbour.slug})
    assert switched.status_code == 200
    assert switched.json()["me"]["tenant"]["slug"] == cast.neighbour.slug
    assert bearer(make.client(), entered["access"]).get("/api/v1/me").status_code == 401
    client.credentials()
    assert post(client, "auth/refresh").json()["me"]["tenant"]["slug"] == cast.neighbour.slug


def test_switching_to_a_company_one_is_no_member_of_is_not_found_and_changes_nothing(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    theirs = post(client, "auth/switch", {"tenant": cast.neighbour.slug})
    none = post(client, "auth/switch", {"tenant": "no-such-company"})
    assert theirs.status_code == none.status_code == 404
    assert theirs.json() == none.json()
    assert client.get("/api/v1/me").json()["tenant"]["slug"] == cast.tenant.slug


# Reset


def test_a_forgotten_password_is_set_anew_by_a_mailed_link(
    make: Make, cast: Cast, letters: list[EmailMultiAlternatives]
) -> None:
    elsewhere = make.client()
    login(elsewhere, cast.owner.user.email)
    client = make.client()
    assert post(client, "auth/reset", {"email": cast.owner.user.email}).status_code == 202
    token = link_in(letters[0])
    weak = post(client, "auth/reset/confirm", {"token": token, "password": "password123"})
    assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
    assert weak.json()["errors"]["password"]
    done = post(client, "auth/reset/confirm", {"token": token, "password": NEW_PHRASE})
    assert done.status_code == 204
    assert letters[1].subject == "Your PMSync password was changed"
    assert login(make.client(), cast.owner.user.email).status_code == 401
    assert login(make.client(), cast.owner.user.email, NEW_PHRASE).status_code == 200
    assert post(elsewhere, "auth/refresh").status_code == 401
    used = post(client, "auth/reset/confirm", {"token": token, "password": NEW_PHRASE + "!"})
    assert (used.status_code, used.json()["code"]) == (401, "invalid_token")


def test_an_older_link_dies_with_the_change(make: Make, cast: Cast, letters: list[EmailMultiAlternatives]) -> None:
    client = make.client()
    for _ in range(2):
        post(client, "auth/reset", {"email": cast.owner.user.email})
    older, newer = (link_in(letter) for letter in letters)
    assert post(client, "auth/reset/confirm", {"token": newer, "password": NEW_PHRASE}).status_code == 204
    assert post(client, "auth/reset/confirm", {"token": older, "password": NEW_PHRASE}).status_code == 401


def test_a_stranger_asking_for_a_reset_is_answered_alike(
    make: Make, cast: Cast, letters: list[EmailMultiAlternatives]
) -> None:
    known = post(make.client(), "auth/reset", {"email": cast.owner.user.email})
    unknown = post(make.client(), "auth/reset", {"email": "nobody@example.test"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"{}")
    assert len(letters) == 1


# Devices, password, me


def test_the_devices_are_listed_and_the_asking_one_is_marked(make: Make, cast: Cast) -> None:
    phone, laptop = make.client(HTTP_USER_AGENT="Phone"), make.client(HTTP_USER_AGENT="Laptop")
    login(phone, cast.owner.user.email)
    bearer(laptop, login(laptop, cast.owner.user.email).json()["access"])
    items = laptop.get("/api/v1/auth/sessions").json()["items"]
    assert [(item["user_agent"], item["current"]) for item in items] == [("Laptop", True), ("Phone", False)]
    assert set(items[0]) == {"id", "created_at", "last_seen_at", "ip", "user_agent", "current"}
    assert items[0]["created_at"].endswith("Z")
    assert laptop.delete(f"/api/v1/auth/sessions/{items[1]['id']}").status_code == 204
    assert post(phone, "auth/refresh").status_code == 401
    assert len(laptop.get("/api/v1/auth/sessions").json()["items"]) == 1


def test_all_other_devices_are_signed_out_at_once(make: Make, cast: Cast) -> None:
    others = [make.client() for _ in range(3)]
    for other in others:
        login(other, cast.owner.user.email)
    client = make.client(cast.owner)
    assert client.delete("/api/v1/auth/sessions").status_code == 204
    assert client.get("/api/v1/me").status_code == 200
    assert {post(other, "auth/refresh").status_code for other in others} == {401}


def test_a_strangers_or_colleagues_device_is_as_if_it_did_not_exist(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    theirs = [sessions.start(who.user, who.tenant, Device(None)).session for who in (cast.member, cast.outsider)]
    answers = [client.delete(f"/api/v1/auth/sessions/{row.pk}") for row in theirs]
    missing = client.delete(f"/api/v1/auth/sessions/{cast.tenant.pk}")
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, missing.content)}
    assert all(Session.objects.get(pk=row.pk).revoked_at is None for row in theirs)


def test_changing_the_password_asks_for_the_current_one_and_keeps_this_device(
    make: Make, cast: Cast, letters: list[EmailMultiAlternatives]
) -> None:
    client, other = make.client(cast.owner), make.client()
    login(other, cast.owner.user.email)
    wrong = post(client, "auth/password", {"current": "wrong", "new": NEW_PHRASE})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "invalid_credentials")
    weak = post(client, "auth/password", {"current": PHRASE, "new": "abcabcabcabc"})
    assert (weak.status_code, list(weak.json()["errors"])) == (400, ["new"])
    assert post(client, "auth/password", {"current": PHRASE, "new": NEW_PHRASE}).status_code == 204
    assert client.get("/api/v1/me").status_code == 200
    assert post(other, "auth/refresh").status_code == 401


def test_me_changes_only_what_is_sent(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    before = client.get("/api/v1/me").json()
    after = client.patch("/api/v1/me", {"locale": "it", "timezone": "Europe/Rome"}, format="json").json()
    assert after == before | {"locale": "it", "timezone": "Europe/Rome"}


@pytest.mark.parametrize("change", [{"locale": "de"}, {"timezone": "Mars/Olympus"}, {"two_step": "perhaps"}])
def test_me_refuses_what_does_not_exist(make: Make, cast: Cast, change: dict[str, str]) -> None:
    client = make.client(cast.owner)
    assert client.patch("/api/v1/me", change, format="json").status_code == 400


def test_me_cannot_be_promoted_through_fields_it_does_not_have(make: Make, cast: Cast) -> None:
    client = make.client(cast.member)
    sent = {"role": "owner", "is_staff": True, "is_superuser": True, "email": "x@y.zz", "id": str(cast.owner.user.pk)}
    before = client.get("/api/v1/me").json()
    assert client.patch("/api/v1/me", sent, format="json").json() == before
    cast.member.user.refresh_from_db()
    assert not cast.member.user.is_staff


# Other sites (F90)


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "http://testserver.evil.test", "http://testserver:81", "http://["]
)
@pytest.mark.parametrize("path", ["auth/refresh", "auth/logout"])
def test_another_sites_page_cannot_use_the_cookie(make: Make, cast: Cast, origin: str, path: str) -> None:
    client = make.client()
    login(client, cast.owner.user.email)
    answer = post(client, path, HTTP_ORIGIN=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert post(client, "auth/refresh", HTTP_ORIGIN="http://testserver").status_code == 200


def test_no_answer_allows_another_origin(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    for origin in ("https://evil.test", "null"):
        answer = client.get("/api/v1/me", HTTP_ORIGIN=origin)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_of_another_site_is_not_json(make: Make, cast: Cast, kind: str) -> None:
    body = f'{{"email": "{cast.owner.user.email}", "password": "{PHRASE}"}}'
    answer = make.client().post("/api/v1/auth/login", body, content_type=kind)
    assert answer.status_code == 415


def test_a_method_cannot_be_overridden(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    answer = post(client, "auth/sessions?_method=DELETE", {"_method": "DELETE"}, HTTP_X_HTTP_METHOD_OVERRIDE="DELETE")
    assert answer.status_code == 405
    assert client.get("/api/v1/auth/sessions").json()["items"]


def test_private_answers_are_never_stored_and_never_framed(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    for answer in (
        client.get("/api/v1/me"),
        login(make.client(), cast.owner.user.email),
        make.client().get("/api/v1/me"),
    ):
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"
