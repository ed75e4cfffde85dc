"""An independent judge of sanitised HTML: two parsers, an allowlist of its own, no mercy.

It shares nothing with the sanitiser: the standard library's tokenizer reads the source, Lexbor the
tree, and whatever either of them sees must be harmless.
"""

import re
from html.parser import HTMLParser

from selectolax.lexbor import LexborHTMLParser

OWN_URL = "/own/"
"""What a test's `cid_url` answers begin with."""

_TAGS = frozenset(
    [
        *("a", "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br"),
        *("caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em"),
        *("figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img"),
        *("ins", "kbd", "li", "main", "mark", "menu", "nav", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp"),
        *("section", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "time", "tr", "tt", "u", "ul", "var", "wbr"),
    ]
)
_ATTRIBUTES = frozenset(
    [
        *("abbr", "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan"),
        *("data-src", "datetime", "dir", "face", "frame", "headers", "height", "href", "hspace", "id", "lang", "name"),
        *("noshade", "nowrap", "rel", "reversed", "rowspan", "rules", "scope", "size", "span", "src", "start", "style"),
        *("summary", "target", "title", "type", "valign", "value", "vspace", "width"),
    ]
)
_HREF = re.compile(r"(?:https?://|https?:|mailto:|tel:|#)[^\x00-\x20]*", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp|avif|bmp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_EVIL_CSS = re.compile(
    r"url|expression|behavior|binding|javascript|vbscript|image-set|element\(|var\(|attr\(|env\("
    r"|position\s*:|content\s*:|z-index|animation|transition|transform\s*:|filter|cursor|@|\\|<",
    re.IGNORECASE,
)


def violations(html: str) -> list[str]:
    """What a browser could run, fetch or navigate to in this HTML; empty when it is harmless."""
    found: list[str] = []
    seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Tokens(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, attrs))

        def handle_comment(self, data: str) -> None:
            found.append(f"comment {data[:40]!r}")

        def handle_decl(self, decl: str) -> None:
            found.append(f"declaration {decl[:40]!r}")

        def handle_pi(self, data: str) -> None:
            found.append(f"instruction {data[:40]!r}")

    parser = Tokens(convert_charrefs=True)
    try:
        parser.feed(html)
        parser.close()
    except AssertionError:  # what the tokenizer itself cannot read has no place in clean HTML
        found.append("unreadable declaration")
    tree = LexborHTMLParser(html)
    body = tree.body
    seen += [
        (node.tag or "", list(node.attributes.items()))
        for node in (body.traverse() if body is not None else ())
        if node.is_element_node and node.tag != "body"
    ]
    for tag, attributes in seen:
        found += _judge(tag, {name.lower(): value or "" for name, value in attributes})
    return found


def _judge(tag: str, attributes: dict[str, str]) -> list[str]:
    found = [] if tag in _TAGS else [f"element {tag}"]
    for name, value in attributes.items():
        if name not in _ATTRIBUTES:
            found.append(f"attribute {name} of {tag}")
        elif name == "href" and not _HREF.fullmatch(value):
            found.append(f"link to {value[:60]!r}")
        elif name == "src" and not (_DATA_IMAGE.fullmatch(value) or value.startswith(OWN_URL)):
            found.append(f"source {value[:60]!r}")
        elif name == "style" and _EVIL_CSS.search(value):
            found.append(f"style {value[:80]!r}")
        elif name in {"id", "name"} and not value.startswith("m-"):
            found.append(f"unprefixed {name} {value[:40]!r}")
    if tag == "a" and "href" in attributes:
        if not {"noopener", "noreferrer"} <= set(attributes.get("rel", "").split()):
            found.append("link without noopener noreferrer")
        if not attributes["href"].startswith("#") and attributes.get("target") != "_blank":
            found.append("link into its own frame")
    return found


def css_violations(css: str) -> list[str]:
    """What a style sheet could fetch, cover or generate; empty when it is harmless."""
    # In a media query `<` may compare, never open a tag.
    bare = re.sub(r"@media([^{]*\{)", lambda found: re.sub(r"<(?=[\s=])", "", found[1]), css)
    return [f"css {hit[0]!r}" for hit in _EVIL_CSS.finditer(bare)]
