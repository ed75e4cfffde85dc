"""The demo's mail provider: keeps its mail over a restart, wakes idlers, takes submissions for its own people only."""

import contextlib
import imaplib
import json
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pmsync.demo.mail_store import Letter, Store
from pmsync.private.home import REPOSITORY, free_port

ANNA, BRUNO = "anna@shop.example", "bruno@shop.example"
RAW = b"From: a@b.example\r\nSubject: hello\r\n\r\nOne two three.\r\n"


@dataclass
class Provider:
    """A running mail server on a folder."""

    folder: Path
    imap: int = field(default_factory=free_port)
    smtp: int = field(default_factory=free_port)

    @contextlib.contextmanager
    def running(self) -> Iterator["Provider"]:
        command = [sys.executable, "-m", "pmsync.demo.mail_server", str(self.folder)]
        command += ["--imap", str(self.imap), "--smtp", str(self.smtp)]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while any(_closed(port) for port in (self.imap, self.smtp)):
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            yield self
        finally:
            process.terminate()
            process.wait(10)

    @contextlib.contextmanager
    def client(self, user: str, mailbox: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=10) as client:
            client.login(user, "secret")
            client.select(mailbox)
            yield client


def _closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "users.json").write_text(json.dumps({ANNA: "secret", BRUNO: "secret"}))
    return tmp_path


@pytest.fixture
def provider(folder: Path) -> Iterator[Provider]:
    with Provider(folder).running() as running:
        yield running


def state(client: imaplib.IMAP4) -> tuple[bytes, list[bytes]]:
    """UIDVALIDITY, and every message's UID, flags and text; `\\Recent` belongs to a session and is left out."""
    validity = client.response("UIDVALIDITY")[1][0]
    found = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")[1]
    pieces = [piece for item in found if isinstance(item, tuple) for piece in item]
    return validity, [piece.replace(b"\\Recent ", b"").replace(b"\\Recent", b"") for piece in pieces]


def test_a_restart_finds_the_same_mailboxes_uids_flags_and_bytes(folder: Path) -> None:
    provider = Provider(folder)
    with provider.running(), provider.client(ANNA) as client:
        for number in range(5):
            client.append("INBOX", r"(\Seen $Forwarded)" if number % 2 else "", "", RAW)
        client.create("Projects/2026")
        client.uid("COPY", "1", "Projects/2026")
        client.uid("MOVE", "2", "Projects/2026")
        client.uid("STORE", "3", "+FLAGS", r"(\Flagged)")
        client.uid("STORE", "4", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.select("INBOX")
        before = state(client)
        client.select("Projects/2026")
        moved = state(client)
    with provider.running(), provider.client(ANNA) as client:
        assert state(client) == before
        assert len(before[1]) == 2 * 3
        client.select("Projects/2026")
        assert state(client) == moved
        assert client.append("INBOX", "", "", RAW)[1][0].split(b"]")[0].endswith(b" 6")


def test_mail_that_was_filed_before_the_start_is_there_in_order(folder: Path) -> None:
    store = Store(folder / "mail.sqlite")
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    store.fill(BRUNO, [("INBOX", Letter(RAW, ["\\Seen"], at)), ("Sent", Letter(RAW, [], at))])
    store.close()
    provider = Provider(folder)
    with provider.running(), provider.client(BRUNO) as client:
        answer = str(client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE RFC822.SIZE)")[1][0])
        for part in ("Seen", "01-Mar-2026 09:00:00", f"RFC822.SIZE {len(RAW)}"):
            assert part in answer
        assert "Sent" in str(client.list()[1])


def test_submitted_mail_wakes_whoever_idles(provider: Provider) -> None:
    with provider.client(BRUNO) as idler:
        idler.send(b"x1 IDLE\r\n")
        idler.readline()
        with smtplib.SMTP("127.0.0.1", provider.smtp, timeout=10) as submission:
            submission.login(ANNA, "secret")
            submission.sendmail(ANNA, [BRUNO], RAW)
        assert b"1 EXISTS" in idler.readline()
        idler.send(b"DONE\r\n")
        while not idler.readline().startswith(b"x1 OK"):
            pass
    with provider.client(BRUNO) as client:
        assert "One two three." in str(client.fetch("1", "(BODY.PEEK[])")[1])


def test_an_idler_misses_no_change_that_follows_another_at_once(provider: Provider) -> None:
    with provider.client(BRUNO) as idler, provider.client(BRUNO) as other:
        other.create("Archive")
        idler.send(b"x1 IDLE\r\n")
        idler.readline()
        for uid in range(1, 21):
            other.append("INBOX", "", "", RAW)
            other.select("INBOX")
            other.uid("MOVE", str(uid), "Archive")
            while b"EXPUNGE" not in idler.readline():
                pass
        idler.send(b"DONE\r\n")
        while not idler.readline().startswith(b"x1 OK"):
            pass


def test_submission_needs_a_log_in(provider: Provider) -> None:
    with smtplib.SMTP("127.0.0.1", provider.smtp, timeout=10) as submission, pytest.raises(smtplib.SMTPSenderRefused):
        submission.sendmail(ANNA, [BRUNO], RAW)
    with (
        smtplib.SMTP("127.0.0.1", provider.smtp, timeout=10) as submission,
        pytest.raises(smtplib.SMTPAuthenticationError),
    ):
        submission.login(ANNA, "wrong")


def test_an_unknown_name_of_our_own_domain_is_refused_and_others_stay_here(provider: Provider) -> None:
    with smtplib.SMTP("127.0.0.1", provider.smtp, timeout=10) as submission:
        submission.login(ANNA, "secret")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            submission.sendmail(ANNA, ["nobody@shop.example"], RAW)
        submission.sendmail(ANNA, ["someone@far.example"], RAW)
    store = Store(provider.folder / "mail.sqlite")
    kept = store.database.execute(
        "SELECT count(*) FROM message JOIN mailbox ON mailbox.id = mailbox WHERE user = 'elsewhere'"
    ).fetchone()
    store.close()
    assert kept[0] == 1


def test_renaming_a_mailbox_takes_those_below_along(folder: Path) -> None:
    provider = Provider(folder)
    with provider.running(), provider.client(ANNA) as client:
        client.create("Old")
        client.create("Old/Deep")
        client.append("Old/Deep", "", "", RAW)
        assert client.rename("Old", "New")[0] == "OK"
        assert client.delete("Old/Deep")[0] == "NO"
    with provider.running(), provider.client(ANNA, "New/Deep") as client:
        assert len(state(client)[1]) == 2
