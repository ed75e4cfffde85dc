"""Requests to Graph: tokens renewed once, short pauses waited out, hosts kept, every refusal by its class."""

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.errors import SignInRequired
from apps.providers.adapters.microsoft import oauth
from apps.providers.adapters.microsoft.errors import failure
from apps.providers.adapters.microsoft.graph import Graph
from apps.providers.adapters.microsoft.mail import GraphMail
from tests.fakes.microsoft.faults import bad_gateway, cut, redirect, throttled, truncated, unauthorized
from tests.fakes.microsoft.wordings import GRAPH
from tests.imap.mirror import MemoryMirror
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_fake.cast import CALLBACK, PLAIN


def test_a_rejected_token_is_renewed_once_and_the_request_repeated(desk: Desk) -> None:
    graph = desk.graph()
    graph.get("mailFolders")
    desk.world.microsoft.clock.advance(hours=3)
    assert graph.get("mailFolders")["value"]
    assert desk.tokens.renewed == 1


def test_a_session_that_was_ended_asks_for_a_sign_in_with_claims(desk: Desk) -> None:
    graph = desk.graph()
    graph.get("mailFolders")
    desk.world.microsoft.end_sessions(desk.person)
    with pytest.raises(SignInRequired) as caught:
        graph.get("mailFolders")
    assert caught.value.claims


def test_a_back_end_that_refuses_good_tokens_is_a_passing_fault(desk: Desk) -> None:
    desk.faults.add(unauthorized(), "GET", times=2)
    with pytest.raises(errors.Transient):
        desk.graph().get("mailFolders")
    assert desk.tokens.renewed == 1


def test_a_withdrawn_consent_goes_up(desk: Desk) -> None:
    graph = desk.graph()
    desk.faults.add(unauthorized(), "GET")
    graph.get("mailFolders")
    desk.tokens.ended = True
    with pytest.raises(errors.NeedsReconnect):
        graph.get("mailFolders")


def test_a_short_pause_is_waited_out_and_a_long_one_goes_up(desk: Desk) -> None:
    desk.faults.add(throttled(2), "GET")
    desk.faults.add(throttled(None), "GET")
    assert desk.graph().get("mailFolders")
    assert desk.pauses == [2.0, 1.0]
    desk.faults.add(throttled(120), "GET")
    with pytest.raises(errors.RateLimited) as caught:
        desk.graph().get("mailFolders")
    assert caught.value.retry_after == 120


@pytest.mark.parametrize("fault", [bad_gateway(), cut(), truncated()], ids=lambda fault: fault.name)
def test_a_broken_answer_is_a_passing_fault(desk: Desk, fault: object) -> None:
    desk.faults.add(fault, "GET")  # type: ignore[arg-type]  # the faults above
    with pytest.raises(errors.Transient):
        desk.graph().get("mailFolders")


def test_the_bearer_never_follows_a_redirect_or_a_link_elsewhere(desk: Desk) -> None:
    graph = desk.graph()
    desk.faults.add(redirect("https://elsewhere.example/v1.0/me"), "GET")
    with pytest.raises(errors.Transient):
        graph.get("mailFolders")
    with pytest.raises(errors.Rejected):
        graph.page("https://elsewhere.example/v1.0/me/messages?$skiptoken=1")


def test_a_host_that_is_not_there_is_down(desk: Desk) -> None:
    with Graph(desk.tokens, root="https://127.0.0.1:9/v1.0") as graph, pytest.raises(errors.ProviderDown):
        graph.get("mailFolders")


@pytest.mark.parametrize(
    ("wording", "kind"),
    [
        ("scope", errors.PermissionMissing), ("no mailbox", errors.PermissionMissing),
        ("user", errors.PermissionMissing), ("send as", errors.Rejected), ("item", errors.NotFound),
        ("malformed id", errors.Rejected), ("generation", errors.CursorExpired), ("change key", errors.Conflict),
        ("folder exists", errors.Conflict), ("large", errors.Rejected), ("concurrency", errors.RateLimited),
        ("daily sends", errors.RateLimited), ("recipients", errors.Rejected), ("unknown property", errors.Rejected),
    ],
)  # fmt: skip
def test_every_refusal_has_its_class(wording: str, kind: type[errors.AdapterError]) -> None:
    said = GRAPH[wording]
    error = failure(said.status, {}, {"error": {"code": said.code.swapcase(), "message": said.message}})
    assert type(error) is kind
    assert said.message[:40] in error.said


def test_a_demand_for_claims_is_told_apart() -> None:
    error = failure(401, {"www-authenticate": 'Bearer error="insufficient_claims", claims="eyJh"'}, {})
    assert isinstance(error, SignInRequired)
    assert error.claims == "eyJh"


def test_an_application_by_itself_reads_whom_it_is_allowed_to(desk: Desk) -> None:
    world = desk.world
    app = oauth.Application(
        world.app.id, world.app.secret, world.microsoft.authority("").rstrip("/"), world.trust
    )  # fmt: skip
    url = oauth.admin_consent_url(app, world.firm.id, CALLBACK, "state")
    oauth.admin_consent(world.browser.sign_in(url, world.boss), "state")
    desk.elsewhere.deliver(PLAIN)

    class Alone:
        def token(self, rejected: str = "") -> str:
            return oauth.for_application(app, world.firm.id).access_token

    mirror = MemoryMirror()
    with Graph(
        Alone(), root=world.microsoft.graph_url, user=f"users/{world.anna.id}", tls=world.trust
    ) as graph:  # fmt: skip
        adapter = GraphMail(graph, mirror)
        assert len(mirror.sync(adapter).new) == 1
        assert mirror.differences(adapter) == []


def test_what_a_connection_cost_is_counted(desk: Desk) -> None:
    graph = desk.graph()
    graph.get("mailFolders")
    assert graph.traffic.round_trips == 1
    assert graph.traffic.bytes_in > 100
