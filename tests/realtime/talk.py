"""A socket of the application in this process, without a server between.

Asgiref's communicator and not the one of `channels.testing`: that one turns `close_old_connections`
off while it waits, so threads would keep their database connections.
"""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

from apps.realtime.routing import websocket_application

HOST = "localhost:8000"
OWN_PAGE = f"http://{HOST}"


class Talk:
    """One socket. `async with Talk() as talk:`"""

    def __init__(self, *, origin: str | None = OWN_PAGE, path: str = "/ws/v1/events", cookie: str = "") -> None:
        headers = [(b"host", HOST.encode())]
        headers += [(b"origin", origin.encode())] if origin is not None else []
        headers += [(b"cookie", cookie.encode())] if cookie else []
        path, _, query = path.partition("?")
        scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": headers}
        self._application = ApplicationCommunicator(websocket_application, scope)

    async def __aenter__(self) -> "Talk":
        await self._application.send_input({"type": "websocket.connect"})
        assert (await self._application.receive_output(timeout=5))["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._application.send_input({"type": "websocket.disconnect", "code": 1005})
        await self._application.wait(timeout=5)

    async def say(self, message: Any) -> None:
        """Send JSON; a string goes as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        await self._application.send_input({"type": "websocket.receive", "text": text})

    async def hello(self, token: str, since: int | None = None) -> dict[str, Any]:
        """Say hello; what the server says first."""
        await self.say({"type": "hello", "token": token, "since": since})
        return await self.hear()

    async def hear(self, within: float = 5.0) -> dict[str, Any]:
        """The next message. Raises TimeoutError."""
        output = await self._application.receive_output(timeout=within)
        assert output["type"] == "websocket.send", output
        message = json.loads(output["text"])
        assert isinstance(message, dict)
        return message

    async def hear_frames(self, number: int) -> list[dict[str, Any]]:
        """The next event frames; heartbeats are passed over."""
        frames: list[dict[str, Any]] = []
        while len(frames) < number:
            message = await self.hear()
            if "event" in message:
                frames.append(message)
        return frames

    async def nothing(self, during: float = 0.3) -> bool:
        """True when the server says nothing for a while."""
        return bool(await self._application.receive_nothing(timeout=during))

    async def code(self, within: float = 5.0) -> int:
        """The close code with which the server ends; what it says before is passed over."""
        while True:
            output = await self._application.receive_output(timeout=within)
            if output["type"] == "websocket.close":
                return int(output["code"])
