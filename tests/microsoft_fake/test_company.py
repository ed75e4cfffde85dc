"""An application by itself at the directory: who is listed, and what Graph refuses it."""

import pytest

from tests.fakes.microsoft.directory import APPLICATION
from tests.microsoft_fake.cast import World


@pytest.fixture
def alone(world: World) -> World:
    """An administrator allowed the application everything."""
    world.microsoft.directory.consent_as_admin(world.app, world.firm)
    return world


def test_everybody_of_the_directory_and_nobody_of_another_is_listed(alone: World) -> None:
    alone.carl.enabled, alone.carl.department = False, "Sales"
    alone.boss.licensed = False
    told = alone.graph().values("/users?$select=id,mail,userPrincipalName,accountEnabled,department&$top=2")
    assert [one["userPrincipalName"] for one in told] == [alone.anna.address, alone.carl.address, alone.boss.address]
    assert [one["accountEnabled"] for one in told] == [True, False, True]
    assert [one["mail"] for one in told] == [alone.anna.address, alone.carl.address, None]
    assert told[1]["department"] == "Sales"
    filtered = alone.graph().values("/users?$filter=accountEnabled eq true&$select=id,accountEnabled")
    assert [one["id"] for one in filtered] == [alone.anna.id, alone.boss.id]


def test_an_application_by_itself_is_nobody(alone: World) -> None:
    for path in ("/me", "/me/messages", "/me/mailFolders/inbox/messages/delta"):
        answer = alone.graph().http.get(path)
        assert answer.status_code == 400
        assert "only valid with delegated authentication flow" in answer.json()["error"]["message"]
    assert alone.graph().get(f"/users/{alone.anna.id}")["id"] == alone.anna.id
    assert alone.graph().http.get(f"/users/{alone.stranger.id}/messages").status_code == 404


def test_the_directory_needs_its_own_permission(alone: World) -> None:
    alone.app.application = APPLICATION - {"User.Read.All"}
    alone.microsoft.directory.consent_as_admin(alone.app, alone.firm)
    answer = alone.graph().http.get("/users")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
    assert alone.graph(alone.anna, "Mail.ReadWrite User.Read").http.get("/users").status_code == 403
    assert alone.graph().get(f"/users/{alone.anna.id}/messages")["value"] == []


@pytest.mark.parametrize("query", ["$top=1000", "$skip=1", "$orderby=displayName", "$select=shoeSize"])
def test_what_a_list_of_people_does_not_take(alone: World, query: str) -> None:
    assert alone.graph().http.get(f"/users?{query}").status_code == 400
