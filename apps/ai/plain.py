"""Text without what nobody sees: for what a model is shown, and for what a person is shown of a model's. Pure.

Characters that take no room can hold a whole letter that only programs read (tags, variation selectors), hide a
word from a filter, or turn a line around (UAX #9). A model reads what its person could read, and a person sees what
there is.
"""

import re
from typing import Any, Final

# Default_Ignorable_Code_Point of Unicode, and controls but line breaks. Languages that join letters
# by one of them stay readable without.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\x01-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]"
)
_BREAK: Final = re.compile("\r\n|[\r\x85\u2028\u2029]")
_SPACE: Final = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]")
_LINK: Final = re.compile(
    r"!?\[([^\]\n]{0,200})\]\([^)\s]{0,2000}\)|\b[a-z][a-z0-9+.-]{1,20}://\S+|\bwww\.\S+", re.IGNORECASE
)


def plain(text: str) -> str:
    """The text with one kind of space and of line break, and without what takes no room. NUL becomes U+FFFD."""
    text = _SPACE.sub(" ", _BREAK.sub("\n", text.replace("\0", "\N{REPLACEMENT CHARACTER}")))
    return _UNSEEN.sub("", text)


def plain_all(value: Any) -> Any:
    """The same for every text in lists and JSON objects."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {name: plain_all(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_all(item) for item in value]
    return value


def unlinked(text: str) -> str:
    """The text with nothing that a mail program or a browser makes a link or a picture of: the words of a link stay."""
    return _LINK.sub(lambda found: found[1] or "…", text)
