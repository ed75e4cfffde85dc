"""The log-in: authorize with PKCE, codes, refreshing, applications by themselves, and every refusal by its class."""

from urllib.parse import parse_qs, urlsplit

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.microsoft import oauth
from tests.fakes.microsoft.faults import bad_gateway, login, redirect
from tests.microsoft_fake.cast import CALLBACK, World

END_POINT = r"POST .*/oauth2/v2.0/token"


def application(world: World) -> oauth.Application:
    """Our registration at the simulated authority."""
    return oauth.Application(world.app.id, world.app.secret, world.microsoft.authority("").rstrip("/"), world.trust)


def signed_in(world: World, *surfaces: str) -> oauth.Grant:
    """What a person's sign-in gives."""
    app = application(world)
    flow = oauth.begin(app, surfaces, CALLBACK)
    return oauth.complete(app, flow.kept, world.browser.sign_in(flow.url, world.anna))


def test_the_authorize_url_asks_for_the_least_with_pkce_and_state(world: World) -> None:
    flow = oauth.begin(application(world), ["mail"], CALLBACK, login_hint="anna@firm.example")
    query = {name: value[0] for name, value in parse_qs(urlsplit(flow.url).query).items()}
    assert set(query["scope"].split()) - oauth.RESERVED == {"User.Read", "Mail.ReadWrite", "Mail.Send"}
    assert "offline_access" in query["scope"]
    assert (query["code_challenge_method"], query["state"]) == ("S256", flow.state)
    assert query["login_hint"] == "anna@firm.example"
    assert "verifier" not in flow.url
    assert flow.kept["code_verifier"] not in repr(flow)


def test_a_sign_in_gives_tokens_and_the_key_of_the_account(world: World) -> None:
    grant = signed_in(world, "mail", "calendar")
    assert grant.account == f"{world.anna.id}.{world.firm.id}"
    assert (grant.tenant, grant.consumer) == (world.firm.id, False)
    assert grant.refresh_token
    assert {"Mail.ReadWrite", "Calendars.ReadWrite"} <= grant.scopes
    assert grant.access_token not in repr(grant)
    assert grant.refresh_token not in repr(grant)


def test_one_more_surface_keeps_what_was_allowed_before(world: World) -> None:
    signed_in(world, "mail")
    assert {"Mail.ReadWrite", "Contacts.ReadWrite"} <= signed_in(world, "contacts").scopes


def test_a_foreign_state_is_refused(world: World) -> None:
    app = application(world)
    flow = oauth.begin(app, ["mail"], CALLBACK)
    answer = world.browser.sign_in(flow.url, world.anna)
    with pytest.raises(errors.Rejected):
        oauth.complete(app, flow.kept, answer | {"state": "of somebody else"})


def test_a_declined_consent_is_a_missing_permission(world: World) -> None:
    app = application(world)
    flow = oauth.begin(app, ["mail"], CALLBACK)
    with pytest.raises(errors.PermissionMissing):
        oauth.complete(app, flow.kept, world.browser.sign_in(flow.url, world.anna, accept=False))


def test_a_code_is_good_once(world: World) -> None:
    app = application(world)
    flow = oauth.begin(app, ["mail"], CALLBACK)
    answer = world.browser.sign_in(flow.url, world.anna)
    oauth.complete(app, flow.kept, answer)
    with pytest.raises(errors.NeedsReconnect):
        oauth.complete(app, flow.kept, answer)


def test_refreshing_gives_a_new_refresh_token(world: World) -> None:
    app, first = application(world), signed_in(world, "mail")
    second = oauth.refresh(app, first.refresh_token, ["mail"])
    assert second.refresh_token not in ("", first.refresh_token)
    with pytest.raises(errors.NeedsReconnect):
        oauth.refresh(app, first.refresh_token, ["mail"])


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (70000, errors.NeedsReconnect), (70008, errors.NeedsReconnect), (700082, errors.NeedsReconnect),
        (50173, errors.NeedsReconnect), (50076, errors.NeedsReconnect), (50079, errors.NeedsReconnect),
        (53003, errors.NeedsReconnect), (50057, errors.NeedsReconnect), (70043, errors.NeedsReconnect),
        (65001, errors.PermissionMissing), (7000215, errors.Rejected), (7000222, errors.Rejected),
        (700016, errors.Rejected),
    ],
)  # fmt: skip
def test_every_refusal_has_its_class(world: World, number: int, kind: type[errors.AdapterError]) -> None:
    grant = signed_in(world, "mail")
    world.microsoft.faults.add(login(number), END_POINT)
    with pytest.raises(kind) as caught:
        oauth.refresh(application(world), grant.refresh_token, ["mail"])
    assert str(number) in caught.value.said
    assert "Trace ID" not in caught.value.said
    assert grant.refresh_token not in f"{caught.value!r} {caught.value.said}"


def test_a_challenge_carries_its_claims(world: World) -> None:
    grant = signed_in(world, "mail")
    world.anna.refusal = 50076
    with pytest.raises(errors.SignInRequired) as caught:
        oauth.refresh(application(world), grant.refresh_token, ["mail"])
    assert caught.value.claims


def test_an_error_is_not_remembered(world: World) -> None:
    grant = signed_in(world, "mail")
    world.microsoft.faults.add(login(50076), END_POINT)
    with pytest.raises(errors.NeedsReconnect):
        oauth.refresh(application(world), grant.refresh_token, ["mail"])
    assert oauth.refresh(application(world), grant.refresh_token, ["mail"]).access_token


def test_passing_faults_are_passing(world: World) -> None:
    grant = signed_in(world, "mail")
    for fault in (bad_gateway(), login(90033)):
        world.microsoft.faults.add(fault, END_POINT)
        with pytest.raises(errors.Transient):
            oauth.refresh(application(world), grant.refresh_token, ["mail"])
    world.microsoft.faults.add(redirect("https://elsewhere.example/"), END_POINT)
    with pytest.raises(errors.AdapterError):
        oauth.refresh(application(world), grant.refresh_token, ["mail"])


def test_an_application_by_itself_needs_an_organisation_and_its_consent(world: World) -> None:
    app = application(world)
    state = "a state of ours"
    url = oauth.admin_consent_url(app, world.firm.id, CALLBACK, state)
    assert oauth.admin_consent(world.browser.sign_in(url, world.boss), state) == world.firm.id
    assert oauth.for_application(app, world.firm.id).access_token
    with pytest.raises(errors.Rejected):
        oauth.for_application(app, oauth.CONSUMERS_TENANT)
    with pytest.raises(errors.Rejected):
        oauth.admin_consent({"admin_consent": "True", "tenant": world.firm.id, "state": "another"}, state)
    with pytest.raises(errors.ConsentMissing):
        oauth.admin_consent({"error": "access_denied", "state": state}, state)
