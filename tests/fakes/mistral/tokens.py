"""Counting tokens: pieces of at most four letters, which is near enough to the real counts of European languages."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

PIECE: Final = re.compile(r"\s*(?:\w{1,4}|[^\w\s])|\s+")
PER_MESSAGE: Final = 4
"""Tokens that open and close a message."""


def pieces(text: str) -> list[str]:
    """The tokens of a text; joined they are the text."""
    return PIECE.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return sum(1 for _ in PIECE.finditer(text))


def prompt(messages: Iterable[Mapping[str, Any]], tools: object = None) -> int:
    """How many tokens the messages of a request have, with the tools it offers."""
    total = sum(PER_MESSAGE + count(written(message)) for message in messages)
    return total + (count(json.dumps(tools, ensure_ascii=False)) if tools else 0)


def written(message: Mapping[str, Any]) -> str:
    """What a message says: its text, and the calls that it holds."""
    calls = message.get("tool_calls") or ()
    told = [f"{call['function']['name']}{as_text(call['function']['arguments'])}" for call in calls]
    return "\n".join([plain(message.get("content")), *told])


def plain(content: object) -> str:
    """The text of a content, which is a string or a list of parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def as_text(arguments: object) -> str:
    """Arguments of a call, which a client may send as text or as an object."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
