"""Contacts over the wire: folders, cards, photos, and rounds of change tracking."""

from typing import Any

from tests.microsoft_fake.cast import Client, World, on_behalf

BOB = {
    "givenName": "Bob", "surname": "Brown", "emailAddresses": [{"address": "bob@elsewhere.example", "name": "Bob"}],
    "businessPhones": ["+39 1"], "birthday": "1980-05-06T11:59:00Z", "homeAddress": {"city": "Turin"},
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def path_of(item: dict[str, Any]) -> str:
    return f"/me/contacts/{on_behalf(item['id'])}"


def test_a_contact_is_made_changed_and_removed(anna: Client) -> None:
    made = anna.post("/me/contacts", BOB)
    assert made["displayName"] == "Bob Brown"
    assert made["homeAddress"] == {"city": "Turin"}
    changed = anna.patch(path_of(made), {"businessPhones": [], "jobTitle": "Baker", "homeAddress": None})
    assert (changed["businessPhones"], changed["jobTitle"], changed["homeAddress"]) == ([], "Baker", {})
    stale = anna.http.patch(path_of(made), json={"jobTitle": "x"}, headers={"If-Match": made["@odata.etag"]})
    assert stale.status_code == 412
    found = anna.values("/me/contacts?$filter=emailAddresses/any(a:a/address eq 'BOB@elsewhere.example')")
    assert [one["id"] for one in found] == [made["id"]]
    anna.delete(path_of(made))
    assert anna.http.get(path_of(made)).status_code == 404


def test_a_repeated_request_makes_a_second_contact(anna: Client) -> None:
    assert anna.post("/me/contacts", BOB)["id"] != anna.post("/me/contacts", BOB)["id"]


def test_the_default_folder_is_on_no_list_but_its_contacts_name_it(world: World, anna: Client) -> None:
    work = anna.post("/me/contactFolders", {"displayName": "Work"})
    inner = anna.post(f"/me/contactFolders/{on_behalf(work['id'])}/childFolders", {"displayName": "Inner"})
    assert [one["id"] for one in anna.values("/me/contactFolders")] == [work["id"]]
    assert [one["id"] for one in anna.values(f"/me/contactFolders/{on_behalf(work['id'])}/childFolders")] == [
        inner["id"]
    ]
    made = anna.post("/me/contacts", BOB)
    default = anna.get(f"/me/contactFolders/{on_behalf(made['parentFolderId'])}")
    assert anna.get("/me/contactFolders/contacts") == default | {
        "@odata.context": anna.get("/me/contactFolders/contacts")["@odata.context"]
    }
    world.microsoft.behaviour.contacts_alias = False
    assert anna.http.get("/me/contactFolders/contacts").status_code in (400, 404)


def test_rounds_follow_one_folder(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    folder = elsewhere.add_contact_folder("Work")
    held = [elsewhere.add_contact({**BOB, "surname": str(number)}, folder.id) for number in range(5)]
    path = f"/me/contactFolders/{on_behalf(folder.id)}/contacts/delta?$select=displayName"
    first, link = anna.round(path, headers={"Prefer": 'IdType="ImmutableId", odata.maxpagesize=2'})
    assert {one["id"] for one in first} == {one.id for one in held}
    elsewhere.edit_contact(held[0], {"displayName": "New"})
    elsewhere.edit_contact(held[1], {"jobTitle": "not selected"})
    elsewhere.move_contact(held[2], "contacts")
    elsewhere.delete_contact(held[3])
    news, link = anna.round(link)
    told = {one["id"]: one.get("@removed", one.get("displayName")) for one in news}
    assert told == {held[0].id: "New", held[2].id: {"reason": "changed"}, held[3].id: {"reason": "deleted"}}


def test_folders_are_followed_too(anna: Client) -> None:
    link = anna.round("/me/contactFolders/delta")[1]
    made = anna.post("/me/contactFolders", {"displayName": "Work"})
    path = f"/me/contactFolders/{on_behalf(made['id'])}"
    anna.patch(path, {"displayName": "Job"})
    news, link = anna.round(link)
    assert [one["displayName"] for one in news] == ["Job"]
    anna.delete(path)
    news, link = anna.round(link)
    assert [one["@removed"]["reason"] for one in news] == ["deleted"]


def test_a_photo_moves_the_change_key(anna: Client) -> None:
    made = anna.post("/me/contacts", BOB)
    photo = f"{path_of(made)}/photo/$value"
    assert anna.http.get(photo).json()["error"]["code"] == "ErrorItemNotFound"
    assert anna.http.put(photo, content=PNG, headers={"Content-Type": "image/png"}).status_code == 200
    assert anna.http.get(photo).content == PNG
    assert anna.http.get(photo).headers["Content-Type"] == "image/png"
    assert anna.get(f"{path_of(made)}/photo")["id"] == "default"
    assert anna.get(path_of(made))["changeKey"] != made["changeKey"]
    anna.delete(photo)
    assert anna.http.get(photo).status_code == 404
