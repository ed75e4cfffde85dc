"""Contacts, their folders and their photos."""

from collections.abc import Mapping
from typing import Any, Final, cast

from tests.fakes.microsoft.call import Call, empty, etag, handler
from tests.fakes.microsoft.clock import graph_time
from tests.fakes.microsoft.deltas import Tracked, View, delta_reply
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.extended import extended_of
from tests.fakes.microsoft.listing import effective, list_reply
from tests.fakes.microsoft.mail_views import extended_view
from tests.fakes.microsoft.mailbox import FOLDERS, Contact, Container, Mailbox
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.resources.contacts import CONTACT
from tests.fakes.microsoft.web import Reply

EMAILS: Final = 3
PHOTO: Final = 4 * 1024 * 1024
_LISTS: Final = ("categories", "imAddresses", "homePhones", "businessPhones", "children", "emailAddresses")
_ADDRESSES: Final = ("homeAddress", "businessAddress", "otherAddress")
_PICTURES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif", b"BM": "image/bmp"}
_APART: Final = frozenset({"singleValueExtendedProperties", "@odata.type"})


def the_folder(call: Call) -> Container:
    """The folder that the path names, or the default one. Raises when there is none."""
    return call.container("contacts") if "contact_folder" in call.params else call.mailbox.well_known("contacts")


def the_contact(call: Call) -> Contact:
    """The contact that the path names. Raises when it is not there, or in another folder."""
    inside = the_folder(call) if "contact_folder" in call.params else None
    return cast("Contact", call.item(call.params["contact"], Contact, inside))


def contact_view(call: Call, contact: Contact, query: Query) -> View:
    """All that can be shown of a contact."""
    empties: View = dict.fromkeys(CONTACT.shown) | {name: [] for name in _LISTS}
    view: View = {
        "@odata.etag": etag(contact.change_key),
        "id": call.id_of(contact),
        "createdDateTime": graph_time(contact.created),
        "lastModifiedDateTime": graph_time(contact.modified),
        "changeKey": contact.change_key,
        "parentFolderId": contact.parent,
    }
    addresses: View = {name: {} for name in _ADDRESSES}
    return empties | addresses | contact.values | view | extended_view(contact.extended, query)


# Folders


def folder_view(mailbox: Mailbox, folder: Container) -> View:
    """How a contact folder looks."""
    root = mailbox.well_known("msgfolderroot").id
    return {"id": folder.id, "displayName": folder.name, "parentFolderId": folder.parent or root}


def _folders(call: Call, parent: str) -> list[Container]:
    """The folders of one level. The default one is on none."""
    found = [one for one in call.mailbox.containers.values() if one.kind == "contacts" and one.parent == parent]
    return [one for one in found if not one.well_known]


@handler
def contact_folder_list(call: Call) -> Reply:
    """The top level, without the default folder."""
    return list_reply(call, _folders(call, ""), lambda one: folder_view(call.mailbox, one))


@handler
def contact_folder_children(call: Call) -> Reply:
    """One level below a folder."""
    found = _folders(call, call.container("contacts").id)
    return list_reply(call, found, lambda one: folder_view(call.mailbox, one))


@handler
def contact_folder_delta(call: Call) -> Reply:
    """All levels, and what changed."""
    mailbox = call.mailbox

    def view(name: str, _: Query) -> View | None:
        folder = mailbox.containers.get(name)
        return folder_view(mailbox, folder) if folder else None

    def ids() -> list[str]:
        return [one.id for one in mailbox.containers.values() if one.kind == "contacts" and not one.well_known]

    return delta_reply(call, Tracked(FOLDERS["contacts"], ids, view))


@handler
def contact_folder_get(call: Call) -> Reply:
    """One folder."""
    return call.reply(200, folder_view(call.mailbox, call.container("contacts")))


def _create(call: Call, parent: str) -> Reply:
    _check_name(call.mailbox, call.body["displayName"], parent)
    made = call.mailbox.add_container("contacts", call.body["displayName"], parent)
    return call.reply(201, folder_view(call.mailbox, made))


def _check_name(mailbox: Mailbox, name: str, parent: str, but: Container | None = None) -> None:
    level = (one for one in mailbox.containers.values() if one.kind == "contacts" and one.parent == parent)
    if any(one.name.lower() == name.lower() for one in level if one is not but):
        raise refuse("folder exists")


@handler
def contact_folder_create(call: Call) -> Reply:
    """A folder on the top level."""
    return _create(call, "")


@handler
def contact_folder_create_child(call: Call) -> Reply:
    """A folder below another."""
    return _create(call, call.container("contacts").id)


@handler
def contact_folder_update(call: Call) -> Reply:
    """Another name."""
    folder = call.container("contacts")
    name = call.body.get("displayName", folder.name)
    _check_name(call.mailbox, name, folder.parent, folder)
    folder.name = name
    call.mailbox.container_changed(folder, "updated", "displayName")
    return call.reply(200, folder_view(call.mailbox, folder))


@handler
def contact_folder_delete(call: Call) -> Reply:
    """Remove it with all that it holds; the default one stays."""
    folder = call.container("contacts")
    if folder.well_known:
        raise refuse("distinguished folder")
    call.mailbox.remove_container(folder)
    return empty(204)


# Contacts


@handler
def contact_list(call: Call) -> Reply:
    """The contacts of a folder."""
    query = effective(call)
    held = [item for item in call.mailbox.inside(the_folder(call)) if isinstance(item, Contact)]
    return list_reply(call, held, lambda one: contact_view(call, one, query))


@handler
def contact_delta(call: Call) -> Reply:
    """What changed in one folder."""
    mailbox, folder = call.mailbox, the_folder(call)

    def view(name: str, query: Query) -> View | None:
        contact = mailbox.items.get(name)
        if not isinstance(contact, Contact) or contact.parent != folder.id:
            return None
        return contact_view(call, contact, query)

    return delta_reply(call, Tracked(folder.id, lambda: [one.id for one in mailbox.inside(folder)], view))


@handler
def contact_get(call: Call) -> Reply:
    """One contact."""
    return call.reply(200, contact_view(call, the_contact(call), call.query))


def _check(body: Mapping[str, Any]) -> None:
    if len(body.get("emailAddresses") or []) > EMAILS:
        raise refuse("contact emails")


def add_contact(mailbox: Mailbox, folder: Container, body: Mapping[str, Any]) -> Contact:
    """A new contact. Raises when there is too much of it."""
    _check(body)
    now = mailbox.clock.now()
    values = {name: value for name, value in body.items() if value is not None and name not in _APART}
    if not values.get("displayName"):
        values["displayName"] = " ".join(values[name] for name in ("givenName", "surname") if values.get(name))
    values.setdefault("fileAs", values["displayName"])
    contact = Contact(mailbox.new_id(), mailbox.new_id(), folder.id, values, now, now)
    contact.extended = extended_of(body)
    mailbox.add(contact)
    return contact


def write_contact(mailbox: Mailbox, contact: Contact, body: Mapping[str, Any]) -> None:
    """Change a contact; what is a list is replaced as a whole."""
    _check(body)
    contact.extended |= extended_of(body)
    changes = {name: value for name, value in body.items() if name not in _APART}
    contact.values |= {name: [] if value is None and name in _LISTS else value for name, value in changes.items()}
    for name in _ADDRESSES:
        if contact.values.get(name) is None:
            contact.values.pop(name, None)
    mailbox.changed(contact, body)


@handler
def contact_create(call: Call) -> Reply:
    """A new contact. Nothing keeps a repeated request from making another."""
    contact = add_contact(call.mailbox, the_folder(call), call.body)
    return call.reply(201, contact_view(call, contact, call.query))


@handler
def contact_update(call: Call) -> Reply:
    """Change it."""
    contact = the_contact(call)
    call.check_match(contact.change_key)
    write_contact(call.mailbox, contact, call.body)
    return call.reply(200, contact_view(call, contact, call.query))


@handler
def contact_delete(call: Call) -> Reply:
    """Remove it."""
    contact = the_contact(call)
    call.check_match(contact.change_key)
    call.mailbox.remove(contact)
    return empty(204)


@handler
def contact_purge(call: Call) -> Reply:
    """Remove it for good."""
    return contact_delete(call)


# Photos


@handler
def photo_get(call: Call) -> Reply:
    """What is known of the photo."""
    contact = the_contact(call)
    if contact.photo is None:
        raise refuse("no photo")
    return call.reply(200, {"id": "default", "height": 96, "width": 96})


@handler
def photo_content(call: Call) -> Reply:
    """The photo."""
    contact = the_contact(call)
    if contact.photo is None:
        raise refuse("no photo")
    return Reply(200, contact.photo, {"Content-Type": contact.photo_type, "ETag": f'"{contact.change_key}"'})


@handler
def photo_put(call: Call) -> Reply:
    """Another photo."""
    content = call.request.body
    if len(content) > PHOTO:
        raise refuse("large")
    set_photo(call.mailbox, the_contact(call), content)
    return empty(200)


def set_photo(mailbox: Mailbox, contact: Contact, content: bytes) -> None:
    """Give the contact a photo. Raises when it is no picture."""
    kind = next((name for magic, name in _PICTURES.items() if content.startswith(magic)), None)
    if kind is None:
        raise refuse("photo type")
    contact.photo, contact.photo_type = content, kind
    mailbox.changed(contact, ["photo"])


@handler
def photo_delete(call: Call) -> Reply:
    """No photo."""
    contact = the_contact(call)
    if contact.photo is None:
        raise refuse("no photo")
    contact.photo, contact.photo_type = None, ""
    call.mailbox.changed(contact, ["photo"])
    return empty(204)
