"""The methods of topics and subscriptions: everything in one's own project, nothing in another's."""

import base64
import re
import secrets
from typing import Any

from tests.fakes.google.bodies import decoded
from tests.fakes.google.calls import Call, answers, page
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.pubsub.broker import DEADLINE, RETENTION, Pubsub, Subscription
from tests.fakes.google.refusals import Json, refuse


def _subscription(call: Call) -> Subscription:
    name = call.values["subscription"]
    found = call.google.pubsub.subscriptions.get(name)
    _own(call, name)
    if found is None:
        raise refuse("pubsub: not found", name=name.rpartition("/")[2])
    return found


def _own(call: Call, name: str) -> None:
    if not name.startswith(f"projects/{call.access.project}/"):
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
        "messageIds": [pubsub.publish(topic, decoded(one.get("data", "")), one.get("attributes")) for one in messages]
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
