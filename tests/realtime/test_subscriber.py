"""One socket's queue: order, bounds, what a person may no longer see, and when it is written to at all."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from apps.core.clock import now
from apps.core.ids import new_id
from apps.realtime import subscriber as limits
from apps.realtime.frames import Frame
from apps.realtime.journal import Entry
from apps.realtime.looks import Standing
from apps.realtime.subscriber import State, Subscriber, new_ticket
from apps.users.members import Member

PERSON, MINE, SHARED = new_id(), new_id(), new_id()


def frame(seq: int, account: UUID | None = MINE, size: int = 10) -> Frame:
    return Frame.of(Entry(seq, "email:update", account, None, now(), json.dumps({"x": "x" * size})))


class Wire:
    """What a socket was sent. It takes nothing while `open` is clear."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, text: str) -> None:
        await self.open.wait()
        self.sent.append(json.loads(text))

    def numbers(self) -> list[tuple[int, int]]:
        return [(one["seq"], one["prev"]) for one in self.sent if "event" in one]


class Socket:
    """A subscriber that is being written to, and its wire."""

    def __init__(self, start: int) -> None:
        self.wire = Wire()
        self.pages: list[list[Frame]] = []
        member = cast("Member", SimpleNamespace(user_id=PERSON))
        self.subscriber = Subscriber(member, start, self.wire.write)
        self.subscriber.judge(new_ticket(), Standing(frozenset({MINE, SHARED})))
        self.writing = asyncio.create_task(self.subscriber.write_all(self.read_on))

    async def read_on(self) -> None:
        if not self.pages:
            self.subscriber.join()
            self.subscriber.go_live()
            return
        page = self.pages.pop(0)
        self.subscriber.offer(page, page[-1].seq)

    def live(self) -> Subscriber:
        self.subscriber.join()
        self.subscriber.go_live()
        return self.subscriber


@pytest.fixture
async def opened() -> AsyncIterator[Callable[[int], Socket]]:
    sockets: list[Socket] = []

    def make(start: int) -> Socket:
        sockets.append(Socket(start))
        return sockets[-1]

    yield make
    for socket in sockets:
        socket.writing.cancel()
        await asyncio.gather(socket.writing, return_exceptions=True)


async def settle() -> None:
    """Let the writing go as far as it can."""
    for _ in range(2000):
        await asyncio.sleep(0)


async def test_a_page_read_from_further_back_brings_only_what_is_new(opened: Callable[[int], Socket]) -> None:
    socket = opened(5)
    socket.live().offer([frame(seq) for seq in range(1, 9)], 8)
    await settle()
    socket.subscriber.offer([frame(seq) for seq in range(7, 11)], 10)
    await settle()
    assert socket.wire.numbers() == [(6, 5), (7, 6), (8, 7), (9, 8), (10, 9)]


async def test_a_frame_that_waited_is_not_written_once_access_is_gone_and_prev_stays_true(
    opened: Callable[[int], Socket],
) -> None:
    socket = opened(0)
    socket.live()
    socket.wire.open.clear()
    socket.subscriber.offer([frame(seq, SHARED if seq % 2 else MINE) for seq in range(1, 9)], 8)
    await settle()  # the first is half-way out
    socket.subscriber.doubt()
    socket.subscriber.judge(new_ticket(), Standing(frozenset({MINE})))
    socket.wire.open.set()
    await settle()
    # What was under way when the access went is the last of it.
    assert socket.wire.numbers() in ([(1, 0), (2, 1), (4, 2), (6, 4), (8, 6)], [(2, 0), (4, 2), (6, 4), (8, 6)])


async def test_nothing_is_written_while_the_person_is_in_doubt(opened: Callable[[int], Socket]) -> None:
    socket = opened(0)
    socket.live().doubt()
    socket.subscriber.offer([frame(1), frame(2)], 2)
    await settle()
    assert socket.wire.numbers() == []
    socket.subscriber.judge(new_ticket(), Standing(frozenset({MINE})))
    await settle()
    assert socket.wire.numbers() == [(1, 0), (2, 1)]


async def test_an_answer_to_an_earlier_question_does_not_undo_a_later_one(opened: Callable[[int], Socket]) -> None:
    socket = opened(0)
    earlier = new_ticket()
    socket.live().doubt()
    later = new_ticket()
    socket.subscriber.judge(later, Standing(frozenset({MINE})))
    socket.subscriber.judge(earlier, Standing(frozenset({MINE, SHARED})))
    socket.subscriber.offer([frame(1, SHARED), frame(2)], 2)
    await settle()
    assert socket.wire.numbers() == [(2, 0)]


async def test_an_answer_that_was_asked_for_before_the_doubt_does_not_end_it(opened: Callable[[int], Socket]) -> None:
    socket = opened(0)
    asked = new_ticket()
    socket.live().doubt()
    socket.subscriber.judge(asked, Standing(frozenset({MINE, SHARED})))
    assert socket.subscriber.doubtful


@pytest.mark.parametrize(
    ("number", "size"), [(limits.QUEUE_FRAMES, 10), (4, limits.QUEUE_SIZE // 3)], ids=["frames", "characters"]
)
async def test_a_full_queue_takes_no_page_and_reads_on_by_itself_later(
    opened: Callable[[int], Socket], number: int, size: int
) -> None:
    socket = opened(0)
    socket.live()
    socket.wire.open.clear()
    socket.subscriber.offer([frame(1, size=size)], 1)
    await settle()
    socket.subscriber.offer([frame(2, size=size)], 2)
    more = [frame(seq, size=size) for seq in range(3, 3 + number)]
    socket.subscriber.offer(more, more[-1].seq)
    assert socket.subscriber.state is State.BEHIND
    assert socket.subscriber.reached == 2
    socket.pages = [more[:2], more[2:]]
    socket.wire.open.set()
    await settle()
    assert [seq for seq, _ in socket.wire.numbers()] == list(range(1, 3 + number))
    assert socket.wire.sent[-1] == {"type": "caught_up", "seq": 2 + number}


async def test_a_page_larger_than_the_queue_passes_an_empty_one(opened: Callable[[int], Socket]) -> None:
    socket = opened(0)
    socket.live()
    await settle()
    socket.subscriber.offer([frame(1, size=2 * limits.QUEUE_SIZE)], 1)
    await settle()
    assert socket.wire.numbers() == [(1, 0)]


async def test_starting_over_says_reset_and_goes_on_from_the_head(opened: Callable[[int], Socket]) -> None:
    socket = opened(0)
    socket.live()
    await settle()
    socket.wire.open.clear()
    socket.subscriber.offer([frame(seq) for seq in range(1, 6)], 5)
    await settle()
    socket.subscriber.start_over(2)
    socket.wire.open.set()
    socket.subscriber.offer([frame(3)], 3)
    await settle()
    after = socket.wire.sent[socket.wire.sent.index({"type": "reset"}) :]
    assert after[0] == {"type": "reset"}
    assert [(one["seq"], one["prev"]) for one in after[1:] if "event" in one] == [(3, 2)]


async def test_a_socket_that_takes_nothing_counts_as_stalled_after_the_time_allowed(
    opened: Callable[[int], Socket],
) -> None:
    socket = opened(0)
    socket.live()
    moment = asyncio.get_running_loop().time
    await settle()
    assert not socket.subscriber.stalled(moment() + 100)  # nothing to write is no stall
    socket.wire.open.clear()
    socket.subscriber.offer([frame(1)], 1)
    await settle()
    assert not socket.subscriber.stalled(moment() + limits.STALL - 1)
    assert socket.subscriber.stalled(moment() + limits.STALL + 1)


async def test_a_standing_that_ends_the_socket_says_with_which_code(opened: Callable[[int], Socket]) -> None:
    socket = opened(0)
    socket.subscriber.judge(new_ticket(), Standing(frozenset(), 4403))
    socket.subscriber.end(4408)
    assert await socket.subscriber.ended == 4403


@pytest.mark.slow
async def test_a_quiet_socket_hears_a_heartbeat_every_fifteen_seconds(opened: Callable[[int], Socket]) -> None:
    socket = opened(7)
    socket.live()
    await asyncio.sleep(limits.HEARTBEAT + 1)
    assert socket.wire.sent == [{"type": "caught_up", "seq": 7}] * 2
