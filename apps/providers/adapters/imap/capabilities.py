"""What a server offers, as far as it may be used. Pure."""

from collections.abc import Collection
from typing import Final

IMPLIED_BY_REV2: Final = frozenset(
    {"ESEARCH", "MOVE", "UIDPLUS", "NAMESPACE", "SPECIAL-USE", "LIST-STATUS", "LIST-EXTENDED", "UNSELECT", "ENABLE"}
)
WITHOUT: Final[dict[str, frozenset[str]]] = {
    # iCloud: VANISHED is malformed and ESEARCH answers lack what was asked.
    "imap.mail.me.com": frozenset({"QRESYNC", "ESEARCH"}),
}
"""What a host offers and does not keep."""


def effective(capabilities: Collection[str], host: str) -> frozenset[str]:
    """The capabilities as we may use them: with what they imply, without what the host does not keep."""
    found = frozenset(capabilities)
    if "IMAP4REV2" in found:
        found |= IMPLIED_BY_REV2
    if "QRESYNC" in found:
        found |= {"CONDSTORE", "ENABLE"}  # RFC 7162 section 3.2
    return found - WITHOUT.get(host.lower(), frozenset())
