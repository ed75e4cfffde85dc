"""HTML cut into tags and text in linear time, for documents too large or too odd to trust a tree.

Both tree builders used here (Lexbor for text, html5ever for sanitising) search their stack of open
elements at every tag, and compare each attribute with all before it: 100,000 nested elements or
attributes cost minutes. `is_heavy` tells, by a bound that no markup can fool, which documents
might; `flatten` rewrites such a document so that the same tree is built in linear time.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final, NamedTuple

LIGHT_LENGTH: Final = 32 * 1024
"""Characters up to which even a document of one tag with the most attributes costs under 0.1 s."""

LIGHT_TAGS: Final = 3_000
"""Tags up to which even the worst nesting costs under 20 ms."""

DEPTH: Final = 200
"""Open elements that `flatten` keeps; layout tables in newsletters reach 60."""

ATTRIBUTES: Final = 64
"""Attributes of one tag that `flatten` keeps."""

ATTRIBUTE_LENGTH: Final = 8 * 1024
"""Characters of an attribute that `flatten` keeps; only a data: image may be longer."""

TEXT_RUN: Final = 2_048
"""Characters of text between two tags that html5ever is given at once (see `loosen`)."""

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)((?:=\s*\"[^\"]*\"|=\s*'[^']*'|[^>])*+)>")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*)))?")
_OPENING: Final = re.compile(r"<(?=[a-zA-Z/!?])")

_TEXT_RUN = re.compile(rf"(?>&[a-zA-Z0-9#]{{1,32}}+;?|.){{1,{TEXT_RUN}}}+", re.DOTALL)
_LONG_TEXT = re.compile(rf"(?:\A|(?<=>))[^<>]{{{TEXT_RUN + 1},}}")

# Elements whose content is not markup, up to their own end tag.
RAW: Final = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
HIDDEN: Final = frozenset(
    {"script", "style", "title", "iframe", "noembed", "noframes", "template", "svg", "math", "object"}
)
VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_RAW_END: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in RAW}
# An end tag does not reach beyond these (HTML section 13.2.4.2, "has an element in scope").
_SCOPES: Final = frozenset({"table", "td", "th", "caption"})


class Token(NamedTuple):
    """A stretch of text (`name` empty), or a tag; `raw` is the content of a raw text element."""

    text: str
    name: str = ""
    closing: bool = False
    attributes: str = ""
    raw: bool = False


def is_heavy(html: str) -> bool:
    """True when a tree builder might take more than linear time. Cheap, and never false by trickery."""
    return len(html) > LIGHT_LENGTH or html.count("<") > LIGHT_TAGS


def tokens(html: str) -> Iterator[Token]:
    """The document as text and tags in order; comments, declarations and instructions left out.

    Text keeps its character references. A tag that is never closed by `>` is text.
    """
    position = 0
    while found := _OPENING.search(html, position):
        start = found.start()
        if start > position:
            yield Token(html[position:start])
        mark = html[start + 1]
        if mark in "!?":
            position = _behind_comment(html, start)
            continue
        tag = _TAG.match(html, start)
        if tag is None:
            if mark == "/" and not html[start + 2 : start + 3].isalpha():
                position = html.find(">", start) + 1  # a bogus comment
                if position:
                    continue
            yield Token(html[start:])
            return
        name, position = tag[2].lower(), tag.end()
        yield Token("", name, tag[1] == "/", tag[3])
        if name == "plaintext" and not tag[1]:
            yield Token(html[position:], raw=True)
            return
        if name in RAW and not tag[1]:
            end = _RAW_END[name].search(html, position)
            stop = end.start() if end else len(html)
            yield Token(html[position:stop], raw=True)
            position = stop
    if position < len(html):
        yield Token(html[position:])


def _behind_comment(html: str, start: int) -> int:
    if html.startswith("<!--", start):
        if html.startswith((">", "->"), start + 4):
            return html.index(">", start + 4) + 1
        end = html.find("-->", start + 4)
        return end + 3 if end >= 0 else len(html)
    end = html.find(">", start)
    return end + 1 if end >= 0 else len(html)


def attributes(area: str) -> Iterator[tuple[str, str]]:
    """The attributes of a tag, first of each name, values unescaped; at most `ATTRIBUTES`."""
    seen: set[str] = set()
    for found in _ATTRIBUTE.finditer(area):
        name = found[1].lower()
        if name in seen:
            continue
        seen.add(name)
        yield name, unescape(found[2] or found[3] or found[4] or "")
        if len(seen) >= ATTRIBUTES:
            return


def escape(text: str) -> str:
    """Text that is safe between tags and inside a double-quoted attribute."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def loosen(text: str) -> str:
    """The same text with an empty comment every `TEXT_RUN` characters, never inside a reference.

    html5ever takes quadratic time over one text that is full of `&`; a comment, which nh3 takes
    out again, ends the text for it.
    """
    return "<!---->".join(_TEXT_RUN.findall(text)) if len(text) > TEXT_RUN else text


def loosen_between_tags(html: str) -> str:
    """`loosen` for every long text of well-formed HTML, in which no attribute has a bare `<` or `>`."""
    return _LONG_TEXT.sub(lambda found: loosen(found[0]), html)


def flatten(html: str, allowed: frozenset[str]) -> str:
    """The document with allowed tags only, every element closed in order, nesting bounded.

    Elements nested deeper than `DEPTH` lose their tags and keep their text.
    """
    out: list[str] = []
    stack: list[str] = []
    hidden = ""
    depth = 0
    for token in tokens(html):
        if not token.name:
            if not hidden:
                out.append(loosen(escape(token.text) if token.raw else token.text.replace("<", "&lt;")))
            continue
        name = token.name
        if hidden:
            depth += (-1 if token.closing else 1) if name == hidden else 0
            hidden = hidden if depth > 0 else ""
        elif name in HIDDEN and not token.closing:
            hidden, depth = name, 1
        elif name not in allowed:
            continue
        elif token.closing:
            _close(name, stack, out)
        elif name in VOID or len(stack) < DEPTH:
            out.append(f"<{name}{_kept_attributes(token.attributes)}>")
            if name not in VOID:
                stack.append(name)
    out += [f"</{name}>" for name in reversed(stack)]
    return "".join(out)


def _kept_attributes(area: str) -> str:
    return "".join(
        f' {name}="{escape(value)}"'
        for name, value in attributes(area)
        if len(value) <= ATTRIBUTE_LENGTH or (name == "src" and value[:11].lower() == "data:image/")
    )


def _close(name: str, stack: list[str], out: list[str]) -> None:
    """Close the nearest open element of that name, and what is open inside it."""
    for index in range(len(stack) - 1, -1, -1):
        if stack[index] == name:
            out += [f"</{inner}>" for inner in reversed(stack[index:])]
            del stack[index:]
            return
        if stack[index] in _SCOPES and name not in {"table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"}:
            return
