"""Addresses and telephone numbers as they are compared."""

import re


def email(address: str) -> str:
    """An address in lower case."""
    return address.strip().lower()


def phone(number: str) -> str:
    """A number's digits, with a + where the country is named."""
    digits = re.sub(r"\D", "", number)
    international = number.strip().startswith("+") or digits.startswith("00")
    return f"+{digits.removeprefix('00')}" if international and digits else digits
