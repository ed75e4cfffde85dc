"""Whatever another client does, and whenever we look, the mirror ends up equal to the server."""

import imaplib
import random
import threading
from contextlib import ExitStack

import pytest

from apps.providers.adapters.imap import ImapAdapter, connect
from tests.imap.dovecot import Dovecot
from tests.imap.mirror import MemoryMirror
from tests.imap.other_client import OtherClient

OPERATIONS = 300


@pytest.mark.slow
@pytest.mark.dovecot
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_changes_by_another_client_are_mirrored(any_dovecot: Dovecot, seed: int) -> None:
    rng = random.Random(seed)
    user = any_dovecot.new_user()
    mirror = MemoryMirror()
    watcher = connect(any_dovecot.endpoint, any_dovecot.login(user))
    auditor = connect(any_dovecot.endpoint, any_dovecot.login(user))
    done: list[str] = []
    with any_dovecot.client(user) as client:
        other = OtherClient(rng, lambda: client)
        for _ in range(OPERATIONS):
            done.append(other.step())
            if rng.random() < 0.15:
                watcher = _perhaps_reconnect(any_dovecot, user, watcher, rng)
                mirror.sync(watcher, backfill=rng.random() < 0.7)
                done.append("-- sync")
        mirror.sync(watcher)
        assert mirror.differences(auditor) == [], done[-40:]
        assert mirror.sync(watcher).quiet
    for name, uid, _ in rng.sample(list(mirror.placements()), 20):
        raw = mirror.raw(name, uid)
        assert raw == auditor.fetch(name, None, uid) or b"\nX-PMSync-Omitted: " in (raw or b"")
    watcher.close()
    auditor.close()


@pytest.mark.slow
@pytest.mark.dovecot
def test_changes_by_three_clients_while_we_are_reading_are_mirrored(any_dovecot: Dovecot) -> None:
    """Expunges in the middle of a FETCH, arrivals between EXAMINE and FETCH, flags in between."""
    user = any_dovecot.new_user()
    stop = threading.Event()
    with ExitStack() as opened:
        clients = [opened.enter_context(any_dovecot.client(user)) for _ in range(3)]
        threads = [
            threading.Thread(target=_keep_busy, args=(client, seed, stop)) for seed, client in enumerate(clients)
        ]
        watcher = connect(any_dovecot.endpoint, any_dovecot.login(user))
        mirror = MemoryMirror()
        for thread in threads:
            thread.start()
        try:
            for _ in range(60):
                mirror.sync(watcher)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        mirror.sync(watcher)
        assert mirror.differences(watcher) == []
        watcher.close()


def _keep_busy(client: imaplib.IMAP4, seed: int, stop: threading.Event) -> None:
    other = OtherClient(random.Random(seed), lambda: client, first=seed * 100_000)
    steps = (other.append, other.append, other.flag, other.unflag, other.move, other.copy, other.expunge)
    while not stop.is_set():
        other.rng.choice(steps)()


def _perhaps_reconnect(server: Dovecot, user: str, adapter: ImapAdapter, rng: random.Random) -> ImapAdapter:
    if rng.random() < 0.7:
        return adapter
    adapter.close()
    return connect(server.endpoint, server.login(user))
