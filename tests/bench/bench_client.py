"""How the client feels on a mailbox of 100,000 messages. `make bench-client`

PostgreSQL fills the mailbox, the real web process serves it, Chromium shows it at 1440 px. A key's
time runs from the browser's own time stamp of the key to the end of the first frame that shows the
result. Each figure is told with its goal (the budgets and M1 to M8 of the client's design) and
`ok` or `over`; the exit code stays 0, as a busy machine is no fault of the client.
"""

import argparse
import contextlib
import gzip
import json
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from pmsync.private.home import REPOSITORY
from tests.bench import installation
from tests.bench.bench_gateway import serving
from tests.bench.results import quantile, show
from tests.conftest import CHROMIUM

ROWS: Final = Path(__file__).with_name("client_mailbox.sql")
TEXTS: Final = 5_000
WITH_BODY: Final = 700  # the newest ones, which are opened
BIG_EVERY: Final = 10  # of those, one in so many has a body of 100 kB
PATIENCE_MS: Final = 30_000
DIST: Final = REPOSITORY / "static/dist"
PROBE: Final = """
window.keyed = 0;
addEventListener('keydown', (event) => { window.keyed = event.timeStamp; }, true);
// The moment at which a frame that shows what is wanted has been drawn; fails when that takes half a minute.
window.drawn = (met) => new Promise((resolve, reject) => {
  const until = performance.now() + 30000;
  const channel = new MessageChannel();
  channel.port1.onmessage = () => resolve(performance.now());
  const look = () => {
    if (met()) channel.port2.postMessage(0);
    else if (performance.now() > until) reject(Error(`never drawn: ${met}`));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
window.wanted = {
  rows: () => document.querySelector('[data-list] [data-thread]'),
  body: (mark) => [...document.querySelectorAll('[data-message] iframe')].some((frame) =>
    frame.contentDocument?.querySelector(`[id$="m-${mark}"]`)),
  read: (id) => !document.querySelector(`[data-thread="${id}"]`)?.dataset.unread,
  unread: (id) => document.querySelector(`[data-thread="${id}"]`)?.dataset.unread,
  gone: (id) => !document.querySelector(`[data-thread="${id}"]`),
  found: (text) => decodeURIComponent(location.search).includes(text) &&
    document.querySelector('[data-list] [data-thread] mark'),
  closed: () => !document.querySelector('[data-message]'),
};
window.await_key = (what, given) => {
  window.measured = drawn(() => window.wanted[what](given)).then((at) => at - window.keyed);
};
"""
# Milliseconds between frames while the list is flung 900 px a frame, and until its rows are all there at the end.
FLING: Final = """async (frames) => {
  const list = document.querySelector('[data-list]');
  const deltas = [];
  let before = await new Promise(requestAnimationFrame);
  for (let n = 0; n < frames; n++) {
    list.scrollTop += 900;
    const now = await new Promise(requestAnimationFrame);
    deltas.push(now - before);
    before = now;
  }
  const stopped = performance.now();
  await drawn(() => document.querySelectorAll('[data-list] [data-thread]').length > 8 &&
    !document.querySelector('[data-list] li > [aria-hidden]'));
  return { deltas, settled: performance.now() - stopped };
}"""
# Goes through the whole list so that every row becomes known.
WALK: Final = """async () => {
  const list = document.querySelector('[data-list]');
  for (let top = 0; top < list.scrollHeight; top += 6400) {
    list.scrollTop = top;
    const until = performance.now() + 2000;
    do await new Promise(requestAnimationFrame);
    while (document.querySelector('[data-list] li > [aria-hidden]') && performance.now() < until);
  }
  list.scrollTop = 0;
}"""


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40, help="keys pressed of each kind, at least 10 (default 40)")
    parser.add_argument("--cycles", type=int, default=200, help="messages opened and closed for leaks (default 200)")
    options = parser.parse_args()
    bundle()
    with installation.durable():
        from apps.tenants import context
        from apps.users.models import Role
        from tests.tenants.fixtures import PHRASE, Make

        make = Make()
        owner = make.member_of(make.company(), Role.OWNER)
        begun = time.monotonic()
        with context.open(owner.tenant):
            fill(owner.user_id, options.messages)
        show("client-fill", time.monotonic() - begun, "s", 120.0, options.messages, "baseline: the goal")
        with serving("pmsync.asgi:application") as port, chromium() as browser:
            measure(browser, Seat(f"http://localhost:{port}", owner.user.email, PHRASE), options)


def tell(name: str, value: float, unit: str, goal: float, n: int, note: str) -> None:
    """One figure against its goal; the goal is an upper bound."""
    show(f"client-{name}", value, unit, goal, n, f"{'ok' if value <= goal else 'over'}; {note}; baseline: the goal")


def bundle() -> None:
    """What a first visit must load, as `npm run budget` counts it."""
    manifest = json.loads((DIST / ".vite/manifest.json").read_text())
    seen: set[str] = set()

    def walk(key: str) -> None:
        if key not in seen:
            seen.add(key)
            for following in manifest[key].get("imports", ()):
                walk(following)

    walk("index.html")
    scripts = {manifest[key]["file"] for key in seen if manifest[key]["file"].endswith(".js")}
    octets = sum(len(gzip.compress((DIST / file).read_bytes(), 6, mtime=0)) for file in scripts)
    tell("entry", octets / 1024, "kB gzip", 170, len(scripts), "all static imports of the first page")


# ---------------------------------------------------------------------- filling


def fill(owner: Any, count: int) -> None:
    """One account whose inbox holds so many messages, in the open tenant; the newest have bodies."""
    from django.db import connection

    from apps.providers.models import AccountStatus, ProviderAccount
    from tests.bench.bench_api import BIG, base

    account = ProviderAccount.objects.create(
        owner_id=owner, address="big@bench.example", provider_type="imap", status=AccountStatus.ACTIVE,
        settings={"imap": {"host": "127.0.0.1", "port": 1, "security": "none"}},
    )  # fmt: skip
    texts = base(min(TEXTS, count))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE base (n int, subject text, sender text, body text, vector tsvector)")
        with cursor.copy("COPY base FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(("int4", "text", "text", "text", "bytea"))
            for row in texts:
                copy.write_row(row)
        cursor.execute(
            "CREATE TEMPORARY TABLE place AS SELECT %s::uuid AS account, gen_random_uuid() AS inbox, "
            "gen_random_uuid() AS archive",
            [account.pk],
        )
        cursor.execute(ROWS.read_text(), {"count": count, "texts": len(texts)})
        for table in (*BIG, "mail_mailbox"):
            cursor.execute(f"ANALYZE {table}")
    write_bodies()


def write_bodies() -> None:
    """Sealed HTML messages for the newest; each holds an element whose id is its number."""
    from apps.core import blobs
    from apps.mail.models import Message
    from apps.mail.prepare import blob_context
    from apps.tenants import context, keys

    tenant = context.current()
    newest = list(Message.objects.order_by("-at")[:WITH_BODY])
    contents = [(blob_context(item.pk), raw(number)) for number, item in enumerate(newest)]
    for item, ref in zip(newest, blobs.write_pack(f"{tenant.pk}/bench", keys.newest(tenant), contents), strict=True):
        item.pack, item.pack_offset, item.pack_length = ref.pack, ref.offset, ref.length
    Message.objects.bulk_update(newest, ["pack", "pack_offset", "pack_length"])


def raw(number: int) -> bytes:
    """A message of HTML: a few paragraphs, or a table of 100 kB as newsletters are."""
    row = "<tr><td style='padding:4px;color:#333'>A cell of a newsletter</td><td bgcolor='#eeeeee'>19,90</td></tr>"
    text = f"<table>{row * 900}</table>" if is_big(number) else "<p>A few words of an ordinary message.</p>" * 12
    head = f"From: p@bench.example\r\nSubject: Number {number}\r\nMIME-Version: 1.0\r\n"
    return f"{head}Content-Type: text/html; charset=utf-8\r\n\r\n<p id=n{number}>Number {number}</p>{text}".encode()


def is_big(number: int) -> bool:
    """True for a message whose body has 100 kB."""
    return number % BIG_EVERY == BIG_EVERY // 2


# ---------------------------------------------------------------------- measuring


@dataclass(frozen=True, slots=True)
class Seat:
    """Where the person signs in, and how."""

    url: str
    email: str
    password: str


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, with a heap that can be asked about exactly."""
    path = next(path for path in CHROMIUM if Path(path).exists())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--enable-precise-memory-info"]
        )
        yield browser
        browser.close()


def new_page(browser: Browser, state: Any = None) -> Page:
    """A browser profile of its own, without the service worker: nothing is cached."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-GB", storage_state=state, service_workers="block"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(PROBE)
    return page


def measure(browser: Browser, seat: Seat, options: argparse.Namespace) -> None:
    """Everything, in the order in which a person would do it."""
    page = new_page(browser)
    page.goto(seat.url)
    page.fill("input[name=email]", seat.email)
    page.fill("input[name=password]", seat.password)
    page.click("button[type=submit]")
    page.wait_for_selector("[data-list] [data-thread]")
    page = cold_opens(browser, page, seat)
    idle(browser)
    session = page.context.new_cdp_session(page)
    heap_before = heap(session)[0]
    opens(page, options.rounds)
    changes(page, options.rounds)
    searches(page, options.rounds // 2)
    flings(page)
    known(page, session, heap_before, options.messages)
    leaks(page, session, options.cycles)


def cold_opens(browser: Browser, page: Page, seat: Seat) -> Page:
    """From navigation to the first rows in a profile that knows only the session; the last page stays open."""
    times = []
    for _ in range(5):
        state = page.context.storage_state()
        page.context.close()
        page = new_page(browser, state)
        page.goto(seat.url, wait_until="commit")
        times.append(float(page.evaluate("drawn(wanted.rows)")))
    note = f"navigation to drawn rows, nothing cached; all {[round(one) for one in times]}"
    tell("cold-open", statistics.median(times), "ms p50", 1500, len(times), note)
    return page


def idle(browser: Browser) -> None:
    """Frame times of an empty page: what this machine, as busy as it is now, allows at all."""
    page = browser.new_page()
    deltas = page.evaluate(
        """async () => {
          const deltas = [];
          let before = await new Promise(requestAnimationFrame);
          for (let n = 0; n < 200; n++) {
            const now = await new Promise(requestAnimationFrame);
            deltas.push(now - before);
            before = now;
          }
          return deltas;
        }"""
    )
    page.close()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    tell("idle-frame", quantile(deltas, 0.95), "ms p95", 17, len(deltas), f"an empty page; load average {load}")


def press(page: Page, key: str, what: str, given: object = None) -> float:
    """Milliseconds from this key to the frame that shows what is wanted."""
    page.evaluate("([what, given]) => await_key(what, given)", [what, given])
    page.keyboard.press(key)
    return float(page.evaluate("window.measured"))


def to_top(page: Page) -> None:
    """Back to the list, at its first row."""
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + "/")
    page.wait_for_selector("[data-list] [data-thread]")


def opens(page: Page, rounds: int) -> None:
    """`j` through messages whose neighbours are fetched ahead, then `k` back through the same, which are cached."""
    page.locator("[data-list] [data-thread]").first.click()
    page.evaluate("drawn(() => wanted.body('n0'))")
    ahead = []
    for number in range(1, rounds + 1):
        page.wait_for_timeout(900)  # the time in which the neighbours are fetched
        ahead.append(press(page, "j", "body", f"n{number}"))
    cached: dict[bool, list[float]] = {False: [], True: []}
    for number in reversed(range(rounds)):
        page.wait_for_timeout(300)
        cached[is_big(number)].append(press(page, "k", "body", f"n{number}"))
    told("open-ahead", ahead, 300, "key to painted body, one message a second")
    told("open-cached", cached[False], 50, "key to painted body")
    told("open-cached-100kB", cached[True], 200, "key to painted body")


def told(name: str, times: list[float], goal: float, note: str) -> None:
    """A kind of key, by its median; the slow ones in the note."""
    note = f"{note}; p95 {quantile(times, 0.95):.0f} max {max(times):.0f}"
    tell(name, statistics.median(times), "ms p50", goal, len(times), note)


def first_row(page: Page) -> str:
    """The id of the first row in the list, under the cursor."""
    row = page.locator("[data-list] [data-thread]").first
    row.focus()
    return str(row.get_attribute("data-thread"))


def changes(page: Page, rounds: int) -> None:
    """Read, unread and archive by key, each to the frame that shows it."""
    to_top(page)
    marks, archived = [], []
    row = first_row(page)
    press(page, "Shift+I", "read", row)
    for number in range(rounds):
        key, what = (("Shift+U", "unread"), ("Shift+I", "read"))[number % 2]
        marks.append(press(page, key, what, row))
        page.wait_for_timeout(100)
    for _ in range(rounds):
        archived.append(press(page, "e", "gone", first_row(page)))
        page.wait_for_timeout(100)
    told("mark-read", marks, 50, "key to painted row")
    told("archive", archived, 50, "key to the frame without the row")


def searches(page: Page, rounds: int) -> None:
    """Words of all ranks, from Enter to the first results."""
    from tests.bench.bench_api import vocabulary

    words = vocabulary()
    times = []
    for number in range(rounds):
        word = words[number * 37 + 20]
        page.keyboard.press("/")
        page.get_by_role("combobox", name="Search mail").fill(word)
        times.append(press(page, "Enter", "found", word))
        page.wait_for_timeout(200)
    told("search", times, 500, "Enter to the first results of the whole mailbox, from the server")


def flings(page: Page) -> None:
    """Frame times while the list is flung 900 px a frame."""
    to_top(page)
    page.wait_for_timeout(1000)
    done = page.evaluate(FLING, 400)
    deltas = done["deltas"]
    note = f"900 px a frame; p50 {statistics.median(deltas):.1f} max {max(deltas):.0f}"
    tell("scroll-frame", quantile(deltas, 0.95), "ms p95", 25, len(deltas), note)
    tell("scroll-rows", done["settled"], "ms", 300, 1, "from the stop to all rows there")


def heap(session: CDPSession) -> tuple[float, int]:
    """Megabytes of the heap in use and the number of DOM nodes, after collecting garbage."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    return float(used), int(session.send("Memory.getDOMCounters")["nodes"])


def known(page: Page, session: CDPSession, before: float, messages: int) -> None:
    """The heap once every row of the list has been shown."""
    page.evaluate(WALK)
    page.wait_for_timeout(2000)
    used, nodes = heap(session)
    tell("heap", used, "MB", 80, messages, f"every row known, after GC; {before:.1f} at the start")
    tell("nodes", nodes, "DOM nodes", 3000, 1, "list at its top, after GC")


def leaks(page: Page, session: CDPSession, cycles: int) -> None:
    """What opening and closing messages leaves behind."""
    to_top(page)

    def cycle(times: int) -> None:
        for number in range(times):
            page.locator("[data-list] [data-thread]").nth(number % 8).focus()
            page.keyboard.press("o")
            page.locator("[data-message] iframe").first.wait_for()  # a handle would keep what it names
            page.keyboard.press("u")
            page.evaluate("drawn(wanted.closed)")

    cycle(20)
    page.wait_for_timeout(1000)
    before, nodes_before = heap(session)
    cycle(cycles)
    page.wait_for_timeout(2000)
    after, nodes = heap(session)
    tell("leak-heap", after - before, "MB", 5, cycles, f"opened and closed; {before:.1f} to {after:.1f} MB after GC")
    tell("leak-nodes", nodes - nodes_before, "DOM nodes", 50, cycles, f"{nodes_before} to {nodes}")


if __name__ == "__main__":
    main()
