"""The least that Channels can do: a consumer that joins one group and passes on what is sent to it."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter

import pmsync.asgi

GROUP = "bench"


class Raw(AsyncWebsocketConsumer):
    """One socket in the group."""

    async def connect(self) -> None:
        """Join, then accept: who is connected hears everything."""
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def told(self, message: dict[str, Any]) -> None:
        """Pass it on."""
        await self.send(text_data=message["text"])


application = ProtocolTypeRouter({"http": pmsync.asgi.http, "websocket": Raw.as_asgi()})
