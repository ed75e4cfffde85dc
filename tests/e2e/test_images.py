"""Remote images in the reader, and the page that is printed, as a person sees them."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import EMILY, SHOTS
from tests.e2e.demo import Demo, append
from tests.fakes.web_server import WebServer

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
SUBJECT = "Blue squares"
DRAWN = "() => document.querySelector('iframe')?.contentDocument?.querySelector('img')?.naturalWidth === 16"


def newsletter(port: int) -> bytes:
    # A sender of its own for each run: whom Emily always shows images from is kept by the demo's company.
    sender = f"news@squares{time.time_ns()}.example"
    return (
        f"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nFrom: Squares <{sender}>\r\n"
        f"To: emily@northwind-trading.example\r\nSubject: {SUBJECT}\r\nMessage-ID: <{sender}>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f"<p>Look:</p><img src='http://127.0.0.1:{port}/a.png' width=64 height=64 alt='A square'>\r\n"
    ).encode()


def test_images_are_shown_and_printed_when_they_are_asked_for(page: Page, demo: Demo, pictures: WebServer) -> None:
    with demo.client(EMILY.accounts[0]) as client:
        append(client, "INBOX", newsletter(pictures.port))
    row = page.locator("[data-thread]", has_text=SUBJECT)
    expect(row).to_have_count(1, timeout=30_000)
    row.click()
    expect(page.frame_locator("iframe").first.get_by_text("Look:")).to_be_visible()
    assert not pictures.requests
    page.get_by_role("button", name="Show images").click()
    page.wait_for_function(DRAWN)
    (request,) = pictures.requests
    assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding"}
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "images-1440x900.png")
    with page.expect_popup() as opening:
        page.get_by_role("button", name="Print the conversation").click()
    printed = opening.value
    expect(printed.get_by_role("heading", name=SUBJECT)).to_be_visible()
    expect(printed.get_by_role("img", name="A square")).to_have_js_property("naturalWidth", 16)
    printed.screenshot(path=SHOTS / "print-1440x900.png")
    printed.close()
    page.get_by_role("button", name="Always show from this sender").click()
    expect(page.get_by_role("button", name="Always show from this sender")).to_have_count(0)
    page.reload()
    page.wait_for_function(DRAWN)
