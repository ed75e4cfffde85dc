"""What lies around sending: identities, templates, recipients, delivery reports, unsubscribing, housekeeping."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from apps.compose import housekeeping, people
from apps.compose.models import Correspondent, Delivery, Draft, SubmissionServer, Upload
from apps.mail.models import Message
from apps.providers.models import ProviderAccount
from tests.mail import fixtures
from tests.mail.fixtures import Box, eml, record
from tests.tenants.fixtures import Cast, Make


@pytest.fixture
def inbox(cast: Cast) -> Iterator[Box]:
    """The owner's account, driven batch by batch."""
    with cast.inside(), fixtures.box(cast.owner) as made:
        ProviderAccount.objects.filter(pk=made.account.pk).update(address="anna@rossi.example")
        made.account.refresh_from_db()
        yield made


@pytest.fixture
def client(cast: Cast, make: Make) -> Any:
    return make.client(cast.owner)


def test_every_account_has_an_identity_and_aliases_beside_it(inbox: Box, client: Any) -> None:
    (own,) = client.get("/api/v1/identities").json()["items"]
    assert (own["address"], own["is_default"]) == ("anna@rossi.example", True)
    SubmissionServer.objects.create(account=inbox.account, message_bytes=1000, recipients=100)
    alias = client.post(
        "/api/v1/identities",
        {"account_id": str(inbox.account.pk), "name": "Sales", "address": "sales@rössi.example", "is_default": True,
         "signature_html": "<p onclick=x>Sales</p><script>x</script>"},
        format="json",
    ).json()  # fmt: skip
    assert (alias["address"], alias["signature_html"]) == ("sales@xn--rssi-5qa.example", "<p>Sales</p>")
    assert alias["limits"] == {"message_bytes": 1000, "recipients": 100}
    bad = client.patch(f"/api/v1/identities/{alias['id']}", {"reply_to": "nobody"}, format="json")
    assert (bad.status_code, list(bad.json()["errors"])) == (422, ["reply_to"])
    assert client.delete(f"/api/v1/identities/{alias['id']}").json()["code"] == "default_identity"
    assert client.delete(f"/api/v1/identities/{own['id']}").status_code == 204


def test_templates_name_their_fields(inbox: Box, client: Any) -> None:
    made = client.post(
        "/api/v1/templates",
        {"name": "Offer", "subject": "For {{ company }}", "html": "<p>Dear {{name}}, {{ company }}</p>"},
        format="json",
    ).json()
    assert made["fields"] == ["company", "name"]
    changed = client.patch(f"/api/v1/templates/{made['id']}", {"html": "<p>{{x}}</p>"}, format="json").json()
    assert (changed["name"], changed["fields"]) == ("Offer", ["company", "x"])
    assert client.delete(f"/api/v1/templates/{made['id']}").status_code == 204
    assert client.get("/api/v1/templates").json()["items"] == []


def test_people_are_offered_by_how_much_and_how_lately(inbox: Box, client: Any) -> None:
    inbox.arrive(
        record(1, eml(1, sender="Róbert Bianchi <robert@far.example>")),
        record(2, eml(2, sender="No Reply <no-reply@shop.example>")),
        record(3, eml(3, sender="roberta@near.example")),
    )
    inbox.arrive(
        record(4, eml(4, sender="anna@rossi.example", to="Roberta Verdi <Roberta@near.example>, bob@x.example")),
        mailbox="Sent",
    )
    items = client.get("/api/v1/recipients", {"q": "robert"}).json()["items"]
    assert [item["address"] for item in items] == ["roberta@near.example", "robert@far.example"]
    assert items[0]["name"] == "Roberta Verdi"
    assert [item["address"] for item in client.get("/api/v1/recipients", {"q": "BIANC"}).json()["items"]] == [
        "robert@far.example"
    ]
    assert client.get("/api/v1/recipients", {"q": "%"}).json()["items"] == []
    assert client.get("/api/v1/recipients", {"q": "shop"}).json()["items"] == []
    before = list(Correspondent.objects.order_by("address").values_list("address", "written_to", "heard_from"))
    assert people.gather(inbox.account) is False
    assert before == list(Correspondent.objects.order_by("address").values_list("address", "written_to", "heard_from"))


def report(number: int, about: str, address: str, action: str, status: str) -> bytes:
    return (
        f"From: Mail Delivery System <MAILER-DAEMON@x.example>\r\nTo: anna@rossi.example\r\nSubject: Undelivered\r\n"
        f"Message-ID: <r{number}@test>\r\nDate: Fri, 20 Nov 2026 12:0{number}:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 No such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{about}>\r\nSubject: Offer\r\n\r\n--b--\r\n"
    ).encode()


def test_a_report_shows_at_the_message_it_is_about(inbox: Box, client: Any) -> None:
    inbox.arrive(record(1, eml(1, sender="anna@rossi.example", to="bob@x.example, carla@x.example")), mailbox="Sent")
    sent = Message.objects.get()
    before = client.get(f"/api/v1/messages/{sent.pk}").json()
    assert before["delivery"] is None
    inbox.events()
    inbox.arrive(record(2, report(1, "1@test", "bob@x.example", "delayed", "4.4.1")))
    inbox.arrive(record(3, report(2, "1@test", "Bob@x.example", "failed", "5.1.1")))
    assert inbox.events().count("email:update") == 2
    after = client.get(f"/api/v1/messages/{sent.pk}").json()
    assert after["rev"] == before["rev"] + 2
    told = after["delivery"]
    assert told["state"] == "failed"
    (one,) = told["recipients"]
    assert (one["address"], one["state"]) == ("bob@x.example", "failed")
    assert one["sentence"].startswith("This address does not exist. The mail system said: “550 No such user")
    assert Delivery.objects.count() == 1


def listed(*headers: str) -> bytes:
    return eml(1, extra="".join(f"{header}\r\n" for header in headers))


def test_leaving_a_list_by_mail_else_by_link(inbox: Box, client: Any) -> None:
    mailto = "List-Unsubscribe: <mailto:leave@list.example?subject=leave%20me>, <https://list.example/u>"
    inbox.arrive(record(1, listed(mailto)))
    message = Message.objects.get()
    assert client.post(f"/api/v1/messages/{message.pk}/unsubscribe").json() == {"how": "mail", "url": None}
    draft = Draft.objects.get()
    assert (draft.to[0]["address"], draft.subject, draft.state) == ("leave@list.example", "leave me", "waiting")
    client.post(f"/api/v1/messages/{message.pk}/unsubscribe")
    assert Draft.objects.count() == 1
    inbox.arrive(record(2, listed("List-Unsubscribe: <http://list.example/u>")))
    other = Message.objects.exclude(pk=message.pk).get()
    link = client.post(f"/api/v1/messages/{other.pk}/unsubscribe").json()
    assert link == {"how": "link", "url": "http://list.example/u"}
    inbox.arrive(record(3, eml(3)))
    none = Message.objects.exclude(pk__in=[message.pk, other.pk]).get()
    assert client.post(f"/api/v1/messages/{none.pk}/unsubscribe").json()["code"] == "no_unsubscribe"


def test_one_click_never_reaches_a_private_host(inbox: Box, client: Any) -> None:
    signed = "DKIM-Signature: v=1; d=list.example; h=From:List-Unsubscribe:List-Unsubscribe-Post; b=x"
    inbox.arrive(
        record(
            1,
            listed(
                signed, "List-Unsubscribe: <https://127.0.0.1/u>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
            ),
        )
    )
    answer = client.post(f"/api/v1/messages/{Message.objects.get().pk}/unsubscribe").json()
    assert answer == {"how": "link", "url": "https://127.0.0.1/u"}


def test_what_cannot_be_sent_is_refused_before_it_is_brought(inbox: Box, client: Any) -> None:
    SubmissionServer.objects.create(account=inbox.account, message_bytes=10_000_000)
    body = {"draft_id": str(uuid.uuid4()), "filename": "big.zip", "content_type": "application/zip", "size": 7_000_000}
    assert client.post("/api/v1/uploads", body, format="json").status_code == 201
    second = client.post("/api/v1/uploads", body, format="json")
    assert (second.status_code, second.json()["code"]) == (422, "too_big")
    assert "14.0 MB together" in second.json()["detail"]


def test_a_reader_reads_and_does_not_write(inbox: Box, cast: Cast, make: Make) -> None:
    inbox.account.access.create(user_id=cast.member.user_id, role="reader")
    client = make.client(cast.member)
    body = {"rev": 0, "account_id": str(inbox.account.pk), "subject": "x"}
    answer = client.put(f"/api/v1/drafts/{uuid.uuid4()}", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    assert client.get("/api/v1/identities").json()["items"] == []
    inbox.account.access.update(role="delegate")
    assert client.put(f"/api/v1/drafts/{uuid.uuid4()}", body, format="json").status_code == 200


def test_what_nobody_holds_any_more_goes(inbox: Box, client: Any) -> None:
    made = client.put(f"/api/v1/drafts/{uuid.uuid4()}", {"rev": 0, "subject": "x"}, format="json").json()
    body = {"draft_id": made["id"], "filename": "a", "size": 3}
    upload = client.post("/api/v1/uploads", body, format="json").json()
    client.put(f"/api/v1/uploads/{upload['id']}?offset=0", b"abc", content_type="application/octet-stream")
    housekeeping.tidy()
    assert Upload.objects.count() == 1
    Upload.objects.update(created_at=now() - timedelta(days=3), attached=False)
    Draft.objects.update(state="sent", sent_at=now() - timedelta(days=31))
    housekeeping.tidy()
    assert (Upload.objects.count(), Draft.objects.count()) == (0, 0)
