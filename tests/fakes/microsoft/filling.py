"""A world from a folder: people, and what is in their mailboxes.

FOLDER/anna@firm.example/person.json             {"name": "Anna Rossi", "zone": "Europe/Rome"}, if there is one
FOLDER/anna@firm.example/mail/inbox/*.eml        messages, by well-known name or name of the folder; one may hold others
FOLDER/anna@firm.example/mail/inbox/read/*.eml   those that have been read
FOLDER/anna@firm.example/events/*.json           events, as they would be posted
FOLDER/anna@firm.example/contacts/*.json         contacts, as they would be posted
"""

import json
from pathlib import Path
from uuid import NAMESPACE_DNS, uuid5

from tests.fakes.microsoft.directory import CONSUMERS, Person, Tenant
from tests.fakes.microsoft.server import Microsoft


def fill(microsoft: Microsoft, folder: Path) -> list[Person]:
    """Make everybody who has a folder. Each domain is an organisation, but that of personal accounts.

    Ids follow from the names, so that who comes again in another process is known.
    """
    people = []
    for home in sorted(one for one in folder.iterdir() if one.is_dir() and "@" in one.name):
        person = _person(microsoft, home)
        people.append(person)
        _fill_one(microsoft, person, home)
    return people


def _person(microsoft: Microsoft, home: Path) -> Person:
    file = home / "person.json"
    told = json.loads(file.read_text()) if file.exists() else {}
    tenant = _tenant(microsoft, home.name.partition("@")[2])
    person = microsoft.directory.person(tenant, home.name, told.get("name", ""), guid=_guid(home.name))
    person.time_zone = told.get("zone", person.time_zone)
    return person


def _guid(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


def _tenant(microsoft: Microsoft, domain: str) -> Tenant:
    found = microsoft.directory.find_tenant(domain)
    if found is not None:
        return found
    personal = microsoft.directory.tenants[CONSUMERS]
    return personal if domain == personal.domain else microsoft.directory.tenant(domain, guid=_guid(domain))


def _fill_one(microsoft: Microsoft, person: Person, home: Path) -> None:
    elsewhere = microsoft.elsewhere(person)
    for folder in _folders(home / "mail"):
        _fill_folder(microsoft, person, folder, "msgfolderroot")
    for file in sorted((home / "events").glob("*.json")):
        elsewhere.add_event(json.loads(file.read_text()))
    for file in sorted((home / "contacts").glob("*.json")):
        elsewhere.add_contact(json.loads(file.read_text()))


def _fill_folder(microsoft: Microsoft, person: Person, folder: Path, parent: str) -> None:
    elsewhere = microsoft.elsewhere(person)
    known = microsoft.mailbox(person).container(folder.name, "mail") if parent == "msgfolderroot" else None
    name = known.id if known else elsewhere.add_folder(folder.name, parent).id
    for file in sorted((*folder.glob("*.eml"), *folder.glob("read/*.eml"))):
        message = elsewhere.deliver(file.read_bytes(), name)
        # It lies here since it was sent: `sentDateTime` is the message's own.
        message.values["receivedDateTime"] = message.values["sentDateTime"]
        message.values["isRead"] = file.parent != folder
    for inner in _folders(folder):
        if inner.name != "read":
            _fill_folder(microsoft, person, inner, name)


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.glob("*") if one.is_dir())
