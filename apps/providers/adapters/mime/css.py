"""Mail CSS reduced to what cannot fetch, cover, or lie: an allowlist of properties and values.

Pure text to text. No `url()`, no import, no font, no position, no generated content, no escape:
a declaration with a character or a function that is not on the list goes as a whole.
"""

import re
from collections.abc import Iterator
from typing import Final

MAX_STYLESHEET: Final = 256 * 1024
"""Characters of all `<style>` text that are read; the largest newsletters have 60 KiB."""

MAX_STYLE: Final = 4 * 1024
"""Characters of one style attribute."""

MAX_RULES: Final = 2_000

ID_PREFIX: Final = "m-"
"""Put before every id of a mail, so that it can clobber no name of the page it is shown in."""

_PROPERTY: Final = re.compile(
    r"(?:background(?:-(?:color|image|repeat|position|size|clip|origin|attachment))?"
    r"|border(?:-(?:top|right|bottom|left))?(?:-(?:color|style|width))?|border-(?:collapse|spacing|radius)"
    r"|border-(?:top|bottom)-(?:left|right)-radius|box-sizing|box-shadow|caption-side|clear|color|color-scheme|direction"
    r"|display|empty-cells|float|flex(?:-(?:basis|direction|flow|grow|shrink|wrap))?|align-(?:content|items|self)|justify-(?:content|items|self)"
    r"|gap|row-gap|column-gap|order|font(?:-(?:family|feature-settings|kerning|size|size-adjust|stretch|style|variant|weight))?"
    r"|height|hyphens|letter-spacing|line-height|list-style(?:-(?:type|position))?|margin(?:-(?:top|right|bottom|left))?"
    r"|max-height|max-width|min-height|min-width|object-fit|opacity|outline(?:-(?:color|style|width))?"
    r"|overflow(?:-(?:wrap|x|y))?|padding(?:-(?:top|right|bottom|left))?|page-break-(?:after|before|inside)|quotes|tab-size|table-layout"
    r"|text-(?:align|align-last|decoration|decoration-color|decoration-line|decoration-style|indent|overflow|shadow|transform)"
    r"|unicode-bidi|vertical-align|visibility|white-space|width|word-break|word-spacing|word-wrap|writing-mode"
    r"|mso-[a-z-]{1,40}|-webkit-text-size-adjust|-ms-text-size-adjust)"
)
_FUNCTIONS: Final = frozenset(
    {"rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp", "linear-gradient", "radial-gradient"}
)
_VALUE = re.compile(r"[\w\s#%.,+*/()'\"!-]*", re.ASCII)
_QUOTED = re.compile(r"\"[\w\s.,+-]*\"|'[\w\s.,+-]*'")
_FUNCTION = re.compile(r"([\w-]*)\s*\(")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_HTML_COMMENT = re.compile(r"<!--|-->")
_SELECTOR = re.compile(r"[\w\s.#>+~*,:()-]{1,1000}", re.ASCII)
_PSEUDO = re.compile(r":+([\w-]*)")
_PSEUDOS: Final = frozenset(
    {
        "hover",
        "active",
        "focus",
        "link",
        "visited",
        "first-child",
        "last-child",
        "nth-child",
        "not",
        "root",
        "first-of-type",
        "last-of-type",
        "nth-of-type",
        "only-child",
        "empty",
    }
)
_ID = re.compile(r"#(?!m-)(?=[A-Za-z_-])")
# `<` only as a comparison (`width <= 600px`): text of a <style> inside <svg> may decode to `</style>`.
_MEDIA = re.compile(r"@media\s+((?:[\w\s(),:.=/-]|[<>](?=[\s=])){1,500})", re.ASCII | re.IGNORECASE)


def declarations(style: str) -> str:
    """The declarations of a style attribute or rule that are harmless, in one canonical form."""
    kept: list[str] = []
    for declaration in _COMMENT.sub(" ", style[:MAX_STYLE]).split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), " ".join(value.split())
        if colon and value and _PROPERTY.fullmatch(name) and harmless(value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def harmless(value: str) -> bool:
    """True for a value of known characters, balanced parentheses and listed functions only."""
    if _VALUE.fullmatch(value) is None or value.count("(") != value.count(")"):
        return False
    bare = _QUOTED.sub("", value)
    if "'" in bare or '"' in bare:
        return False
    return all(name.lower() in _FUNCTIONS or not name for name in _FUNCTION.findall(bare))


def stylesheet(source: str) -> str:
    """The rules of a style sheet that are harmless; `@media` blocks are kept, other at-rules go."""
    text = _HTML_COMMENT.sub(" ", _COMMENT.sub(" ", source[:MAX_STYLESHEET]))
    kept: list[str] = []
    for prelude, block in _blocks(text):
        if not prelude.startswith("@"):
            kept += _rule(prelude, block)
        elif media := _MEDIA.fullmatch(prelude):
            inner = [rule for one, body in _blocks(block) if not one.startswith("@") for rule in _rule(one, body)]
            if inner:
                kept.append(f"@media {' '.join(media[1].split())}{{{''.join(inner)}}}")
        if len(kept) >= MAX_RULES:
            break
    return "".join(kept)


def _rule(prelude: str, block: str) -> list[str]:
    selectors = [one for one in (_selector(piece) for piece in prelude.split(",")) if one]
    body = declarations(block) if selectors and "{" not in block else ""
    return [f"{','.join(selectors)}{{{body}}}"] if body else []


def _selector(text: str) -> str:
    """The selector with its ids prefixed; empty when it uses anything that is not on the list."""
    text = " ".join(text.split())
    if _SELECTOR.fullmatch(text) is None or text.count("(") != text.count(")"):
        return ""
    if any(name.lower() not in _PSEUDOS for name in _PSEUDO.findall(text)):
        return ""
    return _ID.sub(f"#{ID_PREFIX}", text)


_EDGE = re.compile(r"[{};]")


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(prelude, content) of each outermost `{...}`; statements that end with `;` are left out."""
    depth = opened = start = 0
    prelude = ""
    for edge in _EDGE.finditer(text):
        mark, at = edge[0], edge.start()
        if mark == "{":
            if depth == 0:
                prelude, opened = " ".join(text[start:at].split()), at + 1
            depth += 1
        elif mark == "}" and depth:
            depth -= 1
            if depth == 0:
                yield prelude, text[opened:at]
                start = at + 1
        elif depth == 0:  # `@import ...;`, or a stray brace
            start = at + 1
    if depth == 1:  # the sheet ends inside its last rule
        yield prelude, text[opened:]
