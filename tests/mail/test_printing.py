"""Pages to print: headers, bodies and files of a message or a conversation; nothing in them runs or loads from afar."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from rest_framework.test import APIClient
from selectolax.lexbor import LexborHTMLParser

from apps.mail import printing
from apps.mail.models import Message, Thread
from apps.tenants import context
from tests.mail import fixtures
from tests.mail.fixtures import eml, record
from tests.tenants.fixtures import Cast, Make

HTML = (
    b"From: Shop <news@shop.example>\r\nTo: Anna <anna@rossi.example>\r\nCc: bob@rossi.example\r\n"
    b"Subject: Re: Offer\r\n"
    b"Message-ID: <2@test>\r\nIn-Reply-To: <1@test>\r\nReferences: <1@test>\r\n"
    b"Date: Fri, 20 Nov 2026 12:02:00 +0000\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n"
    b"<style>h1{color:red}</style><script>alert(1)</script><h1 onclick=x()>Prices</h1></template></div>"
    b'<img src="https://img.shop.example/a.png"><img src="cid:logo">\r\n'
    b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Disposition: inline\r\n\r\npixels\r\n"
    b'--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="List.pdf"\r\n\r\n%PDF\r\n'
    b"--b--\r\n"
)


@pytest.fixture
def letters(cast: Cast) -> list[Message]:
    with cast.inside(), fixtures.box(cast.owner) as box:
        first = eml(1, body="Text & <b>no markup</b> https://a.example/")
        box.arrive(record(1, first))
        box.arrive(record(2, HTML))
        return list(Message.objects.order_by("at"))


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    return make.client(cast.owner)


def link(client: APIClient, what: str, images: list[Any] | None = None) -> str:
    answer = client.post(f"/api/v1/{what}/print", {"images": [str(one) for one in images or []]}, format="json")
    assert answer.status_code == 200, answer.content
    return str(answer.json()["url"])


def opened(make: Make, path: str) -> tuple[Any, str]:
    """The page as a browser window gets it: with the link alone."""
    answer = make.client().get(path)
    return answer, answer.content.decode()


def test_a_message_is_printed_with_its_header_and_files(make: Make, client: APIClient, letters: list[Message]) -> None:
    answer, page = opened(make, link(client, f"messages/{letters[1].pk}"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    for expected in ("Re: Offer", "Shop", "&lt;<bdi>news@shop.example</bdi>&gt;", "anna@rossi.example",
                     "bob@rossi.example", "Friday 20 November 2026, 12:02", "Prices", "h1{color:red}",
                     "List.pdf"):  # fmt: skip
        assert expected in page
    assert "See below" not in page


def test_a_conversation_is_printed_in_order(make: Make, client: APIClient, letters: list[Message]) -> None:
    _, page = opened(make, link(client, f"threads/{letters[0].thread_id}"))
    assert page.index("no markup") < page.index("Prices")
    assert page.count("<article>") == 2
    assert "Text &amp; &lt;b&gt;no markup" in page


def test_the_person_reads_their_own_language_and_time(make: Make, cast: Cast, letters: list[Message]) -> None:
    user = cast.owner.user
    user.locale, user.timezone = "it", "Europe/Rome"
    user.save()
    _, page = opened(make, link(make.client(cast.owner), f"messages/{letters[1].pk}"))
    assert '<html lang="it">' in page
    assert "venerdì 20 novembre 2026, 13:02" in page
    assert "Allegato" in page


def test_nothing_runs_and_nothing_is_fetched_from_afar(make: Make, client: APIClient, letters: list[Message]) -> None:
    answer, page = opened(make, link(client, f"messages/{letters[1].pk}"))
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    for never in ("allow-scripts", "allow-forms", "allow-top-navigation", "script-src", "http"):
        assert never not in policy
    for never in ("<script", "onclick", "alert("):
        assert never not in page
    assert page.count("</template>") == 1  # the mail's own ends nothing
    assert ' src="https:' not in page
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def images(page: str) -> list[str]:
    # A parser keeps what is in a template apart.
    flat = page.replace('<template shadowrootmode="open">', "").replace("</template>", "")
    return [node.attributes.get("src") or "" for node in LexborHTMLParser(flat).css("img")]


def test_images_are_those_that_the_reader_shows(make: Make, client: APIClient, letters: list[Message]) -> None:
    _, page = opened(make, link(client, f"messages/{letters[1].pk}"))
    remote, own = images(page)
    assert remote == ""
    picture = make.client().get(own)
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    _, page = opened(make, link(client, f"messages/{letters[1].pk}", [letters[1].pk]))
    assert images(page)[0].startswith("/img/")
    _, page = opened(make, link(client, f"threads/{letters[1].thread_id}", [letters[0].pk]))
    assert images(page)[0] == ""
    client.post("/api/v1/image-senders", {"address": "news@shop.example"}, format="json")
    _, page = opened(make, link(client, f"threads/{letters[1].thread_id}"))
    assert images(page)[0].startswith("/img/")


def test_a_colleague_gets_no_link(make: Make, cast: Cast, letters: list[Message]) -> None:
    for who in (cast.member, cast.outsider):
        for what in (f"messages/{letters[0].pk}", f"threads/{letters[0].thread_id}"):
            assert make.client(who).post(f"/api/v1/{what}/print", {}, format="json").status_code == 404


def test_a_link_that_has_lapsed_says_so_on_a_page(
    make: Make, client: APIClient, letters: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = link(client, f"messages/{letters[0].pk}")
    forged = path[:-1] + ("A" if path[-1] != "A" else "B")
    for bad in (forged, "/mail/print/nonsense"):
        answer, page = opened(make, bad)
        assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "lapsed" in page
        assert answer["Content-Security-Policy"].startswith("sandbox ")
    monkeypatch.setattr(printing, "LIVES", -1)
    assert opened(make, path)[0].status_code == 404


def test_mail_that_is_gone_is_not_printed(make: Make, cast: Cast, client: APIClient, letters: list[Message]) -> None:
    path = link(client, f"threads/{letters[0].thread_id}")
    with context.open(cast.tenant):
        Thread.objects.all().delete()
    assert opened(make, path)[0].status_code == 404
    assert urlsplit(path).path.startswith("/mail/print/")


def test_one_message_without_its_text_does_not_keep_the_others_back(
    make: Make, cast: Cast, client: APIClient, letters: list[Message]
) -> None:
    with context.open(cast.tenant):
        Message.objects.filter(pk=letters[0].pk).update(unreadable=True)
    _, page = opened(make, link(client, f"threads/{letters[0].thread_id}"))
    assert "does not hand it out" in page
    assert "Prices" in page
