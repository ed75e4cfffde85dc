"""Invariant 1: nothing of one tenant is reachable from another, nor of one person's account by a colleague.

The routes come from the URL resolver and the tasks from Celery's registry: whatever is added later
is walked too, or fails here until someone says how to walk it.
"""

import base64
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from celery import current_app
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from apps.ai import consent
from apps.ai.actions import Wish, propose
from apps.ai.chat import keeping as chat
from apps.ai.followups.models import FollowUp
from apps.ai.model import keeping
from apps.ai.model.keeping import Told
from apps.ai.model.models import ModelCall
from apps.ai.people.models import Correspondence
from apps.ai.writing.models import Summary
from apps.calendar import kind as calendar
from apps.calendar.models import Calendar, Event
from apps.collections import ingest as collected
from apps.compose.models import Draft, Identity, Template, Upload
from apps.contacts import kind as contacts
from apps.contacts.models import AddressBook, Contact, Merge
from apps.hitl import rules
from apps.hitl.models import Approval, Rule
from apps.mail import links
from apps.mail.commands import service
from apps.mail.models import Attachment, Message
from apps.providers.adapters import ical, vcard
from apps.reports.models import Alert, DailyReport, ReportPart
from apps.sync.api import AdminStateView
from apps.tenants import context
from apps.tenants.tasks import PublicTask, TenantTask
from apps.users import pages, sessions
from apps.users.members import Member
from apps.users.models import Role
from apps.users.sessions import Device
from tests.isolation.routes import KNOWN_BASES, Route, every_route, page_routes, tenant_routes
from tests.mail import fixtures
from tests.mail.fixtures import Box, eml, record
from tests.tenants.fixtures import Cast, Make

CANARY: Final = "zzcanaryzz"
METHODS: Final = ("get", "post", "put", "patch", "delete")
# Answered by functions rather than API views; none of them reads a tenant's rows.
FUNCTIONS: Final = ("health/", "^(?!api/|static/|ws/|health/|providers/|oauth/|email)")


@dataclass(frozen=True, slots=True)
class World:
    """A company with something to hide, and everybody who must not see it.

    One for all the doors: nobody who knocks may change anything, so that a door that does open spoils
    the ones after it too.
    """

    make: Make
    cast: Cast
    box: Box
    values: dict[str, Any]
    colleagues: tuple[Member, ...]

    @property
    def strangers(self) -> tuple[Member, ...]:
        """Who has no access to the owner's account: in the company, and next door."""
        return *self.colleagues, self.cast.outsider


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The company, filled; removed when all the doors were tried."""
    with django_db_blocker.unblock():
        make = Make()
        cast = make.tenant()
        box = hidden(cast)
        # Who administers the company reads no more of a colleague's mail than anyone; they do know which
        # accounts there are, and may have one compared anew.
        administer = (make.member_of(cast.tenant, Role.OWNER), make.member_of(cast.tenant, Role.ADMIN))
        yield World(make, cast, box, ids(cast, box), (cast.member, *administer))
        make.tidy()
        connection.close()


def hidden(cast: Cast) -> Box:
    """The owner's account, whose every field carries the canary; the neighbour holds the same remote ids."""
    with context.open(cast.neighbour), fixtures.box(cast.outsider) as theirs:
        theirs.arrive(record(1, eml(1, "Ordinary")))
    pdf = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\n{CANARY} body\r\n"
        f"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename={CANARY}.png\r\n\r\n"
        f"{CANARY}\r\n--b--\r\n"
    )
    head = eml(1, CANARY, sender=f"{CANARY} <{CANARY}@x.example>").split(b"MIME-Version")[0]
    with cast.inside(), fixtures.box(cast.owner) as box:
        box.account.display_name = box.account.status_reason = CANARY
        box.account.save()
        box.arrive(record(1, head + pdf.encode()))
        written(box)
        known(box)
        planned(box)
        read_along(box)
        proposed(box)
        reported(box)
    return box


def proposed(box: Box) -> None:
    """What an agent wants for the owner, and a rule of theirs; all of it carries the canary."""
    args = {"to": [f"{CANARY}@x.example"], "subject": CANARY, "text": CANARY}
    sources = [{"type": "message", "id": str(Message.objects.get().pk)}]
    propose(box.member, box.account, Wish(CANARY, "email.send", args, CANARY, CANARY, sources))
    rules.add(box.member, {"verdict": "never", "scope": "address", "recipient": f"{CANARY}@y.example"})


def reported(box: Box) -> None:
    """A report to the owner, and an alert, of which every text carries the canary."""
    report = DailyReport.objects.create(
        user_id=box.member.user_id, date=fixtures.NOON.date(), first_day=fixtures.NOON.date(), zone="UTC",
        created_at=fixtures.NOON, made_at=fixtures.NOON, shown_at=fixtures.NOON,
    )  # fmt: skip
    ReportPart.objects.create(report=report, account=box.account, summary=CANARY, suggestions=[CANARY])
    Alert.objects.create(
        user_id=box.member.user_id, followup=FollowUp.objects.get(), account=box.account, kind="overdue",
        since=fixtures.NOON, at=fixtures.NOON,
    )  # fmt: skip


def known(box: Box) -> None:
    """Whom the owner knows: a card of which every field carries the canary, the picture too; another that may be the
    same person, a group, and what was merged."""
    picture = {"media_type": "image/png", "data": base64.b64encode(CANARY.encode()).decode()}
    mail = [{"value": f"{CANARY}@x.example", "label": "", "preferred": False}]
    book = AddressBook.objects.create(account=box.account, remote_id="/book/", name=CANARY, total=3)
    fields: tuple[dict[str, Any], ...] = (
        {"notes": CANARY, "photo": picture, "emails": mail},
        {"emails": mail},
        {"members": [CANARY]},
    )
    for number, told in enumerate(fields, 1):
        data = vcard.new({"full_name": CANARY} | told, str(uuid.uuid4()))
        row = Contact(account=box.account, collection=book, remote_id=f"/book/{number}.vcf", etag="1", data=data)
        collected.fill(row, contacts.KIND.read(data, book)).save()
    Merge.objects.create(by_user=box.member.user_id, name=CANARY, book=book, kept=row.pk, before=data, after=data)


def planned(box: Box) -> None:
    """What the owner has planned: an event and a task of which every field carries the canary."""
    place = Calendar.objects.create(account=box.account, remote_id="/calendar/", name=CANARY, description=CANARY)
    fields = {"title": CANARY, "location": CANARY, "description": CANARY}
    start = {"at": "2026-03-02T09:00:00", "zone": "UTC"}
    for number, component in enumerate(("VTODO", "VEVENT")):
        told = fields | ({"start": start} if component == "VEVENT" else {})
        data = ical.new(told, str(uuid.uuid4()), "20260101T000000Z", component)
        row = Event(account=box.account, collection=place, remote_id=f"/calendar/{number}.ics", etag="1", data=data)
        collected.fill(row, calendar.KIND.read(data, place)).save()


def read_along(box: Box) -> None:
    """What agents made of the owner's mail, which the owner lets them read; every text carries the canary."""
    consent.set_by(box.member, box.account.pk, reading=True, drafting=False)
    message = Message.objects.get()
    keeping.keep(
        "reading", "m", Told("ok", 1, [{"role": "human", "content": CANARY}]), account_id=box.account.pk,
        user_id=box.member.user_id, about=message.pk,
    )  # fmt: skip
    FollowUp.objects.create(
        account=box.account, thread_id=message.thread_id, message=message, mine=True, kind="asked", who=CANARY,
        said=CANARY, since=fixtures.NOON, by="rules",
    )  # fmt: skip
    Summary.objects.create(
        account=box.account, thread_id=message.thread_id, up_to=message.pk, language="en", text=CANARY, points=[CANARY]
    )
    Correspondence.objects.create(
        account=box.account, address=CANARY, name=CANARY, received=3, answered=3, written=3, score=3,
        last_at=fixtures.NOON,
    )  # fmt: skip


def written(box: Box) -> None:
    """What the owner writes: a draft with a file, an alias, a template; all of it carries the canary."""
    owner = box.member.user_id
    alias = Identity.objects.create(account=box.account, name=CANARY, address="alias@x.example", is_default=True)
    draft = Draft.objects.create(
        id=uuid.uuid4(), account=box.account, identity=alias, by_user=owner, subject=CANARY, html=CANARY,
        updated_at=fixtures.NOON, rev=1,
    )  # fmt: skip
    Upload.objects.create(
        account=box.account, draft_id=draft.pk, by_user=owner, filename=CANARY, size=0,
        source_id=Attachment.objects.get().pk,
    )  # fmt: skip
    Template.objects.create(user_id=owner, name=CANARY, html=CANARY)


def ids(cast: Cast, box: Box) -> dict[str, Any]:
    """The owner's ids, by the names that routes give their parameters."""
    with cast.inside():
        message, attachment, mailbox = Message.objects.get(), Attachment.objects.get(), box.box()
        label = {"action": "add_keyword", "keyword": CANARY, "messages": [str(message.pk)]}
        act = service.submit(cast.owner, str(uuid.uuid4()), label)
        draft, upload = Draft.objects.get(), Upload.objects.get()
        identity, template = Identity.objects.get(), Template.objects.get()
        contact, merge = Contact.objects.get(remote_id="/book/1.vcf"), Merge.objects.get()
        call, followup = ModelCall.objects.get(), FollowUp.objects.get()
        approval, rule = Approval.objects.get(), Rule.objects.get()
        other, event = Contact.objects.get(remote_id="/book/2.vcf"), Event.objects.get(component="VEVENT")
        asked = chat.begin(cast.owner, None, CANARY)
    return {
        "approval_id": approval.pk,
        "rule_id": rule.pk,
        "contact_id": contact.pk,
        "merge_id": merge.pk,
        "other_id": other.pk,
        "collection_id": contact.collection_id,
        "event_id": event.pk,
        "calendar_id": event.collection_id,
        "account_id": box.account.pk,
        "mailbox_id": mailbox.pk,
        "thread_id": message.thread_id,
        "message_id": message.pk,
        "attachment_id": attachment.pk,
        "command_id": act["id"],
        "draft_id": draft.pk,
        "upload_id": upload.pk,
        "identity_id": identity.pk,
        "template_id": template.pk,
        "chat_id": asked.session_id,
        "user_id": cast.owner.user_id,
        "session_id": uuid.uuid4(),
        # Whoever administers the company sees its connections: tests/providers/test_company.py says who does not.
        "connection_id": uuid.uuid4(),
        "call_id": call.pk,
        "followup_id": followup.pk,
        "day": fixtures.NOON.date().isoformat(),
        "token": links.sign(cast.tenant.pk, attachment.pk).rsplit("/", 1)[-1],
    }


def ask(client: Any, method: str, path: str) -> Any:
    extra = {} if method == "get" else {"data": {}, "format": "json"}
    return getattr(client, method)(path, **extra)


def normal(answer: Any, values: dict[str, Any]) -> tuple[int, str]:
    text = answer.content.decode()
    for value in values.values():
        text = text.replace(str(value), "ID")
    return answer.status_code, text


def test_every_route_is_of_a_kind_whose_isolation_is_proved() -> None:
    for route in every_route():
        if route.view is None:
            assert route.pattern.startswith(FUNCTIONS), f"{route.pattern}: which rows does this function read?"
        else:
            assert issubclass(route.view, KNOWN_BASES), f"{route.pattern}: derive from a view of apps.users.tenancy"


@pytest.mark.parametrize("route", tenant_routes(), ids=lambda route: route.pattern)
def test_anothers_ids_are_as_if_they_did_not_exist(route: Route, world: World, committed: None) -> None:
    make, values = world.make, world.values
    for who in world.strangers:
        for method in METHODS:
            real = ask(make.client(who), method, route.address(values))
            assert CANARY.encode() not in real.content, f"{method} as {who.role}"
            if route.parameters and not (route.view is AdminStateView and who.role in (Role.OWNER, Role.ADMIN)):
                nothing = {name: uuid.uuid4() for name in values}
                missing = ask(make.client(who), method, route.address(nothing))
                assert normal(real, values) == normal(missing, nothing), f"{method} tells that it exists"


@pytest.mark.parametrize("route", tenant_routes(), ids=lambda route: route.pattern)
def test_another_tenants_name_in_the_header_opens_nothing(route: Route, world: World, committed: None) -> None:
    client = world.make.client(world.cast.outsider)
    address = route.address(world.values)
    named = client.get(address, headers={"X-PMSync-Tenant": world.cast.tenant.slug})
    unknown = client.get(address, headers={"X-PMSync-Tenant": "no-such-company"})
    assert named.status_code == 404
    assert named.content == unknown.content


def browser(make: Make, who: Member) -> Client:
    """A browser that is signed in to the server's own pages."""
    grant = sessions.start(who.user, who.tenant, Device(None, "test"))
    client = Client(REMOTE_ADDR=make.address())
    client.cookies = pages.remember(HttpResponse(), replace(who, session_id=grant.session.pk)).cookies
    return client


FORMS: Final = ("approve", "reject", "delegate", "undo", "remove")
TOKEN: Final = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')


@pytest.mark.parametrize("route", page_routes(), ids=lambda route: route.pattern)
def test_a_page_of_anothers_is_as_if_it_did_not_exist(route: Route, world: World, committed: None) -> None:
    named = route.address(world.values)
    nothing = route.address({name: uuid.uuid4() for name in world.values})
    assert browser(world.make, world.cast.owner).get(named).status_code in (200, 405)
    for who in world.strangers:
        client = browser(world.make, who)
        for form in ({}, *({"do": what, "rule": str(world.values["rule_id"])} for what in FORMS)):
            real = client.post(named, form) if form else client.get(named)
            assert CANARY.encode() not in real.content, f"{form} as {who.role}"
            if route.parameters:
                missing = client.post(nothing, form) if form else client.get(nothing)
                assert missing.status_code == real.status_code == 404
                assert TOKEN.sub(b"", missing.content) == TOKEN.sub(b"", real.content)
            if route.pattern == "approvals/sign-out":
                client = browser(world.make, who)
    with world.cast.inside():
        assert Approval.objects.get().state == "open" and Rule.objects.exists()


def test_the_canary_is_there_for_its_owner(world: World, committed: None) -> None:
    """Without this the tests above could pass on an empty page."""
    client = world.make.client(world.cast.owner)
    seen = [
        route.pattern
        for route in tenant_routes()
        if CANARY.encode() in client.get(route.address(world.values), {"q": CANARY} | MARCH).content
    ]
    for expected in ("accounts", "mailboxes/<uuid:mailbox_id>/threads", "threads/<uuid:thread_id>", "search",
                     "messages/<uuid:message_id>", "messages/<uuid:message_id>/body", "messages/<uuid:message_id>/raw",
                     "attachments/<uuid:attachment_id>", "attachments/<uuid:attachment_id>/inline",
                     "drafts", "drafts/<uuid:draft_id>", "uploads/<uuid:upload_id>", "identities", "templates",
                     "messages/<uuid:message_id>/reply", "recipients", "address-books", "contacts",
                     "contacts/<uuid:contact_id>", "contacts/<uuid:contact_id>/photo", "contacts/export",
                     "contacts/duplicates", "contacts/groups", "contacts/merges",
                     "approvals", "approvals/<uuid:approval_id>", "approvals/rules",
                     "calendars", "calendars/<uuid:calendar_id>/export", "events", "events/<uuid:event_id>",
                     "events/overlaps", "events/search", "tasks",
                     "search/semantic", "chat", "chat/<uuid:chat_id>", "follow-ups", "assistant/calls/<uuid:call_id>",
                     "assistant/contacts", "threads/<uuid:thread_id>/summary", "reports", "reports/<str:day>",
                     "alerts"):  # fmt: skip
        assert f"api/v1/{expected}" in seen


MARCH: Final = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
BODIES: Final = (
    {"action": "read", "messages": ["message_id"]},
    {"action": "trash", "threads": ["thread_id"]},
    {"action": "star", "all_in": "mailbox_id"},
    {"action": "star", "search": {"q": CANARY, "mailbox_id": "mailbox_id"}},
    {"action": "star", "search": {"q": CANARY, "account_id": "account_id"}},
)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: next(name for name in body if name != "action"))
def test_an_act_on_anothers_mail_is_refused_as_if_there_were_none(
    body: dict[str, Any], world: World, committed: None
) -> None:
    """Ids in bodies, over HTTP; the socket hands the same body to the same function."""
    for who in world.strangers:
        answers = []
        for known in (world.values, {name: uuid.uuid4() for name in world.values}):
            named = _named(body, known)
            headers = {"Idempotency-Key": str(uuid.uuid4())}
            answers.append(world.make.client(who).post("/api/v1/commands", named, format="json", headers=headers))
        assert answers[0].status_code == 404
        assert normal(answers[0], world.values) == normal(answers[1], world.values)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("contacts", {"collection_id": "collection_id", "full_name": "Mine"}),
        ("contacts/delete", {"contacts": ["contact_id"]}),
        ("contacts/export", {"contacts": ["contact_id"]}),
        ("contacts/links", {"contacts": ["contact_id", "other_id"], "same": True}),
        ("contacts/merge", {"contacts": [{"id": "contact_id", "rev": 1}, {"id": "other_id", "rev": 1}]}),
        ("events", {"collection_id": "calendar_id", "title": "Mine", "start": {"date": "2026-03-02"}}),
    ],
)
def test_an_act_on_anothers_collections_is_refused_as_if_there_were_none(
    path: str, body: dict[str, Any], world: World, committed: None
) -> None:
    for who in world.strangers:
        answers = []
        for known_ids in (world.values, {name: uuid.uuid4() for name in world.values}):
            named, headers = _named(body, known_ids), {"Idempotency-Key": str(uuid.uuid4())}
            answers.append(world.make.client(who).post(f"/api/v1/{path}", named, format="json", headers=headers))
        assert answers[0].status_code == 404
        assert normal(answers[0], world.values) == normal(answers[1], world.values)


def _named(item: Any, ids: dict[str, Any]) -> Any:
    """The body with ids in the places of their names."""
    if isinstance(item, dict):
        return {name: _named(value, ids) for name, value in item.items()}
    if isinstance(item, list):
        return [_named(value, ids) for value in item]
    return str(ids.get(item, item)) if isinstance(item, str) else item


def test_a_colleague_who_was_given_access_sees_it_and_loses_it_again(world: World, committed: None) -> None:
    make, cast = world.make, world.cast
    path = f"/api/v1/threads/{world.values['thread_id']}"
    with cast.inside():
        grant = world.box.account.access.create(user_id=cast.member.user_id, role="reader")
    assert make.client(cast.member).get(path).status_code == 200
    with cast.inside():
        grant.delete()
    assert make.client(cast.member).get(path).status_code == 404


def own_tasks() -> list[Any]:
    current_app.loader.import_default_modules()
    return [task for name, task in sorted(current_app.tasks.items()) if not name.startswith(("celery.", "pmsync."))]


@pytest.mark.parametrize("task", own_tasks(), ids=lambda task: task.name)
def test_every_task_names_its_tenant_or_works_on_public_rows(task: Any, committed: None) -> None:
    assert isinstance(task, TenantTask | PublicTask), "derive from a task of apps.tenants.tasks"
    if isinstance(task, TenantTask):
        with pytest.raises(context.TenantRequired, match="Missing tenantId"):
            task("", "")
        with pytest.raises(context.TenantRequired, match="Missing tenantId"):
            task()


@pytest.mark.parametrize("task", own_tasks(), ids=lambda task: task.name)
def test_no_task_takes_more_than_ids(task: Any) -> None:
    import inspect

    annotations = {
        name: str(parameter.annotation)
        for name, parameter in inspect.signature(task.run).parameters.items()
        if name not in ("self", "args", "kwargs")
    }
    assert set(annotations.values()) <= {"<class 'str'>", "str | None"}, json.dumps(annotations)
