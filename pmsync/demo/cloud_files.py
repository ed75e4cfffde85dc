"""What the simulated Google and Microsoft hold: a folder each, in the forms that these read.

Written once; a person who has files keeps them.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from . import appointments, cast
from .cast import CloudAccount
from .correspondence import ANCHOR, GeneratedMessage, Person, generate
from .correspondence.company import ARCHIVE, DRAFTS, INBOX, JUNK, SENT, TRASH, Correspondence

SEEN: Final = "\\Seen"
PROJECT: Final = "pmsync-simulated"
COMPANY_KEY: Final = "company-key.json"
"""What the administrator of the company uploads."""
AUTH: Final = "https://www.googleapis.com/auth/"
SCOPES: Final = tuple(AUTH + name for name in (
    "admin.directory.user.readonly", "gmail.modify", "calendar.events", "calendar.calendarlist.readonly", "contacts",
    "contacts.other.readonly",
))  # fmt: skip
# The folder of files for each mailbox; Google's inbox is a label beside that of what is unread.
GOOGLE: Final = {INBOX: "INBOX", SENT: "SENT", ARCHIVE: "Archive", TRASH: "TRASH", JUNK: "SPAM"}
MICROSOFT: Final = {
    INBOX: "inbox", SENT: "sentitems", ARCHIVE: "archive", TRASH: "deleteditems", JUNK: "junkemail",
}  # fmt: skip


def write(folder: Path, scale: float) -> int:
    """Write for everyone in the cast who has nothing yet; return how many messages. `scale` is a share of the usual."""
    everybody = (*cast.CLOUDS, *cast.COMPANY)
    _json(folder / "google" / "people.json", [
        {
            "email": one.address, "name": one.person.name, "zone": one.zone, "sub": f"1{one.seed:020d}",
            "admin": one.admin, "unit": f"/{one.unit}", "aliases": list(one.aliases),
        }
        for one in everybody if one.provider == "google"
    ])  # fmt: skip
    _delegate(folder / "google")
    return sum(_write_one(folder / one.provider / one.address, one, scale) for one in everybody)


def _delegate(folder: Path) -> None:
    """A service account that the company lets speak for everybody; its key opens the simulation only."""
    if (folder / COMPANY_KEY).exists():
        return
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    _json(folder / COMPANY_KEY, {
        "type": "service_account", "project_id": PROJECT, "private_key_id": "simulated", "private_key": pem,
        "client_email": f"pmsync@{PROJECT}.iam.gserviceaccount.com", "client_id": "100000000000000000001",
        "token_uri": "https://oauth2.googleapis.com/token",
    })  # fmt: skip
    _json(folder / "delegated.json", {cast.WORKSPACE: list(SCOPES)})


def _write_one(home: Path, account: CloudAccount, scale: float) -> int:
    complete = home / "complete"
    if complete.exists():
        return 0
    if account.provider == "microsoft":
        _json(home / "person.json", {"name": account.person.name, "zone": account.zone})
    count = 0
    for count, (place, raw) in enumerate(_letters(account, scale), start=1):
        file = home / "mail" / place / f"{count:05d}.eml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
    events = list(appointments.of(account, datetime.now(UTC).date()))
    _each(home / ("calendar" if account.provider == "google" else "events"), events)
    _each(home / "contacts", list(_contacts(account)))
    complete.touch()
    return count


def _letters(account: CloudAccount, scale: float) -> Iterator[tuple[str, bytes]]:
    place = _at_google if account.provider == "google" else _at_microsoft
    count = max(20, int(account.messages * scale))
    for message in generate(account.seed, count, _around(account), until=datetime.now(UTC)):
        if message.mailbox != DRAFTS:  # drafts are made, not delivered
            yield place(message), message.raw


def _at_google(message: GeneratedMessage) -> str:
    unread = message.mailbox == INBOX and SEEN not in message.flags
    return "." if unread else GOOGLE.get(message.mailbox, message.mailbox)


def _at_microsoft(message: GeneratedMessage) -> str:
    folder = MICROSOFT.get(message.mailbox, message.mailbox)
    return f"{folder}/read" if SEEN in message.flags else folder


def _around(account: CloudAccount) -> list[Person]:
    return [account.person, *cast.COLLEAGUES[account.person.language]]


def _contacts(account: CloudAccount) -> Iterator[dict[str, Any]]:
    for other in Correspondence(account.seed, _around(account), ANCHOR).others:
        first, _, last = other.name.partition(" ")
        yield (
            {
                "names": [{"givenName": first, "familyName": last}],
                "emailAddresses": [{"value": other.address, "type": "work"}],
                "organizations": [{"name": other.company}],
            }
            if account.provider == "google"
            else {
                "givenName": first,
                "surname": last,
                "emailAddresses": [{"address": other.address, "name": other.name}],
                "companyName": other.company,
            }
        )


def _each(folder: Path, items: list[dict[str, Any]]) -> None:
    for number, item in enumerate(items):
        _json(folder / f"{number:03d}.json", item)


def _json(file: Path, told: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1))
