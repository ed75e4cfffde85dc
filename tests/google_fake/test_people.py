"""People through its own client library: contacts with etags, groups, photographs, listings that go on from a token."""

import base64
from typing import Any

import pytest

from tests.google_fake.desk import ANNA, Desk, Json, refused

FIELDS = "names,emailAddresses,memberships,metadata,photos"
PNG = b"\x89PNG\r\n\x1a\n0000"


def person(given: str, address: str = "", **more: Any) -> Json:
    return {"names": [{"givenName": given}], "emailAddresses": [{"value": address or f"{given}@x.example"}]} | more


def everything(people: Any, **parameters: Any) -> tuple[list[Json], str]:
    """All pages, and the sync token of the last one."""
    found, token = [], None
    while True:
        page = (
            people.connections()
            .list(
                resourceName="people/me",
                personFields=FIELDS,
                requestSyncToken=True,
                pageSize=2,
                pageToken=token,
                **parameters,
            )
            .execute()
        )
        found += page.get("connections", [])
        token = page.get("nextPageToken")
        if not token:
            return found, page["nextSyncToken"]
        assert "nextSyncToken" not in page


def test_a_contact_lives_and_dies(desk: Desk) -> None:
    people = desk.service("people").people()
    made = people.createContact(body=person("Carla")).execute()
    assert made["names"][0]["displayName"] == "Carla"
    assert made["memberships"][0]["contactGroupMembership"]["contactGroupResourceName"] == "contactGroups/myContacts"
    name = made["resourceName"]
    source = made["metadata"]["sources"][0]
    body = {"metadata": {"sources": [source]}, "names": [{"givenName": "Carlotta"}], "emailAddresses": []}
    update = people.updateContact(resourceName=name, updatePersonFields="names,emailAddresses", body=body)
    changed = update.execute()
    assert changed["names"][0]["givenName"] == "Carlotta" and "emailAddresses" not in changed
    with refused(400, "failedPrecondition"):
        update.execute()
    with refused(400, "INVALID_ARGUMENT"):
        people.updateContact(resourceName=name, updatePersonFields="names", body={"names": []}).execute()
    photo = {"photoBytes": base64.b64encode(PNG).decode(), "personFields": "photos,metadata"}
    with_photo = people.updateContactPhoto(resourceName=name, body=photo).execute()["person"]
    assert "default" not in with_photo["photos"][0]
    again = people.get(resourceName=name, personFields="photos").execute()
    assert again["photos"][0]["url"] != with_photo["photos"][0]["url"]
    assert people.deleteContactPhoto(resourceName=name).execute()["person"]["photos"][0]["default"]
    people.deleteContact(resourceName=name).execute()
    with refused(404, "NOT_FOUND"):
        people.deleteContact(resourceName=name).execute()
    assert people.get(resourceName="people/me", personFields="emailAddresses").execute()["emailAddresses"]


def test_a_listing_goes_on_from_its_token(desk: Desk) -> None:
    people = desk.service("people").people()
    names = [people.createContact(body=person(f"P{number}")).execute()["resourceName"] for number in range(5)]
    found, token = everything(people)
    assert sorted(one["resourceName"] for one in found) == sorted(names)
    book = desk.google.people[ANNA]
    people.deleteContact(resourceName=names[0]).execute()
    renamed = book.rename(book.contacts[names[1]])
    changed, token = everything(people, syncToken=token)
    assert [one["resourceName"] for one in changed if one["metadata"].get("deleted")] == [names[0]]
    assert [one["metadata"].get("previousResourceNames") for one in changed if one["resourceName"] == renamed.name] == [
        [names[1]]
    ]
    assert everything(people, syncToken=token)[0] == []
    with refused(400, "INVALID_ARGUMENT"):
        people.connections().list(resourceName="people/me", personFields="names", syncToken=token).execute()
    desk.google.clock.advance(8 * 86_400)
    with refused(400, "EXPIRED_SYNC_TOKEN"):
        everything(people, syncToken=token)


def test_writes_reach_listings_late(desk: Desk) -> None:
    people = desk.service("people").people()
    _, token = everything(people)
    desk.google.people[ANNA].sync_lag = 120
    made = people.createContact(body=person("Late")).execute()
    assert everything(people, syncToken=token)[0] == []
    desk.google.clock.advance(121)
    assert [one["resourceName"] for one in everything(people, syncToken=token)[0]] == [made["resourceName"]]


def test_the_first_page_of_a_full_sync_has_a_budget_of_its_own(desk: Desk) -> None:
    people = desk.service("people").people()
    desk.google.quotas.full_syncs = 2
    everything(people)
    everything(people)
    with refused(429, "RATE_LIMIT_EXCEEDED"):
        everything(people)
    desk.google.clock.advance(61)
    everything(people)


def test_batches(desk: Desk) -> None:
    people = desk.service("people").people()
    contacts = [{"contactPerson": person(f"B{number}")} for number in range(3)]
    made = people.batchCreateContacts(body={"contacts": contacts, "readMask": "names,metadata"}).execute()
    created = [one["person"] for one in made["createdPeople"]]
    names = [one["resourceName"] for one in created]
    got = people.getBatchGet(resourceNames=[*names, "people/c1"], personFields="names").execute()["responses"]
    assert [one["httpStatusCode"] for one in got] == [200, 200, 200, 404]
    changes = {
        one["resourceName"]: {"metadata": {"sources": one["metadata"]["sources"]}, "nicknames": [{"value": "n"}]}
        for one in created
    }
    changes[names[0]]["metadata"] = {"sources": [created[0]["metadata"]["sources"][0] | {"etag": "#old"}]}
    body = {"contacts": changes, "updateMask": "nicknames", "readMask": "nicknames"}
    results = people.batchUpdateContacts(body=body).execute()["updateResult"]
    assert [results[name]["httpStatusCode"] for name in names] == [400, 200, 200]
    people.batchDeleteContacts(body={"resourceNames": names[:2]}).execute()
    with refused(404, "NOT_FOUND"):
        people.batchDeleteContacts(body={"resourceNames": names}).execute()
    with refused(400, "INVALID_ARGUMENT"):
        people.batchCreateContacts(body={"contacts": contacts * 67, "readMask": "names"}).execute()
    with refused(400, "INVALID_ARGUMENT"):
        people.batchDeleteContacts(body={"resourceNames": names * 167}).execute()


def test_groups_and_members(desk: Desk) -> None:
    service = desk.service("people")
    groups, people = service.contactGroups(), service.people()
    made = groups.create(body={"contactGroup": {"name": "Club"}}).execute()
    token = groups.list(pageSize=50).execute()["nextSyncToken"]
    one = people.createContact(body=person("Carla")).execute()["resourceName"]
    members = groups.members()
    told = members.modify(resourceName=made["resourceName"], body={"resourceNamesToAdd": [one, "people/c5"]}).execute()
    assert told == {"notFoundResourceNames": ["people/c5"]}
    got = groups.get(resourceName=made["resourceName"], maxMembers=5).execute()
    assert (got["memberResourceNames"], got["memberCount"]) == ([one], 1)
    members.modify(resourceName="contactGroups/myContacts", body={"resourceNamesToRemove": [one]}).execute()
    stuck = members.modify(resourceName=made["resourceName"], body={"resourceNamesToRemove": [one]}).execute()
    assert stuck == {"canNotRemoveLastContactGroupResourceNames": [one]}
    with refused(409, "ALREADY_EXISTS"):
        groups.create(body={"contactGroup": {"name": "club"}}).execute()
    update = {"contactGroup": {"name": "Circle", "etag": made["etag"]}}
    renamed = groups.update(resourceName=made["resourceName"], body=update).execute()
    assert renamed["formattedName"] == "Circle"
    with refused(400, "failedPrecondition"):
        groups.update(resourceName=made["resourceName"], body=update).execute()
    changed = groups.list(pageSize=50, syncToken=token).execute()["contactGroups"]
    assert [one["name"] for one in changed] == ["Circle"]
    groups.batchGet(resourceNames=[made["resourceName"], "contactGroups/none"]).execute()
    groups.delete(resourceName=made["resourceName"], deleteContacts=True).execute()
    assert everything(people)[0] == []
    with refused(400, "INVALID_ARGUMENT"):
        groups.delete(resourceName="contactGroups/myContacts").execute()


def test_other_contacts_are_read_and_copied(desk: Desk) -> None:
    service = desk.service("people")
    other = desk.google.people[ANNA].add_other(person("Eve"))
    listed = service.otherContacts().list(readMask="names,emailAddresses", requestSyncToken=True).execute()
    assert [one["resourceName"] for one in listed["otherContacts"]] == [other.name]
    copied = (
        service.otherContacts()
        .copyOtherContactToMyContactsGroup(resourceName=other.name, body={"copyMask": "names,emailAddresses"})
        .execute()
    )
    assert copied["resourceName"].startswith("people/c")
    found = service.otherContacts().search(query="eve", readMask="names").execute()["results"]
    assert [one["person"]["resourceName"] for one in found] == [other.name]
    with refused(400, "INVALID_ARGUMENT"):
        service.otherContacts().list(readMask="birthdays").execute()


def test_a_search_knows_what_was_there_when_it_was_warmed_up(desk: Desk) -> None:
    people = desk.service("people").people()
    people.createContact(body=person("Carla")).execute()
    assert people.searchContacts(query="car", readMask="names").execute()["results"] == []
    assert people.searchContacts(query="", readMask="names").execute() == {}
    assert len(people.searchContacts(query="car", readMask="names").execute()["results"]) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (person("A", names=[{"givenName": "A"}, {"givenName": "B"}]), "Only one person.names"),
        ({"nickname": "x"}, 'Unknown name "nickname": Cannot find field'),
        ({"names": [{"given": "x"}]}, "Unknown name \"given\" at 'names[0]'"),
        ({"names": {"givenName": "x"}}, "Invalid value at 'names' (repeated)"),
        ({"birthdays": [{"date": {"year": "soon"}}]}, "Invalid value at 'birthdays[0].date.year' (TYPE_INT32)"),
        (
            {"memberships": [{"contactGroupMembership": {"contactGroupResourceName": "contactGroups/none"}}]},
            "Contact group contactGroups/none",
        ),
    ],
)
def test_people_that_are_refused(desk: Desk, body: Json, message: str) -> None:
    with refused(400, "INVALID_ARGUMENT") as told:
        desk.service("people").people().createContact(body=body).execute()
    assert message in told[0]["message"] and "errors" not in told[0]


@pytest.mark.parametrize(
    "parameters", [{"pageSize": 1001}, {"pageSize": -1}, {"personFields": "names,shoe"}, {"personFields": None}]
)
def test_listings_that_are_refused(desk: Desk, parameters: Json) -> None:
    wanted = {"resourceName": "people/me", "personFields": "names"} | parameters
    with refused(400, "INVALID_ARGUMENT"):
        desk.service("people").people().connections().list(**wanted).execute()
