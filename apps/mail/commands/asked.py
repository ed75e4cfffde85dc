"""What somebody asks to be done, read and checked: the body of `POST commands` and of the socket's frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from apps.core.clock import now
from apps.core.problems import Problem
from apps.providers.adapters.imap.store import keyword_problem

from ..pending import Change
from ..queries import FILTERS
from . import actions

MOST: Final = 1000
LATEST: Final = timedelta(days=5 * 366)
WAYS: Final = ("messages", "threads", "search", "all_in")


@dataclass(frozen=True, slots=True)
class Asked:
    """One act. Exactly one of messages, threads, search and all_in says to what."""

    action: str
    messages: tuple[UUID, ...] = ()
    threads: tuple[UUID, ...] = ()
    query: str | None = None
    query_mailbox: UUID | None = None
    query_account: UUID | None = None
    all_in: UUID | None = None
    filter: str = ""
    here: UUID | None = None
    to: UUID | None = None
    keyword: str = ""
    until: datetime | None = None

    @property
    def change(self) -> Change | None:
        """The change of flags, for actions that are one."""
        if self.action == "add_keyword":
            return Change(frozenset({self.keyword.lower()}), frozenset())
        if self.action == "remove_keyword":
            return Change(frozenset(), frozenset({self.keyword.lower()}))
        return actions.STORES.get(self.action)

    def as_json(self) -> dict[str, Any]:
        """What a slice that is done later needs of it."""
        return {
            "action": self.action,
            "here": _text(self.here),
            "to": _text(self.to),
            "keyword": self.keyword,
            "until": self.until.isoformat() if self.until else None,
            "query": self.query,
            "query_mailbox": _text(self.query_mailbox),
            "query_account": _text(self.query_account),
            "all_in": _text(self.all_in),
            "filter": self.filter,
        }

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> "Asked":
        """The same back again."""
        ids = ("here", "to", "query_mailbox", "query_account", "all_in")
        fields: dict[str, Any] = {name: UUID(data[name]) for name in ids if data[name]}
        fields |= {name: data[name] for name in ("query", "filter", "keyword")}
        fields["until"] = datetime.fromisoformat(data["until"]) if data["until"] else None
        return cls(data["action"], **fields)


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


def parse(body: Any) -> Asked:
    """Read a body. Raises the 400 problem `invalid`, or 422 for a label or time that cannot be."""
    if not isinstance(body, Mapping):
        raise _invalid("command", "A command is an object.")
    action = body.get("action")
    if action not in actions.ALL:
        raise _invalid("action", f"`action` must be one of {', '.join(actions.ALL)}.")
    given = [way for way in WAYS if body.get(way) is not None]
    if len(given) != 1:
        raise _invalid("messages", "Name exactly one of `messages`, `threads`, `search` and `all_in`.")
    filter_ = body.get("filter") or ""
    if filter_ not in FILTERS or filter_ == "snoozed":
        raise _invalid("filter", "`filter` must be one of unread, flagged, attachment.")
    query, query_mailbox, query_account = _search(body.get("search"))
    to = _id(body, "to_mailbox_id")
    if (action == "move") != (to is not None):
        raise _invalid("to_mailbox_id", "`to_mailbox_id` says where `move` moves to, and belongs to no other action.")
    return Asked(
        action,
        _ids(body, "messages"),
        _ids(body, "threads"),
        query,
        query_mailbox,
        query_account,
        _id(body, "all_in"),
        filter_,
        _id(body, "from_mailbox_id"),
        to,
        _keyword(action, body.get("keyword")),
        _until(action, body.get("until")),
    )


def _search(value: Any) -> tuple[str | None, UUID | None, UUID | None]:
    if value is None:
        return None, None, None
    if not isinstance(value, Mapping) or not isinstance(value.get("q"), str) or not value["q"].strip():
        raise _invalid("search", "`search` is an object with the words in `q`.")
    if len(value["q"]) > 2000:
        raise _invalid("search", "This search is too long.")
    return value["q"], _id(value, "mailbox_id"), _id(value, "account_id")


def _ids(body: Mapping[str, Any], name: str) -> tuple[UUID, ...]:
    values = body.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not 1 <= len(values) <= MOST:
        raise _invalid(name, f"`{name}` is a list of 1 to {MOST} ids.")
    return tuple(dict.fromkeys(_uuid(value, name) for value in values))


def _id(body: Mapping[str, Any], name: str) -> UUID | None:
    value = body.get(name)
    return None if value is None else _uuid(value, name)


def _uuid(value: Any, name: str) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise _invalid(name, f"`{name}` holds something that is no id.") from None


def _keyword(action: str, value: Any) -> str:
    if action not in actions.KEYWORDS:
        return ""
    problem = keyword_problem(value) if isinstance(value, str) else "Name the label in `keyword`."
    if problem:
        raise Problem(422, "bad_keyword", problem, errors={"keyword": [problem]})
    return str(value)


def _until(action: str, value: Any) -> datetime | None:
    if action != "snooze":
        return None
    try:
        until = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise _invalid("until", "`until` is a time with its zone, such as 2026-12-01T08:00:00+01:00.") from None
    if until.tzinfo is None:
        raise _invalid("until", "`until` needs its zone, such as +01:00.")
    if not now() < until < now() + LATEST:
        problem = "Choose a time that is still to come, within five years."
        raise Problem(422, "bad_time", problem, errors={"until": [problem]})
    return until


def _invalid(name: str, detail: str) -> Problem:
    return Problem(400, "invalid", detail, errors={name: [detail]})
