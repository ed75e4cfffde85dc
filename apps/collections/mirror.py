"""The adapter's window on an account's mirrored collections: reads only, each call is one query.

It shows what the provider has: without what is only on its way there.
"""

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Case, F, TextField, Value, When

from apps.providers.adapters.collections import MirrorCollection


class AccountMirror:
    """Implements `adapters.collections.CollectionMirror` for one account of the open tenant."""

    def __init__(self, account_id: UUID, collections: Any, objects: Any) -> None:
        self._account_id = account_id
        self._collections = collections
        self._objects = objects

    def collections(self) -> Sequence[MirrorCollection]:
        """Every collection held for the account."""
        held = self._collections._default_manager.filter(account_id=self._account_id)
        return [MirrorCollection(*row) for row in held.values_list("remote_id", "cursor")]

    def etags(self, collection: str) -> Mapping[str, str]:
        """The etag of every object of a collection that the provider has, by remote id."""
        return dict(self._held(collection))

    def known(self, collection: str, remote_ids: Some[str]) -> Mapping[str, str]:
        """The same for some of them."""
        return dict(self._held(collection, remote_id__in=list(remote_ids)))

    def _held(self, collection: str, **more: object) -> Sequence[tuple[str, str]]:
        found = self._objects._default_manager.filter(
            account_id=self._account_id, collection__remote_id=collection, **more
        )
        # What we changed is read again when it is told of: only then it is certain that it is there still.
        told = When(unconfirmed_at__isnull=True, then=F("etag"))
        known = Case(told, default=Value(""), output_field=TextField())
        return list(found.exclude(etag="").values_list("remote_id", known))
