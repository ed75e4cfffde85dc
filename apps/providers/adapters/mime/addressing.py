"""Addresses as people type them, made fit for an envelope: strict where reading (`addresses`) is tolerant. Pure.

RFC 5321 section 4.1.2 and RFC 6531: a local part is a dot-string or a quoted string, and may be
non-ASCII where the server takes that; a domain goes as A-labels (IDNA2008 after UTS 46 mapping).
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import idna

from . import addresses
from .model import Address

LOCAL_MOST: Final = 64  # octets, RFC 5321 section 4.5.3.1.1
DOMAIN_MOST: Final = 253
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_DOT_STRING: Final = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_QUOTED: Final = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


class BadAddress(ValueError):
    """The text is no address that mail can be sent to; the message is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address to send to or from. `domain` is ASCII; `local` need not be."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """As it stands in an envelope and in a header."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """True when only a server with SMTPUTF8 can take it (RFC 6531)."""
        return not self.local.isascii()


def has_control(text: str) -> bool:
    """True for text that holds a line break, another control character or half a surrogate pair."""
    return any(unicodedata.category(char) in _CONTROL for char in text)


def target(text: str) -> Target:
    """One bare address, checked. Raises BadAddress."""
    shown = text if len(text) <= 80 else f"{text[:80]}…"
    if has_control(text):
        raise BadAddress("An address holds a line break or another control character.")
    text = unicodedata.normalize("NFC", text.strip())
    if not text:
        raise BadAddress("An address is empty.")
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise BadAddress(f"“{shown}” is not an e-mail address: there should be a name, an @ and a domain.")
    if _DOT_STRING.fullmatch(local) is None and _QUOTED.fullmatch(local) is None:
        raise BadAddress(f"“{shown}” is not an e-mail address: what stands before the @ cannot be read.")
    if len(local.encode("utf-8")) > LOCAL_MOST:
        raise BadAddress(f"“{shown}” is not an e-mail address: what stands before the @ is longer than 64 characters.")
    return Target(local, _domain(domain, shown))


def _domain(text: str, shown: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        literal = text[1:-1]
        try:
            ipaddress.ip_address(literal.removeprefix("IPv6:") if literal[:5].lower() == "ipv6:" else literal)
        except ValueError:
            raise BadAddress(f"“{shown}” is not an e-mail address: {text} is no network address.") from None
        return text
    try:
        ascii_form = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise BadAddress(f"“{shown}” is not an e-mail address: “{text[:80]}” is not a domain name.") from None
    if len(ascii_form) > DOMAIN_MOST or ascii_form.endswith("."):
        raise BadAddress(f"“{shown}” is not an e-mail address: “{text[:80]}” is not a domain name.")
    return ascii_form


def unicode_domain(domain: str) -> str:
    """The domain for show; as it is when it is not IDNA."""
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def typed(text: str) -> tuple[Address, ...]:
    """The addresses of a list as a person types or pastes it: groups flattened, comments left out, names decoded.

    Raises BadAddress for control characters; whether each address can be sent to, `target` says.
    """
    flat = text.replace("\r\n", ", ").replace("\n", ", ").replace("\t", " ")  # a pasted column of addresses
    if has_control(flat):
        raise BadAddress("The list of recipients holds a control character.")
    found, cut = addresses.parse(flat.encode("utf-8"), "utf-8")
    if cut:
        raise BadAddress("The list of recipients is too long.")
    return tuple(address for address in found if address.address or address.name)
