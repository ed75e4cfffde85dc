"""Addresses and telephone numbers as they are compared."""

import re
from typing import Final

NUMBER_LEAST: Final = 7
"""Digits of a number that is one person's: shorter ones are extensions and services."""


def email(address: str) -> str:
    """An address in lower case."""
    return address.strip().lower()


def phone(number: str) -> str:
    """A number's digits, with a + where the country is named."""
    digits = re.sub(r"\D", "", number)
    international = number.strip().startswith("+") or digits.startswith("00")
    return f"+{digits.removeprefix('00')}" if international and digits else digits


def same_phone(one: str, other: str) -> bool:
    """Whether two numbers, as `phone` has them, are one: also when only one names its country (E.164: up to three
    digits), with or without the zero that numbers begin with inside a country."""
    if one == other:
        return len(one.lstrip("+")) >= NUMBER_LEAST
    if one.startswith("+") == other.startswith("+"):
        return False
    whole, local = (one[1:], other) if one.startswith("+") else (other[1:], one)
    forms = {local, local.removeprefix("0")}
    return any(
        len(form) >= NUMBER_LEAST and whole.endswith(form) and 1 <= len(whole) - len(form) <= 3 for form in forms
    )
