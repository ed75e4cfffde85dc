"""What tells that two cards are of one person: an address they share, or a number and the name."""

import re
import unicodedata
from dataclasses import dataclass

from .card import Card


@dataclass(frozen=True, slots=True)
class Keys:
    """Normalised addresses, telephone numbers and name of a card."""

    emails: frozenset[str]
    phones: frozenset[str]
    name: str

    def same_person(self, other: "Keys") -> bool:
        """An address in common, or a number in common under one name."""
        if self.emails & other.emails:
            return True
        return bool(self.phones & other.phones and self.name and self.name == other.name)


def keys(card: Card) -> Keys:
    """The keys of a card."""
    return Keys(
        frozenset(email(item.value) for item in card.emails),
        frozenset(filter(None, (phone(item.value) for item in card.phones))),
        _name(card.full_name),
    )


def email(address: str) -> str:
    """An address as it is compared."""
    return address.strip().lower()


def phone(number: str) -> str:
    """A number as it is compared: its digits, with a + where the country is named."""
    digits = re.sub(r"\D", "", number)
    international = number.strip().startswith("+") or digits.startswith("00")
    return f"+{digits.removeprefix('00')}" if international and digits else digits


def _name(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(sorted(re.findall(r"\w+", "".join(char for char in folded if not unicodedata.combining(char)))))
