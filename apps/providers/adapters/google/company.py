"""A Workspace domain by its administrator's hand: the service account's key, and the people of the directory.

Sources: "Domain-wide delegation" (support.google.com/a/answer/162106), "Using OAuth 2.0 for Server to Server
Applications", Admin SDK "directory.users.list".
"""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from google.auth import crypt

from apps.providers.adapters import errors
from apps.providers.adapters.google import oauth
from apps.providers.adapters.google.api import Api

DIRECTORY: Final = f"{oauth.SCOPE}admin.directory.user.readonly"
CONSOLE: Final = "https://admin.google.com/ac/owl/domainwidedelegation"
LIBRARY: Final = "https://console.cloud.google.com/apis/library"
KEY_MOST: Final = 16 * 1024
"""Characters of a key file; real ones have less than 3,000."""
AT_ONCE: Final = 500
SHOWN: Final = (
    "nextPageToken,users(id,primaryEmail,name/fullName,aliases,suspended,archived,isMailboxSetup,orgUnitPath)"
)
ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.iam\.gserviceaccount\.com")
GONE: Final = ("Invalid email", "Account has been")
"""What Google says of an address that is nobody's, of one that was deleted, or that was suspended."""
DOORS: Final = {
    oauth.Surface.MAIL: ("gmail", lambda service: service.users().labels().list(userId="me", fields="labels/id")),
    oauth.Surface.CALENDAR: ("calendar", lambda service: service.calendarList().list(maxResults=1, fields="kind")),
    oauth.Surface.CONTACTS: (
        "people",
        lambda service: service.people().connections().list(
            resourceName="people/me", personFields="names", pageSize=1, fields="totalItems"
        ),
    ),
}  # fmt: skip
"""The cheapest question of each surface: whether its interface is switched on in the key's project."""
TITLES: Final = {
    "gmail": "Gmail API", "calendar": "Google Calendar API", "people": "People API", "directory": "Admin SDK API",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Robot:
    """A service account as its key file describes it. `client_id` is what the admin console knows it by."""

    account: oauth.ServiceAccount
    client_id: str
    project: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody of the directory. `id` is the `sub` of their identity tokens."""

    id: str
    address: str
    name: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    active: bool = True
    has_mailbox: bool = True


@dataclass(slots=True)
class Held:
    """A token that was just made, as adapters take it: when it is refused, there is no other."""

    access: str = field(repr=False)

    def token(self, rejected: str = "") -> str:
        """See TokenSource."""
        if rejected:
            raise errors.Transient("Google refuses an access token that was just made")
        return self.access


def read_key(text: str) -> Robot:
    """The service account of a key file (JSON). Nothing in it says where tokens are asked for: we know that.

    Raises CompanyRefused `key_shape`, which says what the text is instead.
    """
    try:
        told = json.loads(text) if len(text) <= KEY_MOST else None
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise errors.CompanyRefused("key_shape")
    if told.get("type") != "service_account":
        raise errors.CompanyRefused("key_kind")
    named = [told.get(name) for name in ("client_email", "client_id", "private_key")]
    email, client_id, private = (value if isinstance(value, str) else "" for value in named)
    if not ADDRESS.fullmatch(email) or not re.fullmatch(r"\d{10,30}", client_id, re.ASCII):
        raise errors.CompanyRefused("key_shape")
    account = oauth.ServiceAccount(email, private, str(told.get("private_key_id") or ""))
    try:
        crypt.RSASigner.from_string(account.key)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        raise errors.CompanyRefused("key_shape") from None
    return Robot(account, client_id, str(told.get("project_id") or email.partition("@")[2].partition(".")[0]))


def scopes_of(surfaces: Collection[oauth.Surface]) -> tuple[str, ...]:
    """What the domain delegates: reading the directory, and the least that each surface needs."""
    return tuple(dict.fromkeys((DIRECTORY, *(scope for one in surfaces for scope in oauth.SCOPES[one]))))


def speak_for(
    http: httpx.Client,
    robot: Robot,
    address: str,
    scopes: Collection[str],
    now: float,
    *,
    endpoints: oauth.Endpoints = oauth.GOOGLE,
) -> oauth.Tokens:
    """A token for a person of the domain. `now` is in seconds since the epoch.

    Raises CompanyRefused `scopes` (not delegated) and `key` (deleted, or another's), NeedsReconnect for an address
    that is nobody's there.
    """
    try:
        return oauth.assume(http, robot.account, address, scopes, now, endpoints=endpoints)
    except errors.PermissionMissing as refused:
        facts = {"client_id": robot.client_id, "scopes": list(scopes), "console": CONSOLE}
        raise errors.CompanyRefused("scopes", said=refused.said, **facts) from None
    except errors.NeedsReconnect as refused:
        if refused.said.startswith(GONE):
            raise errors.NeedsReconnect(
                "the company's directory has nobody of this address", said=refused.said
            ) from None
        raise errors.CompanyRefused("key", said=refused.said, account=robot.account.email) from None


def prove(
    http: httpx.Client,
    robot: Robot,
    administrator: str,
    surfaces: Collection[oauth.Surface],
    now: float,
    *,
    root: str = "",
) -> None:
    """Try all that the key is for, in the administrator's name. Raises CompanyRefused, which says what to grant."""
    endpoints = oauth.Endpoints.at(root) if root else oauth.GOOGLE
    wanted = scopes_of(surfaces)
    try:
        tokens = speak_for(http, robot, administrator, wanted, now, endpoints=endpoints)
    except errors.NeedsReconnect as refused:
        raise errors.CompanyRefused("administrator", said=refused.said, address=administrator) from None
    except errors.CompanyRefused as refused:
        if refused.what == "scopes":
            refused.facts["scopes"] = wanted
            refused.facts["missing"] = [
                scope for scope in wanted if not _delegated(http, robot, administrator, scope, now, endpoints)
            ]  # fmt: skip
        raise
    source = Held(tokens.access)
    _open(robot, "directory", lambda service: _page(service, 1), source, root, administrator)
    for surface in surfaces:
        name, question = DOORS[surface]
        _open(robot, name, question, source, root, administrator)


def _delegated(
    http: httpx.Client, robot: Robot, address: str, scope: str, now: float, endpoints: oauth.Endpoints
) -> bool:
    try:
        oauth.assume(http, robot.account, address, [scope], now, endpoints=endpoints)
    except errors.PermissionMissing:
        return False
    return True


def _open(robot: Robot, name: str, question: Any, source: Held, root: str, administrator: str) -> None:
    api = Api(name, source, root=root)
    try:
        api.run(question(api.service))
    except errors.ServiceOff as refused:
        facts = {"title": TITLES[name], "project": robot.project, "console": LIBRARY}
        raise errors.CompanyRefused("service_off", said=refused.said, **facts) from None
    except (errors.Rejected, errors.PermissionMissing, errors.NotFound) as refused:
        # An administrator without a mailbox, or without a calendar, proves nothing about the others.
        if name == "directory":
            raise errors.CompanyRefused("administrator_rights", said=refused.said, address=administrator) from None
    finally:
        api.close()


def people(source: Any, *, root: str = "") -> Iterator[Listed]:
    """Everybody of the domain, in the name of an administrator of it. Raises the errors of `adapters.errors`."""
    api = Api("directory", source, root=root)
    try:
        token = ""
        while True:
            page = api.run(_page(api.service, AT_ONCE, token))
            yield from (_listed(one) for one in page.get("users", ()) if one.get("id") and one.get("primaryEmail"))
            token = page.get("nextPageToken", "")
            if not token:
                return
    finally:
        api.close()


def _page(service: Any, size: int, token: str = "") -> Any:
    asked = {"pageToken": token} if token else {}
    return service.users().list(
        customer="my_customer", maxResults=size, orderBy="email", projection="basic", fields=SHOWN, **asked
    )  # fmt: skip


def _listed(one: dict[str, Any]) -> Listed:
    unit = str(one.get("orgUnitPath") or "").strip("/")
    return Listed(
        id=str(one["id"]),
        address=str(one["primaryEmail"]).lower(),
        name=str((one.get("name") or {}).get("fullName") or ""),
        aliases=tuple(str(alias).lower() for alias in one.get("aliases") or ()),
        unit=unit,
        active=not one.get("suspended") and not one.get("archived"),
        has_mailbox=one.get("isMailboxSetup") is not False,
    )
