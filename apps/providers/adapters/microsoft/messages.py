"""A message as Graph tells it, in our terms: what is selected, its key, its UID, its flags.

Identity is `ms:` and the immutable id, which survives moves between folders of a mailbox. A draft keeps its id while
its content changes, so its identity has the change key behind an `@`: each version is a message of its own, as it is
in IMAP. The UID is 63 bits of a hash of the identity; it is the same in every folder, and the epoch is always 1.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from apps.providers.adapters import errors

from .graph import Json

EPOCH: Final = 1
FIELDS: Final = (
    "changeKey", "isRead", "isDraft", "flag", "categories", "conversationId", "receivedDateTime", "parentFolderId",
)  # fmt: skip
SELECT: Final = ",".join(("id", *FIELDS))
VERB: Final = "Integer 0x1081"
"""PidTagLastVerbExecuted (MS-OXOMSG 2.2.1.4): what was last done with the message."""
EXPAND: Final = f"singleValueExtendedProperties($filter=id eq '{VERB}')"
ANSWERED, FORWARDED, SEEN, FLAGGED, DRAFT = "\\Answered", "$Forwarded", "\\Seen", "\\Flagged", "\\Draft"
VERBS: Final = {"102": ANSWERED, "103": ANSWERED, "104": FORWARDED}
VERB_OF: Final = {ANSWERED.lower(): "102", FORWARDED.lower(): "104"}
PREFIX: Final = "ms:"
CATEGORY_MOST: Final = 255


@dataclass(frozen=True, slots=True)
class Facts:
    """A message without its content."""

    id: str
    version: str
    folder: str
    flags: frozenset[str]
    received: datetime | None
    thread: str
    etag: str = ""

    @property
    def draft(self) -> bool:
        """Its content may still change under the same id."""
        return DRAFT in self.flags

    @property
    def identity(self) -> str:
        """The key by which it is known again."""
        return identity_of(self.id, self.version if self.draft else "")

    @property
    def uid(self) -> int:
        """Its number in every folder."""
        return uid_of(self.identity)


def identity_of(name: str, version: str = "") -> str:
    """The identity of a message, or of one version of a draft."""
    return f"{PREFIX}{name}@{version}" if version else PREFIX + name


def id_of(identity: str) -> str:
    """Graph's id in an identity; empty when it is none of ours."""
    return identity.removeprefix(PREFIX).partition("@")[0] if identity.startswith(PREFIX) else ""


def version_of(identity: str) -> str:
    """The version of a draft in its identity; empty for a message."""
    return identity.partition("@")[2]


def uid_of(identity: str) -> int:
    """63 bits of a hash: the mirror's UIDs are signed integers of 64 bits, and 0 is none."""
    digest = blake2b(identity.removeprefix(PREFIX).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1 or 1


def told_whole(item: Json) -> bool:
    """Whether nothing is missing: an update may come with no more than what changed."""
    return all(name in item for name in FIELDS)


def facts_of(item: Json) -> Facts:
    """The facts of an item that was told whole. Raises Transient when it makes no sense."""
    try:
        received = moment(item["receivedDateTime"])
        return Facts(
            str(item["id"]), str(item["changeKey"]), str(item["parentFolderId"]), flags_of(item), received,
            f"{PREFIX}{item['conversationId']}" if item["conversationId"] else "", item.get("@odata.etag") or "",
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError):
        raise errors.Transient("a message lacks what every message has") from None


def flags_of(item: Json) -> frozenset[str]:
    """Flags and keywords: categories are keywords, as they are spelled."""
    found = set(item["categories"] or ())
    if item["isRead"]:
        found.add(SEEN)
    if (item["flag"] or {}).get("flagStatus") == "flagged":
        found.add(FLAGGED)
    if item["isDraft"]:
        found.add(DRAFT)
    verb = VERBS.get(extended(item).get(VERB.lower(), ""))
    return frozenset(found | {verb} if verb else found)


def extended(item: Json) -> dict[str, str]:
    """The extended properties that came with an item, by their ids in lower case."""
    listed = item.get("singleValueExtendedProperties") or ()
    return {str(one.get("id", "")).lower(): str(one.get("value") or "") for one in listed}


def moment(text: Any) -> datetime | None:
    """A point in time as Graph writes it; None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def change(facts: Facts, add: Collection[str], remove: Collection[str]) -> Json:
    """The PATCH that gives a message these flags and takes those away; empty when it is so already.

    Raises Rejected, in a sentence, for a mark that Outlook does not have.
    """
    wanted, unwanted = {flag.lower() for flag in add}, {flag.lower() for flag in remove}
    for flag in add:
        check_flag(flag)
    held = {flag.lower() for flag in facts.flags}
    body: Json = {}
    if (SEEN.lower() in wanted) != (SEEN.lower() in held) and SEEN.lower() in wanted | unwanted:
        body["isRead"] = SEEN.lower() in wanted
    if (FLAGGED.lower() in wanted) != (FLAGGED.lower() in held) and FLAGGED.lower() in wanted | unwanted:
        body["flag"] = {"flagStatus": "flagged" if FLAGGED.lower() in wanted else "notFlagged"}
    verb = _verb(held, wanted, unwanted)
    if verb is not None:
        body["singleValueExtendedProperties"] = [{"id": VERB, "value": verb}]
    categories = [flag for flag in facts.flags if is_category(flag) and flag.lower() not in unwanted]
    categories += [flag for flag in add if is_category(flag) and flag.lower() not in held]
    if set(categories) != {flag for flag in facts.flags if is_category(flag)}:
        body["categories"] = sorted(categories)
    return body


def _verb(held: Collection[str], wanted: Collection[str], unwanted: Collection[str]) -> str | None:
    """What was last done with it: Outlook remembers one thing, the latest."""
    for flag, verb in VERB_OF.items():
        if flag in wanted and flag not in held:
            return verb
        if flag in unwanted and flag in held and not wanted & VERB_OF.keys():
            return "0"
    return None


def is_category(flag: str) -> bool:
    """True for a keyword that people give."""
    return not flag.startswith(("\\", "$"))


def check_flag(flag: str) -> None:
    """Raises Rejected, in a sentence for the person, for what a message in Outlook cannot carry."""
    low = flag.lower()
    if low in (SEEN.lower(), FLAGGED.lower()) or low in VERB_OF:
        return
    if not is_category(flag):
        raise errors.Rejected("Outlook does not keep this mark")
    if (
        not flag.strip()
        or len(flag) > CATEGORY_MOST
        or any(character in flag for character in ",;")
        or (not flag.isprintable())
    ):
        raise errors.Rejected("Outlook does not take a category of this name")


def with_flags(facts: Facts, body: Mapping[str, Any]) -> frozenset[str]:
    """The flags of a message after this PATCH."""
    flags = set(facts.flags)
    if "isRead" in body:
        flags = flags | {SEEN} if body["isRead"] else flags - {SEEN}
    if "flag" in body:
        flags = flags | {FLAGGED} if body["flag"]["flagStatus"] == "flagged" else flags - {FLAGGED}
    if "singleValueExtendedProperties" in body:
        flags -= {ANSWERED, FORWARDED}
        flags |= {VERBS[one["value"]] for one in body["singleValueExtendedProperties"] if one["value"] in VERBS}
    if "categories" in body:
        flags = {flag for flag in flags if not is_category(flag)} | set(body["categories"])
    return frozenset(flags)
