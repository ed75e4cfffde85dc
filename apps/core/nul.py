"""U+0000, which PostgreSQL stores neither in text nor in JSON and which a name or a subject may hold."""

from typing import Any


def without_nul(value: Any) -> Any:
    """The same text, list or JSON object with U+FFFD in place of each."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, dict):
        return {without_nul(name): without_nul(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nul(item) for item in value]
    return value
