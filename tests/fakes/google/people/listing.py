"""`connections.list` and `otherContacts`: listings whose tokens are bound to every parameter."""

from typing import Any, Final

from tests.fakes.google.calls import Call, answers
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.people.address_book import AddressBook, Contact
from tests.fakes.google.people.contacts import results
from tests.fakes.google.people.persons import COPIED, OTHER_FIELDS, allowed, book_of, mask, person_fields, shown
from tests.fakes.google.refusals import Json, refuse

DAY: Final = 86_400
LIFE: Final = 7 * DAY
PAGE: Final = 1000
ORDERS: Final = {
    "LAST_MODIFIED_ASCENDING": (lambda one: one.changed_at, False),
    "LAST_MODIFIED_DESCENDING": (lambda one: one.changed_at, True),
    "FIRST_NAME_ASCENDING": (lambda one: _name(one, "givenName"), False),
    "LAST_NAME_ASCENDING": (lambda one: _name(one, "familyName"), False),
}


def _name(contact: Contact, part: str) -> str:
    return str((contact.fields.get("names") or [{}])[0].get(part, ""))


@answers("people.people.connections.list")
def connections(call: Call) -> Json:
    """The contacts of `people/me`."""
    if call.values["resourceName"] != "people/me":
        raise refuse("people: other person", name=call.values["resourceName"])
    wanted, book = person_fields(call), book_of(call)
    order = ORDERS.get(call.values.get("sortOrder", ""), ORDERS["LAST_MODIFIED_ASCENDING"])
    shelf = sorted(book.contacts.values(), key=order[0], reverse=order[1])  # type: ignore[arg-type]  # one of the table
    page, tokens, whole = _page(call, book, shelf)
    reply: Json = {"totalPeople": whole, "totalItems": whole} | tokens
    return reply | ({"connections": [shown(book, one, wanted) for one in page]} if page else {})


@answers("people.otherContacts.list")
def other_contacts(call: Call) -> Json:
    """People one wrote to; read-only."""
    fields = allowed(call) if "READ_SOURCE_TYPE_PROFILE" in call.values.get("sources", ()) else set(OTHER_FIELDS)
    wanted, book = mask(call.values.get("readMask"), "readMask", fields), book_of(call)
    page, tokens, whole = _page(call, book, list(book.others.values()))
    reply: Json = {"totalSize": whole} | tokens
    return reply | ({"otherContacts": [shown(book, one, wanted) for one in page]} if page else {})


def _page(call: Call, book: AddressBook, shelf: list[Contact]) -> tuple[list[Contact], Json, int]:
    """A page, its tokens, and how many there are. Raises Refusal."""
    values, cursors, now = call.values, call.google.cursors, call.google.clock.now()
    size = sized(call, PAGE, 100)
    bound, kind = bound_to(values), call.match.method.id
    if values.get("pageToken"):
        cursor = cursors.find(values["pageToken"], f"{kind}.page")
        if cursor is None or cursor.expired or cursor.owner != call.user or cursor.bound != bound:
            raise refuse("people: page token")
        names, at, revision, begun = cursor.state
    else:
        since, begun = _since(call, bound) if values.get("syncToken") else (None, now)
        if since is None and values.get("requestSyncToken"):
            call.google.quotas.full_sync(call.access.caller or call.user, call.access.project)
        revision, at = book.settled_revision(), 0
        names = [one.name for one in shelf if _listed(one, since, revision)]
    by_name = {one.name: one for one in shelf}
    page = [by_name[name] for name in names[at : at + size] if name in by_name]
    whole = len([one for one in shelf if not one.deleted])
    if at + size < len(names):
        token = cursors.issue(f"{kind}.page", call.user, bound, (names, at + size, revision, begun))
        return page, {"nextPageToken": token}, whole
    if values.get("requestSyncToken") or values.get("syncToken"):
        token = cursors.issue(f"{kind}.sync", call.user, bound, (revision, begun))
        return page, {"nextSyncToken": token}, whole
    return page, {}, whole


def sized(call: Call, limit: int, default: int) -> int:
    """`pageSize`. Raises Refusal outside of its range."""
    size = call.values.get("pageSize") or default
    if not 1 <= size <= limit:
        raise refuse("people: page size", low=1, high=limit)
    return int(size)


def _listed(contact: Contact, since: int | None, revision: int) -> bool:
    if since is None:
        return not contact.deleted
    return since < contact.revision <= revision


def _since(call: Call, bound: tuple[Any, ...]) -> tuple[int, float]:
    """The revision of a sync token, and when its full sync began. Raises Refusal."""
    cursor = call.google.cursors.find(call.values["syncToken"], f"{call.match.method.id}.sync")
    if cursor is None or cursor.owner != call.user:
        raise refuse("people: sync token unknown")
    revision, begun = cursor.state
    # Seven days from the full sync, however often it went on since.
    if cursor.expired or call.google.clock.now() - begun > LIFE:
        raise refuse("people: sync token expired").having(service="people.googleapis.com")
    if cursor.bound != bound:
        raise refuse("people: sync token")
    return revision, begun


@answers("people.otherContacts.search")
def search_others(call: Call) -> Json:
    """The same as for contacts."""
    wanted, book = mask(call.values.get("readMask"), "readMask", set(OTHER_FIELDS)), book_of(call)
    if not call.values.get("query"):
        return {}
    return results(call, book, [one for one in book.others.values() if not one.deleted], wanted)


@answers("people.otherContacts.copyOtherContactToMyContactsGroup")
def copy_other(call: Call) -> Json:
    """Becomes a contact with a resource name of its own."""
    fields = mask(call.body.get("copyMask"), "copyMask", set(COPIED))
    wanted = mask(call.body.get("readMask"), "readMask", allowed(call), default=True)
    book = book_of(call)
    other = book.others.get(call.values["resourceName"])
    if other is None or other.deleted:
        raise refuse("people: not found")
    made = book.add({name: other.fields[name] for name in sorted(fields) if name in other.fields})
    return shown(book, made, wanted | {"metadata"} if call.body.get("readMask") else wanted)
