"""Cloud Pub/Sub: topics and who may publish, subscriptions that are pulled or pushed with a signed token."""

import base64
import json
import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.google.calls import Call, answers, page
from tests.fakes.google.clock import Clock, rfc3339
from tests.fakes.google.courier import Courier, Parcel
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.keys import KeyRing
from tests.fakes.google.refusals import Json, refuse

DAY: Final = 86_400
RETENTION: Final = 7 * DAY
TAKEN: Final = frozenset({102, 200, 201, 202, 204})
GMAIL: Final = "serviceAccount:gmail-api-push@system.gserviceaccount.com"
PUBLISHER: Final = "roles/pubsub.publisher"
ISSUER: Final = "https://accounts.google.com"
DEADLINE: Final = 10
FORGERIES: Final = (
    "audience", "email", "unverified", "expired", "unsigned", "other key", "issuer", "no token", "subscription",
)  # fmt: skip
"""What can be wrong with a push: see `Pubsub.forge`."""


@dataclass
class Message:
    """A published message, as one subscription holds it."""

    id: str
    data: bytes
    attributes: dict[str, str]
    published: float
    ack_id: str = ""
    leased_until: float = 0.0
    attempts: int = 0

    def shown(self) -> Json:
        """PubsubMessage."""
        told: Json = {"messageId": self.id, "publishTime": rfc3339(self.published)}
        if self.data:
            told["data"] = base64.b64encode(self.data).decode()
        if self.attributes:
            told["attributes"] = self.attributes
        return told


@dataclass
class Subscription:
    """Who gets the messages of a topic."""

    name: str
    topic: str
    deadline: int = DEADLINE
    endpoint: str = ""
    audience: str = ""
    account: str = ""
    messages: dict[str, Message] = field(default_factory=dict)
    """Those that were not acknowledged, by id."""

    def shown(self) -> Json:
        """The resource."""
        told: Json = {
            "name": self.name, "topic": self.topic, "ackDeadlineSeconds": self.deadline, "state": "ACTIVE",
            "messageRetentionDuration": f"{RETENTION}s", "pushConfig": {},
        }  # fmt: skip
        if self.endpoint:
            told["pushConfig"] = {"pushEndpoint": self.endpoint}
            if self.account:
                token = {"serviceAccountEmail": self.account, "audience": self.audience or self.endpoint}
                told["pushConfig"]["oidcToken"] = token
        return told


class Pubsub:
    """The state."""

    def __init__(self, clock: Clock, courier: Courier, keys: KeyRing) -> None:
        self.clock, self.courier, self.keys = clock, courier, keys
        self.policies: dict[str, dict[str, set[str]]] = {}
        """Members by role, by topic."""
        self.subscriptions: dict[str, Subscription] = {}
        self.allows_http = False
        """True lets an endpoint be http, for a receiver without a certificate."""
        self.token_clock = clock
        """What the times in tokens are taken from; real time where the receiver's clock does not move along."""
        self._forgeries: list[str] = []
        self._number = secrets.randbelow(10**12) + 10**15
        self._lock = threading.Lock()

    def topic(self, name: str, *, gmail_may_publish: bool = True) -> str:
        """Make a topic as an operator would, with the grant that Gmail needs."""
        self.policies[name] = {PUBLISHER: {GMAIL}} if gmail_may_publish else {}
        return name

    def subscribe(
        self, name: str, topic: str, endpoint: str = "", account: str = "", audience: str = ""
    ) -> Subscription:
        """Make a subscription: pushed to an endpoint, or pulled."""
        made = Subscription(name, topic, DEADLINE, endpoint, audience, account)
        with self._lock:
            self.subscriptions[name] = made
        return made

    def has_topic(self, name: str) -> bool:
        """True for a topic that exists."""
        return name in self.policies

    def may_publish(self, name: str) -> bool:
        """True when Gmail's service account has been granted the role."""
        return GMAIL in self.policies[name].get(PUBLISHER, set())

    def forge(self, *wrong: str) -> None:
        """The next pushes are forged, one of these ways each. Raises ValueError for a way that is none."""
        if set(wrong) - set(FORGERIES):
            raise ValueError(f"one of {FORGERIES}")
        self._forgeries.extend(wrong)

    def publish(self, topic: str, data: bytes, attributes: dict[str, str] | None = None) -> str:
        """To every subscription of the topic."""
        with self._lock:
            self._number += secrets.randbelow(1000) + 1
            name = str(self._number)
            for subscription in self.subscriptions.values():
                if subscription.topic == topic:
                    message = Message(name, data, attributes or {}, self.clock.now())
                    subscription.messages[name] = message
                    if subscription.endpoint:
                        self._push(subscription, message)
        return name

    def _push(self, subscription: Subscription, message: Message) -> None:
        wrong = self._forgeries.pop(0) if self._forgeries else ""
        told = subscription.name + "-foreign" if wrong == "subscription" else subscription.name
        # The documented body repeats two of the names in snake case.
        inner = message.shown() | {"message_id": message.id, "publish_time": rfc3339(message.published)}
        body = json.dumps({"message": inner, "subscription": told}).encode()
        self.courier.post(
            Parcel(
                url=subscription.endpoint,
                headers=lambda: self._headers(subscription, wrong),
                body=body,
                taken=TAKEN,
                again=None,
                patience=float(subscription.deadline),
                until=message.published + RETENTION,
                done=lambda: self._acknowledged(subscription, message.id),
            )
        )

    def _headers(self, subscription: Subscription, wrong: str) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
        }
        if subscription.account and wrong != "no token":
            headers["Authorization"] = f"Bearer {self.token(subscription, wrong)}"
        return headers

    def token(self, subscription: Subscription, wrong: str = "") -> str:
        """The OIDC token of a push, or a forged one."""
        now = int(self.token_clock.now()) - (7200 if wrong == "expired" else 0)
        claims: Json = {
            "iss": "https://accounts.example.com" if wrong == "issuer" else ISSUER,
            "aud": "https://elsewhere.example/"
            if wrong == "audience"
            else subscription.audience or subscription.endpoint,
            "azp": "113774264463038321964",
            "sub": "113774264463038321964",
            "email": "stranger@other.iam.gserviceaccount.com" if wrong == "email" else subscription.account,
            "email_verified": wrong != "unverified",
            "iat": now,
            "exp": now + 3600,
        }
        key = self.keys.foreign if wrong == "other key" else self.keys.current
        return key.signed(claims, "none" if wrong == "unsigned" else "RS256")

    def _acknowledged(self, subscription: Subscription, name: str) -> None:
        subscription.messages.pop(name, None)


def _subscription(call: Call) -> Subscription:
    name = call.values["subscription"]
    found = call.google.pubsub.subscriptions.get(name)
    _own(call, name)
    if found is None:
        raise refuse("pubsub: not found", name=name.rpartition("/")[2])
    return found


def _own(call: Call, name: str) -> None:
    if name.split("/")[1] != call.access.project:
        raise refuse("pubsub: denied")


def _topic(call: Call, name: str) -> str:
    _own(call, name)
    if not call.google.pubsub.has_topic(name):
        raise refuse("pubsub: not found", name=name.rpartition("/")[2])
    return name


@answers("pubsub.projects.topics.create")
def create_topic(call: Call) -> Json:
    """A topic that nobody may publish to yet."""
    name = call.values["name"]
    _own(call, name)
    if call.google.pubsub.has_topic(name):
        raise refuse("pubsub: exists", name=name.rpartition("/")[2])
    return {"name": call.google.pubsub.topic(name, gmail_may_publish=False)}


@answers("pubsub.projects.topics.get")
def get_topic(call: Call) -> Json:
    """Its name."""
    return {"name": _topic(call, call.values["topic"])}


@answers("pubsub.projects.topics.delete")
def delete_topic(call: Call) -> Json:
    """Its subscriptions stay, and hear no more."""
    del call.google.pubsub.policies[_topic(call, call.values["topic"])]
    return {}


@answers("pubsub.projects.topics.getIamPolicy")
def get_policy(call: Call) -> Json:
    """Who may do what."""
    return _policy(call.google.pubsub.policies[_topic(call, call.values["resource"])])


@answers("pubsub.projects.topics.setIamPolicy")
def set_policy(call: Call) -> Json:
    """Replace all bindings."""
    bindings = call.body.get("policy", {}).get("bindings", [])
    roles = {one.get("role", ""): set(one.get("members", [])) for one in bindings}
    call.google.pubsub.policies[_topic(call, call.values["resource"])] = roles
    return _policy(roles)


def _policy(roles: dict[str, set[str]]) -> Json:
    told = [{"role": role, "members": sorted(members)} for role, members in sorted(roles.items())]
    return {"version": 1, "etag": base64.b64encode(str(hash(str(told))).encode()).decode(), "bindings": told}


@answers("pubsub.projects.topics.publish")
def publish(call: Call) -> Json:
    """Messages from a client."""
    topic = _topic(call, call.values["topic"])
    messages = call.body.get("messages", [])
    if not messages or any(not one.get("data") and not one.get("attributes") for one in messages):
        raise refuse("pubsub: empty message")
    pubsub = call.google.pubsub
    return {
        "messageIds": [
            pubsub.publish(topic, base64.b64decode(one.get("data", "")), one.get("attributes")) for one in messages
        ]
    }


@answers("pubsub.projects.subscriptions.create")
def create_subscription(call: Call) -> Json:
    """Pull, or push with `pushConfig`."""
    pubsub, name, body = call.google.pubsub, call.values["name"], call.body
    _own(call, name)
    topic = _topic(call, body.get("topic", "projects//topics/"))
    if name in pubsub.subscriptions:
        raise refuse("pubsub: exists", name=name.rpartition("/")[2])
    deadline = body.get("ackDeadlineSeconds", DEADLINE) or DEADLINE
    if not 10 <= deadline <= 600:
        raise refuse("pubsub: deadline", value=deadline)
    made = Subscription(name, topic, deadline)
    _configure(pubsub, made, body.get("pushConfig", {}))
    pubsub.subscriptions[name] = made
    return made.shown()


def _configure(pubsub: Pubsub, subscription: Subscription, config: dict[str, Any]) -> None:
    endpoint, token = config.get("pushEndpoint", ""), config.get("oidcToken", {})
    allowed = r"https?://[^/\s]+\S*" if pubsub.allows_http else r"https://[^/\s]+\S*"
    if endpoint and not re.fullmatch(allowed, endpoint):
        raise refuse("pubsub: endpoint", endpoint=endpoint)
    subscription.endpoint = endpoint
    subscription.account, subscription.audience = token.get("serviceAccountEmail", ""), token.get("audience", "")


@answers("pubsub.projects.subscriptions.get")
def get_subscription(call: Call) -> Json:
    """The resource."""
    return _subscription(call).shown()


@answers("pubsub.projects.subscriptions.list")
def list_subscriptions(call: Call) -> Json:
    """All of a project."""
    _own(call, call.values["project"] + "/x")
    inside = call.values["project"] + "/"
    found = [one.shown() for name, one in sorted(call.google.pubsub.subscriptions.items()) if name.startswith(inside)]
    try:
        taken, following = page(
            call, "subscriptions", bound_to(call.values, "pageSize"), found, call.values.get("pageSize") or 100
        )
    except LookupError:
        raise refuse("page token") from None
    return {"subscriptions": taken} | ({"nextPageToken": following} if following else {})


@answers("pubsub.projects.subscriptions.delete")
def delete_subscription(call: Call) -> Json:
    """With all that it holds."""
    del call.google.pubsub.subscriptions[_subscription(call).name]
    return {}


@answers("pubsub.projects.subscriptions.modifyPushConfig")
def modify_push(call: Call) -> Json:
    """An empty config makes it a subscription that is pulled."""
    _configure(call.google.pubsub, _subscription(call), call.body.get("pushConfig", {}))
    return {}


@answers("pubsub.projects.subscriptions.pull")
def pull(call: Call) -> Json:
    """What is not leased to anybody; it comes again after the deadline."""
    subscription, now = _subscription(call), call.google.clock.now()
    if subscription.endpoint:
        raise refuse("pubsub: push subscription")
    wanted = call.body.get("maxMessages", 0)
    if wanted < 1:
        raise refuse("pubsub: max messages")
    ready = [
        one for one in subscription.messages.values() if one.leased_until <= now and one.published > now - RETENTION
    ][:wanted]
    for one in ready:
        one.ack_id, one.leased_until = secrets.token_urlsafe(64), now + subscription.deadline
        one.attempts += 1
    return {"receivedMessages": [{"ackId": one.ack_id, "message": one.shown()} for one in ready]} if ready else {}


@answers("pubsub.projects.subscriptions.acknowledge")
def acknowledge(call: Call) -> Json:
    """Ids that are too old do no harm, and no good."""
    subscription = _subscription(call)
    for ack in call.body.get("ackIds", []):
        if len(ack) < 32:
            raise refuse("pubsub: ack id", value=ack)
        for name, message in list(subscription.messages.items()):
            if message.ack_id == ack and message.leased_until > call.google.clock.now():
                del subscription.messages[name]
    return {}


@answers("pubsub.projects.subscriptions.modifyAckDeadline")
def modify_deadline(call: Call) -> Json:
    """More time, or none: zero gives a message back."""
    subscription, seconds = _subscription(call), call.body.get("ackDeadlineSeconds", 0)
    if not 0 <= seconds <= 600:
        raise refuse("pubsub: deadline", value=seconds)
    for message in subscription.messages.values():
        if message.ack_id in call.body.get("ackIds", []):
            message.leased_until = call.google.clock.now() + seconds
    return {}
