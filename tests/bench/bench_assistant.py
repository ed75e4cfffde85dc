"""How long people wait for the assistant, in Chromium on the demo. `make bench-assistant`

The simulated model answers after a fixed delay and pauses between its words; vectors are made by the small model on
the processor. A question's time runs from the browser's own time stamp of the key to the end of the first frame that
shows the words; a message's from the moment at which another client had put it into the mailbox. The baseline of each
figure is the model's own time: the very requests that were made, asked again of the model alone.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Page, sync_playwright

from pmsync.demo import cast
from pmsync.demo.model import KEY
from tests.bench.results import quantile, show
from tests.conftest import CHROMIUM
from tests.e2e.conftest import DESK, open_page
from tests.e2e.demo import Demo, append, letter

EMILY: Final = cast.TENANTS[1].people[0]
DELAY: Final = 0.5
PAUSE: Final = 0.02
PATIENCE: Final = 60_000
# The moment, in milliseconds since the epoch, at which a frame that shows what is wanted has been drawn.
PROBE: Final = """
window.keyed = 0;
addEventListener('keydown', (event) => { window.keyed = performance.timeOrigin + event.timeStamp; }, true);
window.drawn = (met) => new Promise((resolve, reject) => {
  const until = performance.now() + 60000;
  const channel = new MessageChannel();
  channel.port1.onmessage = () => resolve(performance.timeOrigin + performance.now());
  const look = () => {
    if (met()) channel.port2.postMessage(0);
    else if (performance.now() > until) reject(Error(`never drawn: ${met}`));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
const log = () => document.querySelector('[role=log]');
window.turns = () => log()?.querySelectorAll('article').length ?? 0;
window.last = () => [...log().querySelectorAll('article')].at(-1);
window.wanted = {
  words: (count) => turns() > count && last().querySelector('div[dir=auto] > span:not(.vh)')?.textContent.length > 0,
  whole: (count) => turns() > count && log().getAttribute('aria-busy') === 'false',
  mark: (subject) => [...document.querySelectorAll('[data-thread]')].some((row) =>
    row.textContent.includes(subject) && row.textContent.includes('Needs a reply')),
  draft: () => document.querySelector('[contenteditable=true]')?.textContent.length > 20,
};
window.await_drawn = (name, given) => { window[`at_${name}`] = drawn(() => window.wanted[name](given)); };
"""


@dataclass(slots=True)
class Series:
    """Milliseconds of one figure, and of the model alone in the same tries."""

    ours: list[float] = field(default_factory=list)
    model: list[float] = field(default_factory=list)

    def tell(self, name: str, note: str) -> None:
        """Median and the 95th of a hundred, each beside the model's own."""
        for share, called in ((0.5, "p50"), (0.95, "p95")):
            told = f"{note}; model: {DELAY} s before an answer, {PAUSE} s between words; baseline: the model's own time"
            show(
                f"assistant {name} {called}",
                quantile(self.ours, share),
                "ms",
                quantile(self.model, share),
                len(self.ours),
                told,
            )


class Model:
    """The simulated model of the demo: its pace, and what it was asked."""

    def __init__(self, demo: Demo) -> None:
        self._origin = f"http://127.0.0.1:{demo.ports['model']}"
        self._client = httpx.Client(trust_env=False, timeout=60)

    def pace(self) -> None:
        """Answer at the fixed pace."""
        self._client.delete(f"{self._origin}/_fake/rules").raise_for_status()
        rule = {"when": {"path": "/v1/chat/completions"}, "act": {"read": True, "delay": DELAY, "pause": PAUSE}}
        self._client.post(f"{self._origin}/_fake/rules", json=rule).raise_for_status()

    def forget(self) -> None:
        """Begin a journal anew."""
        self._client.delete(f"{self._origin}/_fake/journal").raise_for_status()

    def asked(self, purpose: str) -> list[str]:
        """The requests since, of one purpose: those whose text holds it."""
        entries = self._client.get(f"{self._origin}/_fake/journal").raise_for_status().json()
        return [entry["body"] for entry in entries if entry["verdict"] == "ok" and purpose in entry["body"]]

    def alone(self, bodies: Sequence[str]) -> tuple[float, float]:
        """The same requests, one after the other: milliseconds to the first words of the last, and to its end."""
        begun, first = time.monotonic(), 0.0
        for body in bodies:
            first = 0.0
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            url = f"{self._origin}/v1/chat/completions"
            with self._client.stream("POST", url, content=body.encode(), headers=headers) as answer:
                for line in answer.iter_lines():
                    if not first and _says(line):
                        first = time.monotonic() - begun
        whole = time.monotonic() - begun
        return (first or whole) * 1000, whole * 1000


def _says(line: str) -> bool:
    """True for an event of a stream that has words."""
    if not line.startswith("data: {"):
        return False
    return any(choice["delta"].get("content") for choice in json.loads(line.removeprefix("data: "))["choices"])


def questions(page: Page, model: Model, tries: int) -> None:
    """A question to its first words, and to the whole answer."""
    first, whole = Series(), Series()
    page.keyboard.press("q")
    page.get_by_label("Your question").wait_for()
    for number in range(tries + 1):
        model.forget()
        page.get_by_label("Your question").fill(f"Who asked for a quote, and when is it due? ({number})")
        page.evaluate("const count = turns(); await_drawn('words', count); await_drawn('whole', count)")
        page.keyboard.press("Enter")
        words, end, keyed = page.evaluate("Promise.all([at_words, at_whole, keyed])")
        theirs = model.alone(model.asked('"list_events"'))
        if number == 0:
            continue  # the first one loads the libraries of the model's client
        first.ours.append(words - keyed)
        first.model.append(theirs[0])
        whole.ours.append(end - keyed)
        whole.model.append(theirs[1])
    first.tell("question to first words", "a search, a message read, an answer: three rounds of the model")
    whole.tell("question to whole answer", "likewise")
    page.keyboard.press("Escape")


def marks(page: Page, demo: Demo, model: Model, tries: int) -> None:
    """A message that arrives to its mark in the list."""
    series = Series()
    for number in range(tries + 1):
        model.forget()
        subject = f"Crane hire {time.time_ns() % 10**9}"
        raw = letter(
            subject, body=f"Dear Emily,\r\n\r\nCould you send us the offer number {number} for the crane?\r\n\r\nHelen"
        )
        page.evaluate(f"await_drawn('mark', {json.dumps(subject)})")
        with demo.client(EMILY.accounts[0]) as other:
            append(other, "INBOX", raw)
        there = datetime.now(UTC).timestamp() * 1000
        seen = page.evaluate("at_mark")
        if number:
            series.ours.append(seen - there)
            series.model.append(model.alone(model.asked(subject))[1])
    series.tell("message arrived to its mark", "IMAP APPEND by another client, read along, the row on screen")


def drafts(page: Page, model: Model, tries: int) -> None:
    """A draft that is asked for to its words in the composer."""
    series = Series()
    page.locator("[data-thread]", has_text="Crane hire").first.click()
    for number in range(tries + 1):
        model.forget()
        page.get_by_role("button", name="Draft a reply").click()
        page.get_by_label("What should it say? (optional)").fill(f"It follows on day {number}.")
        page.evaluate("await_drawn('draft')")
        page.keyboard.press("Enter")
        seen, keyed = page.evaluate("Promise.all([at_draft, keyed])")
        if number:
            series.ours.append(seen - keyed)
            series.model.append(model.alone(model.asked("You draft the answer"))[1])
        page.get_by_role("button", name="Discard", exact=True).first.click()
        page.wait_for_function("!document.querySelector('[contenteditable=true]')")
    series.tell("draft asked to draft in composer", "written in one round, opened as the person's own reply")


def main(arguments: Any = None) -> None:
    """Start the demo, measure, end it."""
    parser = argparse.ArgumentParser(prog="make bench-assistant", description=__doc__)
    parser.add_argument("--tries", type=int, default=20)
    tries = parser.parse_args(arguments).tries
    demo = Demo.start(Path(os.environ["PMSYNC_HOME"]) / "assistant", "--fresh", "--scale", "0.1", "--still")
    try:
        model = Model(demo)
        with sync_playwright() as playwright:
            path = next(path for path in CHROMIUM if Path(path).exists())
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = open_page(browser, demo, DESK)
            page.evaluate(PROBE)
            page.get_by_text("Needs a reply").first.wait_for(timeout=PATIENCE)
            model.pace()
            questions(page, model, tries)
            marks(page, demo, model, tries)
            drafts(page, model, tries)
            browser.close()
    finally:
        demo.end()


if __name__ == "__main__":
    main()
