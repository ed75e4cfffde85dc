"""Drafts: put there, found by their messages, deleted for good. The lasting id is the draft's, not its message's."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.google.api import Api
from apps.providers.adapters.google.gmail.messages import uid_of
from apps.providers.adapters.google.gmail.upload import media

MOST: Final = 36_700_160
"""Octets of a draft, and of a message that is sent (35 MiB)."""


class Drafts:
    """The drafts of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, message: bytes) -> int:
        """A new draft; the UID of its message. Raises Rejected when it is too big."""
        if len(message) > MOST:
            raise errors.Rejected(f"the message has {len(message)} bytes, and Gmail takes {MOST}")
        told = self._api.run(self._calls().create(userId="me", body={}, media_body=media(message)))
        return uid_of(str(told.get("message", {}).get("id", "")))

    def delete(self, uids: Collection[int]) -> list[int]:
        """Delete for good those that are drafts; the UIDs of the others."""
        wanted = set(uids)
        for draft, uid in self._all() if wanted else ():
            if uid in wanted:
                wanted.discard(uid)
                self._delete(draft)
            if not wanted:
                break
        return sorted(wanted)

    def _delete(self, draft: str) -> None:
        try:
            self._api.run(self._calls().delete(userId="me", id=draft))
        except errors.NotFound:
            return  # sent or deleted by somebody else

    def _all(self) -> Iterator[tuple[str, int]]:
        token = ""
        while True:
            told = {"pageToken": token} if token else {}
            fields = "drafts(id,message/id),nextPageToken"
            page = self._api.run(
                self._calls().list(userId="me", maxResults=500, includeSpamTrash=True, fields=fields, **told)
            )
            for one in page.get("drafts", ()):
                yield str(one["id"]), uid_of(str(one["message"]["id"]))
            token = str(page.get("nextPageToken") or "")
            if not token:
                return

    def _calls(self) -> Any:
        return self._api.service.users().drafts()
