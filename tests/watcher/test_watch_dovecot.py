"""A watch on a real Dovecot. It tells of changes half a second late, by a delay of its own."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from apps.providers.adapters.imap.idle import Doorbell, State
from tests.imap.dovecot import PROFILES, Dovecot
from tests.watcher.listener import QUICK, SOON, Listener, watching

pytestmark = pytest.mark.dovecot
# Beyond 128 idling processes of one user the kernel has no more watches, and Dovecot looks every 30 s.
AT_LAST = 45.0
MESSAGE = b"From: a@example.test\r\nSubject: hello\r\nMessage-ID: <%d@example.test>\r\n\r\nhello\r\n"
TIMING = replace(QUICK, connect=5, opening=5, answer=5, quiet=0.05)


@pytest.fixture(scope="module")
def idle_dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with Dovecot.start(tmp_path_factory.mktemp("idle"), PROFILES["condstore"]) as server:
        yield server


@pytest.fixture(scope="module")
def notify_dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with Dovecot.start(tmp_path_factory.mktemp("notify"), PROFILES["full"]) as server:
        yield server


def flag(server: Dovecot, user: str) -> None:
    """Mark the first message of INBOX as read, as another client does."""
    with server.client(user) as client:
        client.select("INBOX")
        status, _ = client.store("1", "+FLAGS", r"(\Seen)")
        assert status == "OK"


def expunge(server: Dovecot, user: str) -> None:
    """Remove the first message of INBOX."""
    with server.client(user) as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()


async def rings_for(listener: Listener, *mailboxes: str | None) -> None:
    """Wait for a doorbell of one of these mailboxes (Dovecot also tells of lists and subscriptions), then for quiet."""
    async with asyncio.timeout(AT_LAST):
        while (await listener.bell(AT_LAST))[1].mailbox not in mailboxes:
            pass
    while not await listener.quiet(0.7):
        pass


async def settled(listener: Listener) -> None:
    """Wait for the first doorbell, and for what a fresh account tells of its own new mailboxes."""
    await listener.bell()
    while not await listener.quiet(0.7):
        pass


async def test_idle_rings_for_an_arrival_a_flag_and_an_expunge(idle_dovecot: Dovecot) -> None:
    server, user = idle_dovecot, idle_dovecot.new_user()
    await asyncio.to_thread(server.append, user, "INBOX", MESSAGE % 1)
    async with watching(server.endpoint, login=server.login(user), timing=TIMING) as listener:
        await settled(listener)
        assert listener.watch.kind == "idle"
        for change in (
            lambda: server.append(user, "INBOX", MESSAGE % 2),
            lambda: flag(server, user),
            lambda: expunge(server, user),
        ):
            await asyncio.to_thread(change)
            await rings_for(listener, "INBOX")


async def test_notify_rings_for_every_mailbox_and_for_a_new_one(notify_dovecot: Dovecot) -> None:
    server, user = notify_dovecot, notify_dovecot.new_user()
    await asyncio.to_thread(server.append, user, "INBOX", MESSAGE % 1)
    await asyncio.to_thread(server.append, user, "Lists", MESSAGE % 2)
    async with watching(server.endpoint, login=server.login(user), timing=TIMING) as listener:
        await settled(listener)
        assert listener.watch.kind == "notify"
        await asyncio.to_thread(server.append, user, "Lists", MESSAGE % 3)
        await rings_for(listener, "Lists")
        await asyncio.to_thread(flag, server, user)
        await rings_for(listener, "INBOX")
        await asyncio.to_thread(server.append, user, "Brand new", MESSAGE % 4)
        await rings_for(listener, "Brand new", None)


async def test_notify_rings_at_once_after_the_server_has_rotated_the_logs_of_inbox() -> None:
    # Dovecot rotates them when they are large and five minutes old; here after each second.
    often = "mail_index_log_rotate_min_size=1k\nmail_index_log_rotate_max_size=2k\nmail_index_log_rotate_min_age=1s\n"
    with (
        tempfile.TemporaryDirectory(prefix="dovecot-") as folder,  # short: the names of its sockets may not be long
        Dovecot.start(Path(folder) / "rotating", PROFILES["full"], extra=often) as server,
    ):
        user = server.new_user()
        await asyncio.to_thread(server.append, user, "INBOX", MESSAGE % 1)
        rotated = server.maildir(user) / "dovecot.index.log.2"
        async with watching(server.endpoint, login=server.login(user), timing=TIMING) as listener:
            await settled(listener)
            assert listener.watch.kind == "notify"
            rotations = set()
            for number in range(2, 60):
                await asyncio.to_thread(server.append, user, "INBOX", MESSAGE % number)
                # Its own look comes after 30 s: what rings sooner was told.
                async with asyncio.timeout(15):
                    await rings_for(listener, "INBOX")
                if rotated.exists():
                    rotations.add(rotated.stat().st_ino)
                if len(rotations) > 2:
                    return
    pytest.fail("the log was never rotated")


async def test_a_watch_lives_through_renewals_and_still_rings(idle_dovecot: Dovecot) -> None:
    server, user = idle_dovecot, idle_dovecot.new_user()
    async with watching(server.endpoint, login=server.login(user), timing=replace(TIMING, renewal=0.2)) as listener:
        await settled(listener)
        await listener.enters(State.IDLE, 5)
        await asyncio.to_thread(server.append, user, "INBOX", MESSAGE % 1)
        assert (await listener.bell())[1] == Doorbell("INBOX")


async def test_a_stopped_watch_leaves_no_session_behind(idle_dovecot: Dovecot) -> None:
    server, user = idle_dovecot, idle_dovecot.new_user()
    async with watching(server.endpoint, login=server.login(user), timing=TIMING) as listener:
        await settled(listener)
        listener.watch.stop()
        await asyncio.wait_for(listener.task, 2)
    async with asyncio.timeout(SOON):
        while not logged_out(server, user):
            await asyncio.sleep(0.05)


def logged_out(server: Dovecot, user: str) -> bool:
    """True once Dovecot has written that the user's session ended by LOGOUT."""
    log = (server.directory / "dovecot.log").read_text()
    return any(f"imap({user})" in line and "Logged out" in line for line in log.splitlines())
