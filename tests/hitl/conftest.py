"""Fixtures of approvals' tests: an owner with mail at a real Dovecot, and for plans a calendar at a real Radicale."""

import pytest

from tests.compose.fixtures import Desk
from tests.hitl.fixtures import Board
from tests.scheduling.conftest import desk, dovecot, dovecots, office, open_radicale, private_hosts, sink

__all__ = ["desk", "dovecot", "dovecots", "office", "open_radicale", "private_hosts", "sink"]


@pytest.fixture
def board(desk: Desk) -> Board:
    """The owner's approvals."""
    return Board(desk)
