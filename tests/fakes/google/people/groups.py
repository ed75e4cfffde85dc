"""`contactGroups` and their members."""

from typing import Final

from tests.fakes.google.calls import Call, answers
from tests.fakes.google.clock import rfc3339
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.people.address_book import JOINABLE, AddressBook, Group
from tests.fakes.google.people.listing import LIFE, sized
from tests.fakes.google.people.persons import book_of, mask
from tests.fakes.google.refusals import Json, refuse

FIELDS: Final = {"clientData", "groupType", "memberCount", "metadata", "name"}
USUAL: Final = {"metadata", "groupType", "memberCount", "name"}
MEMBERS: Final = 1000
PAGE: Final = 1000


def _mask(text: str | None) -> set[str]:
    return mask(text, "groupFields", FIELDS) if text else set(USUAL)


def _shown(book: AddressBook, group: Group, wanted: set[str], members: int = 0) -> Json:
    told: Json = {"resourceName": group.name, "etag": group.etag}
    inside = book.members(group.name)
    if "metadata" in wanted or group.deleted:
        told["metadata"] = {"updateTime": rfc3339(group.changed_at)} | ({"deleted": True} if group.deleted else {})
    if group.deleted:
        return told
    if "groupType" in wanted:
        told["groupType"] = "SYSTEM_CONTACT_GROUP" if group.system else "USER_CONTACT_GROUP"
    if "name" in wanted:
        told |= {"name": group.name.partition("/")[2] if group.system else group.title, "formattedName": group.title}
    if "memberCount" in wanted and inside:
        told["memberCount"] = len(inside)
    if "clientData" in wanted and group.client_data:
        told["clientData"] = group.client_data
    if members and inside:
        told["memberResourceNames"] = [one.name for one in inside[:members]]
    return told


def _found(call: Call, book: AddressBook) -> Group:
    group = book.groups.get(call.values["resourceName"])
    if group is None or group.deleted:
        raise refuse("people: not found")
    return group


def _title(book: AddressBook, name: str, own: str = "") -> str:
    plain = name.strip()
    if not plain:
        raise refuse("people: group name")
    taken = {one.title.lower() for one in book.groups.values() if not one.deleted and one.name != own}
    if plain.lower() in taken:
        raise refuse("people: group exists")
    return plain


@answers("people.contactGroups.list")
def list_groups(call: Call) -> Json:
    """Those of the system and of the user."""
    book, values, cursors = book_of(call), call.values, call.google.cursors
    wanted, size, bound = _mask(values.get("groupFields")), sized(call, PAGE, 30), bound_to(values)
    if values.get("pageToken"):
        cursor = cursors.find(values["pageToken"], "groups.page")
        if cursor is None or cursor.expired or cursor.owner != call.user or cursor.bound != bound:
            raise refuse("people: page token")
        names, at, revision, begun = cursor.state
    else:
        since, begun = _since(call, bound) if values.get("syncToken") else (None, call.google.clock.now())
        at, revision = 0, book.revision
        names = [
            one.name for one in book.groups.values() if (not one.deleted if since is None else one.revision > since)
        ]
    page = [_shown(book, book.groups[name], wanted) for name in names[at : at + size]]
    reply: Json = {"totalItems": len([one for one in book.groups.values() if not one.deleted])}
    reply |= {"contactGroups": page} if page else {}
    if at + size < len(names):
        state = (names, at + size, revision, begun)
        return reply | {"nextPageToken": cursors.issue("groups.page", call.user, bound, state)}
    return reply | {"nextSyncToken": cursors.issue("groups.sync", call.user, bound, (revision, begun))}


def _since(call: Call, bound: tuple[object, ...]) -> tuple[int, float]:
    cursor = call.google.cursors.find(call.values["syncToken"], "groups.sync")
    if cursor is None or cursor.owner != call.user:
        raise refuse("people: sync token unknown")
    if cursor.expired or call.google.clock.now() - cursor.state[1] > LIFE:
        raise refuse("people: sync token expired").having(service="people.googleapis.com")
    if cursor.bound != bound:
        raise refuse("people: sync token")
    revision, begun = cursor.state
    return revision, begun


@answers("people.contactGroups.get")
def get(call: Call) -> Json:
    """One, with as many members as are asked for."""
    book = book_of(call)
    wanted = _mask(call.values.get("groupFields"))
    return _shown(book, _found(call, book), wanted, call.values.get("maxMembers", 0))


@answers("people.contactGroups.batchGet")
def batch_get(call: Call) -> Json:
    """Several."""
    book, names = book_of(call), call.values.get("resourceNames", [])
    if not names:
        raise refuse("people: batch empty", what="resourceNames")
    if len(names) > 200:
        raise refuse("people: batch limit", what="resourceNames", limit=200)
    wanted, responses = _mask(call.values.get("groupFields")), []
    for name in names:
        group = book.groups.get(name)
        told: Json = {"requestedResourceName": name}
        if group is None or group.deleted:
            told["status"] = {"code": 5, "message": refuse("people: not found").message}
        else:
            told |= {"status": {}, "contactGroup": _shown(book, group, wanted, call.values.get("maxMembers", 0))}
        responses.append(told)
    return {"responses": responses}


@answers("people.contactGroups.create")
def create(call: Call) -> Json:
    """A group of the user."""
    book, group = book_of(call), call.body.get("contactGroup", {})
    wanted = _mask(call.body.get("readGroupFields"))
    made = book.new_group(_title(book, group.get("name", "")), group.get("clientData", []))
    return _shown(book, made, wanted)


@answers("people.contactGroups.update")
def update(call: Call) -> Json:
    """Another name."""
    book, body = book_of(call), call.body.get("contactGroup", {})
    group = _found(call, book)
    if group.system:
        raise refuse("people: group system")
    if body.get("etag") not in (None, group.etag):
        raise refuse("people: etag")
    fields = mask(call.body.get("updateGroupFields") or "name", "updateGroupFields", {"name", "clientData"})
    if "name" in fields:
        group.title = _title(book, body.get("name", ""), group.name)
    if "clientData" in fields:
        group.client_data = body.get("clientData", [])
    return _shown(book, book.change_group(group), _mask(call.body.get("readGroupFields")))


@answers("people.contactGroups.delete")
def delete(call: Call) -> Json:
    """With its contacts, if that is asked for."""
    book = book_of(call)
    group = _found(call, book)
    if group.system:
        raise refuse("people: group system")
    book.remove_group(group, with_contacts=call.values.get("deleteContacts", False))
    return {}


@answers("people.contactGroups.members.modify")
def members(call: Call) -> Json:
    """Who comes and who goes; nobody leaves his last group."""
    book = book_of(call)
    group = _found(call, book)
    if group.system and group.name not in JOINABLE:
        raise refuse("people: group system")
    add, remove = call.body.get("resourceNamesToAdd", []), call.body.get("resourceNamesToRemove", [])
    if len(add) + len(remove) > MEMBERS:
        raise refuse("people: batch limit", what="resource names", limit=MEMBERS)
    if not add and not remove:
        raise refuse("people: batch empty", what="resourceNamesToAdd, resourceNamesToRemove")
    living = {one.name: one for one in book.living()}
    missing = [name for name in (*add, *remove) if name not in living]
    for name in add:
        if name in living:
            book.join(living[name], group.name)
    stuck = []
    for name in remove:
        if name in living and living[name].groups == {group.name}:
            stuck.append(name)
        elif name in living:
            book.part(living[name], group.name)
    told = {"notFoundResourceNames": missing, "canNotRemoveLastContactGroupResourceNames": stuck}
    return {key: value for key, value in told.items() if value}
