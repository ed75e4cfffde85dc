"""The demo's mail provider in one process: IMAP (pymap) and SMTP submission (aiosmtpd).

    python -m pmsync.demo.mail_server FOLDER --imap PORT --smtp PORT

`FOLDER/users.json` names the users and their passwords, `FOLDER/mail.sqlite` holds their mail. What
is submitted to a local address lands in that person's INBOX and wakes whoever idles there; mail to
anybody else is kept in the mailbox of `elsewhere`, and never leaves the machine.
"""

import argparse
import asyncio
import email.utils
import json
import logging
import signal
import sys
import warnings
from argparse import Namespace
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pymap.backend.dict import Config, DictBackend, Login
from pymap.backend.dict.filter import FilterSet
from pymap.imap import IMAPService
from pymap.user import Passwords, UserMetadata

from .mail_store import MailboxSet, Store, open_all

HOST: Final = "127.0.0.1"
ELSEWHERE: Final = "elsewhere"
MOST_BYTES: Final = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Post:
    """Who has a mailbox here, with which password."""

    mailboxes: dict[str, MailboxSet]
    passwords: dict[str, str]

    def has(self, address: str) -> bool:
        """True for a local mailbox."""
        return address.lower() in self.passwords

    def is_local(self, address: str) -> bool:
        """True when the address's domain is ours, so that an unknown name there is refused."""
        domain = address.lower().rpartition("@")[2]
        return any(name.endswith(f"@{domain}") for name in self.passwords)

    async def deliver(self, envelope: Envelope) -> None:
        """File a submitted message for each of its recipients."""
        raw = _received(envelope)
        inboxes = {name.lower() if self.has(name) else ELSEWHERE for name in envelope.rcpt_tos}
        for name in sorted(inboxes):
            await self.mailboxes[name].deliver(raw)


def _received(envelope: Envelope) -> bytes:
    stamp = email.utils.format_datetime(datetime.now(UTC))
    content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
    return f"Received: from submission by localhost with ESMTPA; {stamp}\r\n".encode() + content


class Submission:
    """What aiosmtpd asks at each step of a submission."""

    def __init__(self, post: Post) -> None:
        self.post = post

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
        """Compare the password with the user's."""
        if not isinstance(given, LoginPassword):
            return AuthResult(success=False, handled=False)
        name, password = given.login.decode().lower(), given.password.decode()
        # Not handled: the refusal is still to be told to the client.
        return AuthResult(success=self.post.passwords.get(name) == password, handled=False, auth_data=name)

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse a name that our own domains do not have."""
        if self.post.is_local(address) and not self.post.has(address):
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """File the message."""
        await self.post.deliver(envelope)
        return "250 2.0.0 Filed"


async def _imap(passwords: dict[str, str], mailboxes: dict[str, MailboxSet], port: int, stack: AsyncExitStack) -> None:
    asked = Namespace(
        host=[HOST], port=str(port), debug=False, cert=None, key=None, tls=False, proxy_protocol=None,
        demo_data=False, demo_user=ELSEWHERE, demo_password="", inherited_sockets=None, passlib_cfg=None,
    )  # fmt: skip
    config = Config.from_args(asked, max_append_len=MOST_BYTES)
    login = Login(config)
    for user, password in passwords.items():
        hashed = await Passwords(config).hash_password(password)
        login.users_dict[user] = UserMetadata(config, user, password=hashed)
        config.set_cache[user] = (mailboxes[user], FilterSet())
    config.apply_context()
    backend = DictBackend(login, config)
    await IMAPService(backend, config).start(stack)


async def serve(folder: Path, imap_port: int, smtp_port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    # aiosmtpd says of every session that AUTH without TLS is unsafe: true, and this is the loopback.
    warnings.filterwarnings("ignore", module="aiosmtpd")
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    passwords: dict[str, str] = json.loads((folder / "users.json").read_text())
    store = Store(folder / "mail.sqlite")
    for user in (*passwords, ELSEWHERE):
        store.create(user, "INBOX")
    post = Post(open_all(store), passwords)
    submission = Submission(post)

    def session() -> SMTP:
        return SMTP(
            submission, hostname="localhost", ident="PMSync demo", data_size_limit=MOST_BYTES, enable_SMTPUTF8=True,
            authenticator=submission.authenticate, auth_required=True, auth_require_tls=False, loop=loop,
        )  # fmt: skip

    async with AsyncExitStack() as stack:
        await _imap(passwords, post.mailboxes, imap_port, stack)
        smtp = await loop.create_server(session, HOST, smtp_port)
        stack.callback(smtp.close)
        print(f"IMAP on {HOST}:{imap_port}, SMTP on {HOST}:{smtp_port}, {len(passwords)} people", flush=True)
        await ended.wait()
        # Sessions that idle would otherwise hold the exit up.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
    store.close()


def main(arguments: list[str]) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m pmsync.demo.mail_server", description="The demo's mail provider.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--imap", type=int, required=True)
    parser.add_argument("--smtp", type=int, required=True)
    options = parser.parse_args(arguments)
    asyncio.run(serve(options.folder, options.imap, options.smtp))


if __name__ == "__main__":
    main(sys.argv[1:])
