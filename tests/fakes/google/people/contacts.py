"""`people`: get, create, update, delete, photographs, batches and search."""

from typing import Final

from tests.fakes.google.bodies import decoded
from tests.fakes.google.calls import Call, answers
from tests.fakes.google.people.address_book import AddressBook, Contact
from tests.fakes.google.people.persons import (
    DEFAULT_GROUPS,
    allowed,
    book_of,
    found,
    mask,
    person_fields,
    profile,
    shown,
    source_etag,
    taken,
    updatable,
)
from tests.fakes.google.refusals import Json, Refusal, refuse

GET: Final = 200
CREATE: Final = 200
UPDATE: Final = 200
DELETE: Final = 500
SEARCH: Final = 30
CODES: Final = {"INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "FAILED_PRECONDITION": 9}
PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"RIFF")


@answers("people.people.get")
def get(call: Call) -> Json:
    """A contact, or the account itself."""
    wanted = person_fields(call)
    name = call.values["resourceName"]
    person = call.google.grants.people[call.user]
    if name in ("people/me", f"people/{person.sub}"):
        return profile(person, wanted)
    return shown(book_of(call), found(call, name), wanted)


@answers("people.people.getBatchGet")
def batch_get(call: Call) -> Json:
    """Several, each with a status of its own."""
    wanted, names = person_fields(call), call.values.get("resourceNames", [])
    _limited("resourceNames", names, GET)
    if len(set(names)) != len(names):
        raise refuse("people: batch twice", name=next(one for one in names if names.count(one) > 1))
    responses = []
    for name in names:
        try:
            person = shown(book_of(call), found(call, name), wanted)
            responses.append({"requestedResourceName": name, "httpStatusCode": 200, "status": {}, "person": person})
        except Refusal as refusal:
            responses.append({"requestedResourceName": name, "httpStatusCode": 404, "status": _status(refusal)})
    return {"responses": responses}


def _limited(what: str, names: list[str] | Json | list[Json], limit: int) -> None:
    if not names:
        raise refuse("people: batch empty", what=what)
    if len(names) > limit:
        raise refuse("people: batch limit", what=what, limit=limit)


def _status(refusal: Refusal) -> Json:
    return {"code": CODES.get(refusal.wording.status, 2), "message": refusal.message}


def _created(call: Call, book: AddressBook, person: Json) -> Contact:
    fields, groups = taken(book, person, updatable(call) & {*person})
    return book.add({key: value for key, value in fields.items() if value}, groups or DEFAULT_GROUPS)


@answers("people.people.createContact")
def create(call: Call) -> Json:
    """A new contact; there is no way to name it beforehand."""
    wanted = person_fields(call, default=True)
    book = book_of(call)
    return shown(book, _created(call, book, call.body), wanted)


@answers("people.people.batchCreateContacts")
def batch_create(call: Call) -> Json:
    """Several."""
    wanted = mask(call.body.get("readMask"), "readMask", allowed(call))
    people = [one.get("contactPerson", {}) for one in call.body.get("contacts", [])]
    _limited("contacts", people, CREATE)
    book = book_of(call)
    for person in people:
        taken(book, person, updatable(call) & {*person})
    made = [shown(book, _created(call, book, person), wanted) for person in people]
    return {"createdPeople": [{"httpStatusCode": 200, "person": one, "status": {}} for one in made]}


def _changed(call: Call, book: AddressBook, name: str, person: Json, update: set[str]) -> Contact:
    """Replace the fields of the mask whole, if the source's etag is the present one. Raises Refusal."""
    contact = found(call, name)
    sources = person.get("metadata", {}).get("sources", [])
    source = next((one for one in sources if one.get("type") == "CONTACT"), None)
    if source is None or not source.get("etag"):
        raise refuse("people: source missing")
    if source["etag"] != source_etag(contact) or source.get("id", contact.source) != contact.source:
        raise refuse("people: etag")
    fields, groups = taken(book, person, update)
    if groups is not None and not groups:
        raise refuse("people: memberships")
    return book.change(contact, fields, groups)


@answers("people.people.updateContact")
def update(call: Call) -> Json:
    """Change one."""
    wanted = person_fields(call, default=True)
    fields = mask(call.values.get("updatePersonFields"), "updatePersonFields", updatable(call))
    book = book_of(call)
    return shown(book, _changed(call, book, call.values["resourceName"], call.body, fields), wanted)


@answers("people.people.batchUpdateContacts")
def batch_update(call: Call) -> Json:
    """Change several; each succeeds or fails for itself."""
    wanted = mask(call.body.get("readMask"), "readMask", allowed(call))
    fields = mask(call.body.get("updateMask"), "updateMask", updatable(call))
    people, book = call.body.get("contacts", {}), book_of(call)
    _limited("contacts", people, UPDATE)
    results: Json = {}
    for name, person in people.items():
        result: Json = {"requestedResourceName": name}
        try:
            contact = _changed(call, book, name, person, fields)
            result |= {"httpStatusCode": 200, "status": {}, "person": shown(book, contact, wanted)}
        except Refusal as refusal:
            result |= {"httpStatusCode": refusal.status, "status": _status(refusal)}
        results[name] = result
    return {"updateResult": results}


@answers("people.people.deleteContact")
def delete(call: Call) -> Json:
    """Delete one."""
    book_of(call).remove(found(call, call.values["resourceName"]))
    return {}


@answers("people.people.batchDeleteContacts")
def batch_delete(call: Call) -> Json:
    """Delete several, or none if one of them does not exist."""
    names = call.body.get("resourceNames", [])
    _limited("resourceNames", names, DELETE)
    for contact in [found(call, name) for name in names]:
        book_of(call).remove(contact)
    return {}


@answers("people.people.updateContactPhoto")
def update_photo(call: Call) -> Json:
    """Another picture."""
    wanted = mask(call.body.get("personFields"), "personFields", allowed(call), default=True)
    photo = decoded(call.body.get("photoBytes", ""))
    if not photo.startswith(PICTURES):
        raise refuse("people: photo")
    book = book_of(call)
    return {"person": shown(book, book.photograph(found(call, call.values["resourceName"]), photo), wanted)}


@answers("people.people.deleteContactPhoto")
def delete_photo(call: Call) -> Json:
    """No picture."""
    wanted = person_fields(call, default=True)
    book = book_of(call)
    return {"person": shown(book, book.photograph(found(call, call.values["resourceName"]), None), wanted)}


@answers("people.people.searchContacts")
def search(call: Call) -> Json:
    """Through an index that knows what was there at the last call with an empty query."""
    wanted = mask(call.values.get("readMask"), "readMask", allowed(call))
    book = book_of(call)
    if not call.values.get("query"):
        book.warm_up()
        return {}
    return results(call, book, book.indexed, wanted)


def results(call: Call, book: AddressBook, shelf: list[Contact], wanted: set[str]) -> Json:
    """The first of those whose words begin like the query."""
    query, size = call.values["query"].lower(), min(call.values.get("pageSize") or 10, SEARCH)
    hits = [one for one in shelf if any(word.startswith(query) for word in _words(one))]
    return {"results": [{"person": shown(book, one, wanted)} for one in hits[:size]]}


def _words(contact: Contact) -> list[str]:
    texts = [
        str(value)
        for name in ("names", "nicknames", "emailAddresses", "phoneNumbers", "organizations")
        for one in contact.fields.get(name, ())
        for value in one.values()
    ]
    return [word for text in texts for word in [text.lower(), *text.lower().split()]]
