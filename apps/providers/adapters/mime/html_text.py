"""HTML to the plain text that is searched, quoted and read aloud: layout becomes line breaks."""

import re
from html import unescape
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from . import html_tokens, limits
from .charsets import storable

# A form feed is white space to an HTML parser, so it survives inside tables, where any other
# character would be moved out; it stands for a line break until the white space is collapsed.
_BREAK: Final = "\f"

_BLOCK: Final = (
    r"(?:address|article|aside|blockquote|body|caption|center|dd|details|dialog|dir|div|dl|dt|fieldset"
    r"|figcaption|figure|footer|form|header|html|legend|li|main|menu|nav|ol|option|section|summary"
    r"|table|tbody|tfoot|thead|tr|ul)"
)
# Between two block tags without text one break is enough; a paragraph has an empty line around it.
_BREAKS = re.compile(rf"<(?=(?:br|hr|/?pre)\b|/?{_BLOCK}\b(?![^<>]{{0,500}}>\s*</?{_BLOCK}\b))", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"<(?=/?(?:p|h[1-6])\b)", re.IGNORECASE)
_CELL = re.compile(r"(?=</t[dh]\b)", re.IGNORECASE)
_PRE = re.compile(r"<(/?)pre\b", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\n\r\u00a0]+")
_BREAK_RUN = re.compile(r" ?\f ?")
_BLANK_LINES = re.compile(r"\n{3,}")
_DATA_URL = re.compile(r"data:[a-zA-Z0-9.+/-]{0,100}(?:;[a-zA-Z0-9=-]{0,40}){0,5},[A-Za-z0-9+/=%_-]{256,}")
_UNSEEN: Final = ["script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "head"]
_MAX_IMAGES: Final = 500


def html_to_text(html: str) -> tuple[str, bool]:
    """The text a reader of the document sees, and whether its end was cut off."""
    if len(html) > html_tokens.LIGHT_LENGTH:
        html = _DATA_URL.sub("data:", html)
    cut = len(html) > limits.HTML_TEXT
    if cut:
        html = html[: limits.HTML_TEXT]
        if (begun := html.rfind("<")) > html.rfind(">"):
            html = html[:begun]  # half a tag would be read as text
    marked = _marked(html)
    text = _by_tokens(marked) if html_tokens.is_heavy(html) else _by_tree(marked)
    return _laid_out(text), cut


def _laid_out(text: str) -> str:
    text = _BREAK_RUN.sub("\n", _SPACES.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", storable(text)).strip()


def _marked(html: str) -> str:
    """The document with its layout written into it as breaks, ahead of the tags that make it."""
    if _BREAK in html:
        html = html.replace(_BREAK, " ")
    if "<pre" in html or "<PRE" in html:
        html = _keep_preformatted(html)
    return _CELL.sub(" ", _PARAGRAPHS.sub(f"{_BREAK}{_BREAK}<", _BREAKS.sub(f"{_BREAK}<", html)))


def _by_tree(marked: str) -> str:
    tree = LexborHTMLParser(marked)
    tree.strip_tags(_UNSEEN)
    body = tree.body
    if body is None:
        return _by_tokens(marked)  # a frameset
    if "alt=" in marked:
        for image in tree.css("img[alt]")[:_MAX_IMAGES]:
            alt = image.attributes.get("alt")
            if alt and not alt.isspace():
                image.insert_before(f" {alt} ")
    return body.text(deep=True, separator="", strip=False)


def _keep_preformatted(html: str) -> str:
    """Line breaks inside `<pre>` made into breaks, since other white space collapses."""
    pieces: list[str] = []
    position = depth = 0
    for found in _PRE.finditer(html):
        piece = html[position : found.start()]
        pieces.append(piece.replace("\n", _BREAK) if depth else piece)
        position = found.start()
        depth = max(0, depth - 1) if found[1] else depth + 1
    pieces.append(html[position:])
    return "".join(pieces)


def _by_tokens(marked: str) -> str:
    """The same text without a tree: linear for every input."""
    pieces: list[str] = []
    hidden = ""
    depth = 0
    for token in html_tokens.tokens(marked):
        name = token.name
        if not name:
            if not hidden:
                pieces.append(unescape(token.text))
        elif hidden:
            depth += (-1 if token.closing else 1) if name == hidden else 0
            hidden = hidden if depth > 0 else ""
        elif name in html_tokens.HIDDEN and not token.closing:
            hidden, depth = name, 1
        elif name == "img" and "alt" in token.attributes:
            pieces.append(f" {dict(html_tokens.attributes(token.attributes)).get('alt', '')} ")
    return "".join(pieces)
