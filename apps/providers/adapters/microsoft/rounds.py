"""One round of change tracking of one folder, read to its end: what is there now, what went, the link to the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import Role

from .graph import Graph, Json, segment
from .messages import EXPAND, SELECT, Facts, facts_of, told_whole

PAGE: Final = 50
LISTED: Final = 500
"""Messages of a page where no content is read with it."""
CONTENT: Final = (
    "subject,body,toRecipients,ccRecipients,bccRecipients,replyTo,hasAttachments,internetMessageId,importance"
)
"""What may change of a draft."""


@dataclass(slots=True)
class Round:
    """What a round tells of a folder. `gone` are ids that it no longer holds: deleted, or in another folder."""

    folder: str
    here: dict[str, Facts] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    link: str = ""


def first_link(graph: Graph, folder: str, role: Role | None) -> str:
    """Where the first round of a folder begins, the newest message first. Options live on in the links.

    A change is told only when what was selected changed, so of drafts the content is selected as well.
    """
    select = f"{SELECT},{CONTENT}" if role is Role.DRAFTS else SELECT
    query = {"select": select, "expand": EXPAND, "orderby": "receivedDateTime desc"}
    return graph.url(f"mailFolders/{segment(folder)}/messages/delta", query)


def read(graph: Graph, folder: str, link: str) -> Round:
    """The round behind a link. Raises CursorExpired when the link is dead, NotFound when the folder is gone."""
    items: dict[str, Json] = {}
    found = Round(folder)
    for page in graph.pages(link, prefer(LISTED)):
        collect(items, page.items)
        found.link = page.delta
    if not found.link:
        raise errors.Transient("a round ended without a link to the next")
    sort(graph, found, items)
    return found


def prefer(size: int) -> str:
    """The preference for pages of this size."""
    return f"odata.maxpagesize={size}"


def collect(items: dict[str, Json], page: Iterable[Json]) -> None:
    """Add a page: an item may come several times, in any order, and the last time is what holds."""
    for item in page:
        name = str(item.get("id") or "")
        items.pop(name, None)
        items[name] = item


def sort(graph: Graph, found: Round, items: Mapping[str, Json]) -> None:
    """Tell what is there from what went. What was told in part is read."""
    partly = [name for name, item in items.items() if "@removed" not in item and not told_whole(item)]
    looked = dict(zip(partly, look(graph, partly), strict=True))
    for name, item in items.items():
        if "@removed" in item:
            found.gone.add(name)
            continue
        facts = looked[name] if name in looked else facts_of(item)
        if facts is None or facts.folder != found.folder:
            found.gone.add(name)
        else:
            found.here[name] = facts


def look(graph: Graph, names: Sequence[str]) -> list[Facts | None]:
    """Messages as they are now, wherever they lie; None for what is gone."""
    return graph.together(lambda name: facts(graph, name), names)


def facts(graph: Graph, name: str) -> Facts | None:
    """One message as it is now; None when it is gone."""
    try:
        return facts_of(graph.get(f"messages/{segment(name)}", select=SELECT, expand=EXPAND))
    except errors.NotFound:
        return None
