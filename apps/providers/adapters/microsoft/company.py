"""A whole organisation by application permissions: the application's secret, its directory, and who is in it.

Sources: Microsoft identity platform, "OAuth 2.0 client credentials flow"; Graph, "List users"; "Limiting application
permissions to specific Exchange Online mailboxes".
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx

from apps.providers.adapters import errors
from apps.providers.adapters.microsoft import oauth
from apps.providers.adapters.microsoft.graph import Graph
from apps.providers.adapters.tls import for_http

CONSOLE: Final = "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"
DIRECTORY: Final = "User.Read.All"
ROLES: Final = {
    "mail": ("Mail.ReadWrite", "Mail.Send"), "calendar": ("Calendars.ReadWrite",), "contacts": ("Contacts.ReadWrite",),
}  # fmt: skip
DOORS: Final = {"mail": "messages", "calendar": "calendars", "contacts": "contacts"}
"""What is read of each surface to see whether it may be."""
ASKED: Final = 3
"""People with a mailbox whose doors are tried: a policy may leave out one of them."""
SELECT: Final = "id,displayName,mail,userPrincipalName,proxyAddresses,accountEnabled,department,userType"
AT_ONCE: Final = 999
NUMBER: Final = re.compile(r"AADSTS(\d+)")
GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
NAMED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{2,250}", re.ASCII)
REFUSALS: Final = {
    7000215: "secret", 7000222: "secret_expired", 700016: "application", 7000229: "application", 90002: "directory",
    53003: "policy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody of the directory."""

    id: str
    address: str
    name: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    active: bool = True
    has_mailbox: bool = True


def directory_of(application: oauth.Application, name: str) -> str:
    """The id of a directory, told by its id or by one of its domains.

    Raises CompanyRefused `directory` for one that does not exist, or that is none in particular.
    """
    if not NAMED.fullmatch(name) or name.lower() in (oauth.COMMON, "organizations", "consumers"):
        raise errors.CompanyRefused("directory", directory=name)
    url = f"{application.authority}/{name}/v2.0/.well-known/openid-configuration"
    try:
        with httpx.Client(
            verify=application.trust or for_http(), timeout=oauth.SECONDS, follow_redirects=False, trust_env=False
        ) as http:  # fmt: skip
            answer = http.get(url)
            told = answer.json()
    except httpx.HTTPError as error:
        raise errors.ProviderDown(f"the sign-in service cannot be reached: {type(error).__name__}") from None
    except ValueError:
        told = {}
    found = GUID.search(str(told.get("issuer", ""))) if isinstance(told, dict) else None
    if answer.status_code >= 500 or (answer.status_code == 200 and found is None):
        raise errors.Transient("the sign-in service does not describe the directory")
    if answer.status_code != 200 or found is None or found[0].lower() == oauth.CONSUMERS_TENANT:
        raise errors.CompanyRefused("directory", directory=name)
    return found[0].lower()


def speak(application: oauth.Application, directory: str) -> oauth.Grant:
    """A token of the application by itself. Raises CompanyRefused `secret`, `secret_expired`, `application`,
    `directory`, `policy` or `refused`."""
    try:
        return oauth.for_application(application, directory)
    except (errors.Rejected, errors.PermissionMissing, errors.NeedsReconnect) as refused:
        numbers = [int(number) for number in NUMBER.findall(refused.said)]
        what = next((REFUSALS[number] for number in numbers if number in REFUSALS), "refused")
        facts = {"client_id": application.client_id, "directory": directory, "console": CONSOLE}
        raise errors.CompanyRefused(what, said=refused.said, **facts) from None


def roles_of(surfaces: Collection[str]) -> tuple[str, ...]:
    """The application permissions to grant: reading the directory, and the least that each surface needs."""
    return (DIRECTORY, *(role for one in surfaces for role in ROLES[one]))


def prove(graph: Graph, client_id: str, surfaces: Collection[str]) -> None:
    """Try to read all that the permissions are for. Raises CompanyRefused `roles`, with the missing ones, and `nobody`.

    Sending cannot be tried without a letter; it is granted beside the right to read and write.
    """
    wanted = roles_of(surfaces)
    try:
        asked = [one for one in _some(graph) if one.active and one.has_mailbox]
    except errors.CompanyRefused:
        raise  # of the key itself, when the first token was asked for
    except errors.PermissionMissing as refused:
        raise _roles(client_id, wanted, [DIRECTORY], refused.said) from None
    tried = False
    missing: dict[str, str] = {}
    for surface in surfaces:
        for one in asked[:ASKED]:
            try:
                graph.ask("GET", f"{graph.service(f'users/{one.id}')}/{DOORS[surface]}?$top=1&$select=id")
            except errors.PermissionMissing as refused:
                missing[surface] = refused.said
                continue
            except (errors.NotFound, errors.Rejected):
                continue
            tried = True
            missing.pop(surface, None)
            break
    if missing:
        lacking = [role for surface in missing for role in ROLES[surface]]
        raise _roles(client_id, wanted, lacking, next(iter(missing.values())))
    if surfaces and not tried:
        raise errors.CompanyRefused("nobody", client_id=client_id)


def _roles(client_id: str, wanted: Collection[str], missing: Collection[str], said: str) -> errors.CompanyRefused:
    return errors.CompanyRefused(
        "roles", said=said, client_id=client_id, scopes=list(wanted), missing=list(missing), console=CONSOLE
    )  # fmt: skip


def _some(graph: Graph) -> list[Listed]:
    page = graph.page(f"{graph.service('users')}?$select={SELECT}&$top=50")
    return [_listed(one) for one in page.items]


def people(graph: Graph) -> Iterator[Listed]:
    """Everybody of the directory but its guests, who live in another. Raises the errors of `adapters.errors`."""
    for page in graph.pages(f"{graph.service('users')}?$select={SELECT}&$top={AT_ONCE}"):
        yield from (_listed(one) for one in page.items if one.get("id") and one.get("userType") != "Guest")


def _listed(one: dict[str, Any]) -> Listed:
    mail = str(one.get("mail") or "")
    named = [str(text) for text in one.get("proxyAddresses") or ()]
    addresses = [text[5:].lower() for text in named if text.lower().startswith("smtp:")]
    address = (mail or str(one.get("userPrincipalName") or "")).lower()
    return Listed(
        id=str(one.get("id", "")),
        address=address,
        name=str(one.get("displayName") or ""),
        aliases=tuple(dict.fromkeys(text for text in addresses if text != address)),
        unit=str(one.get("department") or ""),
        active=one.get("accountEnabled") is not False,
        has_mailbox=bool(mail),
    )
