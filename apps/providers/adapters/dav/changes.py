"""What happened in a collection since its cursor.

    nothing        its ctag, or where it has none its token, is what it was: no request at all
    by token       a sync-collection REPORT (RFC 6578) names what changed and what went
    census         all etags are compared: the first time, where there is no token, when a token is refused, and
                   once a day in any case, since servers were seen to forget deletions

The new cursor goes with the last batch of a round; a round that was cut off is followed by a census, and what it
had brought in is known by its etag.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import Cursor
from apps.providers.adapters.collections import CollectionBatch, CollectionMirror

from . import listing, objects
from .connection import GONE, Connection, failure
from .discovery import Service
from .listing import Listed, normal
from .xml import CONTENT_TYPE, ETAG, NotDav, answer, sync_collection

VERSION: Final = 1
DAILY: Final = 86_400.0
"""Seconds between two full comparisons."""
ROUNDS: Final = 1_000
MASS_SHARE: Final = 0.2
MASS_LEAST: Final = 50
CONFIRMED_AFTER: Final = 30.0
LOOK_AGAIN: Final = 60.0
# What servers were seen to answer to a token that they no longer know (RFC 6578 section 3.2 asks for 403).
FORGOTTEN: Final = frozenset({400, 403, 404, 409, 410, 412, 415, 422, 500, 501, 507})


@dataclass(slots=True)
class _Found:
    """What is to be brought in: new etags by id, and what went."""

    changed: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    token: str = ""
    full: bool = False


class _Forgotten(Exception):
    """The server does not know the token any more."""


def of(
    connection: Connection, service: Service, listed: Listed, cursor: Cursor | None, mirror: CollectionMirror
) -> Iterator[CollectionBatch]:
    """Yield the batches that bring one collection up to date. Raises errors of `adapters.errors`."""
    known = dict(cursor or {}) if cursor and cursor.get("v") == VERSION else {}
    due = time.time() - float(known.get("full_at", 0)) >= DAILY
    full = not known or due or "suspect_at" in known or "unfinished" in known
    if not full and _unchanged(listed, known):
        return
    found = None if full else _by_token(connection, listed, known, mirror)
    if found is None or _mass(found, mirror, listed):
        found = _census(connection, listed, known, mirror)
    held_back = _held_back(found, known, mirror, listed)
    yield from _batches(connection, service, listed, found, known, mirror, held_back=held_back)


def _unchanged(listed: Listed, known: Mapping[str, Any]) -> bool:
    if listed.ctag and known.get("ctag"):
        return bool(listed.ctag == known["ctag"])
    return bool(listed.token) and listed.token == known.get("token")


def told_by_ctag(cursor: Cursor | None) -> bool:
    """Whether the collection's ctag alone says that nothing happened in it."""
    return bool(cursor and cursor.get("v") == VERSION and cursor.get("ctag"))


def _by_token(
    connection: Connection, listed: Listed, known: Mapping[str, Any], mirror: CollectionMirror
) -> _Found | None:
    """What the server says has changed; None when it cannot tell."""
    if not known.get("token"):
        return None
    found = _Found(token=known["token"])
    try:
        for _ in range(ROUNDS):
            if not _round(connection, listed.record.remote_id, found):
                break
        else:
            return None
    except _Forgotten:
        return None
    named = [*found.changed, *found.gone]
    held = mirror.known(listed.record.remote_id, named)
    if len(held) < len(named):  # new ones, or old ones whose path is written in another way
        held = mirror.etags(listed.record.remote_id)
    spelled = {normal(remote_id): remote_id for remote_id in held}
    found.changed = {
        spelled.get(normal(remote_id), remote_id): etag
        for remote_id, etag in found.changed.items()
        if not etag or held.get(spelled.get(normal(remote_id), remote_id)) != etag
    }
    found.gone = {spelled[normal(remote_id)] for remote_id in found.gone if normal(remote_id) in spelled}
    return found


def _round(connection: Connection, collection: str, found: _Found) -> bool:
    """One REPORT; whether there is more (507 on the collection itself, RFC 6578 section 3.6)."""
    body = sync_collection(found.token, (ETAG,))
    # Depth 0: strict servers refuse 1 (section 3.2).
    got = connection.ask("REPORT", collection, body, {"Depth": "0", "Content-Type": CONTENT_TYPE})
    if got.status in FORGOTTEN:
        raise _Forgotten
    if got.status != 207:
        raise failure(got)
    try:
        told = answer(got.body)
    except NotDav as error:
        raise errors.Transient(f"the answer is not WebDAV: {error}") from None
    cut = False
    for resource in told.resources:
        remote_id = connection.key(resource.href, str(got.url)) if resource.href else ""
        if normal(remote_id) == normal(collection):
            cut = cut or resource.status == 507
        elif resource.status in GONE:
            found.gone.add(remote_id)
            found.changed.pop(remote_id, None)
        elif resource.status < 300 and remote_id:
            found.changed[remote_id] = resource.text_of(ETAG)
            found.gone.discard(remote_id)
    if not told.token:
        raise _Forgotten
    more, found.token = cut and told.token != found.token, told.token
    return more


def _census(connection: Connection, listed: Listed, known: Mapping[str, Any], mirror: CollectionMirror) -> _Found:
    """Compare all etags. The token is older than they are: what came in between is told again."""
    token = listed.token
    if not token and (listed.reports_changes or known.get("token")):
        token = listing.token_of(connection, listed.record.remote_id)
    there = listing.etags(connection, listed.record.remote_id)
    held = mirror.etags(listed.record.remote_id)
    spelled = {normal(remote_id): remote_id for remote_id in held}
    found = _Found(token=token, full=True)
    seen = set()
    for remote_id, etag in there.items():
        ours = spelled.get(normal(remote_id), remote_id)
        seen.add(ours)
        if not etag or held.get(ours) != etag:
            found.changed[ours] = etag
    found.gone = set(held) - seen
    return found


def _mass(found: _Found, mirror: CollectionMirror, listed: Listed) -> bool:
    """So much is gone at once that it is looked at twice (F42)."""
    if len(found.gone) <= MASS_LEAST:
        return False
    return len(found.gone) > MASS_SHARE * len(mirror.etags(listed.record.remote_id))


def _held_back(found: _Found, known: Mapping[str, Any], mirror: CollectionMirror, listed: Listed) -> bool:
    """Whether what is gone is not believed yet: a second look, half a minute later, must say the same."""
    if not _mass(found, mirror, listed):
        return False
    suspect_at = known.get("suspect_at")
    return suspect_at is None or time.time() - float(suspect_at) < CONFIRMED_AFTER


def _cursor(listed: Listed, found: _Found, known: Mapping[str, Any], *, held_back: bool) -> Cursor:
    after: dict[str, Any] = {"v": VERSION, "ctag": listed.ctag, "full_at": known.get("full_at", 0)}
    if found.token:
        after["token"] = found.token
    if found.full and not held_back:
        after["full_at"] = time.time()
    if held_back:
        after["suspect_at"] = known.get("suspect_at") or time.time()
    return after


def _batches(
    connection: Connection, service: Service, listed: Listed, found: _Found, known: Mapping[str, Any],
    mirror: CollectionMirror, *, held_back: bool,
) -> Iterator[CollectionBatch]:  # fmt: skip
    """What was found, some objects at a time. All but the last say that the round is not over: what they bring in
    and is deleted before the next round begins, a token of before them would never tell."""
    collection, left = listed.record.remote_id, len(found.changed)
    under_way = {**known, "unfinished": True} if known else None
    last = objects.Fetched()
    for fetched in objects.fetch(connection, service, collection, list(found.changed)):
        left -= fetched.asked
        if left:
            yield _batch(collection, fetched, mirror, cursor=under_way, live=bool(known), remaining=left)
        else:
            last = fetched
    yield replace(
        _batch(collection, last, mirror, cursor=_cursor(listed, found, known, held_back=held_back), live=bool(known)),
        vanished=() if held_back else tuple(sorted(found.gone)),
        look_again=LOOK_AGAIN if held_back else None,
    )


def _batch(
    collection: str, fetched: objects.Fetched, mirror: CollectionMirror, *, cursor: Cursor | None, live: bool,
    remaining: int = 0,
) -> CollectionBatch:  # fmt: skip
    # Without etags everything is read each time, and most of it is what it was.
    held = mirror.known(collection, [record.remote_id for record in fetched.records])
    return CollectionBatch(
        collection=collection,
        upserts=tuple(record for record in fetched.records if held.get(record.remote_id) != record.etag),
        refused=fetched.refused,
        cursor=cursor,
        live=live,
        remaining=remaining,
    )
