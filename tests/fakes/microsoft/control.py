"""The control end point: what a test does in Python, a demo does over HTTP. Open only where it is asked for.

GET  /control/state        who exists; ids and secrets of applications
GET  /control/journal      every request with its verdict
POST /control/{action}     one of ACTIONS, its arguments as JSON
"""

import base64
import dataclasses
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.errors import GraphRefusal
from tests.fakes.microsoft.faults import fault_of
from tests.fakes.microsoft.mailbox import Contact, Event, Item, Message
from tests.fakes.microsoft.notifications import Disorder
from tests.fakes.microsoft.server import Microsoft
from tests.fakes.microsoft.web import Reply, Request, json_reply

Arguments = dict[str, Any]


class Control:
    """Answers below `/control/`."""

    def __init__(self, microsoft: Microsoft) -> None:
        self.microsoft = microsoft
        self.actions: dict[str, Callable[[Arguments], Any]] = {
            "tenant": self._tenant,
            "person": self._person,
            "app": self._app,
            "consent": self._consent,
            "deliver": self._deliver,
            "mark_read": lambda given: self._elsewhere(given).mark_read(self._message(given), read=given["read"]),
            "move": lambda given: self._elsewhere(given).move(self._message(given), given["folder"]),
            "delete": lambda given: self._elsewhere(given).delete(self._message(given)),
            "add_event": lambda given: {"id": self._elsewhere(given).add_event(given["event"]).id},
            "edit_event": lambda given: self._elsewhere(given).edit_event(self._event(given), given["changes"]),
            "edit_occurrence": self._edit_occurrence,
            "delete_event": lambda given: self._elsewhere(given).delete_event(self._event(given)),
            "add_contact": lambda given: {"id": self._elsewhere(given).add_contact(given["contact"]).id},
            "edit_contact": lambda given: self._elsewhere(given).edit_contact(self._contact(given), given["changes"]),
            "delete_contact": lambda given: self._elsewhere(given).delete_contact(self._contact(given)),
            "fault": self._fault,
            "clear_faults": lambda given: self.microsoft.faults.clear(),
            "behaviour": self._behaviour,
            "disorder": self._disorder,
            "advance": lambda given: self.microsoft.clock.advance(**given).isoformat(),
            "expire_delta": lambda given: self.microsoft.expire_delta(self._who(given)),
            "decide": lambda given: self.microsoft.login.decisions.append(self._who(given).address),
            "end_sessions": lambda given: self.microsoft.end_sessions(self._who(given)),
            "lose_subscription": lambda given: self.microsoft.subscriptions.lose(given["id"], told=given["told"]),
        }

    def answer(self, request: Request, path: str) -> Reply:
        """Do it, or say what is wrong with it."""
        if request.method == "GET" and path == "state":
            return json_reply(200, self._state())
        if request.method == "GET" and path == "journal":
            return json_reply(200, self.microsoft.journal.as_json())
        action = self.actions.get(path)
        if request.method != "POST" or action is None:
            return json_reply(404, {"error": f"no such action; there are {sorted(self.actions)}"})
        try:
            result = action(json.loads(request.body or b"{}"))
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError, GraphRefusal) as error:
            return json_reply(400, {"error": f"{type(error).__name__}: {error}"})
        return json_reply(200, {} if result is None else {"result": result})

    def _state(self) -> dict[str, Any]:
        directory = self.microsoft.directory
        return {
            "graph": self.microsoft.graph_url,
            "authority": self.microsoft.authority("common"),
            "now": self.microsoft.clock.now().isoformat(),
            "tenants": [dataclasses.asdict(one) for one in directory.tenants.values()],
            "people": [self._shown(person) for person in directory.people.values()],
            "apps": [
                {"id": app.id, "secret": app.secret, "redirect_uris": app.redirect_uris}
                for app in directory.apps.values()
            ],
            "behaviour": {
                name: value.total_seconds() if isinstance(value, timedelta) else value
                for name, value in dataclasses.asdict(self.microsoft.behaviour).items()
            },
            "notifications_waiting": self.microsoft.courier.waiting,
        }

    def _shown(self, person: Person) -> dict[str, Any]:
        mailbox = self.microsoft.mailbox(person)
        return {
            "id": person.id,
            "address": person.address,
            "name": person.name,
            "tenant": person.tenant.id,
            "items": len(mailbox.items),
            "generation": mailbox.generation,
        }

    # Who

    def _who(self, given: Arguments) -> Person:
        person = self.microsoft.directory.find_person(given["address"])
        assert person is not None, f"nobody is called {given['address']}"
        return person

    def _elsewhere(self, given: Arguments) -> Any:
        return self.microsoft.elsewhere(self._who(given))

    def _item(self, given: Arguments) -> Item:
        item = self.microsoft.mailbox(self._who(given)).item(given["id"])
        assert item is not None, f"no item {given['id']}"
        return item

    def _message(self, given: Arguments) -> Message:
        item = self._item(given)
        assert isinstance(item, Message)
        return item

    def _event(self, given: Arguments) -> Event:
        item = self._item(given)
        assert isinstance(item, Event)
        return item

    def _contact(self, given: Arguments) -> Contact:
        item = self._item(given)
        assert isinstance(item, Contact)
        return item

    # What

    def _tenant(self, given: Arguments) -> Arguments:
        return dataclasses.asdict(self.microsoft.directory.tenant(given["domain"]))

    def _person(self, given: Arguments) -> Arguments:
        tenant = self.microsoft.directory.find_tenant(given["tenant"])
        assert tenant is not None, f"no tenant {given['tenant']}"
        person = self.microsoft.directory.person(
            tenant, given["address"], given.get("name", ""), admin=bool(given.get("admin"))
        )
        return self._shown(person)

    def _app(self, given: Arguments) -> Arguments:
        app = self.microsoft.directory.app(
            given["redirect_uris"], application=given.get("application", ()), delegated=given.get("delegated", ())
        )
        return {"id": app.id, "secret": app.secret}

    def _consent(self, given: Arguments) -> None:
        app, tenant = self.microsoft.directory.apps[given["app"]], self.microsoft.directory.find_tenant(given["tenant"])
        assert tenant is not None, f"no tenant {given['tenant']}"
        self.microsoft.directory.consent_as_admin(app, tenant, given.get("scopes", ()))

    def _deliver(self, given: Arguments) -> Arguments:
        raw = base64.b64decode(given["raw"], validate=True)
        return {"id": self._elsewhere(given).deliver(raw, given.get("folder", "inbox")).id}

    def _edit_occurrence(self, given: Arguments) -> None:
        day = date.fromisoformat(given["day"])
        self._elsewhere(given).edit_occurrence(self._event(given), day, given["changes"])

    def _fault(self, given: Arguments) -> None:
        fault = fault_of(given["name"], given.get("arguments", {}))
        self.microsoft.faults.add(
            fault, given.get("matching", ""), times=given.get("times", 1), skip=given.get("skip", 0)
        )

    def _behaviour(self, given: Arguments) -> None:
        for name, value in given.items():
            before = getattr(self.microsoft.behaviour, name)
            wanted = timedelta(seconds=value) if isinstance(before, timedelta) else value
            setattr(self.microsoft.behaviour, name, wanted)

    def _disorder(self, given: Arguments) -> None:
        late = timedelta(seconds=given.pop("delay", 0))
        self.microsoft.courier.disorder = Disorder(**given, delay=late)
