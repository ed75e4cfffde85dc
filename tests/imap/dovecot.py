"""A real Dovecot for tests: started in a directory of its own, as root or as an ordinary user.

    with Dovecot.start(directory, PROFILES["full"]) as dovecot:
        user = dovecot.new_user()
        dovecot.append(user, "INBOX", message)
        with dovecot.client(user) as other: ...      # a second client, plain imaplib

A new user per test: no cleanup, no order between tests.
"""

import contextlib
import getpass
import grp
import imaplib
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from apps.providers.adapters.base import Endpoint, Login

PASSWORD: Final = "secret"  # noqa: S105  # of throw-away users on the loopback
BINARY: Final = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")

_BASIC: Final = (
    "IMAP4rev1 LITERAL+ SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT THREAD=REFERENCES MULTIAPPEND UNSELECT CHILDREN "
    "NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 SEARCHRES WITHIN MOVE SPECIAL-USE BINARY"
)
PROFILES: Final[dict[str, str]] = {
    "full": "",
    "condstore": f"{_BASIC} LIST-STATUS ESEARCH CONDSTORE",
    "scan": f"{_BASIC} LIST-STATUS ESEARCH",
    "plain3501": "IMAP4rev1 LITERAL+ SASL-IR ID IDLE UIDPLUS NAMESPACE",
}
"""What the server says it can do; empty for everything that it can."""


@dataclass
class Dovecot:
    """One running server."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes]
    _users: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def start(cls, directory: Path, capability: str = "", *, extra: str = "") -> Self:
        """Start a server and wait until it answers. Raises RuntimeError with its log when it does not."""
        if BINARY is None:
            raise RuntimeError("dovecot is not installed")
        directory.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        mail_user = _mail_user()
        (directory / "mail").mkdir(exist_ok=True)
        if os.geteuid() == 0:
            _open_to_others(directory)
            os.chown(directory / "mail", pwd.getpwnam(mail_user).pw_uid, pwd.getpwnam(mail_user).pw_gid)
        conf = directory / "dovecot.conf"
        conf.write_text(_conf(directory, port, mail_user, capability) + extra)
        # -F keeps it our child, so that it can be stopped by its own pid and no other.
        process = subprocess.Popen([BINARY, "-F", "-c", str(conf)], stderr=subprocess.PIPE, start_new_session=True)
        server = cls(directory, port, process)
        server._wait()
        return server

    def _wait(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                if sock.recv(4) == b"* OK":
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        said = self.process.stderr.read().decode() if self.process.poll() is not None and self.process.stderr else ""
        log = self.directory / "dovecot.log"
        self.stop()
        raise RuntimeError(f"dovecot did not start: {said}{log.read_text() if log.exists() else ''}")

    def begin_to_stop(self) -> None:
        """Tell it to stop, without waiting."""
        if self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Stop the server and its children; a busy machine would let it take half a minute."""
        self.begin_to_stop()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # the session is its own: `start_new_session`
            self.process.wait(5)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def new_user(self) -> str:
        """A user nobody used before; any name logs in with PASSWORD."""
        return f"user{next(self._users)}"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port, "none")

    def login(self, user: str) -> Login:
        return Login(user, PASSWORD)

    @contextlib.contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """A second client, by another library than ours."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=30)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(user, PASSWORD)
        try:
            yield client
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                client.logout()

    def complaints(self) -> list[str]:
        """All that Dovecot's log says of trouble."""
        lines = (self.directory / "dovecot.log").read_text().splitlines()
        return [line for line in lines if re.search(r": (Panic|Fatal|Error|Warning): ", line)]

    def crashes(self) -> list[str]:
        """What it says of its own processes that ended before their time."""
        return [line for line in self.complaints() if re.search(r": (Panic|Fatal): ", line)]

    def append(self, user: str, mailbox: str, *messages: bytes, flags: str = "", date: str | None = None) -> None:
        """Put messages into a mailbox, which is created when missing."""
        with self.client(user) as client:
            if mailbox != "INBOX":
                client.create(f'"{mailbox}"')
            for message in messages:
                status, said = client.append(f'"{mailbox}"', flags, date, message)
                if status != "OK":
                    raise RuntimeError(f"APPEND: {said!r}")

    def fill(self, user: str, *messages: bytes) -> None:
        """Put many messages into the INBOX of a user, at once and behind Dovecot's back."""
        with self.client(user) as client:
            client.select("INBOX")
        new = self.maildir(user) / "new"
        owner = new.stat()
        for number, message in enumerate(messages):
            file = new / f"{time.time_ns()}.M{number}.example"  # a base name is one message for ever
            file.write_bytes(message)
            os.utime(file, (1_700_000_000 + number,) * 2)
            os.chown(file, owner.st_uid, owner.st_gid)

    def lose_uids(self, user: str, epoch: int | None) -> None:
        """Remove the index and the UID list of INBOX, when nobody has it open; `epoch` is its UIDVALIDITY."""
        deadline = time.monotonic() + 20
        # UIDVALIDITY is the time in seconds: within the same one it would be the same again.
        while time.time() < (epoch or 0) + 1 or self._sessions(user):
            if time.monotonic() > deadline:
                raise RuntimeError("the mailbox stays open")
            time.sleep(0.02)
        for file in self.maildir(user).glob("dovecot*"):
            if re.fullmatch(r"dovecot-(uidlist|uidvalidity.*)|dovecot\.(index|list\.index).*", file.name):
                file.unlink()

    def _sessions(self, user: str) -> int:
        log = (self.directory / "dovecot.log").read_text()
        return log.count(f"Login: user=<{user}>") - len(re.findall(rf"imap\({user}\)<[^ ]*: Info: Disconnected", log))

    def maildir(self, user: str) -> Path:
        """Where the user's mail lies, for tests that damage it."""
        return self.directory / "mail" / user


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _mail_user() -> str:
    """Dovecot never reads mail as root; an ordinary user reads it as itself."""
    if os.geteuid() != 0:
        return getpass.getuser()
    return next(name for name in ("vmail", "mail", "nobody") if _exists(name))


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _open_to_others(directory: Path) -> None:
    """The mail user must be able to walk down to its mail."""
    for place in (directory, *directory.parents):
        if place == place.parent or place.stat().st_uid != os.geteuid():
            break
        place.chmod(place.stat().st_mode | 0o011)


def _conf(directory: Path, port: int, mail_user: str, capability: str) -> str:
    me = getpass.getuser()
    group = grp.getgrgid(pwd.getpwnam(mail_user).pw_gid).gr_name
    users = ""
    if os.geteuid() != 0:
        users = f"default_login_user = {me}\ndefault_internal_user = {me}\ndefault_internal_group = {group}\n"
    offered = f"imap_capability = {capability}\n" if capability else ""
    return f"""
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{directory}/mail/%u
mail_max_userip_connections = 1000
mailbox_list_index = yes
maildir_very_dirty_syncs = yes
mail_fsync = never
{users}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={group} home={directory}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
protocol imap {{
  {offered}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
"""
