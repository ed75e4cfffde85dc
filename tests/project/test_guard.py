"""The guard of invariant 8 refuses what it should and nothing else."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.db import transaction

from apps.core.redis import client
from tests.guard import NetworkInTransaction, no_network_in_a_transaction


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


def test_connecting_inside_a_transaction_is_refused(committed: None, server: tuple[str, int]) -> None:
    with no_network_in_a_transaction() as caught:
        with transaction.atomic(), socket.socket() as fresh, pytest.raises(NetworkInTransaction):
            fresh.connect(server)
        assert len(caught) == 1


def test_sending_on_an_open_connection_is_refused(committed: None, server: tuple[str, int]) -> None:
    with no_network_in_a_transaction() as caught, socket.create_connection(server) as kept:
        kept.sendall(b"before")
        with transaction.atomic(), suppress(NetworkInTransaction):
            kept.sendall(b"inside")
        assert len(caught) == 1


def test_redis_counts_as_network(committed: None) -> None:
    client().ping()
    with no_network_in_a_transaction() as caught:
        with transaction.atomic(), suppress(NetworkInTransaction):
            client().ping()
        assert caught


def test_tls_is_covered(committed: None, server: tuple[str, int]) -> None:
    with no_network_in_a_transaction() as caught:
        wrapped = ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="example.org")
        with transaction.atomic(), suppress(NetworkInTransaction), wrapped:
            wrapped.connect(server)
        assert caught


def test_before_and_after_a_transaction_and_in_other_threads_the_network_is_free(
    committed: None, server: tuple[str, int]
) -> None:
    def elsewhere() -> None:
        socket.create_connection(server).close()

    with no_network_in_a_transaction() as caught:
        elsewhere()
        with transaction.atomic():
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
            transaction.on_commit(elsewhere)
        elsewhere()
    assert caught == []
