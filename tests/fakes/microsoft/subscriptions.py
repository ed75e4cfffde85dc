"""Subscriptions: made after a handshake, renewed, lost; and what each is told of a mailbox's changes."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import uuid4

import httpx
from cryptography import x509

from tests.fakes.microsoft import routing
from tests.fakes.microsoft.addressbook import contact_view
from tests.fakes.microsoft.call import Call, etag, shape
from tests.fakes.microsoft.clock import graph_time, read_graph_time
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.instances import event_view, find
from tests.fakes.microsoft.mail_views import message_view
from tests.fakes.microsoft.mailbox import Change, Contact, ContainerKind, Mailbox, Message
from tests.fakes.microsoft.notifications import Courier
from tests.fakes.microsoft.permissions import check_policy
from tests.fakes.microsoft.query import Prefer, Query, read_prefer, read_query
from tests.fakes.microsoft.resources import calendar, contacts, mail
from tests.fakes.microsoft.rich import Forgery, encrypted, read_certificate, validation_token
from tests.fakes.microsoft.schema import Route
from tests.fakes.microsoft.tokens import Access
from tests.fakes.microsoft.web import Request

if TYPE_CHECKING:
    from tests.fakes.microsoft.graph import Graph

LONGEST: Final = timedelta(minutes=10_080)
LONGEST_RICH: Final = timedelta(minutes=1_440)
SHORTEST: Final = timedelta(minutes=45)
HANDSHAKE_WITHIN: Final = 10.0
APART: Final = timedelta(minutes=10)
TLS: Final = frozenset("v1_0 v1_1 v1_2 v1_3".split())
VERBS: Final = frozenset({"created", "updated", "deleted"})
Lifecycle = Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]


@dataclass(frozen=True, slots=True)
class Resource:
    """What a subscription is about: one kind of item in a mailbox, or in one container of it."""

    kind: str
    owner: str
    route: Route
    container: tuple[ContainerKind, str] | None = None


_LIST: Final = frozenset({"$select", "$filter"})
_KINDS: Final = {
    "messages": Route("GET", "", "message", mail.READ, mail.READ, _LIST, mail.MESSAGE),
    "events": Route("GET", "", "event", calendar.READ, calendar.READ, _LIST, calendar.EVENT),
    "contacts": Route("GET", "", "contact", contacts.READ, contacts.READ, _LIST, contacts.CONTACT),
}
_CONTAINERS: Final[dict[str, ContainerKind]] = {"mailfolders": "mail", "contactfolders": "contacts"}
_WITHIN: Final = {"mail": "messages", "contacts": "contacts"}


@dataclass(eq=False, slots=True)
class Subscription:
    """One subscription."""

    id: str
    access: Access
    mailbox: Mailbox
    resource: Resource
    text: str
    verbs: frozenset[str]
    url: str
    lifecycle_url: str
    client_state: str | None
    expires: datetime
    prefer: Prefer
    query: Query
    origin: str
    container: str = ""
    certificate: x509.Certificate | None = None
    certificate_id: str | None = None
    tls: str = "v1_2"
    renewed: datetime | None = None
    paused: bool = False


def read_resource(text: str) -> tuple[Resource, str]:
    """What the text names, and its query. Raises when nobody can subscribe to that."""
    path, _, query = text.lstrip("/").removeprefix("v1.0/").partition("?")
    segments = routing.split(path)
    unknown = refuse("subscription field", what=f"Invalid resource path '{text}'.")
    if segments[0].lower() == "me":
        owner, rest = "me", segments[1:]
    elif segments[0].lower() == "users" and len(segments) > 2:
        owner, rest = segments[1], segments[2:]
    else:
        raise unknown
    container = None
    if len(rest) == 3 and rest[0].lower() in _CONTAINERS:
        kind = _CONTAINERS[rest[0].lower()]
        container, rest = (kind, rest[1]), rest[2:]
        if rest[0] != _WITHIN[kind]:
            raise unknown
    route = _KINDS.get(rest[0]) if len(rest) == 1 else None
    if route is None:
        raise unknown
    return Resource(route.name, owner, route, container), query


class Subscriptions:
    """All of them. Whoever makes one must answer a handshake first."""

    def __init__(self, graph: "Graph", courier: Courier, trust: Any) -> None:
        self._graph, self._courier = graph, courier
        self._client = httpx.Client(verify=trust or True, timeout=HANDSHAKE_WITHIN, trust_env=False)
        self.forgery = Forgery()
        self.all: dict[str, Subscription] = {}
        graph.when_opened(lambda mailbox: mailbox.watchers.append(self._observe))

    def active(self) -> list[Subscription]:
        """Those that have not expired; the others are forgotten."""
        now = self._graph.clock.now()
        self.all = {name: one for name, one in self.all.items() if one.expires > now}
        return list(self.all.values())

    # Making one

    def read(self, call: Call) -> Subscription:
        """The subscription that the call asks for. Raises the refusal of what is wrong with it."""
        body = call.body
        resource, query = read_resource(body["resource"])
        verbs = frozenset(part.strip() for part in body["changeType"].split(","))
        if not verbs <= VERBS:
            raise refuse("subscription field", what=f"Invalid changeType '{body['changeType']}'.")
        for name in ("notificationUrl", "lifecycleNotificationUrl"):
            self.check_url(body.get(name), name)
        for name in ("clientState", "encryptionCertificateId"):
            if len(body.get(name) or "") > 128:
                raise refuse("subscription field", what=f"'{name}' is longer than 128 characters.")
        if body.get("latestSupportedTlsVersion", "v1_2") not in TLS:
            raise refuse("subscription field", what="Invalid latestSupportedTlsVersion.")
        mailbox = self._owner(call, resource)
        request = Request("GET", f"/?{query}", {})
        read = read_query(request.query, resource.route)
        found = mailbox.container(resource.container[1], resource.container[0]) if resource.container else None
        if resource.container and found is None:
            raise refuse("item")
        made = Subscription(
            str(uuid4()), call.access, mailbox, resource, body["resource"], verbs, body["notificationUrl"],
            body.get("lifecycleNotificationUrl") or "", body.get("clientState"), call.now,
            read_prefer(call.request.header("prefer")), read, call.origin, found.id if found else "",
            tls=body.get("latestSupportedTlsVersion") or "v1_2",
        )  # fmt: skip
        self._read_certificate(made, body)
        made.expires = self.expiration(made, body["expirationDateTime"])
        self._check_others(made)
        return made

    def check_url(self, url: str | None, name: str) -> None:
        """Raise when the receiver is not reached over https."""
        if url is None:
            return
        schemes = ("https://", "http://") if self._graph.behaviour.plain_callbacks else ("https://",)
        if not url.startswith(schemes):
            raise refuse("subscription field", what=f"'{name}' must be an https URL.")

    def _owner(self, call: Call, resource: Resource) -> Mailbox:
        access, graph = call.access, self._graph
        if resource.owner == "me":
            if access.person is None:
                raise refuse("me without user")
            person = access.person
        else:
            named = graph.directory.find_person(resource.owner)
            if named is None or named.tenant is not access.tenant:
                raise refuse("user", user=resource.owner)
            person = named
        if access.person is None:
            check_policy(graph, access, person)
        granted = access.scopes | access.roles
        foreign = access.person is not None and access.person is not person
        if foreign or not granted & set(resource.route.delegated):
            raise refuse("subscription access")
        return graph.mailbox(person)

    def _read_certificate(self, made: Subscription, body: dict[str, Any]) -> None:
        if not body.get("includeResourceData"):
            return
        for name in ("encryptionCertificate", "encryptionCertificateId"):
            if not body.get(name):
                raise refuse("subscription field", what=f"'{name}' is required with includeResourceData.")
        if made.query.select is None:
            raise refuse("subscription field", what="A $select is required in the resource with includeResourceData.")
        made.certificate = read_certificate(body["encryptionCertificate"])
        made.certificate_id = body["encryptionCertificateId"]

    def expiration(self, subscription: Subscription, text: str) -> datetime:
        """When it shall end. Raises when that is past or too far; too soon is made later."""
        now, wanted = self._graph.clock.now(), read_graph_time(text)
        longest = LONGEST_RICH if subscription.certificate else LONGEST
        if wanted > now + longest:
            raise refuse("subscription life", minutes=int(longest.total_seconds() // 60))
        if wanted <= now:
            raise refuse("subscription field", what="Subscription expiration must be in the future.")
        return max(wanted, now + SHORTEST)

    def _check_others(self, made: Subscription) -> None:
        same = [one for one in self.active() if one.mailbox is made.mailbox]
        if len(same) >= self._graph.behaviour.subscriptions_per_mailbox:
            raise refuse("subscription limit")
        twin = any(one.text == made.text and one.verbs == made.verbs and one.url == made.url for one in same)
        if twin and self._graph.behaviour.repeated_subscription == "conflict":
            raise refuse("subscription exists")

    def handshake(self, url: str) -> None:
        """Ask the receiver to say a token back. Raises when it does not, exactly and in time."""
        token = f"Validation: Testing client application reachability + 100% <script>{secrets.token_hex(8)}</script>"
        try:
            answer = self._client.post(url, params={"validationToken": token}, content=b"")
        except httpx.TimeoutException:
            raise refuse("validation timeout") from None
        except httpx.HTTPError:
            raise refuse("validation failed") from None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        if answer.status_code != 200 or kind != "text/plain" or answer.text != token:
            raise refuse("validation failed")

    # Telling

    def _observe(self, mailbox: Mailbox, change: Change) -> None:
        if change.quiet:
            return
        for one in self.active():
            fits = one.mailbox is mailbox and change.kind == one.resource.kind and change.verb in one.verbs
            if fits and not one.paused and one.container in ("", change.collection):
                self._tell(one, change)

    def _tell(self, one: Subscription, change: Change) -> None:
        name = change.item if one.prefer.immutable else change.moving_id
        owner = one.mailbox.person.id
        path = f"Users/{owner}/{change.kind.title()}s/{name}"
        data = {
            "@odata.type": f"#Microsoft.Graph.{change.kind.title()}",
            "@odata.id": path,
            "@odata.etag": etag(change.change_key),
            "id": name,
        }
        item = self._head(one) | {"changeType": change.verb, "resource": path, "resourceData": data}
        token = ""
        if one.certificate is not None and one.certificate_id is not None:
            token = validation_token(one.access.app.id, one.access.tenant.id, self._graph.clock.now(), self.forgery)
            if change.verb != "deleted":
                content = self._content(one, change)
                item["encryptedContent"] = encrypted(content, one.certificate, one.certificate_id, self.forgery)
        self._courier.send(one.url, item, token=token, given_up=lambda: self.tell_lifecycle(one.id, "missed"))
        if self._courier.disorder.echoes():
            self._courier.send(one.url, item | {"changeType": "updated"}, token=token)

    def _head(self, one: Subscription) -> dict[str, Any]:
        return {
            "subscriptionId": one.id,
            "subscriptionExpirationDateTime": graph_time(one.expires),
            "clientState": one.client_state if self.forgery.client_state is None else self.forgery.client_state,
            "tenantId": self.forgery.tenant or one.access.tenant.id,
        }

    def _content(self, one: Subscription, change: Change) -> dict[str, Any]:
        """The resource with the properties that the subscription selected."""
        request = Request("GET", "/", {})
        call = Call(self._graph, request, one.resource.route, {}, one.access, one.query, one.prefer, owner=one.mailbox)
        call.origin = one.origin
        item = one.mailbox.item(change.item)
        if isinstance(item, Message):
            view = message_view(call, item, one.query)
        elif isinstance(item, Contact):
            view = contact_view(call, item, one.query)
        else:
            instance = find(one.mailbox, change.item)
            view = event_view(call, instance, one.query) if instance else {"id": change.item}
        return shape(one.resource.route.entity, view, one.query.select)

    # What becomes of it

    def tell_lifecycle(self, name: str, event: Lifecycle) -> None:
        """Tell the receiver of the subscription's own fate, where it wants to hear of it."""
        one = self.all.get(name)
        if one is not None and one.lifecycle_url:
            self._courier.send(one.lifecycle_url, self._head(one) | {"lifecycleEvent": event}, orderly=True)

    def require_reauthorization(self, name: str) -> None:
        """Tell nothing more until the subscriber renews or reauthorizes."""
        self.tell_lifecycle(name, "reauthorizationRequired")
        self.all[name].paused = True

    def lose(self, name: str, *, told: bool = True) -> None:
        """End the subscription, as after a mailbox was moved; often nobody is told."""
        if told:
            self.tell_lifecycle(name, "subscriptionRemoved")
        del self.all[name]

    def reauthorized(self, one: Subscription) -> None:
        """The subscriber says that it still may. Raises when it was renewed a moment ago."""
        now = self._graph.clock.now()
        if one.renewed is not None and now - one.renewed < APART:
            raise refuse("reauthorized")
        one.renewed, one.paused = now, False

    def close(self) -> None:
        """End."""
        self._client.close()


def view_of(one: Subscription) -> dict[str, Any]:
    """How a subscription looks; secrets are not shown again."""
    return {
        "id": one.id,
        "resource": one.text,
        "applicationId": one.access.app.id,
        "changeType": ",".join(sorted(one.verbs)),
        "clientState": None,
        "notificationUrl": one.url,
        "lifecycleNotificationUrl": one.lifecycle_url or None,
        "expirationDateTime": graph_time(one.expires),
        "creatorId": one.access.person.id if one.access.person else one.access.app.id,
        "includeResourceData": one.certificate is not None,
        "latestSupportedTlsVersion": one.tls,
        "encryptionCertificate": None,
        "encryptionCertificateId": one.certificate_id,
        "notificationQueryOptions": None,
        "notificationUrlAppId": None,
    }
