"""A watch under test, and what it rang."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.errors import AdapterError
from apps.providers.adapters.imap.idle import Doorbell, State, Watch
from apps.providers.adapters.imap.idle_habits import Habits, Timing

ANNA: Final = Login("anna", "secret")
# A tenth of a second stands for what takes minutes in life.
QUICK: Final = Timing(
    connect=1, opening=1, answer=0.3, renewal=60, careful_renewal=30, quiet=0.3, shortest=0.02, farewell=0.5
)
SOON: Final = 10.0  # seconds within which a test expects what it waits for


@dataclass(slots=True)
class Listener:
    """Records a watch's doorbells and states."""

    watch: Watch
    task: "asyncio.Task[None]"
    bells: "asyncio.Queue[tuple[float, Doorbell]]"
    states: list[State] = field(default_factory=list)

    async def bell(self, within: float = SOON) -> tuple[float, Doorbell]:
        """The next doorbell and the loop's time at which it rang."""
        return await asyncio.wait_for(self.bells.get(), within)

    async def quiet(self, seconds: float) -> bool:
        """True when nothing rings for so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.bells.get(), seconds)
            return False
        return True

    async def end(self, within: float = SOON) -> AdapterError:
        """The error that ends the watch."""
        try:
            await asyncio.wait_for(asyncio.shield(self.task), within)
        except AdapterError as error:
            return error
        raise AssertionError("the watch ended without an error")

    async def enters(self, state: State, times: int = 1, within: float = SOON) -> None:
        """Wait until the watch has entered the state so many times."""
        async with asyncio.timeout(within):
            while self.states.count(state) < times:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def watching(
    endpoint: Endpoint,
    *,
    login: Login = ANNA,
    habits: Habits | None = None,
    timing: Timing = QUICK,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Listener]:
    """Run a watch for the length of the block."""
    loop = asyncio.get_running_loop()
    bells: asyncio.Queue[tuple[float, Doorbell]] = asyncio.Queue()
    states: list[State] = []
    watch = Watch(
        endpoint, login, lambda bell: bells.put_nowait((loop.time(), bell)),
        habits=habits or Habits(), timing=timing, tls=tls, on_state=states.append,
    )  # fmt: skip
    task = asyncio.create_task(watch.run())
    try:
        yield Listener(watch, task, bells, states)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, AdapterError):
            await task
