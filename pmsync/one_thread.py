"""Django over ASGI for code that is synchronous throughout: a request is one piece of work in one thread.

Django's own handler goes between the event loop and a thread at every middleware and signal, and
starts a thread for each request: together five times the work of an empty request. WebSockets do not
come through here.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final, TypeVar

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections
from django.http.response import FileResponse
from django.urls import set_script_prefix

Result = TypeVar("Result")
THREADS: Final = 64
"""Requests at once; further ones wait. A slow one mostly waits for another server: PostgreSQL, one with images."""


class OneThread(ASGIHandler):
    """Answers each request in a thread of a pool."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="http")

    def load_middleware(self, is_async: bool = False) -> None:
        """The middleware in its synchronous form, whatever it could do besides."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request (ASGI HTTP connection scope)."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            response = await self._in_thread(self._answer, scope, body)
            if response.streaming:
                response.streaming_content = self._parts(iter(response.streaming_content))
                try:
                    await self.send_response(response, send)
                finally:
                    await self._in_thread(response.close)
            else:
                await self.send_response(response, send)

    def _answer(self, scope: Any, body: Any) -> Any:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        response: Any
        request, response = self.create_request(scope, body)
        if request is not None:
            response = self.get_response(request)
        response._handler_class = self.__class__
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        # In the thread that holds the connection, so that it is given back.
        if response.streaming:
            close_old_connections()
        else:
            response.close()
        return response

    async def _parts(self, content: Iterator[bytes]) -> AsyncIterator[bytes]:
        while (part := await self._in_thread(next, content, None)) is not None:
            yield part

    async def _in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work, *arguments)
