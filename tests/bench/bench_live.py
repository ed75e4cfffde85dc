"""How soon another client's change is seen in an open browser. `python -m tests.bench.bench_live`

A whole demo runs, one more account is connected to it, and its INBOX stands open in Chromium. A
plain IMAP client appends a message, sets a flag, moves, expunges; each is waited for before the
next. Four clocks are read, all of them this machine's:

    acknowledged   the plain client has read the tagged OK
    notice         the server's bytes reach the watcher: a relay between the two reads the clock when
                   an untagged response comes down a connection that listens (IDLE or NOTIFY)
    journal        the moment written into the event, inside its transaction
    row            the browser has drawn a frame with the changed list in it: a MutationObserver sees
                   the change, and the frame after it is waited for

The server is Dovecot where it is installed (it holds its own notices back by up to half a second,
hence the second clock), else the demo's. One JSON line for each kind of change.
"""

import argparse
import contextlib
import imaplib
import json
import random
import re
import selectors
import socket
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from pmsync.demo import cast
from tests.bench.results import quantile, show
from tests.conftest import CHROMIUM
from tests.e2e.demo import Demo, append, letter
from tests.imap.dovecot import BINARY, PASSWORD, Dovecot

PERSON: Final = cast.TENANTS[1].people[0]
ADDRESS: Final = "bench@northwind-trading.example"
UNTAGGED: Final = re.compile(rb"^\* (\d+ (EXISTS|EXPUNGE|FETCH)|VANISHED|STATUS)", re.MULTILINE)
# Longer than the second in which the watch lets several notices go as one: each change is alone.
APART: Final = (1.3, 1.9)
PATIENCE_MS: Final = 30_000
GOAL_ROW: Final = 1000
GOAL_NOTICE: Final = 150
GOAL_JOURNAL: Final = 50

# The journal's moment of every event that came down the socket, by the browser's clock in milliseconds.
SPY: Final = """
window.frames_seen = [];
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', (message) => {
      const at = performance.timeOrigin + performance.now();
      for (const one of String(message.data).matchAll(/"event":"(email:[a-z_]+)".*?"at":"([^"]+)"/g))
        window.frames_seen.push({ event: one[1], journal: Date.parse(one[2]), arrived: at });
    });
  }
};
// Resolves with the moment at which a drawn frame shows the list as `wanted` says.
window.drawn = (subject, wanted) => new Promise((resolve) => {
  const row = () => [...document.querySelectorAll('[data-thread]')].find((one) => one.textContent.includes(subject));
  const met = { there: () => row(), read: () => row() && !row().dataset.unread, gone: () => !row() }[wanted];
  const look = () => {
    if (!met()) return;
    observer.disconnect();
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(performance.timeOrigin + performance.now());
    requestAnimationFrame(() => channel.port2.postMessage(0));
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
});
"""


class Relay:
    """Between PMSync and the mail server: passes every byte on, and notes when notices come by."""

    def __init__(self, server_port: int) -> None:
        self.notices: list[float] = []
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        listens = notified = False
        with client, server, selectors.DefaultSelector() as ready, contextlib.suppress(OSError):
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    source: Any = key.fileobj
                    content = source.recv(65536)
                    if not content:
                        return
                    if source is client:
                        notified = notified or b" NOTIFY SET" in content.upper()
                        listens = notified or content.rstrip().upper().endswith(b" IDLE")
                    elif listens and UNTAGGED.search(content):
                        self.notices.append(time.time() * 1000)
                    key.data.sendall(content)

    def first_after(self, moment: float) -> float | None:
        """The first notice that came after this moment, a little earlier allowed: an OK may follow its notice."""
        return next((notice for notice in self.notices if notice > moment - 20), None)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()


@dataclass
class Delays:
    """Milliseconds of one kind of change, each from its own clock to the drawn row."""

    acknowledged: list[float] = field(default_factory=list)
    notice: list[float] = field(default_factory=list)
    journal: list[float] = field(default_factory=list)
    socket: list[float] = field(default_factory=list)

    def show(self, name: str, server: str) -> None:
        """Print the bench's line."""
        told = {
            "notice to row": (self.notice, GOAL_NOTICE),
            "journal to row": (self.journal, None),
            "journal to browser": (self.socket, GOAL_JOURNAL),
        }
        note = "; ".join(
            f"{what} p50 {statistics.median(values):.0f} p99 {quantile(values, 0.99):.0f} ms"
            + (f" (goal {goal})" if goal else "")
            for what, (values, goal) in told.items()
            if values
        )
        show(
            f"live-{name}", quantile(self.acknowledged, 0.99), "ms p99 from the server's OK to the drawn row", GOAL_ROW,
            len(self.acknowledged),
            f"{server}; p50 {statistics.median(self.acknowledged):.0f} ms; {note}; baseline: the goal",
        )  # fmt: skip


@dataclass
class Stage:
    """Everything that runs: the page, the relay, the other client."""

    page: Page
    relay: Relay
    client: imaplib.IMAP4

    def change(self, delays: Delays, subject: str, wanted: str, act: Callable[[], object], events: str) -> None:
        """Make one change and wait until it is drawn."""
        time.sleep(random.uniform(*APART))
        self.page.evaluate(
            "([subject, wanted]) => { window.frames_seen = []; window.seen = drawn(subject, wanted); }",
            [subject, wanted],
        )
        act()
        acknowledged = time.time() * 1000
        row = float(self.page.evaluate("window.seen"))
        delays.acknowledged.append(row - acknowledged)
        if (notice := self.relay.first_after(acknowledged)) is not None:
            delays.notice.append(row - notice)
        frames = [frame for frame in self.page.evaluate("window.frames_seen") if re.fullmatch(events, frame["event"])]
        if frames:
            delays.journal.append(row - frames[0]["journal"])
            delays.socket.append(frames[0]["arrived"] - frames[0]["journal"])


def measure(stage: Stage, appends: int, others: int) -> dict[str, Delays]:
    """All kinds of change, in turn."""
    found = {name: Delays() for name in ("append", "flag", "move", "expunge")}
    stage.client.select("INBOX")
    for number in range(appends):
        subject, uids = f"Live {number} {time.time_ns()}", [0]

        def arrive(subject: str = subject, uids: list[int] = uids) -> None:
            uids[0] = append(stage.client, "INBOX", letter(subject))

        def read(uids: list[int] = uids) -> None:
            stage.client.uid("STORE", str(uids[0]), "+FLAGS", r"(\Seen)")

        def move(uids: list[int] = uids) -> None:
            stage.client.uid("MOVE", str(uids[0]), "Archive")

        def expunge(uids: list[int] = uids) -> None:
            stage.client.uid("STORE", str(uids[0]), "+FLAGS.SILENT", r"(\Deleted)")
            stage.client.uid("EXPUNGE", str(uids[0]))

        stage.change(found["append"], subject, "there", arrive, "email:new")
        if number < others:
            stage.change(found["flag"], subject, "read", read, "email:(update|thread_update)")
        if number < 2 * others:
            leave, kind = (move, "move") if number % 2 else (expunge, "expunge")
            stage.change(found[kind], subject, "gone", leave, "email:(update|delete|thread_update)")
    return found


@contextlib.contextmanager
def mail_server() -> Iterator[tuple[str, int, str, str]]:
    """A Dovecot with a new user, or the demo's own provider under a user of the demo."""
    if BINARY is None:
        yield "", 0, "", ""
        return
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder, Dovecot.start(Path(folder) / "live") as dovecot:
        user = dovecot.new_user()
        dovecot.append(user, "Archive", letter("To begin with"))
        for number in range(30):
            dovecot.append(user, "INBOX", letter(f"Already here {number}"))
        yield "Dovecot", dovecot.port, user, PASSWORD


def connect(demo: Demo, port: int, user: str, password: str) -> str:
    """Connect the account by the API, as the wizard does; return its id."""
    access = ask(demo, "auth/login", {"email": PERSON.email, "password": PERSON.password, "cookie": False})["access"]
    imap = {"host": "127.0.0.1", "port": port, "security": "none"}
    wanted = {"address": ADDRESS, "username": user, "password": password, "display_name": "Bench", "imap": imap}
    return str(ask(demo, "accounts", wanted, access)["id"])


def ask(demo: Demo, path: str, body: dict[str, Any], access: str = "") -> Any:
    """One POST to the API."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {access}"} if access else {})
    request = urllib.request.Request(f"{demo.url}/api/v1/{path}", json.dumps(body).encode(), headers)  # noqa: S310  our own server
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  as above
        return json.load(answer)


@contextlib.contextmanager
def open_inbox(demo: Demo) -> Iterator[Page]:
    """Emily's browser with the account's INBOX on screen."""
    path = next(path for path in CHROMIUM if Path(path).exists())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(SPY)
        page.goto(demo.url)
        page.fill("input[name=email]", PERSON.email)
        page.fill("input[name=password]", PERSON.password)
        page.click("button[type=submit]")
        page.wait_for_selector("[data-thread]")
        yield page
        browser.close()


def main() -> None:
    """Run everything and print a line for each kind of change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--appends", type=int, default=100)
    parser.add_argument("--others", type=int, default=30, help="flags, moves and expunges (default 30 each)")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        server, port, user, password = stack.enter_context(mail_server())
        demo = Demo.start(
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="live-"))), "--scale", "0.02", "--still"
        )
        stack.callback(demo.end)
        account = PERSON.accounts[0]
        relay = Relay(port or demo.imap_port)
        stack.callback(relay.close)
        page = stack.enter_context(open_inbox(demo))
        if server:
            connect(demo, relay.port, user, password)
            page.get_by_role("navigation").first.get_by_text("Bench").wait_for()
            # The second account's inbox: mailboxes of both are listed, in the order of their accounts.
            page.get_by_role("navigation").first.get_by_role("link", name=re.compile("^Inbox")).nth(1).click()
            page.locator("[data-thread]", has_text="Already here").first.wait_for()
        client = imaplib.IMAP4("127.0.0.1", port or demo.imap_port, timeout=30)
        stack.callback(client.shutdown)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(user or account.address, password or account.password)
        time.sleep(5)
        found = measure(Stage(page, relay, client), options.appends, options.others)
    for name, delays in found.items():
        if delays.acknowledged:
            delays.show(name, server or "the demo's own server")


if __name__ == "__main__":
    main()
