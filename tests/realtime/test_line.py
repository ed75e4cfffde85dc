"""The gateway's line, on a channel layer in memory."""

import asyncio
from typing import Any

from apps.core.ids import new_id
from apps.realtime.line import Line


async def test_the_last_who_leaves_does_not_wait_for_one_who_comes_meanwhile(settings: Any) -> None:
    """A page that is reloaded: its socket ends and the next one begins before the line has hung up."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    line, first, second = Line(), new_id(), new_id()
    line.join(first, lambda message: None)
    async with asyncio.timeout(5):
        while not line.hears:
            await asyncio.sleep(0.005)
        leaving = asyncio.create_task(line.leave(first))
        await asyncio.sleep(0)
        line.join(second, lambda message: None)
        await leaving
        await line.leave(second)
    assert not line.hears
    assert line._task is not None
    line._task.cancel()
