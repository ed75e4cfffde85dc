"""`python -m pmsync.web -b ADDRESS -p PORT [--processes N]`: Daphne, made fit for sockets that stay open for days.

Daphne's own `send` returns before a byte has left, so a client that does not read would fill our
memory; here it returns when the client's connection takes more. And what a client may say is short.

One process uses one core. With more, all accept from the same listening socket, and the end of one
ends all: whoever supervises us starts us anew.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
from typing import Any, Final

from daphne.cli import CommandLineInterface
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

APPLICATION: Final = "pmsync.asgi:application"
# Bytes that wait in our memory, and unsent in the kernel's, before `send` waits.
SEND_BUFFER: Final = 16 * 1024
# The longest message a client may send, and how many may wait to be read by the application.
LONGEST: Final = 16 * 1024
WAITING: Final = 64
# Linux' TCP_NOTSENT_LOWAT, which Python's socket module names from 3.12 on only.
NOT_SENT_LOW_WATER: Final = 25
FINAL: Final = 0x80
TEXT: Final = 0x1
BINARY: Final = 0x2
NORMAL: Final = 1000
AGAINST_RULES: Final = 1008
# Seconds that a client has to read why it is closed; the code waits behind what it has not read yet.
GOODBYE: Final = 10


@implementer(IPushProducer)
class FlowControlled(WebSocketProtocol):  # type: ignore[misc]  # Daphne has no types
    """A WebSocket whose writer can wait until the client reads."""

    _flows: "asyncio.Future[None] | None" = None

    def onOpen(self) -> None:  # noqa: N802  autobahn's name
        """The handshake is over: take the place of the HTTP channel as the transport's producer."""
        self.transport.unregisterProducer()
        self.transport.bufferSize = SEND_BUFFER
        with contextlib.suppress(OSError, AttributeError):  # not TCP, or not Linux
            self.transport.getHandle().setsockopt(socket.IPPROTO_TCP, NOT_SENT_LOW_WATER, SEND_BUFFER)
        self.transport.registerProducer(self, True)
        super().onOpen()

    def pauseProducing(self) -> None:  # noqa: N802  twisted's names
        """The client does not keep up."""
        if self._flows is None:
            self._flows = asyncio.get_event_loop().create_future()

    def resumeProducing(self) -> None:  # noqa: N802
        """Everything written has left."""
        flows, self._flows = self._flows, None
        if flows is not None and not flows.done():
            flows.set_result(None)

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone: nobody waits for it any more."""
        self.resumeProducing()

    async def flows(self) -> None:
        """Wait until the client takes more, or is gone."""
        if self._flows is not None:
            await asyncio.shield(self._flows)

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802
        """Refuse a message whose parts add up to more than any of ours; one frame's size autobahn limits."""
        super().onMessageFrameBegin(length)
        if self.message_data_total_length > LONGEST:
            self.dropConnection(abort=True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        """Pass a message on; one who talks faster than it is listened to is cut off."""
        if self.application_queue.qsize() < WAITING:
            super().onMessage(payload, isBinary)
        else:
            self.serverClose(AGAINST_RULES)

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802  Daphne's name
        """Send one message as one frame (RFC 6455, section 5.2).

        Autobahn composes coloured lines for its log at every frame, logged or not: two thirds of a
        frame's cost, measured. It never compresses or fragments here, so nothing else is lost.
        """
        if self.state != self.STATE_OPEN:
            super().serverSend(content, binary)
            return
        payload = content if binary else content.encode()
        self.transport.write(_head(BINARY if binary else TEXT, len(payload)) + payload)

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802  Daphne's name
        """Close with any code of RFC 6455; autobahn's `sendClose` takes those of applications only."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code or NORMAL, isReply=False)


def _head(opcode: int, size: int) -> bytes:
    if size < 126:
        return struct.pack("!BB", FINAL | opcode, size)
    if size < 2**16:
        return struct.pack("!BBH", FINAL | opcode, 126, size)
    return struct.pack("!BBQ", FINAL | opcode, 127, size)


class WebServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne's server with flow control."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, ready_callable=self._prepare)

    def _prepare(self) -> None:
        self.ws_factory.protocol = FlowControlled
        # The limit of whole messages holds for what we send as well, so it is the protocol that limits what we read.
        self.ws_factory.setProtocolOptions(
            maxFramePayloadSize=LONGEST, maxMessagePayloadSize=0, closeHandshakeTimeout=GOODBYE
        )

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send, then wait until there is room for more."""
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.send":
            await protocol.flows()


class WebCommand(CommandLineInterface):  # type: ignore[misc]  # Daphne has no types
    """Daphne's command line; the application is ours."""

    description = "PMSync's web process: HTTP and WebSocket"
    server_class = WebServer


def main(arguments: list[str]) -> None:
    """Serve until a signal ends it. With several processes, exits with the code of the one that ended first."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--processes", type=int, default=1)
    options, others = parser.parse_known_args(arguments)
    if options.processes > 1:
        sys.exit(_side_by_side(options.processes, others))
    WebCommand().run(["-v", "0", *others, APPLICATION])


def _side_by_side(count: int, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-b", "--bind", default="127.0.0.1")
    parser.add_argument("-p", "--port", type=int, default=8000)
    options, others = parser.parse_known_args(arguments)
    with socket.create_server((options.bind, options.port), backlog=1024, family=_family(options.bind)) as listening:
        number = listening.fileno()
        command = [sys.executable, "-m", "pmsync.web", "--fd", str(number), *others]
        serving: list[subprocess.Popen[bytes]] = []

        def end_all(*_: object) -> None:
            for one in serving:
                one.terminate()

        # Ahead of the first: a signal that came between would end us and leave it behind.
        signal.signal(signal.SIGTERM, end_all)
        signal.signal(signal.SIGINT, end_all)
        serving.extend(subprocess.Popen(command, pass_fds=(number,)) for _ in range(count))
        first, status = os.wait()
        end_all()
        for one in serving:
            if one.pid != first:
                one.wait()
        return os.waitstatus_to_exitcode(status)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


if __name__ == "__main__":
    main(sys.argv[1:])
