"""A contact as it is sent in and as it is shown: field masks, what may be written, what Google adds."""

import re
import secrets
from typing import Any, Final

from tests.fakes.google import discovery
from tests.fakes.google.calls import Call
from tests.fakes.google.clock import rfc3339
from tests.fakes.google.grants import Person
from tests.fakes.google.people.address_book import JOINABLE, MINE, AddressBook, Contact
from tests.fakes.google.refusals import refuse

Json = dict[str, Any]

SINGLETONS: Final = ("names", "birthdays", "genders", "biographies")
VALID: Final = re.compile(r"\* (\w+)")
OTHER_FIELDS: Final = ("emailAddresses", "metadata", "names", "phoneNumbers", "photos")
COPIED: Final = ("emailAddresses", "names", "phoneNumbers")
TYPED: Final = (
    "emailAddresses",
    "phoneNumbers",
    "addresses",
    "urls",
    "relations",
    "events",
    "imClients",
    "calendarUrls",
)


def readable_fields() -> set[str]:
    """What a `personFields` may name, as the discovery document lists it."""
    return _listed("people.people.get", "personFields")


def writable_fields() -> set[str]:
    """What an `updatePersonFields` may name."""
    return _listed("people.people.updateContact", "updatePersonFields")


def _listed(method: str, parameter: str) -> set[str]:
    return set(VALID.findall(discovery.named(method)[1].parameters[parameter]["description"]))


def book_of(call: Call) -> AddressBook:
    """The contacts of the token's user."""
    return call.google.people[call.user]


def mask(text: str | None, name: str, allowed: set[str], *, default: bool = False) -> set[str]:
    """The fields of a mask. Raises Refusal for an empty one, unless there is a default, and for unknown names."""
    wanted = {one.strip() for one in (text or "").split(",") if one.strip()}
    if not wanted:
        if default:
            return allowed
        raise refuse("people: mask missing", name=name)
    for path in sorted(wanted):
        if path.split(".")[0] not in allowed:
            raise refuse("people: mask", name=name, path=path)
    return {path.split(".")[0] for path in wanted}


def person_fields(call: Call, *, default: bool = False) -> set[str]:
    """`personFields`, or the older `requestMask.includeField`."""
    older = call.values.get("requestMask.includeField")
    text = call.values.get("personFields") or (older.replace("person.", "") if older else None)
    return mask(text, "personFields", allowed(call), default=default)


def allowed(call: Call) -> set[str]:
    """The readable fields; `fileAses` only where a switch allows what the document does not list."""
    return readable_fields() | ({"fileAses"} if call.google.people_takes_file_ases else set())


def updatable(call: Call) -> set[str]:
    """The writable fields."""
    return writable_fields() | ({"fileAses"} if call.google.people_takes_file_ases else set())


def taken(book: AddressBook, person: Json, wanted: set[str]) -> tuple[Json, set[str] | None]:
    """The written fields of a person, and its groups if they are among them. Raises Refusal."""
    fields: Json = {}
    for name in sorted(wanted):
        values = person.get(name, [])
        if name in SINGLETONS and len(values) > 1:
            raise refuse("people: singleton", field=name)
        if name == "memberships":
            continue
        fields[name] = [_without_read_only(name, value) for value in values]
    if "memberships" not in wanted:
        return fields, None
    groups = {_group_named(one) for one in person.get("memberships", ())} - {""}
    for group in sorted(groups):
        known = book.groups.get(group)
        if known is None or known.deleted or (known.system and group not in JOINABLE):
            raise refuse("people: membership group", name=group)
    return fields, groups


def _group_named(membership: Json) -> str:
    return str(membership.get("contactGroupMembership", {}).get("contactGroupResourceName", ""))


def _without_read_only(name: str, value: Json) -> Json:
    """What the schema marks as read-only is not taken from anybody."""
    document = discovery.load("people")
    schema = document.schemas[document.schemas["Person"]["properties"][name]["items"]["$ref"]]
    specs = schema["properties"]
    return {key: one for key, one in value.items() if key != "metadata" and not specs[key].get("readOnly")}


def source_etag(contact: Contact) -> str:
    """What an update must name."""
    return f"#{contact.etag}"


def shown(book: AddressBook, contact: Contact, wanted: set[str]) -> Json:
    """A contact, with the fields of a mask."""
    kind = "OTHER_CONTACT" if contact.name.startswith("other") else "CONTACT"
    etag = secrets.token_hex(6) if book.flickering_etags else contact.etag
    told: Json = {"resourceName": contact.name, "etag": f"%EgU{etag}"}
    if "metadata" in wanted or contact.deleted:
        told["metadata"] = _metadata(contact, kind)
    if contact.deleted:
        return told
    source = {"type": kind, "id": contact.source}
    for name in sorted(wanted & contact.fields.keys()):
        told[name] = [
            _dressed(name, value) | {"metadata": _field_metadata(at, source)}
            for at, value in enumerate(contact.fields[name])
        ]
    if "memberships" in wanted and contact.groups:
        told["memberships"] = [
            {
                "contactGroupMembership": {
                    "contactGroupId": group.partition("/")[2], "contactGroupResourceName": group,
                },
                "metadata": {"source": source},
            }
            for group in sorted(contact.groups)
        ]  # fmt: skip
    if "photos" in wanted:
        told["photos"] = [_photo(contact, source)]
    return told


def _metadata(contact: Contact, kind: str) -> Json:
    source = {
        "type": kind, "id": contact.source, "etag": source_etag(contact), "updateTime": rfc3339(contact.changed_at),
    }  # fmt: skip
    told: Json = {"sources": [source], "objectType": "PERSON"}
    if contact.previous:
        told["previousResourceNames"] = list(contact.previous)
    return told | ({"deleted": True} if contact.deleted else {})


def _field_metadata(at: int, source: Json) -> Json:
    return {"source": source} | ({"primary": True, "sourcePrimary": True} if at == 0 else {})


def _dressed(name: str, value: Json) -> Json:
    """With what Google makes of it."""
    told = dict(value)
    if name == "names":
        parts = [value.get(key) for key in ("honorificPrefix", "givenName", "middleName", "familyName")]
        whole = " ".join(part for part in parts if part) or value.get("unstructuredName", "")
        last = ", ".join(part for part in (value.get("familyName"), value.get("givenName")) if part)
        told |= {"displayName": whole, "displayNameLastFirst": last or whole, "unstructuredName": whole}
    if name in TYPED and value.get("type"):
        told["formattedType"] = value["type"].capitalize()
    return told


def _photo(contact: Contact, source: Json) -> Json:
    # The address is another each time, though the picture is the same.
    url = f"https://lh3.googleusercontent.com/contacts/{secrets.token_urlsafe(24)}=s100"
    if contact.photo is None:
        return {"url": url, "default": True, "metadata": {"primary": True, "source": source}}
    return {"url": url, "metadata": {"primary": True, "source": source}}


def profile(person: Person, wanted: set[str]) -> Json:
    """`people/me`: the account itself."""
    source = {"type": "PROFILE", "id": person.sub}
    told: Json = {"resourceName": f"people/{person.sub}", "etag": f"%EgM{person.sub[:8]}"}
    if "metadata" in wanted:
        told["metadata"] = {"sources": [source | {"etag": "#profile"}], "objectType": "PERSON"}
    if "names" in wanted and person.name:
        told["names"] = [{"displayName": person.name, "metadata": {"primary": True, "source": source}}]
    if "emailAddresses" in wanted:
        told["emailAddresses"] = [{"value": person.email, "metadata": {"primary": True, "source": source}}]
    return told


def found(call: Call, name: str) -> Contact:
    """A contact by its resource name; one that was renamed is still found. Raises Refusal."""
    book = book_of(call)
    if name == "people/me" or name == f"people/{call.google.grants.people[call.user].sub}":
        raise refuse("people: read only", name=name)
    contact = book.contacts.get(name) or next((one for one in book.living() if name in one.previous), None)
    if contact is None or contact.deleted:
        raise refuse("people: not found")
    return contact


DEFAULT_GROUPS: Final = (MINE,)
