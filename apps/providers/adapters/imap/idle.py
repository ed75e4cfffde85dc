"""One account's watch: holds an IDLE (RFC 2177) or NOTIFY (RFC 5465) and rings when the server speaks.

Knows IMAP; knows neither Django nor Celery. What arrives is a doorbell and never state: a sync
looks for itself. The states, and what leads from one to the next:

    GREET --- TLS --- AUTH --- EXAMINE ------------- IDLE <--> DONE     IDLE, on INBOX
                                  `----- NOTIFY ------´ `-<-- NOTIFY -´   and NOTIFY, on all other mailboxes

Whatever goes wrong ends the watch with an error of `adapters.errors`; whoever owns it decides when
to try again. The first doorbell goes out when the server has said that it listens: what happened
before that moment is found by the sync it asks for, what happens after it is told.
"""

import asyncio
import re
import ssl
import zlib
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.imap import names, wire
from apps.providers.adapters.imap.errors import LOWER, from_refusal
from apps.providers.adapters.imap.idle_bell import Bell, Doorbell
from apps.providers.adapters.imap.idle_habits import DEFAULT, Habits, Timing
from apps.providers.adapters.imap.idle_line import Line, Step
from apps.providers.adapters.imap.session import IDENTITY

__all__ = ["Doorbell", "State", "Watch"]

# INBOX is selected and idled on, NOTIFY tells of the rest. Without a selected mailbox Dovecot 2.3 watches the INBOX's
# index log, goes on watching it after the log was rotated, and is then half a minute late with every arrival (run).
# New and Expunge go together, FlagChange needs both (section 5).
NOTIFY: Final = b"NOTIFY SET STATUS (selected (%s)) (personal (%s))"
SELECTED: Final = (b"MessageNew", b"MessageExpunge", b"FlagChange")
EVENTS: Final = (*SELECTED, b"MailboxName", b"SubscriptionChange")
OF_NO_MAILBOX: Final = frozenset({"LIST", "LSUB", "CAPABILITY", "METADATA", "NAMESPACE"})
HEARTBEAT: Final = re.compile(r"still here|still alive|keep-?alive|heartbeat", re.IGNORECASE)
EMPTY_IDLES: Final = 5  # so many IDLEs in a row, ended by the server at once, end the watch


class State(StrEnum):
    """Where a watch is."""

    NEW = "new"
    GREET = "greet"
    TLS = "tls"
    AUTH = "auth"
    EXAMINE = "examine"
    NOTIFY = "notify"
    IDLE = "idle"
    DONE = "done"
    CLOSED = "closed"


AFTER: Final[dict[State, frozenset[State]]] = {
    State.NEW: frozenset({State.GREET, State.TLS, State.CLOSED}),
    State.GREET: frozenset({State.TLS, State.AUTH, State.CLOSED}),
    State.TLS: frozenset({State.GREET, State.AUTH, State.CLOSED}),
    State.AUTH: frozenset({State.EXAMINE, State.CLOSED}),
    State.EXAMINE: frozenset({State.NOTIFY, State.IDLE, State.CLOSED}),
    State.NOTIFY: frozenset({State.IDLE, State.CLOSED}),
    State.IDLE: frozenset({State.DONE, State.CLOSED}),
    State.DONE: frozenset({State.IDLE, State.NOTIFY, State.CLOSED}),
    State.CLOSED: frozenset(),
}
LISTENING: Final = frozenset({State.IDLE, State.DONE})


class Watch:
    """One connection, from the greeting to its end. `run` once; then make another."""

    __slots__ = ("_baseline", "_beat_at", "_begun_at", "_bell", "_clock", "_empty", "_habits", "_line", "_login",
                 "_on_state", "_overflow", "_stopping", "_tag", "_timing", "_tls", "kind", "state")  # fmt: skip

    def __init__(
        self,
        endpoint: Endpoint,
        login: Login,
        ring: Callable[[Doorbell], None],
        *,
        habits: Habits,
        timing: Timing = DEFAULT,
        tls: ssl.SSLContext | None = None,
        on_state: Callable[[State], None] = lambda state: None,
    ) -> None:
        self._line = Line(endpoint, timing, self._told)
        self._login: Login | None = login
        self._bell = Bell(ring, timing.quiet)
        self._habits = habits
        self._timing = timing
        self._tls = tls
        self._on_state = on_state
        self._tag = b""  # of the IDLE under way
        self._clock: asyncio.Timeout | None = None
        self._begun_at = self._beat_at = 0.0
        self._empty = 0  # IDLEs in a row that the server ended at once
        self._baseline = 0  # a checksum of how all mailboxes stood when NOTIFY was last set
        self._overflow = False
        self._stopping = False
        self.state = State.NEW
        self.kind = ""
        """How the server tells us, `idle` or `notify`; known once the watch listens."""

    async def run(self) -> None:
        """Watch until `stop`. Raises what ended the watch: an error of `adapters.errors`."""
        try:
            async with asyncio.timeout(self._timing.opening):
                await self._open()
                await self._prepare()
                await self._begin()
            self._bell.ring(None)
            while not self._stopping:
                await self._listen()
                if not self._stopping:
                    await self._renew()
            await self._leave()
        except (errors.AdapterError, *LOWER) as exc:
            raise self._line.judged(exc) from None
        finally:
            self._login = None
            self._bell.close()
            self._line.close()
            self._enter(State.CLOSED)

    def stop(self) -> None:
        """End a watch that listens, politely: `run` returns soon. Any other must be cancelled."""
        self._stopping = True
        if self._clock is not None and not self._clock.expired():
            self._clock.reschedule(asyncio.get_running_loop().time())

    # ------------------------------------------------------------------ opening

    async def _open(self) -> None:
        login, self._login = self._login, None
        assert login is not None  # a watch runs once
        await self._line.open(login, self._tls, self._step)

    def _step(self, step: Step) -> None:
        self._enter(State(step.value))

    async def _prepare(self) -> None:
        """Introduce ourselves and choose how to be told. Raises Rejected when the server tells nobody."""
        offered = await self._line.offered()
        if "ID" in offered:
            # NetEase refuses every EXAMINE until it has seen an ID (OfflineIMAP/offlineimap#696).
            await self._line.command(b"ID ", IDENTITY)
        if "IDLE" not in offered:
            raise errors.Rejected("the server does not offer IDLE: its mail is found by polling")
        self._enter(State.EXAMINE)
        # EXAMINE and not SELECT: `\Recent` and the rights of others stay as they are.
        answer = await self._line.command(b"EXAMINE INBOX")
        if answer.status != "OK":
            raise from_refusal(answer, self._line.stage)
        told_of_all = "NOTIFY" in offered and self._habits.notify and await self._notify()
        self.kind = "notify" if told_of_all else "idle"

    async def _notify(self) -> bool:
        """Ask for the events of every mailbox; False when the server will not, which is remembered for its host."""
        self._enter(State.NOTIFY)
        self._baseline = 0
        answer = await self._line.command(_wanted(EVENTS))
        if answer.status == "NO" and answer.code is not None and answer.code.name == "BADEVENT":
            known = {event.lower() for event in answer.code.data.replace(b"(", b" ").replace(b")", b" ").split()}
            kept = [event for event in EVENTS if event.lower() in known]
            if EVENTS[0] in kept and EVENTS[1] in kept:
                answer = await self._line.command(_wanted(kept))
        self._habits.notify = answer.status == "OK"
        return self._habits.notify

    # ------------------------------------------------------------------ listening

    async def _begin(self) -> None:
        """Have the server listen. Untagged lines may precede its `+` (Webklex/php-imap#258)."""
        self._begun_at, self._beat_at = self._now(), 0.0
        self._tag = await self._line.send(b"IDLE")
        async with asyncio.timeout(self._timing.answer):
            while not isinstance(response := await self._line.response(), wire.Continuation):
                if isinstance(response, wire.Tagged) and response.tag == self._tag:
                    raise from_refusal(response, self._line.stage)
                self._line.hear(response)
        self._enter(State.IDLE)

    async def _listen(self) -> None:
        """Ring for what comes until it is time to renew, or to stop. Raises Transient for a dead line."""
        renew_at = self._begun_at + self._habits.renewal(self._timing)
        heard_at = self._begun_at
        while not (self._stopping or self._overflow):
            dead_at = heard_at + self._patience()
            response = await self._heard(min(renew_at, dead_at))
            if response is None and self._now() >= dead_at and not self._stopping:
                self._habits.died_silently()
                raise errors.Transient("the server's heartbeat stopped")
            if response is None:
                return
            heard_at = self._now()
            if isinstance(response, wire.Tagged) and response.tag == self._tag:
                self._ended_by_server(response)
                return
            self._line.hear(response)

    async def _heard(self, until: float) -> wire.Response | None:
        """The next response, or None when it is `until` or `stop` was called."""
        try:
            async with asyncio.timeout_at(until) as self._clock:
                return await self._line.response()
        except TimeoutError:
            if self._clock is not None and self._clock.expired():
                return None
            self._habits.died_silently()  # the kernel's keep-alive found it dead
            raise
        finally:
            self._clock = None

    def _patience(self) -> float:
        """Seconds of silence that mean death, on a host that sends heartbeats."""
        silence = self._habits.silence(self._timing)
        return float("inf") if silence is None else silence

    def _ended_by_server(self, answer: wire.Tagged) -> None:
        self._tag = b""
        if answer.status != "OK":
            raise from_refusal(answer, self._line.stage)

    async def _renew(self) -> None:
        """One round trip proves that the line lives; then listen anew. Never anything in the packet of DONE."""
        self._enter(State.DONE)
        try:
            await self._done()
            if self.kind == "notify":
                await self._notify_anew()
            await self._begin()
        except TimeoutError:
            self._habits.died_silently()
            raise

    async def _notify_anew(self) -> None:
        """Set NOTIFY again: an overflow turned it off (RFC 5465 section 5.8), or what the server watches is not what
        it should by now. What was missed shows in how the mailboxes stand."""
        stood, missed, self._overflow = self._baseline, self._overflow, False
        if not await self._notify():
            raise errors.Transient("the server no longer notifies")
        if missed or self._baseline != stood:
            self._bell.ring(None)

    async def _done(self) -> None:
        ended_at_once = not self._tag and self._now() - self._begun_at < self._timing.shortest
        self._empty = self._empty + 1 if ended_at_once else 0
        if self._empty >= EMPTY_IDLES:
            raise errors.Transient("the server ends every IDLE at once")
        if ended_at_once:
            await asyncio.sleep(self._timing.shortest)
        if self._tag:
            await self._line.send_raw(b"DONE\r\n")
            answer = await self._line.finish(self._tag)
            if answer.status != "OK":
                raise from_refusal(answer, self._line.stage)

    async def _leave(self) -> None:
        """DONE and LOGOUT, for as long as courtesy allows."""
        try:
            async with asyncio.timeout(self._timing.farewell):
                if self._tag:
                    self._enter(State.DONE)
                    await self._line.send_raw(b"DONE\r\n")
                    await self._line.finish(self._tag)
                await self._line.command(b"LOGOUT")
        except (errors.AdapterError, *LOWER):
            pass  # a BYE, most of all: we are leaving

    # ------------------------------------------------------------------ what the server tells

    def _told(self, response: wire.Status | wire.Data) -> None:
        """Ring for everything but a heartbeat, once we listen."""
        if isinstance(response, wire.Status):
            if response.code is None and response.status == "OK" and HEARTBEAT.search(response.text):
                self._beat()
                return
            self._overflow |= response.code is not None and response.code.name == "NOTIFICATIONOVERFLOW"
        if self.state is State.NOTIFY and isinstance(response, wire.Data) and response.name == "STATUS":
            # In no order: servers list their mailboxes as they like.
            self._baseline ^= zlib.crc32(b" ".join(response.parts))
        elif self.state in LISTENING or (self.state is State.NOTIFY and self.kind):
            self._bell.ring(self._mailbox_of(response))

    def _mailbox_of(self, response: wire.Status | wire.Data) -> str | None:
        if not isinstance(response, wire.Data) or response.name in OF_NO_MAILBOX:
            return names.INBOX if self.kind == "idle" else None
        if response.name != "STATUS":
            return names.INBOX
        try:
            mailbox = response.values()[0]
        except (wire.WireError, IndexError):
            return None
        return names.key(mailbox) if isinstance(mailbox, bytes) else None

    def _beat(self) -> None:
        moment = self._now()
        if self._beat_at:
            self._habits.beat(moment - self._beat_at)
        self._beat_at = moment

    def _enter(self, state: State) -> None:
        """A move that AFTER does not list is a bug, so it raises."""
        if state not in AFTER[self.state]:
            raise RuntimeError(f"a watch cannot go from {self.state} to {state}")
        self.state = state
        self._on_state(state)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _wanted(events: Sequence[bytes]) -> bytes:
    return NOTIFY % (b" ".join(event for event in SELECTED if event in events), b" ".join(events))
