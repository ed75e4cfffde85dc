"""A server without MODSEQ: flags are found by reading them, the newest at once and the others in turn."""

import pytest

from apps.providers.adapters.imap import connect, look
from apps.providers.adapters.imap.channel import Timeouts
from tests.fakes.imap_script import CAPABILITY, LOGIN, FakeMailbox, FakeMessage, ScriptedServer
from tests.imap.mirror import MemoryMirror

SCAN = CAPABILITY + b" ESEARCH LIST-EXTENDED LIST-STATUS"
COUNT = 3 * look.SCANNED + 10


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def tiny(uid: int) -> FakeMessage:
    return FakeMessage(uid, b"Message-ID: <%d@x>\r\n\r\n" % uid)


def test_old_flags_are_found_in_turn_new_ones_at_once_and_all_once_a_day() -> None:
    box = FakeMailbox("INBOX", [tiny(uid) for uid in range(1, COUNT + 1)])
    clock = Clock()
    with ScriptedServer([box], capability=SCAN) as server:
        adapter = connect(server.endpoint, LOGIN, clock=clock, timeouts=Timeouts(idle=20))
        mirror = MemoryMirror()
        mirror.sync(adapter)
        box.messages[COUNT - 1].flags = "\\Seen"
        assert mirror.sync(adapter).updated == [("INBOX", COUNT)]
        box.messages[0].flags = "\\Flagged"
        runs = [mirror.sync(adapter).updated for _ in range(4)]
        assert [("INBOX", 1)] in runs
        assert sum(map(len, runs)) == 1
        read = [command for command in server.commands if command.endswith(b"(UID FLAGS)")]
        assert len(read) <= 2 * 5
        for uid in (1, 1500, 2500):
            box.messages[uid - 1].flags = "\\Answered"
        clock.now += look.SWEEP_EVERY
        assert mirror.sync(adapter).updated == [("INBOX", 1), ("INBOX", 1500), ("INBOX", 2500)]
        assert mirror.differences(adapter) == []
        adapter.close()


def test_sparse_uids_are_read_in_as_few_windows() -> None:
    box = FakeMailbox("INBOX", [tiny(uid * 1_000_000) for uid in range(1, 40)])
    with ScriptedServer([box], capability=SCAN) as server:
        adapter = connect(server.endpoint, LOGIN)
        mirror = MemoryMirror()
        mirror.sync(adapter)
        before = len(server.commands)
        mirror.sync(adapter)
        assert len([command for command in server.commands[before:] if b"FETCH" in command]) == 1
        adapter.close()


@pytest.mark.parametrize("spelled", ["\\SEEN $forwarded", "\\seen $Forwarded"])
def test_the_same_flags_in_another_case_are_no_change(spelled: str) -> None:
    box = FakeMailbox("INBOX", [tiny(1)])
    box.messages[0].flags = "\\Seen $Forwarded"
    with ScriptedServer([box], capability=SCAN) as server:
        adapter = connect(server.endpoint, LOGIN)
        mirror = MemoryMirror()
        mirror.sync(adapter)
        box.messages[0].flags = spelled
        assert mirror.sync(adapter).quiet
        adapter.close()
