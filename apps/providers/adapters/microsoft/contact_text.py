"""A contact of Graph as a vCard (RFC 2426), and a vCard as the JSON that Graph takes. Pure.

Graph has no labels for addresses and numbers, and no place for much that a card may say. What a text had beyond it lies
in an extended property, line for line: a line there whose value Graph has too stands for that value, with its labels;
the others are put back as they were.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Final

from apps.providers.adapters import contentlines, errors, vcard
from apps.providers.adapters.contentlines import Line, escape, line
from apps.providers.adapters.vcard.card import Address, Card
from apps.providers.adapters.vcard.reading import plain, value_of

from .event_text import MORE, UID
from .graph import Json
from .messages import extended

PRODUCT: Final = "-//PMSync//PMSync//EN"
EMAILS: Final = 3
"""Slots that Outlook has; a fourth address would be dropped."""
MORE_MOST: Final = 30_000
TEXTS: Final = {
    "nickName": "NICKNAME", "jobTitle": "TITLE", "profession": "ROLE", "personalNotes": "NOTE",
    "businessHomePage": "URL", "spouseName": "X-SPOUSE", "manager": "X-MANAGER", "assistantName": "X-ASSISTANT",
    "officeLocation": "X-PMSYNC-OFFICE", "initials": "X-PMSYNC-INITIALS", "fileAs": "X-PMSYNC-FILE-AS",
    "yomiGivenName": "X-PHONETIC-FIRST-NAME", "yomiSurname": "X-PHONETIC-LAST-NAME",
    "yomiCompanyName": "X-PHONETIC-ORG",
}  # fmt: skip
"""Texts of one line each."""
NAME: Final = ("surname", "givenName", "middleName", "title", "generation")
"""In the order of N."""
PHONES: Final = {"businessPhones": "WORK", "homePhones": "HOME"}
PLACES: Final = {"businessAddress": "WORK", "homeAddress": "HOME", "otherAddress": "OTHER"}
CHILD: Final = "X-PMSYNC-CHILD"
SEVERAL: Final = ("EMAIL", "TEL", "IMPP")
"""Values that have labels in a card and none in Graph."""
WRITTEN: Final = frozenset({"BEGIN", "END", "VERSION", "PRODID", "UID", "REV", "FN", "N", "ORG", "CATEGORIES", "ADR",
                            "PHOTO", CHILD, *(name for name in TEXTS.values() if name != "URL")})  # fmt: skip


def uid_of(item: Json) -> str:
    """The UID under which we know a contact: ours, if we made it."""
    return extended(item).get(UID.lower()) or str(item["id"])


def text(item: Json, photo: bytes = b"") -> bytes:
    """The card. Raises Transient for a contact that makes no sense."""
    if not item.get("id"):
        raise errors.Transient("a contact has no id")
    kept = contentlines.read(extended(item).get(MORE.lower(), "").encode())
    lines = [line("BEGIN", "VCARD"), line("VERSION", "3.0"), line("PRODID", PRODUCT), line("UID", escape(uid_of(item)))]
    names = [str(item.get(name) or "") for name in NAME]
    lines += [line("FN", escape(_shown(item, names))), line("N", ";".join(map(escape, names)))]
    company, department = str(item.get("companyName") or ""), str(item.get("department") or "")
    if company or department:
        lines.append(line("ORG", escape(company) + (f";{escape(department)}" if department else "")))
    lines += [line(name, escape(str(item[field]))) for field, name in TEXTS.items() if item.get(field)]
    values = list(_values(item))
    known = {(each.key, value_of(each)): each for each in kept if each.key in SEVERAL}
    lines += [known.get((each.key, value_of(each)), each) for each in values]
    lines += _places(item)
    if item.get("categories"):
        lines.append(line("CATEGORIES", ",".join(escape(str(each)) for each in item["categories"])))
    if item.get("birthday"):
        lines.append(line("BDAY", str(item["birthday"])[:10]))
    lines += [line(CHILD, escape(str(each))) for each in item.get("children") or ()]
    lines += [each for each in kept if each.key not in SEVERAL and not (each.key == "BDAY" and item.get("birthday"))]
    if photo:
        kind = "PNG" if photo.startswith(b"\x89PNG") else "GIF" if photo.startswith(b"GIF8") else "JPEG"
        lines.append(line("PHOTO", base64.b64encode(photo).decode(), [("ENCODING", ("b",)), ("TYPE", (kind,))]))
    return contentlines.write([*lines, line("END", "VCARD")])


def _shown(item: Json, names: Sequence[str]) -> str:
    mails = item.get("emailAddresses") or [{}]
    shown = str(item.get("displayName") or "") or " ".join(filter(None, (names[1], names[0])))
    return shown or str(item.get("companyName") or "") or str(mails[0].get("address") or "") or "?"


def _values(item: Json) -> Iterable[Line]:
    for one in item.get("emailAddresses") or ():
        if one.get("address"):
            yield line("EMAIL", escape(str(one["address"])), [("TYPE", ("INTERNET",))])
    for field, kind in PHONES.items():
        for number in filter(None, item.get(field) or ()):
            yield line("TEL", escape(str(number)), [("TYPE", (kind,))])
    if item.get("mobilePhone"):
        yield line("TEL", escape(str(item["mobilePhone"])), [("TYPE", ("CELL",))])
    for one in filter(None, item.get("imAddresses") or ()):
        yield line("IMPP", escape(str(one)))


def _places(item: Json) -> Iterable[Line]:
    for field, kind in PLACES.items():
        place = item.get(field) or {}
        parts = [str(place.get(name) or "") for name in ("street", "city", "state", "postalCode", "countryOrRegion")]
        if any(parts):
            yield line("ADR", ";".join(["", "", *map(escape, parts)]), [("TYPE", (kind,))])


# ---------------------------------------------------------------------- back


def wanted(data: bytes) -> Json:
    """What a card asks of Graph. Raises Rejected, in a sentence, for what Outlook cannot hold."""
    card, lines = vcard.read(data), contentlines.read(data)
    if card.kind == "group":
        raise errors.Rejected("Outlook's address books hold no groups.")
    if len(card.emails) > EMAILS:
        raise errors.Rejected("Outlook keeps three e-mail addresses of a contact, and no more.")
    found: Json = {field: _text(lines, name) for field, name in TEXTS.items()}
    names = (card.name.family, card.name.given, card.name.additional, card.name.prefix, card.name.suffix)
    found |= dict(zip(NAME, names, strict=True))
    found |= {
        "displayName": card.full_name,
        "companyName": card.organization,
        "department": card.unit,
        "emailAddresses": [{"address": one.value, "name": one.value} for one in card.emails],
        "imAddresses": [value_of(each) for each in lines if each.key == "IMPP"],
        "categories": list(card.categories),
        "children": [plain(each) for each in lines if each.key == CHILD],
        "birthday": None,
    }
    day = card.birthday
    if day is not None and None not in (day.year, day.month, day.day):
        found["birthday"] = f"{day.year:04}-{day.month:02}-{day.day:02}T11:59:00Z"
    found |= _phones(card) | _addresses(card)
    found["singleValueExtendedProperties"] = [
        {"id": UID, "value": card.uid}, {"id": MORE, "value": _more(lines, full_day=found["birthday"] is not None)},
    ]  # fmt: skip
    return found


def photo_of(data: bytes) -> bytes:
    """The picture in a card; empty without one."""
    photo = vcard.read(data).photo
    return photo.data if photo is not None else b""


def _text(lines: Sequence[Line], name: str) -> str:
    return next((plain(each) for each in lines if each.key == name), "")


def _phones(card: Card) -> Json:
    work, home, mobile = [], [], ""
    for one in card.phones:
        if one.label in ("cell", "iphone") and not mobile:
            mobile = one.value
        elif one.label == "home":
            home.append(one.value)
        else:
            work.append(one.value)
    return {"businessPhones": work, "homePhones": home, "mobilePhone": mobile}


def _addresses(card: Card) -> Json:
    """Each address where its label says, else where there is room. Raises Rejected when there is none."""
    found: Json = dict.fromkeys(PLACES)
    labels = {kind.lower(): field for field, kind in PLACES.items()}
    for one in sorted(card.addresses, key=lambda each: each.label not in labels):
        own = labels.get(one.label, "otherAddress")
        free = [field for field in (own, *PLACES) if found[field] is None]
        if not free:
            raise errors.Rejected("Outlook keeps three addresses of a contact, and no more.")
        found[free[0]] = _place(one)
    return found


def _place(one: Address) -> Json:
    street = "\n".join(filter(None, (one.box, one.extended, one.street)))
    return {
        "street": street, "city": one.locality, "state": one.region, "postalCode": one.code,
        "countryOrRegion": one.country,
    }  # fmt: skip


def _more(lines: Sequence[Line], *, full_day: bool) -> str:
    """The lines that Graph has no place for, and those whose labels it does not keep."""
    urls = [each for each in lines if each.key == "URL"]
    left_out = {id(each) for each in urls[:1]}
    kept = [each for each in lines if each.name and each.key not in WRITTEN and id(each) not in left_out]
    kept = [each for each in kept if not (each.key == "BDAY" and full_day)]
    text = contentlines.write(line(one.name, one.value, one.parameters, one.group) for one in kept)
    if len(text) > MORE_MOST:
        raise errors.Rejected("This contact carries more than Outlook can keep.")
    return text.decode()


def difference(now: Json, then: Json) -> Json:
    """What is to be written so that `now` becomes `then`."""
    return {name: _emptied(value) for name, value in then.items() if now.get(name) != value}


def filled(then: Json) -> Json:
    """What is told of a new contact."""
    return {name: value for name, value in then.items() if value not in ("", None, [])}


def _emptied(value: Any) -> Any:
    return None if value == "" else value
