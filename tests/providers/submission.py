"""A real submission server (aiosmtpd) on a free port, which takes one person's password."""

import asyncio
import ssl
import threading
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Submission:
    """Runs in a thread of its own; `used` names the mechanisms by which people came."""

    def __init__(self, username: str, password: str, security: str = "none", tls: ssl.SSLContext | None = None) -> None:
        self.used: list[str] = []
        self._expected = (username.encode(), password.encode())
        self._security = security
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _start(self) -> asyncio.Server:
        implicit = self._tls if self._security == "tls" else None
        return await self._loop.create_server(self._make, "127.0.0.1", 0, ssl=implicit)

    async def _stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _make(self) -> SMTP:
        upgrade = self._security == "starttls"
        return SMTP(
            object(),
            loop=self._loop,
            hostname="mail.firm.example",
            authenticator=self._authenticate,
            auth_require_tls=upgrade,
            tls_context=self._tls if upgrade else None,
        )

    def _authenticate(
        self, server: SMTP, session: object, envelope: object, mechanism: str, data: object
    ) -> AuthResult:
        self.used.append(mechanism)
        return AuthResult(
            success=isinstance(data, LoginPassword) and (data.login, data.password) == self._expected, handled=False
        )
