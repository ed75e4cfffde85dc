"""Commands over HTTP for a fake that runs as a process: POST /control/<command> with JSON, GET for what only looks."""

import base64
import dataclasses
import email.message
import email.policy
import email.utils
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.google.courier import Chaos
from tests.fakes.google.refusals import Refusal
from tests.fakes.google.wire import Reply, Request

if TYPE_CHECKING:
    from tests.fakes.google.service import Google

Json = dict[str, Any]

PATH: Final = "/control/"


class Control:
    """What a demo, or a test in another process, may do to the state."""

    def __init__(self, google: "Google") -> None:
        self._google = google
        self._commands: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "state"): self._state,
            ("GET", "journal"): self._journal,
            ("POST", "person"): self._person,
            ("POST", "client"): self._client,
            ("POST", "grant"): self._grant,
            ("POST", "consent"): self._consent,
            ("POST", "withdraw"): self._withdraw,
            ("POST", "deliver"): self._deliver,
            ("POST", "call"): self._call,
            ("POST", "fault"): self._fault,
            ("POST", "clock"): self._clock,
            ("POST", "chaos"): self._chaos,
            ("POST", "topic"): self._topic,
            ("POST", "subscription"): self._subscription,
            ("POST", "expire"): self._expire,
            ("POST", "delegate"): self._delegate,
            ("POST", "employ"): self._employ,
        }

    def answer(self, request: Request) -> Reply:
        """Carry out one command."""
        command = self._commands.get((request.method, request.path.removeprefix(PATH)))
        if command is None:
            known = [f"{method} {PATH}{name}" for method, name in self._commands]
            return _json(404, {"error": "no such command", "commands": known})
        try:
            given = dict(parse_qsl(urlsplit(request.target).query)) | (json.loads(request.body) if request.body else {})
            return _json(200, command(given))
        except Refusal as refusal:
            return _json(409, {"error": refusal.message, "status": refusal.status, "reason": refusal.reason})
        except (KeyError, TypeError, ValueError, StopIteration) as wrong:
            return _json(400, {"error": f"{type(wrong).__name__}: {wrong}"})

    def _state(self, given: Json) -> Json:
        google = self._google
        people = [
            {
                "email": one.email,
                "name": one.name,
                "messages": len(google.gmail.mailboxes[one.email].messages),
                "events": len(google.agenda.calendars[one.email].events),
                "contacts": len(google.people[one.email].living()),
                "grants": sum(
                    token.user == one.email and not google.grants.state_of(token)
                    for token in google.grants.refresh.values()
                ),
            }
            for one in google.grants.people.values()
        ]
        clients = [{"id": one.id, "redirects": one.redirects} for one in google.grants.clients.values()]
        return {"root": google.root, "people": people, "clients": clients, "calls": google.journal.count()}

    def _journal(self, given: Json) -> list[Json]:
        entries = self._google.journal.of(given.get("method", "*"), given.get("user", ""), int(given.get("since", 0)))
        shown = ("number", "at", "http_method", "path", "method", "user", "status", "verdict", "batch", "committed")
        return [{name: getattr(entry, name) for name in shown} for entry in entries]

    def _person(self, given: Json) -> Json:
        person = self._google.person(given["email"], given.get("name", ""), zone=given.get("zone", "UTC"))
        return {"email": person.email, "sub": person.sub}

    def _client(self, given: Json) -> Json:
        made = self._google.client(*given["redirects"])
        return {"client_id": made.id, "client_secret": made.secret, "project": made.project}

    def _grant(self, given: Json) -> Json:
        client = self._google.grants.clients[given["client"]]
        return {"refresh_token": self._google.grant(given["user"], client, given["scopes"]).token}

    def _consent(self, given: Json) -> Json:
        self._google.consent.decide(given["user"], given.get("granted"), given.get("error", ""))
        return {}

    def _withdraw(self, given: Json) -> Json:
        self._google.grants.withdraw(given["user"], given["client"])
        return {}

    def _deliver(self, given: Json) -> Json:
        if "raw" in given:
            raw = base64.b64decode(given["raw"])
        else:
            message = email.message.EmailMessage(policy=email.policy.SMTP)
            message["From"], message["To"] = given.get("from", "stranger@far.example"), given["to"]
            message["Subject"], message["Date"] = given.get("subject", ""), email.utils.formatdate()
            message["Message-ID"] = email.utils.make_msgid(domain="far.example")
            message.set_content(given.get("text", ""))
            raw = message.as_bytes()
        labels = {"labels": given["labels"]} if "labels" in given else {}
        stored = self._google.elsewhere.deliver(given["to"], raw, **labels)
        return {"id": stored.id, "threadId": stored.thread}

    def _call(self, given: Json) -> Json:
        return self._google.elsewhere.call(
            given["user"], given["method"], given.get("body"), **given.get("parameters", {})
        )

    def _fault(self, given: Json) -> Json:
        method, kind = given.pop("method"), given.pop("kind")
        return dataclasses.asdict(self._google.faults.add(method, kind, **given))

    def _clock(self, given: Json) -> Json:
        self._google.clock.advance(float(given.get("advance", 0)))
        return {"now": self._google.clock.now()}

    def _chaos(self, given: Json) -> Json:
        if "delay" in given:
            given["delay"] = tuple(given["delay"])
        chaos = Chaos(**given)
        self._google.courier.misbehave(chaos)
        return dataclasses.asdict(chaos)

    def _topic(self, given: Json) -> Json:
        return {"name": self._google.pubsub.topic(given["name"], gmail_may_publish=given.get("gmail", True))}

    def _subscription(self, given: Json) -> Json:
        return self._google.pubsub.subscribe(
            given["name"],
            given["topic"],
            given.get("endpoint", ""),
            given.get("account", ""),
            given.get("audience", ""),
        ).shown()

    def _delegate(self, given: Json) -> Json:
        """What a domain lets a service account do from now on."""
        self._google.grants.delegate(
            self._google.grants.service_accounts[given["account"]], given["domain"], given["scopes"]
        )  # fmt: skip
        return {}

    def _employ(self, given: Json) -> Json:
        """Somebody is suspended, or not any more."""
        self._google.grants.people[given["user"]].suspended = bool(given["suspended"])
        return {}

    def _expire(self, given: Json) -> Json:
        """`{"history": user}`, `{"access": user}` or `{"cursors": kind}`."""
        google = self._google
        if "history" in given:
            google.gmail.mailboxes[given["history"]].forget_history()
        if "access" in given:
            google.grants.expire_access(given["access"])
        return {"cursors": google.cursors.expire(given["cursors"])} if "cursors" in given else {}


def _json(status: int, body: Any) -> Reply:
    return Reply(status, json.dumps(body, indent=2).encode() + b"\n", {"Content-Type": "application/json"})
