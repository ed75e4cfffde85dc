"""The collection contract over the People API. Knows neither Django nor Celery.

Two address books: the person's connections, and what Google calls other contacts (people one wrote to), which
can only be read. Google sends no notifications of either.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import TokenSource, Traffic
from apps.providers.adapters.collections import (
    CollectionBatch,
    CollectionCensus,
    CollectionCommand,
    CollectionMirror,
    CollectionRecord,
    DeleteObject,
    MoveObject,
    ObjectRecord,
    PutObject,
    Stored,
)
from apps.providers.adapters.google.api import Api, Json
from apps.providers.adapters.google.contacts import fields, texts
from apps.providers.adapters.vcard.card import Card

log = structlog.get_logger(__name__)

CONNECTIONS: Final = "people/me/connections"
OTHERS: Final = "otherContacts"
LISTING: Final = (
    CollectionRecord(CONNECTIONS, "Contacts", version="4.0"),
    CollectionRecord(OTHERS, "Other contacts", writable=False, version="4.0"),
)
OTHER_FIELDS: Final = "emailAddresses,metadata,names,phoneNumbers"
PAGE: Final = 1000
AT_ONCE: Final = 200
VERSION: Final = 1


class ContactsAdapter:
    """CollectionAdapter for Google Contacts. Make one with `connect`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._groups: dict[str, str] | None = None

    @property
    def traffic(self) -> Traffic:
        """What the connection cost so far."""
        return self._api.wire.traffic

    def changes(self, mirror: CollectionMirror) -> Iterator[CollectionBatch]:
        """See CollectionAdapter. An address book whose token has ended is compared in full."""
        cursors = {held.remote_id: held.cursor for held in mirror.collections()}
        yield CollectionBatch(listing=LISTING)
        self._groups = None
        for record in LISTING:
            book = record.remote_id
            cursor = cursors.get(book) or {}
            token = str(cursor.get("s", "")) if cursor.get("v") == VERSION else ""
            try:
                groups = self._names() if book == CONNECTIONS else {}
                # A group's new name changes cards that are not told as changed themselves.
                renamed = bool(token) and cursor.get("g", {}) != groups
                if token:
                    try:
                        yield from self._since(mirror, book, token, groups, renamed=renamed)
                        continue
                    except errors.CursorExpired as expired:
                        log.info("sync token ended, comparing in full", reason=expired.reason)
                yield from self._whole(mirror, book, groups, live=bool(token))
            except errors.PermissionMissing as refused:
                if book == CONNECTIONS:
                    raise
                log.info("address book skipped", reason=refused.reason)  # its consent is asked for by itself

    def _whole(
        self, mirror: CollectionMirror, book: str, groups: Mapping[str, str], *, live: bool
    ) -> Iterator[CollectionBatch]:
        people, token = self._read(book, "")
        records = {str(one["resourceName"]): _record(one, groups) for one in people if not _deleted(one)}
        held = mirror.etags(book)
        changed = [record for one, record in records.items() if held.get(one) != record.etag]
        for start in range(0, len(changed), AT_ONCE):
            some = tuple(changed[start : start + AT_ONCE])
            yield CollectionBatch(collection=book, upserts=some, live=live, remaining=len(changed) - start - len(some))
        gone = tuple(one for one in held if one not in records)
        yield CollectionBatch(collection=book, vanished=gone, cursor=_cursor(token, groups), live=live)

    def _since(
        self, mirror: CollectionMirror, book: str, token: str, groups: Mapping[str, str], *, renamed: bool
    ) -> Iterator[CollectionBatch]:
        people, following = self._read(book, token)
        records = [_record(one, groups) for one in people if not _deleted(one)]
        gone = {str(one["resourceName"]) for one in people if _deleted(one)}
        # A contact that was joined to a profile has another name, and its old one is no contact any more.
        gone |= {str(old) for one in people for old in one.get("metadata", {}).get("previousResourceNames", ())}
        gone -= {record.remote_id for record in records}
        if renamed:
            told = {record.remote_id for record in records} | gone
            records += [_record(one, groups) for one in self._all(book) if str(one["resourceName"]) not in told]
        held = mirror.known(book, [*gone, *(record.remote_id for record in records)])
        changed = [record for record in records if held.get(record.remote_id) != record.etag]
        for start in range(0, len(changed), AT_ONCE):
            yield CollectionBatch(collection=book, upserts=tuple(changed[start : start + AT_ONCE]))
        vanished = tuple(one for one in gone if one in held)
        if vanished or following != token or renamed:
            yield CollectionBatch(collection=book, vanished=vanished, cursor=_cursor(following, groups))

    def fetch(self, collection: str, remote_id: str) -> ObjectRecord:
        """See CollectionAdapter."""
        if collection == OTHERS:
            for one in self._all(OTHERS):
                if one["resourceName"] == remote_id:
                    return _record(one, {})
            raise errors.NotFound("there is no such contact")
        return _record(self._get(remote_id), self._names())

    def execute(self, command: CollectionCommand) -> Stored:
        """See CollectionAdapter. Google takes contacts of CONNECTIONS only, and moves none."""
        if command.collection != CONNECTIONS:
            raise errors.PermissionMissing("Google's other contacts can only be read")
        match command:
            case PutObject():
                return self._put(command)
            case DeleteObject():
                return self._delete(command)
            case MoveObject():
                raise errors.Rejected("Google moves no contacts between address books")

    def _put(self, command: PutObject) -> Stored:
        wanted = fields.read(command.data)
        if command.if_match is None:
            person = self._create(command.data, wanted)
        else:
            person = self._update(self._same(command.remote_id, command.if_match), wanted)
        record = _record(person, self._names())
        return Stored(record.remote_id, record)

    def _create(self, data: bytes, wanted: Card) -> Json:
        """A new contact, unless a first try has made it: Google takes no id of ours, so its UID is looked for."""
        for one in self._all(CONNECTIONS):
            if wanted.uid and texts.uid(one) == wanted.uid:
                return one
        body = fields.whole(wanted, data)
        body["clientData"] = [*body.get("clientData", ()), {"key": texts.UID, "value": wanted.uid}]
        body["memberships"] = self._memberships(wanted, Card(), None)
        return self._api.run(self._people().createContact(body=body, personFields=texts.FIELDS))

    def _update(self, person: Json, wanted: Card) -> Json:
        before = fields.read(_record(person, self._names()).data)
        body = fields.changed(before, wanted, person)
        if {one.casefold() for one in before.categories} != {one.casefold() for one in wanted.categories}:
            body["memberships"] = self._memberships(wanted, before, person)
        if not body:
            return person
        sources = [one for one in person.get("metadata", {}).get("sources", ()) if one.get("type") == "CONTACT"]
        asked = self._people().updateContact(
            resourceName=person["resourceName"],
            updatePersonFields=",".join(sorted(body)),
            personFields=texts.FIELDS,
            body=body | {"metadata": {"sources": sources}},
        )
        try:
            return self._api.run(asked)
        except (errors.Conflict, errors.NotFound) as conflict:
            there = self._etag(str(person["resourceName"]))
            raise errors.Conflict(conflict.reason, said=conflict.said, remote_etag=there) from None

    def _delete(self, command: DeleteObject) -> Stored:
        try:
            self._same(command.remote_id, command.if_match)
            self._api.run(self._people().deleteContact(resourceName=command.remote_id))
        except errors.NotFound:
            return Stored()
        except errors.Conflict as conflict:
            if conflict.remote_etag is not None:
                raise
        return Stored()

    def _same(self, remote_id: str, etag: str) -> Json:
        """The contact, if it is as it was read. Raises Conflict."""
        try:
            person = self._get(remote_id)
        except errors.NotFound:
            raise errors.Conflict("the contact is gone") from None
        now = _record(person, self._names()).etag
        if now != etag:
            raise errors.Conflict("the contact was changed meanwhile", remote_etag=now)
        return person

    def _etag(self, remote_id: str) -> str | None:
        try:
            return _record(self._get(remote_id), self._names()).etag
        except errors.NotFound:
            return None

    def _memberships(self, wanted: Card, before: Card, person: Json | None) -> list[Json]:
        held, missing = fields.groups_of(wanted, before, person, self._names())
        made = [*held, *(self._group(name) for name in missing)]
        return [{"contactGroupMembership": {"contactGroupResourceName": one}} for one in made]

    def _group(self, name: str) -> str:
        """A group of this name, made when there is none."""
        body = {"contactGroup": {"name": name}}
        try:
            made = self._api.run(self._api.service.contactGroups().create(body=body))
        except errors.Conflict:
            self._groups = None  # somebody made it meanwhile, or a first try of ours did
            by_name = {title.casefold(): one for one, title in self._names().items()}
            if name.casefold() in by_name:
                return by_name[name.casefold()]
            raise errors.Rejected(f"Google does not take “{name[:40]}” as a group's name") from None
        self._groups = None
        return str(made["resourceName"])

    def census(self) -> CollectionCensus:
        """See CollectionAdapter. Listings without a sync token are a path of their own."""

        def items() -> Iterator[tuple[str, str, str]]:
            for book in LISTING:
                groups = self._names() if book.remote_id == CONNECTIONS else {}
                try:
                    for person in self._all(book.remote_id):
                        record = _record(person, groups)
                        yield book.remote_id, record.remote_id, record.etag
                except errors.PermissionMissing:
                    if book.remote_id == CONNECTIONS:
                        raise

        return CollectionCensus(LISTING, items())

    def alive(self) -> bool:
        """See CollectionAdapter."""
        try:
            self._api.run(self._api.service.contactGroups().list(pageSize=1))
        except errors.AdapterError as exc:
            log.info("kept connection is gone", reason=exc.reason)
            return False
        return True

    def close(self) -> None:
        """See CollectionAdapter."""
        self._api.close()

    # ------------------------------------------------------------------ reading

    def _get(self, name: str) -> Json:
        return self._api.run(self._people().get(resourceName=name, personFields=texts.FIELDS))

    def _all(self, book: str) -> list[Json]:
        return [one for one in self._pages(book, {})[0] if not _deleted(one)]

    def _read(self, book: str, token: str) -> tuple[list[Json], str]:
        """People that changed since a token, or all, and the token that follows. Every parameter stays the same."""
        people, following = self._pages(book, {"requestSyncToken": True} | ({"syncToken": token} if token else {}))
        if not following:
            raise errors.Transient("Google's listing of contacts has no end")
        return people, following

    def _pages(self, book: str, told: Mapping[str, Any]) -> tuple[list[Json], str]:
        people: list[Json] = []
        more: dict[str, str] = {}
        while True:
            if book == CONNECTIONS:
                asked = self._people().connections().list(
                    resourceName="people/me", personFields=texts.FIELDS, pageSize=PAGE, **told, **more
                )  # fmt: skip
            else:
                asked = self._api.service.otherContacts().list(readMask=OTHER_FIELDS, pageSize=PAGE, **told, **more)
            try:
                page = self._api.run(asked)
            except errors.Rejected as refused:
                if more:
                    raise errors.Transient(
                        "Google no longer knows the page of its listing", said=refused.said
                    ) from None
                if told.get("syncToken"):
                    raise errors.CursorExpired("Google does not take the sync token", said=refused.said) from None
                raise
            people += page.get("connections" if book == CONNECTIONS else "otherContacts", ())
            if not page.get("nextPageToken"):
                return people, str(page.get("nextSyncToken") or "")
            more = {"pageToken": str(page["nextPageToken"])}

    def _names(self) -> dict[str, str]:
        """The names of the contact groups; a run asks for them once."""
        if self._groups is None:
            found: dict[str, str] = {}
            more: dict[str, str] = {}
            while True:
                page = self._api.run(self._api.service.contactGroups().list(pageSize=PAGE, **more))
                for one in page.get("contactGroups", ()):
                    if not one.get("metadata", {}).get("deleted"):
                        found[str(one["resourceName"])] = str(one.get("formattedName") or one.get("name", ""))
                if not page.get("nextPageToken"):
                    break
                more = {"pageToken": str(page["nextPageToken"])}
            self._groups = found
        return self._groups

    def _people(self) -> Any:
        return self._api.service.people()


def _record(person: Json, groups: Mapping[str, str]) -> ObjectRecord:
    """A contact with its text. Its etag at Google differs from one reading to the next, so it is a digest."""
    data = texts.text(person, groups)
    return ObjectRecord(str(person["resourceName"]), f"hash:{hashlib.sha256(data).hexdigest()}", data)


def _deleted(person: Json) -> bool:
    return bool(person.get("metadata", {}).get("deleted"))


def _cursor(token: str, groups: Mapping[str, str]) -> Json:
    return {"v": VERSION, "s": token, "g": dict(groups)}


def connect(
    tokens: TokenSource, *, root: str = "", clock: Callable[[], float] = time.time, **wire: Any
) -> ContactsAdapter:
    """An adapter for the contacts of the account whose token it is given. Nothing is asked yet.

    `root` replaces Google's address; `clock` gives seconds since the epoch; `wire` is passed on to `Wire`.
    """
    return ContactsAdapter(Api("people", tokens, root=root, clock=clock, **wire))
