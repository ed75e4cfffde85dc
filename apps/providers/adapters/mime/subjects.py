"""The base subject (RFC 5256 section 2.1), with the reply prefixes of other languages."""

import re
from typing import Final

_REPLY_WORDS: Final = (
    *("re", "r", "rif", "ref", "res"),  # en it pt
    *("aw", "antw", "sv", "vs", "odp", "ynt", "atb", "bls"),  # de nl sv fi pl tr cy id
    *("回复", "答复", "回覆", "ответ"),
)
_FORWARD_WORDS: Final = (
    *("fwd", "fw", "i", "inoltra"),  # en it
    *("wg", "tr", "vb", "vl", "enc", "rv", "doorst", "pd", "ilt"),  # de fr sv fi pt es nl pl tr
    *("转发", "轉寄"),
)
_WORDS: Final = "|".join(_REPLY_WORDS + _FORWARD_WORDS)
_MAX_LENGTH: Final = 2_000
"""Characters of a subject that are looked at: beyond, no two conversations share one by chance."""

_BLOB = r"\[[^\[\]]{0,200}\]\s*"
_LEADER = re.compile(
    rf"(?:{_BLOB}){{0,20}}(?:{_WORDS})(?:\s*[\[(^]?\d{{1,3}}[\])]?)?\s*(?:{_BLOB})?[:\uff1a]\s*", re.IGNORECASE
)
_LEADING_BLOB = re.compile(_BLOB)
_WRAPPED = re.compile(r"\[fwd:(.*)\]\Z", re.IGNORECASE | re.DOTALL)


def base_subject(subject: str) -> str:
    """The subject without what replying and forwarding put around it, white space collapsed."""
    return _reduced(subject)[0]


def had_reply_prefix(subject: str) -> bool:
    """True when the subject shows that the message answers or forwards another one."""
    return _reduced(subject)[1]


def _reduced(subject: str) -> tuple[str, bool]:
    text = " ".join(subject[:_MAX_LENGTH].split())
    replied = False
    while True:
        text, trailed = _without_trailers(text)
        text, led = _without_leaders(text)
        replied = replied or trailed or led
        wrapped = _WRAPPED.match(text)
        if wrapped is None:
            return text, replied
        text, replied = wrapped[1].strip(), True


def _without_trailers(text: str) -> tuple[str, bool]:
    found = False
    while text.lower().endswith("(fwd)"):
        text, found = text[:-5].rstrip(), True
    return text, found


def _without_leaders(text: str) -> tuple[str, bool]:
    found = False
    position = 0
    while True:
        if leader := _LEADER.match(text, position):
            position, found = leader.end(), True
        elif (blob := _LEADING_BLOB.match(text, position)) and blob.end() < len(text):
            # A list's tag goes only when something is left (step 4 of the RFC).
            position = blob.end()
        else:
            return text[position:], found
