"""Files of a message are shown in place: a PDF is drawn, and one that cannot be says why."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import EMILY, SHOTS, SOON
from tests.e2e.demo import Demo, append, letter

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
# How much of the canvas is not white.
INK = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let dark = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at] < 128) dark++;
  return dark;
}"""


def pdf(*pages: str) -> bytes:
    """A document with a line of text on each page; its font is one that every reader has."""
    kids = " ".join(f"{number} 0 R" for number in range(4, 4 + 2 * len(pages), 2))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for place, text in enumerate(pages):
        drawn = f"BT /F1 36 Tf 72 700 Td ({text}) Tj ET"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {5 + 2 * place} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>"
        )
        objects.append(f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream")
    body, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode()


def with_files(subject: str, files: dict[str, bytes]) -> bytes:
    head = letter(subject).split(b"\r\n\r\n")[0]
    parts = b"".join(
        b'--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="'
        + name.encode() + b'"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n' + data + b"\r\n"
        for name, data in files.items()
    )  # fmt: skip
    kind = b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nSee the files.\r\n"
    return head + kind + parts + b"--x--\r\n"


def test_a_pdf_is_drawn_page_by_page_and_a_damaged_one_says_so(page: Page, demo: Demo) -> None:
    files = {"plan.pdf": pdf("Ground floor", "First floor"), "damaged.pdf": b"no PDF at all"}
    with demo.client(EMILY.accounts[0]) as client:
        append(client, "INBOX", with_files("Plans of the annex", files))
    page.locator("[data-thread]", has_text="Plans of the annex").click(timeout=SOON)
    page.get_by_role("button", name=re.compile("Show plan.pdf")).click(timeout=SOON)
    shown = page.get_by_role("dialog").get_by_role("img", name="Page 1 of 2")
    expect(shown).to_be_visible(timeout=SOON)
    page.wait_for_function(f"(canvas) => ({INK})(canvas) > 500", arg=shown.element_handle(), timeout=SOON)
    expect(page.get_by_role("dialog").get_by_text("Ground floor")).to_be_attached()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "desk-pdf.png")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("Show damaged.pdf")).click()
    expect(page.get_by_role("dialog")).to_contain_text("It is no PDF, or a damaged one.", timeout=SOON)
    page.keyboard.press("Escape")
