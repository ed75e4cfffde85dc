"""Cloud Pub/Sub: topics and who may publish, subscriptions that are pulled or pushed with a signed token."""

import base64
import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import Final

from tests.fakes.google.clock import Clock, rfc3339
from tests.fakes.google.courier import Courier, Parcel
from tests.fakes.google.keys import KeyRing
from tests.fakes.google.refusals import Json

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
