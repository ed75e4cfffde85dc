"""Contacts declared: folders, contacts, photos, and every method on them."""

from typing import Final

from tests.fakes.microsoft.resources.common import EMAIL_ADDRESS, EXTENDED_PROPERTIES, PHYSICAL_ADDRESS
from tests.fakes.microsoft.schema import (
    GET,
    INTEGER,
    LIST,
    STRING,
    TIME,
    Many,
    Property,
    Route,
    either,
    structure,
)

CONTACT_FOLDER: Final = structure(
    "contactFolder",
    {
        "id": Property(STRING, "r", null=False),
        "displayName": Property(STRING, null=False, required=True, sortable=True),
        "parentFolderId": Property(STRING, "r"),
    },
)
_TEXTS: Final = (
    "givenName initials middleName nickName surname title yomiGivenName yomiSurname yomiCompanyName generation "
    "jobTitle companyName department officeLocation profession businessHomePage assistantName manager mobilePhone "
    "spouseName personalNotes fileAs"
).split()
CONTACT: Final = structure(
    "contact",
    {
        "id": Property(STRING, "r", null=False),
        "createdDateTime": Property(TIME, "r", sortable=True),
        "lastModifiedDateTime": Property(TIME, "r", sortable=True),
        "changeKey": Property(STRING, "r"),
        "categories": Property(Many(STRING)),
        "parentFolderId": Property(STRING, "r"),
        "birthday": Property(TIME),
        "displayName": Property(STRING, sortable=True),
        **{name: Property(STRING, sortable=name in ("givenName", "surname", "fileAs")) for name in _TEXTS},
        "imAddresses": Property(Many(STRING)),
        "homePhones": Property(Many(STRING)),
        "businessPhones": Property(Many(STRING)),
        "children": Property(Many(STRING)),
        "emailAddresses": Property(Many(EMAIL_ADDRESS)),
        "homeAddress": Property(PHYSICAL_ADDRESS),
        "businessAddress": Property(PHYSICAL_ADDRESS),
        "otherAddress": Property(PHYSICAL_ADDRESS),
        **EXTENDED_PROPERTIES,
    },
)
PHOTO: Final = structure(
    "profilePhoto",
    {"id": Property(STRING, "r"), "height": Property(INTEGER, "r"), "width": Property(INTEGER, "r")},
)
READ: Final = either("Contacts.Read", "Contacts.ReadWrite")
WRITE: Final = either("Contacts.ReadWrite")
_DELTA: Final = frozenset({"$select", "$top"})


def _read(path: str, name: str, **more: object) -> Route:
    return Route("GET", path, name, READ, READ, **more)  # type: ignore[arg-type]  # the fields of Route, by name


def _write(method: str, path: str, name: str, **more: object) -> Route:
    return Route(method, path, name, WRITE, WRITE, **more)  # type: ignore[arg-type]  # the fields of Route, by name


def _for_contacts(prefix: str) -> list[Route]:
    """The methods of contacts, in the default folder or in one that is named."""
    one = f"{prefix}contacts/{{contact}}"
    return [
        _read(f"{prefix}contacts", "contact_list", options=LIST, entity=CONTACT, returns="many"),
        _write("POST", f"{prefix}contacts", "contact_create", entity=CONTACT, takes=CONTACT, status=201),
        _read(
            f"{prefix}contacts/delta", "contact_delta", options=_DELTA, entity=CONTACT, returns="delta",
            tracking="Contacts",
        ),
        _read(one, "contact_get", options=GET, entity=CONTACT),
        _write("PATCH", one, "contact_update", entity=CONTACT, takes=CONTACT, purpose="update"),
        _write("DELETE", one, "contact_delete", returns="nothing", status=204),
        _write("POST", f"{one}/permanentDelete", "contact_purge", returns="nothing", status=204),
        _read(f"{one}/photo", "photo_get", entity=PHOTO),
        _read(f"{one}/photo/$value", "photo_content", returns="bytes"),
        _write("PUT", f"{one}/photo/$value", "photo_put", returns="nothing", raw=True),
        _write("DELETE", f"{one}/photo/$value", "photo_delete", returns="nothing", status=204),
    ]  # fmt: skip


ROUTES: Final = [
    _read("contactFolders", "contact_folder_list", options=LIST, entity=CONTACT_FOLDER, returns="many"),
    _write("POST", "contactFolders", "contact_folder_create", entity=CONTACT_FOLDER, takes=CONTACT_FOLDER, status=201),
    _read(
        "contactFolders/delta", "contact_folder_delta", options=_DELTA, entity=CONTACT_FOLDER, returns="delta",
        tracking="ContactFolders",
    ),
    _read("contactFolders/{contact_folder}", "contact_folder_get", options=GET, entity=CONTACT_FOLDER),
    _write(
        "PATCH", "contactFolders/{contact_folder}", "contact_folder_update", entity=CONTACT_FOLDER,
        takes=CONTACT_FOLDER, purpose="update",
    ),
    _write("DELETE", "contactFolders/{contact_folder}", "contact_folder_delete", returns="nothing", status=204),
    _read(
        "contactFolders/{contact_folder}/childFolders", "contact_folder_children", options=LIST,
        entity=CONTACT_FOLDER, returns="many",
    ),
    _write(
        "POST", "contactFolders/{contact_folder}/childFolders", "contact_folder_create_child", entity=CONTACT_FOLDER,
        takes=CONTACT_FOLDER, status=201,
    ),
    *_for_contacts(""),
    *_for_contacts("contactFolders/{contact_folder}/"),
]  # fmt: skip
