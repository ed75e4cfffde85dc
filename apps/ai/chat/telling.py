"""A turn as server-sent events, told while it is made.

It is made in a thread of its own: the words of an answer come faster than requests change threads, and an answer that
nobody listens to any more, on a line that broke, is still kept for who asked.
"""

import queue
import threading
from collections.abc import Iterator
from typing import Any, Final

import orjson
from django.db import connections

from apps.tenants import context

from .answering import Talk

QUIET: Final = 15.0
"""Seconds without news after which a comment is sent, so that no proxy gives the line up."""


class Telling:
    """The events of one turn as bytes (HTML, section 9.2), from now until it is answered. Iterate once."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        talk.tell = self._events.put
        self._events.put({"type": "begun", "session_id": str(talk.turn.session_id), "turn_id": str(talk.turn.pk)})
        threading.Thread(target=self._make, name="chat", daemon=True).start()

    def _make(self) -> None:
        try:
            with context.open(self._talk.member.tenant):
                while not self._talk.done:
                    for event in self._talk.step():
                        self._events.put(event)
        except context.TenantClosed:
            self._events.put({"type": "closed"})
        finally:
            connections.close_all()
            self._events.put(None)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                event = self._events.get(timeout=QUIET)
            except queue.Empty:
                yield b": still at it\n\n"
                continue
            if event is None:
                return
            yield b"data: " + orjson.dumps(event) + b"\n\n"
