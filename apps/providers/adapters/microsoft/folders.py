"""Mail folders as mailboxes: the list with its paths and roles.

Graph tells no folder's role in v1.0; the well-known ones are asked for by their names, once for a connection.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailboxRecord, Role

from .graph import Graph, Json, segment

ROLES: Final[Mapping[str, Role]] = {
    "inbox": Role.INBOX,
    "drafts": Role.DRAFTS,
    "sentitems": Role.SENT,
    "archive": Role.ARCHIVE,
    "junkemail": Role.JUNK,
    "deleteditems": Role.TRASH,
}
LEFT_OUT: Final = ("outbox", "conversationhistory", "syncissues", "searchfolders", "recoverableitemsdeletions")
"""What is on its way, and what programs keep for themselves."""
ROOT: Final = "msgfolderroot"
SELECT: Final = "id,displayName,parentFolderId,totalItemCount,isHidden"
PAGE: Final = "odata.maxpagesize=200"
DEPTH: Final = 100
ORDER: Final = (Role.INBOX, Role.SENT, Role.DRAFTS, Role.ARCHIVE, None, Role.JUNK, Role.TRASH)


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of the list."""

    record: MailboxRecord
    total: int

    @property
    def id(self) -> str:
        """Graph's id, which never changes."""
        return self.record.remote_id


class Folders:
    """The folders of one account."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, str] | None = None

    def well_known(self) -> Mapping[str, str]:
        """The ids of the folders with a name of their own; those that the account does not have are left out."""
        if self._known is None:
            names = (*ROLES, *LEFT_OUT)
            found = self._graph.together(self._id_of, names)
            self._known = {name: one for name, one in zip(names, found, strict=True) if one}
        return self._known

    def _id_of(self, name: str) -> str:
        try:
            return str(self._graph.get(f"mailFolders/{name}", select="id")["id"])
        except (errors.NotFound, errors.Rejected, errors.PermissionMissing):
            return ""

    def listing(self) -> list[Folder]:
        """All folders of all levels, those that people look into first. Raises errors."""
        items: dict[str, Json] = {}
        for page in self._graph.pages(self._graph.url("mailFolders/delta", {"select": SELECT}), PAGE):
            # The last that is said of a folder is what holds.
            items |= {item["id"]: item for item in page.items}
        return self._folders(item for item in items.values() if "@removed" not in item)

    def by_levels(self) -> list[Folder]:
        """The same by the other path, level by level."""
        items = list(self._level("mailFolders"))
        seen = list(items)
        while items:
            below = [
                child for item in items for child in self._level(f"mailFolders/{segment(item['id'])}/childFolders")
            ]
            seen += below
            items = below
        return self._folders(seen)

    def _level(self, path: str) -> Iterator[Json]:
        return self._graph.values(path, PAGE, top="200")

    def _folders(self, items: Iterable[Json]) -> list[Folder]:
        known = self.well_known()
        roles = {known[name]: role for name, role in ROLES.items() if name in known}
        left_out = {known[name] for name in LEFT_OUT if name in known}
        by_id = {item["id"]: item for item in items}
        found = []
        for name, item in by_id.items():
            above = list(_above(item, by_id))
            hidden = any(one["id"] in left_out or one.get("isHidden") for one in above)
            if hidden or "mailSearchFolder" in str(item.get("@odata.type", "")):
                continue
            path = tuple(str(one.get("displayName") or "") for one in reversed(above))
            record = MailboxRecord(name, path, role=roles.get(name))
            found.append(Folder(record, int(item.get("totalItemCount") or 0)))
        return sorted(found, key=lambda folder: (order(folder.record.role), folder.record.path))


def _above(item: Json, by_id: Mapping[str, Json]) -> Iterator[Json]:
    """The folder and those above it, up to the root, which is not listed."""
    current: Json | None = item
    for _ in range(DEPTH):
        if current is None:
            return
        yield current
        parent = current.get("parentFolderId")
        current = by_id.get(str(parent)) if parent != current["id"] else None


def order(role: Role | None) -> int:
    """The place of a role in the order in which mailboxes are looked at."""
    return ORDER.index(role if role in ORDER else None)
