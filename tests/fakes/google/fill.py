"""Fills a simulated Google from a folder: who there is, and what lies in mailboxes, calendars and address books.

FOLDER/people.json              [{"email": "anna@firm.example", "name": "Anna", "zone": "Europe/Rome"}, ...]; with a
                                "sub", who comes again in another process is known; "admin", "unit" and "aliases"
FOLDER/company-key.json         the key file of a service account, and FOLDER/delegated.json what domains let it do:
                                {"firm.example": [scopes]}
FOLDER/<email>/mail/*.eml       messages, as they arrived; FOLDER/<email>/mail/<LABEL>/*.eml lie under that label
FOLDER/<email>/calendar/*.json  an event resource each, or a list of them
FOLDER/<email>/contacts/*.json  a person resource each, or a list of them
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.google.gmail import mime
from tests.fakes.google.gmail.mailbox import SYSTEM
from tests.fakes.google.keys import Key

if TYPE_CHECKING:
    from tests.fakes.google.service import Google

ARRIVED: Final = ("INBOX", "UNREAD", "CATEGORY_PERSONAL")


def fill(google: "Google", folder: Path) -> dict[str, int]:
    """Read the folder; answers how many of each there are."""
    told = {"people": 0, "messages": 0, "events": 0, "contacts": 0}
    for one in json.loads((folder / "people.json").read_text()):
        made = google.person(one["email"], one.get("name", ""), zone=one.get("zone", "UTC"))
        made.sub = one.get("sub", made.sub)
        made.admin, made.unit = one.get("admin", False), one.get("unit", "/")
        made.aliases = tuple(one.get("aliases", ()))
        own = folder / one["email"]
        told["people"] += 1
        told["messages"] += _mail(google, one["email"], own / "mail")
        for event in _resources(own / "calendar"):
            google.elsewhere.add_event(one["email"], event)
            told["events"] += 1
        for person in _resources(own / "contacts"):
            google.elsewhere.add_contact(one["email"], person)
            told["contacts"] += 1
    _service_account(google, folder)
    return told


def _service_account(google: "Google", folder: Path) -> None:
    file = folder / "company-key.json"
    if not file.exists():
        return
    told = json.loads(file.read_text())
    account = google.grants.new_service_account(
        told["client_email"], told["project_id"], Key.of(told["private_key_id"], told["private_key"])
    )
    account.client_id = told["client_id"]
    for domain, scopes in json.loads((folder / "delegated.json").read_text()).items():
        google.grants.delegate(account, domain, scopes)


def _mail(google: "Google", user: str, folder: Path) -> int:
    mailbox = google.gmail.mailboxes[user]
    names: dict[str, str] = {}
    count = 0
    for file in sorted(folder.rglob("*.eml")):
        parent = file.parent.relative_to(folder).as_posix()
        if parent != "." and parent not in SYSTEM and parent not in names:
            names[parent] = google.elsewhere.label(user, parent)
        labels = ARRIVED if parent == "." else (names.get(parent, parent),)
        raw = file.read_bytes()
        mailbox.add(raw, labels, internal_date=mime.internal_date(mime.parse(raw)))
        count += 1
    return count


def _resources(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.json")):
        read = json.loads(file.read_text())
        found += read if isinstance(read, list) else [read]
    return found
