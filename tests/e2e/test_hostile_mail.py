"""Hostile mail in the real reader: nothing runs, nothing is fetched, nothing leaves its frame.

All of the HTML corpus (some 8,000 vectors) and our own payloads of every family are delivered to the
demo's mail server, synced and opened in Chromium. To be quick, two hundred vectors share a message,
each as an HTML part of its own: the server cleans part by part, so no vector can swallow the next
one, and what is left of all of them is mounted together. Every foreign host in a vector is a
canary on the loopback. Watched are: a property of the windows, dialogs, the console, messages to the
page, its address, pop-ups, and every request that goes anywhere but to ourselves. A control
shows the same payloads without any protection, where they do all of that.
"""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, expect

from tests.e2e import hostile
from tests.e2e.conftest import DESK, EMILY, open_page
from tests.e2e.demo import Demo, append
from tests.fakes.web_server import Reply, WebServer
from tests.fakes.web_server import Request as Asked

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
PARTS: Final = 200
OCTETS: Final = 600_000
SOON: Final = 60_000
LISTEN: Final = "window.__heard = []; addEventListener('message', (event) => window.__heard.push(String(event.data)))"
# What a person's mouse and keyboard do to a message: everything but following an honest link.
POKE: Final = """(inside) => {
  for (const node of inside.querySelectorAll('*')) {
    for (const kind of ['mouseover', 'pointerover', 'mousemove'])
      node.dispatchEvent(new Event(kind, { bubbles: true }));
    node.focus?.();
    const href = node.getAttribute('href') ?? '';
    const odd = href && !/^(https?|mailto|tel|#)/i.test(href);
    if (odd || node.hasAttribute('ping') || /^(button|input|summary)$/i.test(node.localName))
      node.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  }
}"""
# The frame's nodes that no sanitised mail has.
STRANGERS: Final = """(inside) => [...inside.body.querySelectorAll('*')].flatMap((node) => {
  const found = [];
  const tags = 'script|style|iframe|object|embed|svg|math|form|input|button|select|textarea|link|meta|base|video|' +
    'audio|source|template|frame|frameset|noscript|dialog|portal';
  if (RegExp(`^(${tags})$`, 'i').test(node.localName)) found.push(node.localName);
  for (const { name, value } of node.attributes) {
    const what = `${node.localName} ${name} ${value}`.slice(0, 120);
    if (/^on|^(srcset|background|poster|ping|formaction|srcdoc|action|xlink:href)$/i.test(name)) found.push(what);
    if (name === 'href' && !/^(https?:|mailto:|tel:|#)/i.test(value)) found.push(what);
    if (name === 'src' && !/^(data:image|blob:|\\/img\\/)/i.test(value)) found.push(what);
    if (name === 'style' && /url\\(|var\\(|fixed|sticky|expression/i.test(node.style.cssText)) found.push(what);
  }
  return found;
})"""
# How the page's own elements look; sizes that follow the text of the open message are left out.
LOOKS: Final = """() => Object.fromEntries(['html', 'body', 'nav', 'nav a', '[data-list]', 'input'].map((selector) => {
  const look = getComputedStyle(document.querySelector(selector));
  const names = [...look].filter((name) => !/transition|caret|outline/.test(name));
  return [selector, names.map((name) => look.getPropertyValue(name)).join('|')];
}))"""
# What lies at points of the page outside the reader, and whether a frame reaches out of the reader's box.
COVERED: Final = """() => {
  const found = [];
  const reader = document.querySelector('[data-message]').closest('section');
  const edge = reader.getBoundingClientRect();
  for (const frame of document.querySelectorAll('iframe')) {
    const box = frame.getBoundingClientRect();
    if (box.left < edge.left - 1 || box.right > edge.right + 1)
      found.push(`frame ${box.left}..${box.right} of ${edge.left}..${edge.right}`);
  }
  for (const selector of ['nav', '[data-list]']) {
    const box = document.querySelector(selector).getBoundingClientRect();
    for (const [x, y] of [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]) {
      const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      if (!top || top.localName === 'iframe') found.push(`${selector} is covered`);
    }
  }
  return found;
}"""
MOUNTED: Final = """(count) => {
  const frames = [...document.querySelectorAll('[data-message] iframe')];
  return frames.some((one) => one.contentDocument?.querySelector('.pmsync-mail')?.childNodes.length >= count);
}"""
SUBJECT_OF: Final = """(subjects) =>
  subjects.includes(document.querySelector("[data-message]")?.closest("section")?.querySelector("h2")?.innerText)"""


@pytest.fixture(scope="module")
def canary() -> Iterator[WebServer]:
    """A server that nobody but a payload asks for anything."""

    def answer(request: Asked) -> Reply:
        page = b"<!doctype html><title>Bare</title><body>" if request.path == "/bare" else b""
        return Reply(200, page, {"Content-Type": "text/html", "Access-Control-Allow-Origin": "*"})

    with WebServer(answer) as server:
        yield server


def address(canary: WebServer) -> str:
    return f"http://127.0.0.1:{canary.port}"


@dataclass
class Watch:
    """Everything that a page did and should not have."""

    origin: str
    caught: list[str] = field(default_factory=list)

    @classmethod
    def on(cls, context: BrowserContext, page: Page, origin: str) -> "Watch":
        watch = cls(origin)
        context.on("request", watch._request)
        context.on("page", lambda opened: watch.caught.append(f"opened {opened.url}"))
        page.on("dialog", watch._dialog)
        page.on("console", watch._console)
        page.on("pageerror", lambda error: watch.caught.append(f"error {error}"))
        return watch

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.caught.append(f"request {request.url[:200]}")

    def _dialog(self, dialog: Dialog) -> None:
        self.caught.append(f"dialog {dialog.message[:80]}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        # Errors include every violation of the content policy: the sanitisers should have left it nothing to do.
        if "CANARY" in message.text or message.type == "error":
            self.caught.append(f"console {message.text[:200]}")

    def look(self, page: Page) -> list[str]:
        """What was caught until now, the page's own state included."""
        heard = page.evaluate("[window.__canary, ...window.__heard.filter((text) => text.includes('CANARY'))]")
        return [*self.caught, *(f"window {one}" for one in heard if one is not None)]


@pytest.fixture
def opened(browser: Browser, demo: Demo) -> Iterator[tuple[Page, Watch]]:
    """Emily's page, watched from the list on."""
    page = open_page(browser, demo, DESK)
    page.evaluate(LISTEN)
    yield page, Watch.on(page.context, page, demo.url)
    page.context.close()


def deliver(page: Page, demo: Demo, messages: dict[str, bytes]) -> None:
    """Bring messages into the mailbox and wait until all are listed."""
    *others, last = messages
    with demo.client(EMILY.accounts[0]) as client:
        for subject in others:
            append(client, "INBOX", messages[subject])
        time.sleep(1.1)  # those of one second stand in any order, and the last is looked for at the top
        append(client, "INBOX", messages[last])
    expect(page.locator("[data-thread]", has_text=last).first).to_be_visible(timeout=SOON)


def read(page: Page, parts: int) -> None:
    """Wait for the open message's text and do to it what a mouse does."""
    page.wait_for_function(MOUNTED, arg=parts, timeout=SOON)
    page.evaluate(
        f"() => {{ for (const frame of document.querySelectorAll('iframe')) ({POKE})(frame.contentDocument); }}"
    )


def strangers(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        f"() => [...document.querySelectorAll('iframe')].flatMap((frame) => ({STRANGERS})(frame.contentDocument))"
    )
    return found


def test_every_attack_of_the_corpus_and_of_our_own_stays_without_effect(
    opened: tuple[Page, Watch], demo: Demo, canary: WebServer
) -> None:
    page, watch = opened
    ours = [[vector] for vector in hostile.family_vectors(address(canary)) if vector.name.startswith("overlay")]
    ours += hostile.packed(
        [vector for vector in hostile.family_vectors(address(canary)) if not vector.name.startswith("overlay")],
        PARTS, OCTETS,
    )  # fmt: skip
    corpus = hostile.corpus_vectors(address(canary))
    assert len(corpus) > 6_000
    groups = {
        f"Attack {number:03}.": group for number, group in enumerate([*ours, *hostile.packed(corpus, PARTS, OCTETS)])
    }
    before = page.evaluate(LOOKS)
    place = page.url.split("/", 3)[:3]
    asked = len(canary.requests)
    deliver(page, demo, {subject: hostile.message(subject, group) for subject, group in groups.items()})
    page.locator("[data-thread]").first.click()
    # They came within a few seconds, so in any order: each is taken as it is met.
    unread, findings = set(groups), {}
    while unread:
        page.wait_for_function(SUBJECT_OF, arg=sorted(unread), timeout=SOON)
        subject = page.get_by_role("region", name="Conversation", exact=True).get_by_role("heading").first.inner_text()
        read(page, len(groups[subject]))
        found = [*watch.look(page), *strangers(page), *page.evaluate(COVERED)]
        if found:
            findings[subject] = found[:10]
            watch.caught.clear()
        unread.remove(subject)
        page.keyboard.press("j")
    assert page.url.split("/", 3)[:3] == place
    after = page.evaluate(LOOKS)
    assert findings == {}, json.dumps(findings, indent=1)
    assert [request.path for request in canary.requests[asked:]] == []
    assert {name for name in before if before[name] != after[name]} == set()


def test_the_frame_alone_lets_nothing_run_and_nothing_be_fetched(
    opened: tuple[Page, Watch], demo: Demo, canary: WebServer
) -> None:
    """The wall behind the sanitiser: a message's frame, its sandbox and what is written into it, made anew on a page
    without a policy that it would inherit; the payloads are put into it as they are."""
    shown, _ = opened
    deliver(shown, demo, {"Behind it": hostile.message("Behind it", [hostile.Vector("harmless", "<p>Hello.</p>")])})
    shown.locator("[data-thread]").first.click()
    read(shown, 1)
    frame = shown.evaluate(
        """() => {
          const frame = document.querySelector('iframe');
          const inside = frame.contentDocument;
          return { sandbox: frame.getAttribute('sandbox'), head: inside.head.innerHTML, mode: inside.compatMode };
        }"""
    )
    assert frame["mode"] == "CSS1Compat"
    page = shown.context.new_page()
    watch = Watch.on(shown.context, page, address(canary))
    own = f"localhost:{canary.port}"  # another origin than the payloads ask: what is asked of one's own is no way out
    page.goto(f"http://{own}/bare")
    page.evaluate(LISTEN)
    asked = len(canary.requests)
    page.evaluate(
        """async ([{ sandbox, head }, vectors]) => {
          const frame = document.createElement('iframe');
          frame.setAttribute('sandbox', sandbox);
          document.body.append(frame);
          const inside = frame.contentDocument;
          inside.open();
          inside.write(`<!doctype html>${head}`);
          inside.close();
          for (const html of vectors) {
            const part = inside.createElement('div');
            part.innerHTML = html;
            inside.body.append(part);
            for (const dead of part.querySelectorAll('script')) {  // one that comes as text never runs
              const live = inside.createElement('script');
              for (const { name, value } of dead.attributes) live.setAttribute(name, value);
              live.text = dead.text;
              dead.replaceWith(live);
            }
            (POKE)(inside);
          }
          await new Promise((done) => setTimeout(done, 1500));
        }""".replace("POKE", POKE),
        [frame, [vector.html for vector in hostile.family_vectors(address(canary))]],
    )
    # What the policy refuses is told on the console; here it may.
    assert [one for one in watch.look(page) if not one.startswith(("console", "request"))] == []
    assert [asking.path for asking in canary.requests[asked:] if own not in asking.headers.values()] == []


def test_the_control_without_protection_is_hit(browser: Browser, canary: WebServer) -> None:
    """The same payloads in a bare page: if they did nothing here, the test above would prove nothing."""
    context = browser.new_context()
    page = context.new_page()
    vectors = hostile.family_vectors(address(canary))
    watch = Watch.on(context, page, "about:")
    page.goto(f"{address(canary)}/bare")
    page.evaluate(LISTEN)
    asked = len(canary.requests)
    for group in hostile.packed(vectors, 8, OCTETS):
        page.evaluate(
            """async (group) => {
              const frames = group.map(([name, html]) => {
                const frame = document.createElement('iframe');
                Object.assign(frame, { name, srcdoc: html });
                document.body.append(frame);
                return frame;
              });
              await new Promise((done) => setTimeout(done, 500));
              for (const frame of frames) if (frame.contentDocument) (POKE)(frame.contentDocument);
              await new Promise((done) => setTimeout(done, 400));
              frames.forEach((frame) => frame.remove());
            }""".replace("POKE", POKE),
            [[vector.name, vector.html] for vector in group],
        )
    told = {re.split(r"[/?]", request.path)[1] for request in canary.requests[asked:]}
    told |= {text.partition("CANARY:")[2] for text in watch.look(page) if "CANARY:" in text}
    for family, payloads in hostile.FAMILIES.items():
        hit = [name for name in (f"{family}-{number}" for number in range(len(payloads))) if name in told]
        if family not in hostile.SILENT:
            assert len(hit) * 2 > len(payloads), (
                f"{family}: only {hit} of {len(payloads)} do anything without protection"
            )
    assert page.evaluate("window.__canary")
    context.close()


def test_the_control_of_the_corpus_is_hit(browser: Browser, canary: WebServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    watch = Watch.on(context, page, address(canary))
    page.goto(f"{address(canary)}/bare")
    page.evaluate(LISTEN)
    asked = len(canary.requests)
    sample = [vector.html for vector in hostile.corpus_vectors(address(canary)) if len(vector.html) < 2_000][::20]
    for start in range(0, len(sample), 10):
        page.evaluate(
            """async (group) => {
              const frames = group.map((srcdoc) => Object.assign(document.createElement('iframe'), { srcdoc }));
              document.body.append(...frames);
              await new Promise((done) => setTimeout(done, 300));
              frames.forEach((frame) => frame.remove());
            }""",
            sample[start : start + 10],
        )
    ran = [one for one in watch.look(page) if one.startswith(("dialog", "error"))]
    fetched = canary.requests[asked:]
    assert len(ran) > 10 and len(fetched) > 5, f"{len(ran)} ran and {len(fetched)} were fetched of {len(sample)}"
    context.close()


NAME: Final = "\"><img src=x onerror=\"top.__canary='name'\"><svg onload=top.__canary=1> {{7*7}} '-alert(1)-'"
RIGHT_TO_LEFT: Final = "\u202egnp.exe\u2066 Eve"


def named(subject: str, sender: str, filename: str) -> bytes:
    """A message whose names are these, to the letter."""

    def word(text: str) -> str:
        return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="

    return (
        f"From: {word(sender)} <eve@attacks.example>\r\nTo: emily@northwind-trading.example\r\n"
        f"Subject: {word(subject)}\r\nMessage-ID: <{time.time_ns()}@attacks.example>\r\n"
        f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>Hello.</p>\r\n"
        f'--x\r\nContent-Type: image/svg+xml\r\nContent-Disposition: attachment; filename="{word(filename)}"\r\n\r\n'
        '<svg xmlns="http://www.w3.org/2000/svg" onload="top.__canary=2"/>\r\n--x--\r\n'
    ).encode()


def test_names_are_text_wherever_they_are_shown(opened: tuple[Page, Watch], demo: Demo) -> None:
    page, watch = opened
    subject = f"Named {NAME}"
    deliver(page, demo, {subject: named(subject, NAME, f"{NAME}.svg")})
    row = page.locator("[data-row]", has_text=subject)
    expect(row).to_contain_text(NAME)
    row.locator("[data-thread]").click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible()
    read(page, 1)
    card = page.locator("[data-message]").first
    expect(card.get_by_text(f"{NAME}.svg", exact=True)).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_label("Subject")).to_have_value(f"Re: {subject}", timeout=SOON)
    page.get_by_role("button", name="Discard").click()
    row.hover()
    row.get_by_role("button", name="Archive").click()
    expect(row).to_have_count(0)
    with demo.client(EMILY.accounts[0]) as client:
        client.create('"<img src=x onerror=top.__canary=3>"')
    expect(page.get_by_role("navigation").first).to_contain_text("<img src=x", timeout=SOON)
    page.locator("[data-thread]").first.click()
    page.keyboard.press("v")
    page.get_by_role("dialog").locator("input").fill("<img")
    expect(page.get_by_role("menuitem")).to_have_count(1)
    page.keyboard.press("Escape")
    assert watch.look(page) == []
    assert page.locator("[onerror], [onload], img[src=x]").count() == 0


def test_letters_that_turn_the_writing_round_stay_inside_their_name(opened: tuple[Page, Watch], demo: Demo) -> None:
    page, _ = opened
    deliver(page, demo, {"Turned round": named("Turned round", RIGHT_TO_LEFT, "plan.svg")})
    page.locator("[data-thread]", has_text="Turned round").click()
    read(page, 1)
    shown = page.locator("[data-message] bdi", has_text="exe").first
    assert shown.evaluate("(node) => getComputedStyle(node).unicodeBidi") == "isolate"


def test_bodies_of_any_depth_and_length_leave_the_page_usable(opened: tuple[Page, Watch], demo: Demo) -> None:
    page, watch = opened
    bodies = {
        "Deep within": "<b>" * 200_000 + "at the bottom",
        "Deeper than is shown": "<div>" * 1_000_000 + "at the bottom",
        "Longer than is shown": "<p>" + "A long story. " * 1_500_000,
    }
    for subject, html in bodies.items():
        deliver(page, demo, {subject: hostile.message(subject, [hostile.Vector("heavy", html)])})
    page.locator("[data-thread]", has_text="Deep within").click()
    expect(page.frame_locator("[data-message] iframe").get_by_text("at the bottom")).to_be_attached(timeout=SOON)
    # Beyond a megabyte a text is a file.
    for subject in list(bodies)[1:]:
        page.locator("[data-thread]", has_text=subject).click()
        expect(page.locator("[data-message]").get_by_role("group", name="1 attachment")).to_be_visible(timeout=SOON)
        expect(page.locator("[data-message]")).to_contain_text("too long to be shown here")
    page.keyboard.press("u")
    expect(page.locator("[data-message]")).to_have_count(0)
    assert watch.look(page) == []
