"""Mail folders: listed level by level or followed by delta; made, renamed, moved and removed."""

from tests.fakes.microsoft.call import Call, empty, handler
from tests.fakes.microsoft.deltas import Tracked, View, delta_reply
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.listing import list_reply
from tests.fakes.microsoft.mail_views import folder_view
from tests.fakes.microsoft.mailbox import FOLDERS, Container, Mailbox
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.web import Reply


def _level(call: Call, parent: Container) -> list[Container]:
    hidden = call.query.custom.get("includeHiddenFolders", "false")
    if hidden not in ("true", "false"):
        raise refuse("parameter", name="includeHiddenFolders", what=hidden)
    shown = [one for one in call.mailbox.children(parent) if hidden == "true" or not one.hidden]
    return sorted(shown, key=lambda one: one.name.lower())


@handler
def folder_list(call: Call) -> Reply:
    """The top level."""
    found = _level(call, call.mailbox.well_known("msgfolderroot"))
    return list_reply(call, found, lambda folder: folder_view(call.mailbox, folder))


@handler
def folder_children(call: Call) -> Reply:
    """One level below a folder."""
    found = _level(call, call.container("mail"))
    return list_reply(call, found, lambda folder: folder_view(call.mailbox, folder))


@handler
def folder_get(call: Call) -> Reply:
    """One folder."""
    return call.reply(200, folder_view(call.mailbox, call.container("mail")))


@handler
def folder_delta(call: Call) -> Reply:
    """All levels at once, and what changed. Messages are no part of it."""
    mailbox = call.mailbox

    def view(name: str, _: Query) -> View | None:
        folder = mailbox.containers.get(name)
        return folder_view(mailbox, folder) if folder and folder.listed and not folder.hidden else None

    def ids() -> list[str]:
        listed = [one for one in mailbox.containers.values() if one.kind == "mail" and one.listed]
        return [one.id for one in listed if not one.hidden]

    return delta_reply(call, Tracked(FOLDERS["mail"], ids, view))


def _check_name(mailbox: Mailbox, name: str, parent: str, but: Container | None = None) -> None:
    if not name.strip():
        raise refuse("parameter", name="displayName", what="empty")
    for other in mailbox.containers.values():
        if other is not but and other.parent == parent and other.name.lower() == name.lower():
            raise refuse("folder exists")


def _create(call: Call, parent: Container) -> Reply:
    name = call.body["displayName"]
    _check_name(call.mailbox, name, parent.id)
    hidden = bool(call.body.get("isHidden"))
    folder = call.mailbox.add_container("mail", name, parent.id, hidden=hidden)
    return call.reply(201, folder_view(call.mailbox, folder))


@handler
def folder_create(call: Call) -> Reply:
    """A folder on the top level."""
    return _create(call, call.mailbox.well_known("msgfolderroot"))


@handler
def folder_create_child(call: Call) -> Reply:
    """A folder below another."""
    return _create(call, call.container("mail"))


@handler
def folder_update(call: Call) -> Reply:
    """Another name; the id stays."""
    folder = call.container("mail")
    if folder.well_known and "displayName" in call.body:
        raise refuse("distinguished folder")
    rename_folder(call.mailbox, folder, call.body.get("displayName", folder.name))
    return call.reply(200, folder_view(call.mailbox, folder))


def rename_folder(mailbox: Mailbox, folder: Container, name: str) -> None:
    """Give the folder another name. Raises when its parent has one of that name."""
    _check_name(mailbox, name, folder.parent, folder)
    folder.name = name
    mailbox.container_changed(folder, "updated", "displayName")


@handler
def folder_move(call: Call) -> Reply:
    """Another parent; the id stays."""
    folder, target = call.container("mail"), call.container("mail", call.body["destinationId"])
    if folder.well_known:
        raise refuse("distinguished folder")
    move_folder(call.mailbox, folder, target)
    return call.reply(201, folder_view(call.mailbox, folder))


def move_folder(mailbox: Mailbox, folder: Container, target: Container) -> None:
    """Put the folder below another. Raises when it is that one, or above it."""
    if target in list(mailbox.below(folder)):
        raise refuse("into itself")
    _check_name(mailbox, folder.name, target.id, folder)
    folder.parent = target.id
    mailbox.container_changed(folder, "updated", "parentFolderId")


@handler
def folder_delete(call: Call) -> Reply:
    """Remove it: below Deleted Items it is gone, elsewhere it goes there."""
    folder, mailbox = call.container("mail"), call.mailbox
    if folder.well_known:
        raise refuse("distinguished folder")
    trash = mailbox.well_known("deleteditems")
    if folder in list(mailbox.below(trash)):
        mailbox.remove_container(folder)
    else:
        taken = {one.name.lower() for one in mailbox.children(trash)}
        while folder.name.lower() in taken:
            folder.name += " 1"
        move_folder(mailbox, folder, trash)
    return empty(204)
