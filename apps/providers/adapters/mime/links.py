"""Plain text as HTML: escaped, links alive, quotes in blocks that the reader can fold."""

import re
from typing import Final

from .html_tokens import escape
from .quotes import fold_quotes

REL: Final = "noopener noreferrer nofollow ugc"

_LINK = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"\x00-\x1f]{1,2000})"
    r"|(?P<www>\bwww\.[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}(?:/[^\s<>\"]{0,2000})?)"
    r"|(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})",
    re.IGNORECASE,
)
_TRAILING: Final = ".,;:!?'\"*_~"
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def _trimmed(url: str) -> str:
    """The URL without the punctuation of the sentence around it."""
    while url:
        last = url[-1]
        if last in _TRAILING or (last in _PAIRS and url.count(last) > url.count(_PAIRS[last])):
            url = url[:-1]
        else:
            break
    return url


def _linked(text: str) -> str:
    pieces: list[str] = []
    position = 0
    for found in _LINK.finditer(text):
        target = _trimmed(found[0])
        start, end = found.start(), found.start() + len(target)
        href = target if found["url"] else f"https://{target}" if found["www"] else f"mailto:{target}"
        rest = href.partition("://")[2] if found["url"] else target
        if not rest:
            continue
        pieces.append(escape(text[position:start]))
        pieces.append(f'<a href="{escape(href)}" target="_blank" rel="{REL}">{escape(target)}</a>')
        position = end
    pieces.append(escape(text[position:]))
    return "".join(pieces)


def text_to_html(text: str) -> str:
    """The text as HTML that needs no sanitising: line breaks kept, quoted stretches in
    `<blockquote class="pm-quoted">`.
    """
    folded = fold_quotes(text)
    stretches = sorted([(*span, False) for span in folded.visible] + [(*span, True) for span in folded.quoted])
    pieces: list[str] = []
    for start, end, is_quoted in stretches:
        inner = f'<div style="white-space:pre-wrap">{_linked(text[start:end])}</div>'
        pieces.append(f'<blockquote class="pm-quoted">{inner}</blockquote>' if is_quoted else inner)
    return "".join(pieces)
