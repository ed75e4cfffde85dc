"""A Workspace domain as its administrators read it: `directory.users.list` of the Admin SDK."""

import hashlib
import re
from typing import Any, Final

from tests.fakes.google.calls import Call, answers, page
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.grants import Person
from tests.fakes.google.refusals import Json, refuse

MINE: Final = "my_customer"
QUERY: Final = re.compile(r"(isSuspended|isAdmin)=(true|false)|orgUnitPath='?(/[^']*)'?", re.ASCII)
ORDERS: Final = {
    "email": lambda one: one.email,
    "givenName": lambda one: one.name.partition(" ")[0].lower(),
    "familyName": lambda one: one.name.partition(" ")[2].lower(),
}


def customer_of(domain: str) -> str:
    """The id of the customer whose domain it is: each domain is one of its own here."""
    return "C0" + hashlib.sha256(domain.encode()).hexdigest()[:7]


@answers("directory.users.list")
def users(call: Call) -> Json:
    """Everybody of the caller's domain, for whoever administers it."""
    values, people = call.values, call.google.grants.people
    asking = people.get(call.user)
    if asking is None or not asking.admin or asking.suspended:
        # A service account by itself is nobody's administrator either.
        raise refuse("directory: not an administrator")
    customer, domain = values.get("customer"), values.get("domain")
    if not customer and not domain:
        raise refuse("directory: customer")
    if customer and customer not in (MINE, customer_of(asking.domain)):
        raise refuse("directory: other customer", name="customer")
    if domain and domain != asking.domain:
        raise refuse("directory: domain")
    shown = [one for one in people.values() if one.domain == asking.domain]
    shown = [one for one in shown if one.deleted == (values.get("showDeleted") == "true")]
    shown = [one for one in shown if _matches(one, values.get("query", ""))]
    # Only with an order does the other direction mean anything.
    order = values.get("orderBy")
    shown.sort(key=ORDERS[order or "email"], reverse=bool(order) and values.get("sortOrder") == "DESCENDING")
    size = int(values.get("maxResults") or 100)
    try:
        taken, token = page(call, "directory.users.list", bound_to(values), [one.sub for one in shown], size)
    except LookupError:
        raise refuse("directory: page token", name="pageToken") from None
    by_id = {one.sub: one for one in people.values()}
    reply: Json = {"kind": "admin#directory#users", "etag": f'"{len(shown)}"'}
    # A page without anybody has no list at all.
    reply |= {"users": [as_user(by_id[sub]) for sub in taken]} if taken else {}
    return reply | ({"nextPageToken": token} if token else {})


def _matches(one: Person, query: str) -> bool:
    if not query:
        return True
    parts = [QUERY.fullmatch(part) for part in query.split(" ")]
    if not all(parts):
        raise refuse("directory: query")
    held = {"isSuspended": one.suspended, "isAdmin": one.admin}
    return all(
        held[part[1]] == (part[2] == "true") if part[1] else one.unit.startswith(part[3]) for part in parts if part
    )  # fmt: skip


def as_user(one: Person) -> Json:
    """The person as the directory shows them."""
    given, _, family = one.name.partition(" ")
    told: dict[str, Any] = {
        "kind": "admin#directory#user",
        "id": one.sub,
        "etag": f'"{one.sub}"',
        "primaryEmail": one.email,
        "name": {"givenName": given, "familyName": family, "fullName": one.name},
        "isAdmin": one.admin,
        "isDelegatedAdmin": False,
        "suspended": one.suspended,
        "archived": False,
        "emails": [{"address": one.email, "primary": True}, *({"address": alias} for alias in one.aliases)],
        "customerId": customer_of(one.domain),
        "orgUnitPath": one.unit,
        "isMailboxSetup": one.mail_enabled,
        "includeInGlobalAddressList": True,
    }
    return told | ({"aliases": list(one.aliases)} if one.aliases else {}) | (
        {"suspensionReason": "ADMIN"} if one.suspended else {}
    )  # fmt: skip
