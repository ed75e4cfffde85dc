"""The HTTP side of the web process: requests side by side, connections given back, files in parts, people who leave."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import path

from pmsync.one_thread import OneThread

TOGETHER = threading.Barrier(3, timeout=10)
PARTS = 5


def meet(_: HttpRequest) -> HttpResponse:
    """Answers when three of them are under way."""
    TOGETHER.wait()
    return HttpResponse("met")


def count(_: HttpRequest) -> HttpResponse:
    """Asks PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return HttpResponse(str(cursor.fetchone()[0]))


def echo(request: HttpRequest) -> HttpResponse:
    """Gives back what came."""
    return HttpResponse(request.body)


def file(request: HttpRequest) -> FileResponse:
    """A file of several parts, after a question to PostgreSQL."""
    count(request)
    return FileResponse(Path(request.GET["path"]).open("rb"))


urlpatterns = [path(view.__name__, view) for view in (meet, count, echo, file)]


@pytest.fixture
def http(settings: Any, cast: object) -> OneThread:
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["*"]
    return OneThread()


def scope(where: str, query: str = "") -> dict[str, Any]:
    return {
        "type": "http", "method": "GET", "path": f"/{where}", "query_string": query.encode(), "headers": [],
        "client": ["127.0.0.1", 1], "server": ["127.0.0.1", 80],
    }  # fmt: skip


async def ask(http: OneThread, where: str, *sent: bytes, query: str = "") -> tuple[int, list[bytes]]:
    """The status and the parts of the body."""
    asked = ApplicationCommunicator(http, scope(where, query))
    for part in (*sent, b""):
        await asked.send_input({"type": "http.request", "body": part, "more_body": part != b""})
    start = await asked.receive_output(15)
    parts = []
    while True:
        part = await asked.receive_output(15)
        parts.append(part.get("body", b""))
        if not part.get("more_body"):
            break
    await asked.wait()
    return start["status"], parts


def test_requests_are_answered_side_by_side(http: OneThread) -> None:
    async def three() -> list[tuple[int, list[bytes]]]:
        return await asyncio.gather(*(ask(http, "meet") for _ in range(3)))

    assert asyncio.run(three()) == [(200, [b"met"])] * 3


def test_a_body_that_comes_in_parts_is_whole(http: OneThread) -> None:
    assert asyncio.run(ask(http, "echo", b"one ", b"two")) == (200, [b"one two"])


def test_connections_are_given_back(http: OneThread, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    pool: Any = connection.pool  # type: ignore[attr-defined]  # psycopg's backend has it

    def lent() -> int:
        stats = pool.get_stats()
        return int(stats["pool_size"] - stats["pool_available"])

    held = lent()
    for _ in range(3):
        assert asyncio.run(ask(http, "count"))[0] == 200
        assert asyncio.run(ask(http, "file", query=f"path={tmp_path}/file"))[0] == 200
    until = time.monotonic() + 10  # the pool resets what it gets back in a thread of its own
    while lent() != held and time.monotonic() < until:
        time.sleep(0.05)
    assert lent() == held


def test_a_file_goes_out_in_parts(http: OneThread, tmp_path: Path) -> None:
    content = bytes(range(256)) * (PARTS * http.chunk_size // 256)
    (tmp_path / "file").write_bytes(content)
    status, parts = asyncio.run(ask(http, "file", query=f"path={tmp_path}/file"))
    assert status == 200
    assert b"".join(parts) == content
    assert len([part for part in parts if part]) == PARTS


def test_who_leaves_before_everything_is_said_is_not_answered(http: OneThread) -> None:
    async def leave() -> bool:
        asked = ApplicationCommunicator(http, scope("echo"))
        await asked.send_input({"type": "http.request", "body": b"half", "more_body": True})
        await asked.send_input({"type": "http.disconnect"})
        await asked.wait(5)
        return await asked.receive_nothing()

    assert asyncio.run(leave())
