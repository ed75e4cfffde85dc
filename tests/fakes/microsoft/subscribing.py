"""The methods of subscriptions. Making one talks to the receiver, and so holds no lock meanwhile."""

from tests.fakes.microsoft.call import Call, empty, handler, unlocked
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.listing import list_reply
from tests.fakes.microsoft.subscriptions import Subscription, view_of
from tests.fakes.microsoft.web import Reply


def _mine(call: Call, one: Subscription) -> bool:
    return one.access.app is call.access.app and one.access.person is call.access.person


def _the_subscription(call: Call) -> Subscription:
    """The one that the path names. Raises when it is not there, has expired, or is another's."""
    for one in call.graph.subscriptions.active():
        if one.id == call.params["subscription"] and _mine(call, one):
            return one
    raise refuse("subscription")


@handler
def subscription_list(call: Call) -> Reply:
    """Those of this application for this user, or of the application itself."""
    return list_reply(call, [one for one in call.graph.subscriptions.active() if _mine(call, one)], view_of)


@handler
def subscription_get(call: Call) -> Reply:
    """One of them."""
    return call.reply(200, view_of(_the_subscription(call)))


@handler
@unlocked
def subscription_create(call: Call) -> Reply:
    """A new one, after both receivers said the token back."""
    subscriptions = call.graph.subscriptions
    with call.graph.lock:
        made = subscriptions.read(call)
    for url in dict.fromkeys(filter(None, (made.url, made.lifecycle_url))):
        subscriptions.handshake(url)
    with call.graph.lock:
        subscriptions.all[made.id] = made
    return call.reply(201, view_of(made) | {"clientState": made.client_state})


@handler
@unlocked
def subscription_renew(call: Call) -> Reply:
    """A later end, or another receiver, which must say a token back as well."""
    subscriptions, url = call.graph.subscriptions, call.body.get("notificationUrl")
    with call.graph.lock:
        one = _the_subscription(call)
    if url:
        subscriptions.check_url(url, "notificationUrl")
        subscriptions.handshake(url)
    with call.graph.lock:
        if "expirationDateTime" in call.body:
            until = subscriptions.expiration(one, call.body["expirationDateTime"])
            one.paused, one.expires = False, until
            one.renewed = call.now
        one.url = url or one.url
    return call.reply(200, view_of(one))


@handler
def subscription_delete(call: Call) -> Reply:
    """End it."""
    # Looking for it makes the table anew, without those that expired.
    name = _the_subscription(call).id
    del call.graph.subscriptions.all[name]
    return empty(204)


@handler
def subscription_reauthorize(call: Call) -> Reply:
    """Say that one may still; not right after a renewal."""
    call.graph.subscriptions.reauthorized(_the_subscription(call))
    return empty(204)
