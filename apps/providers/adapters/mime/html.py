"""Mail HTML made harmless: nothing in it runs, fetches, navigates, or leaves its box.

nh3 keeps an allowlist of elements and attributes (no SVG, MathML, form, frame, script, style);
`css` does the same for styles; the last pass over nh3's own serialisation settles images. The
result is stable: sanitising it again changes nothing, so no second parser reads something else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import nh3
from selectolax.lexbor import LexborHTMLParser

from . import css as css_rules
from . import html_tokens
from .body import PART_BREAK
from .charsets import storable
from .html_text import html_to_text
from .html_tokens import escape
from .links import REL, text_to_html


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


CidUrl = Callable[[str], str | None]

_TAGS: Final = _names("""
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del
    dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark menu nav
    ol p pre q rp rt ruby s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt
    u ul var wbr
""")
_DROPPED_WITH_CONTENT: Final = _names("""
    script style title template svg math iframe object embed noembed noframes noscript audio video canvas select
    frameset applet
""")
_GENERAL: Final = frozenset(
    {"class", "dir", "id", "lang", "style", "title", "align", "valign", "background", "bgcolor", "width", "height"}
)
_ATTRIBUTES: Final = {
    "*": _GENERAL,
    "a": frozenset({"href", "name"}),
    "blockquote": frozenset({"type"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "font": frozenset({"color", "face", "size"}),
    "hr": frozenset({"color", "noshade", "size"}),
    "img": frozenset({"src", "alt", "border", "hspace", "vspace", "data-src"}),
    "li": frozenset({"type", "value"}),
    "ol": frozenset({"start", "type", "reversed"}),
    "table": frozenset({"border", "cellpadding", "cellspacing", "summary", "rules", "frame"}),
    "td": frozenset({"abbr", "colspan", "headers", "nowrap", "rowspan", "scope"}),
    "th": frozenset({"abbr", "colspan", "headers", "nowrap", "rowspan", "scope"}),
    "time": frozenset({"datetime"}),
    "ul": frozenset({"type"}),
}
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_LINK_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_REMOTE_SCHEMES: Final = frozenset({"http", "https"})
_DROPPED_IN_URL = re.compile("[\x00-\x20\x7f]+")
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp|avif|bmp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_COLOUR = re.compile(r"#?[A-Za-z0-9]{1,40}")
_IDENTIFIER = re.compile(r"[^\s\"'<>]{1,200}")
_IMG = re.compile(r"<img((?: [a-z-]+=\"[^\"]*\")*)>")
_PAIR = re.compile(r" ([a-z-]+)=\"([^\"]*)\"")
_FRAGMENT_LINK = re.compile(r"(<a(?: [a-z-]+=\"[^\"]*\")*?) target=\"_blank\"((?: [a-z-]+=\"[^\"]*\")*>)")
_PRE_START = re.compile(r"(<pre(?: [a-z-]+=\"[^\"]*\")*>)(?=\n)")
_STYLE_FETCH = re.compile(r"(?:@import\s+)?url\s*\(|image-set\s*\(|@import", re.IGNORECASE)
_PIXELS = re.compile(r"\s*([0-9]{1,6})(?:\.[0-9]*)?\s*(?:px)?\s*", re.IGNORECASE)
_STYLE_SIZE = re.compile(
    r"(?:^|;)\s*(?:max-)?(width|height)\s*:\s*([0-9]{1,6})(?:\.[0-9]+)?(?:px)?\s*(?:!important)?\s*(?=;|$)",
    re.IGNORECASE,
)
_STYLE_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """What may be shown.

    `html` is a fragment for the body, `css` a style sheet for the same document. `blocked_remote`
    counts the references to other hosts that were taken out (images waiting in `data-src`,
    backgrounds, style urls); `trackers` counts invisible remote images, which are taken out even
    when remote images are allowed; `cids` are the Content-IDs referred to.
    """

    html: str
    css: str
    blocked_remote: int
    trackers: int
    cids: tuple[str, ...]


@dataclass(slots=True)
class _Work:
    """One document being cleaned: what its callbacks need and what they count."""

    cid_url: CidUrl
    remote_url: Callable[[str], str] | None
    base: str = ""
    blocked: int = 0
    trackers: int = 0
    cids: dict[str, None] = field(default_factory=dict)
    styles: dict[str, tuple[str, int]] = field(default_factory=dict)


def sanitise(
    html: str,
    *,
    cid_url: CidUrl,
    allow_remote: bool,
    remote_url: Callable[[str], str] | None = None,
) -> SafeHtml:
    """Clean the HTML of one message (`ParsedMail.html`); never raises.

    `cid_url` gets the bare Content-ID of an image, or, for any other image that is not a data:
    URL, its whole URL (Content-Location, RFC 2557), and answers where our server shows that part,
    None when the message has none. With `allow_remote`, remote images keep their URL, passed
    through `remote_url` (the image proxy) when given; without, the URL waits in `data-src`.
    """
    keep = (remote_url or str) if allow_remote else None
    pieces: list[str] = []
    sheets: list[str] = []
    work = _Work(cid_url, keep)
    documents = html.split(PART_BREAK)
    for document in documents:
        work.base = ""
        cleaned = _document(storable(document), work, sheets)
        pieces.append(f"<div>{cleaned}</div>" if len(documents) > 1 else cleaned)
    return SafeHtml("".join(pieces), "".join(sheets), work.blocked, work.trackers, tuple(work.cids))


def _document(html: str, work: _Work, sheets: list[str]) -> str:
    heavy = html_tokens.is_heavy(html)
    if heavy:
        html = html_tokens.flatten(html, _TAGS | {"body", "style", "base"})
    wrapper = _read_head(html, work, sheets)
    cleaned = _IMG.sub(lambda found: "" if _is_tracker(found[1], work) else found[0], _clean(html, work))
    if wrapper:
        cleaned = f'<div style="{escape(wrapper)}">{cleaned}</div>'
    counted = work.blocked
    for _ in range(_ROUNDS):
        # What html5ever serialises it may read back differently (a link inside a table inside a
        # link): clean until nothing moves.
        again = _clean(html_tokens.loosen_between_tags(cleaned) if heavy else cleaned, work)
        if again == cleaned:
            break
        cleaned = again
    else:
        return _clean(text_to_html(html_to_text(cleaned)[0]), work)
    work.blocked = counted
    return _IMG.sub(lambda found: _image(found[1], work), cleaned)


def _read_head(html: str, work: _Work, sheets: list[str]) -> str:
    """Take the base URL and the style sheets; answer the body's own style."""
    low = html[:200_000].lower()
    if "<style" not in low and "<base" not in low and "<body" not in low:
        return ""
    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    if base is not None:
        href = _DROPPED_IN_URL.sub("", base.attributes.get("href") or "")
        work.base = href if scheme_of(href) in {"http", "https"} else ""
    source = "\n".join(node.text(deep=True) for node in tree.css("style"))
    if source:
        work.blocked += len(_STYLE_FETCH.findall(source))
        sheets.append(css_rules.stylesheet(source))
    body = tree.body
    if body is None:
        return ""
    work.blocked += len(_STYLE_FETCH.findall(body.attributes.get("style") or "")) + ("background" in body.attributes)
    style = css_rules.declarations(body.attributes.get("style") or "")
    for name, css_name in (("bgcolor", "background-color"), ("text", "color")):
        value = body.attributes.get(name) or ""
        if _COLOUR.fullmatch(value):
            style = f"{css_name}:{value}" + (f";{style}" if style else "")
    return style


def scheme_of(url: str) -> str:
    """The lower-case scheme of a URL, empty when it has none."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else ""


def _clean(html: str, work: _Work) -> str:
    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_attribute_filter(work),
        link_rel=REL,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative="pass_through",
    )
    cleaned = _FRAGMENT_LINK.sub(lambda found: found[1] + found[2] if 'href="#' in found[0] else found[0], cleaned)
    # A parser drops the first line break in <pre>: give it one to drop.
    return _PRE_START.sub("\\1\n", cleaned)


def _attribute_filter(work: _Work) -> Callable[[str, str, str], str | None]:
    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return _style(value, work)
        if name == "background":  # allowed so far only to be counted
            work.blocked += 1
            return None
        if name == "href":
            return _link(value, work.base)
        if name == "id" or (tag == "a" and name == "name"):
            return _identifier(value)
        if name == "data-src":
            return value if scheme_of(value) in {"http", "https"} else None
        if name in {"bgcolor", "color"}:
            return value if _COLOUR.fullmatch(value) else None
        return value

    return keep


def _style(value: str, work: _Work) -> str | None:
    """A style attribute reduced; a newsletter repeats the same few hundreds of times."""
    known = work.styles.get(value)
    if known is None:
        known = work.styles[value] = css_rules.declarations(value), len(_STYLE_FETCH.findall(value))
    work.blocked += known[1]
    return known[0] or None


def _identifier(value: str) -> str | None:
    if _IDENTIFIER.fullmatch(value) is None:
        return None
    return value if value.startswith(css_rules.ID_PREFIX) else css_rules.ID_PREFIX + value


def _link(value: str, base: str) -> str | None:
    """The target of a link as the person may follow it; None takes the link out."""
    url = _DROPPED_IN_URL.sub(lambda found: "%20" if set(found[0]) == {" "} else "", value.strip())
    if url.startswith("#"):
        return "#" if url == "#" else "#" + (_identifier(url[1:]) or "")
    return _absolute(url, base, _LINK_SCHEMES)


def _absolute(url: str, base: str, schemes: frozenset[str]) -> str | None:
    scheme = scheme_of(url)
    if scheme:
        return url if scheme in schemes else None
    if url.startswith("//"):
        return f"https:{url}"
    if not base or not url:
        return None
    try:
        resolved = urljoin(base, url)
        urlsplit(resolved)
    except ValueError:
        return None
    return resolved if scheme_of(resolved) in schemes else None


def _image(area: str, work: _Work) -> str:
    """One `<img>` of nh3's output, settled: ours, embedded, remote, or its text alone."""
    pairs = {name: unescape(value) for name, value in _PAIR.findall(area)}
    source, waiting = pairs.pop("src", ""), pairs.pop("data-src", "")
    if source.lower().startswith("data:"):
        return _img(pairs, src=source if _DATA_IMAGE.fullmatch(source) else None)
    url = _DROPPED_IN_URL.sub("", source)
    if scheme_of(url) == "cid":
        cid = unquote(url[4:])
        work.cids[cid] = None
        return _img(pairs, src=work.cid_url(cid))
    if url and (ours := work.cid_url(url)) is not None:
        return _img(pairs, src=ours)
    remote = _absolute(url, work.base, _REMOTE_SCHEMES) or waiting
    if not remote:
        return _img(pairs)
    if work.remote_url is None:
        work.blocked += 1
        return _img(pairs, data_src=remote)
    return _img(pairs, src=work.remote_url(remote))


def _img(pairs: dict[str, str], *, src: str | None = None, data_src: str | None = None) -> str:
    """The tag in the order of attributes in which nh3 would write it again."""
    all_pairs = dict(pairs)
    if src:
        all_pairs["src"] = src
    if data_src:
        all_pairs["data-src"] = data_src
    return "<img" + "".join(f' {name}="{_attribute(value)}"' for name, value in all_pairs.items()) + ">"


def _attribute(value: str) -> str:
    """Escaped as html5ever does, so that a second pass changes nothing."""
    return (
        value.replace("&", "&amp;")
        .replace("\u00a0", "&nbsp;")
        .replace('"', "&quot;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )


def _is_tracker(area: str, work: _Work) -> bool:
    """True for a remote image that nobody can see: at most one pixel each way, or hidden."""
    pairs = {name: unescape(value) for name, value in _PAIR.findall(area)}
    url = _DROPPED_IN_URL.sub("", pairs.get("src", ""))
    if not (_absolute(url, work.base, _REMOTE_SCHEMES) or "data-src" in pairs) or not _is_unseen(pairs):
        return False
    if url and work.cid_url(url) is not None:
        return False
    work.trackers += 1
    return True


def _is_unseen(pairs: dict[str, str]) -> bool:
    sizes: dict[str, int] = {}
    for name in ("width", "height"):
        if found := _PIXELS.fullmatch(pairs.get(name, "")):
            sizes[name] = int(found[1])
    style = pairs.get("style", "")
    for name, pixels in _STYLE_SIZE.findall(style):
        sizes[name.lower()] = int(pixels)
    if len(sizes) == 2 and max(sizes.values()) <= 1:
        return True
    return _STYLE_HIDDEN.search(style) is not None
