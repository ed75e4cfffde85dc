"""Nonsense of every kind is answered: the fake refuses it or takes it, and never fails itself."""

import json
import random
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.fakes.google import discovery
from tests.fakes.google.calls import HANDLERS
from tests.google_fake.desk import ANNA, BOB, EVERYTHING, Desk, Json
from tests.google_fake.test_calendar import WEEKLY
from tests.google_fake.test_mailboxes import mail
from tests.google_fake.test_people import person

TEXTS: Final = (
    "", "x", "INBOX", "primary", ANNA, BOB, "2026-03-02", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00", "Europe/Rome",
    "RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=DAILY;UNTIL=x", "EXDATE:20260302", "names,emailAddresses", "eA==", "a+/b",
    "contactGroups/starred", "é\u0000", "0", "-1", "99999999999999999999", "true", "confirmed", "web_hook", "series",
    "https://x.example/", "series_20260309T080000Z", "series_20260309", "/", "%", "me",
    "projects/pmsync-simulated/topics/mail",
)  # fmt: skip
ODD: Final[tuple[Any, ...]] = (None, True, 0, -1, 2**40, 1.5, "", [], {}, [None], [[]], {"x": None})


def value(order: random.Random, document: discovery.Document, spec: Json, depth: int = 0) -> Any:
    """Something of the declared kind, now and then of another."""
    if order.random() < 0.04:
        return order.choice(ODD)
    if "$ref" in spec:
        spec = document.schemas[spec["$ref"]]
    kind = spec.get("type")
    if kind == "array":
        return [value(order, document, spec["items"], depth + 1) for _ in range(order.randrange(3))]
    if kind == "object":
        names = list(spec.get("properties", {})) if depth < 5 else []
        chosen = order.sample(names, min(len(names), order.randrange(6)))
        told = {name: value(order, document, spec["properties"][name], depth + 1) for name in chosen}
        return told | ({"unheard": 1} if order.random() < 0.02 else {})
    if kind == "boolean":
        return order.random() < 0.5
    if kind in ("integer", "number"):
        return order.choice((0, 1, 5, 60, -1))
    return order.choice([*TEXTS, *spec.get("enum", ())])


def path_of(order: random.Random, desk: Desk, method: discovery.Method, template: str) -> str:
    """A path with ids that exist, mostly."""
    messages = list(desk.google.gmail.mailboxes[ANNA].messages)
    names = [*desk.google.people[ANNA].contacts, *desk.google.people[ANNA].groups, "people/me", "otherContacts/c1"]
    for name, spec in method.parameters.items():
        if spec["location"] != "path":
            continue
        if "pattern" in spec:
            start = spec["pattern"].strip("^").split("/")[0]
            pool = [one for one in names if one.startswith(start)] or [
                "projects/pmsync-simulated/topics/mail", "projects/pmsync-simulated/subscriptions/s",
            ]  # fmt: skip
            template = template.replace(f"{{+{name}}}", order.choice(pool))
        else:
            pool = {"userId": ["me"], "id": messages, "calendarId": ["primary", BOB], "eventId": ["series"]}.get(
                name, []
            )
            text = order.choice(pool) if pool and order.random() < 0.8 else order.choice(TEXTS) or "x"
            template = template.replace(f"{{{name}}}", quote(text, safe=""))
    return template


def templates(resource: Json, prefix: str) -> dict[str, str]:
    """Paths by method id."""
    found = {one["id"]: prefix + one["path"] for one in resource.get("methods", {}).values()}
    for inner in resource.get("resources", {}).values():
        found |= templates(inner, prefix)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_nonsense_is_answered(desk: Desk, seed: int) -> None:
    order = random.Random(seed)
    google = desk.google
    google.quotas.per_user, google.quotas.full_syncs = {}, None
    for number in range(3):
        google.elsewhere.deliver(ANNA, mail(number))
        google.elsewhere.add_contact(ANNA, person(f"P{number}"))
    google.elsewhere.add_event(ANNA, WEEKLY | {"id": "series", "attendees": [{"email": BOB}]})
    google.pubsub.topic("projects/pmsync-simulated/topics/mail")
    google.pubsub.subscribe("projects/pmsync-simulated/subscriptions/s", "projects/pmsync-simulated/topics/mail")
    access = google.grants.issue_access(ANNA, desk.client.id, desk.client.project, frozenset(EVERYTHING))
    paths: dict[str, str] = {}
    for api in discovery.VERSIONS:
        raw = google.document(api)
        paths |= templates(raw, f"/{raw['servicePath']}")
    with httpx.Client(base_url=google.root, headers={"Authorization": f"Bearer {access.token}"}) as client:
        for _ in range(400):
            document, method = discovery.named(order.choice(sorted(HANDLERS)))
            content = None
            if method.request:
                content = json.dumps(value(order, document, {"$ref": method.request})).encode()
            queries = [name for name, spec in method.parameters.items() if spec["location"] == "query"]
            pairs = [
                (name, str(value(order, document, {"type": "string", "enum": method.parameters[name].get("enum", ())})))
                for name in order.sample(queries, min(len(queries), order.randrange(4)))
            ]
            answer = client.request(
                method.http_method,
                path_of(order, desk, method, paths[method.id]),
                params=httpx.QueryParams(urlencode(pairs)),
                content=content,
                headers={"Content-Type": "application/json"} if content else {},
            )
            assert answer.status_code != 500, google.journal.entries[-1].verdict
