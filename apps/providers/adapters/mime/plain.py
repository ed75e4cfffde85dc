"""The plain-text version of what somebody wrote in HTML, as a careful person would have typed it. Pure.

Lists keep their marks, links their targets, quotes their `>`, tables their rows. The result is
format=flowed (RFC 3676), so that it reads well in a terminal of 80 columns and on a phone.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

WIDTH: Final = 74
LONGEST_WORD: Final = 900
DEEPEST: Final = 120
"""Elements inside one another that keep their layout; what lies deeper is text alone."""

_SPACES: Final = re.compile(r"[ \t\r\n\f\u00a0]+")
_SKIPPED: Final = frozenset({"head", "style", "script", "title", "template", "noscript", "svg", "math"})
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "dl", "figure"})
_BLOCKS: Final = frozenset(
    "address article aside body caption center dd details dir div dt figcaption footer form header html li main menu "
    "nav section summary tbody tfoot thead tr td th".split()
)


@dataclass(slots=True)
class Line:
    """A paragraph on one line, how deep it is quoted, and whether it must not be wrapped."""

    text: str
    depth: int = 0
    fixed: bool = False


@dataclass(slots=True)
class _Page:
    """The text being written."""

    lines: list[Line] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    mark: str = ""
    indent: str = ""
    depth: int = 0

    def flush(self) -> None:
        """End the line, if there is one."""
        text = _SPACES.sub(" ", "".join(self.inline)).strip()
        self.inline = []
        if text or self.mark.strip():
            self.lines.append(Line(f"{self.mark or self.indent}{text}", self.depth))
            self.mark = ""

    def gap(self) -> None:
        """End the line and leave one empty, once."""
        self.flush()
        if self.lines and self.lines[-1].text:
            self.lines.append(Line("", min(self.depth, self.lines[-1].depth)))


def from_html(html: str) -> list[Line]:
    """The lines of a fragment or a document."""
    tree = LexborHTMLParser(html)
    page = _Page()
    if tree.body is not None:
        _children(tree.body, page, 0)
    page.flush()
    while page.lines and not page.lines[-1].text:
        page.lines.pop()
    return page.lines


def _children(node: LexborNode, page: _Page, level: int) -> None:
    child = node.child
    while child is not None:
        _node(child, page, level + 1)
        child = child.next


def _node(node: LexborNode, page: _Page, level: int) -> None:
    tag = node.tag
    if tag == "-text":
        page.inline.append(node.text_content or "")
    elif tag is None or tag.startswith("-") or tag in _SKIPPED:
        return
    elif level > DEEPEST:
        page.inline.append(node.text(deep=True, separator=" "))
    elif tag == "br":
        _break(page)
    elif tag in _ELEMENTS:
        _ELEMENTS[tag](node, page, level)
    elif tag in _PARAGRAPHS:
        page.gap()
        _children(node, page, level)
        page.gap()
    elif tag in _BLOCKS:
        page.flush()
        _children(node, page, level)
        page.flush()
    else:
        _children(node, page, level)


def _break(page: _Page) -> None:
    if "".join(page.inline).strip() or page.mark.strip():
        page.flush()
    elif page.lines and not (page.lines[-1].text == "" and len(page.lines) > 1 and page.lines[-2].text == ""):
        page.lines.append(Line("", page.depth))


def _rule(node: LexborNode, page: _Page, level: int) -> None:
    page.flush()
    page.lines.append(Line("-" * 40, page.depth, fixed=True))


def _quote(node: LexborNode, page: _Page, level: int) -> None:
    page.gap()
    indent, page.indent = page.indent, ""
    page.depth += 1
    _children(node, page, level)
    page.flush()
    while page.lines and not page.lines[-1].text and page.lines[-1].depth == page.depth:
        page.lines.pop()
    page.depth -= 1
    page.indent = indent
    page.gap()


def _list(node: LexborNode, page: _Page, level: int) -> None:
    nested = bool(page.indent)
    page.flush() if nested else page.gap()
    number = int(node.attributes.get("start") or "1") if (node.attributes.get("start") or "1").isdigit() else 1
    outer = page.indent
    child = node.child
    while child is not None:
        if child.tag == "li":
            mark = f"{number}. " if node.tag == "ol" else "- "
            number += 1
            page.flush()
            page.mark, page.indent = f"{outer}{mark}", outer + " " * len(mark)
            first = len(page.lines)
            _children(child, page, level + 1)
            page.flush()
            page.lines[first:] = [line for line in page.lines[first:] if line.text]
        elif child.tag not in ("-text", None):
            _node(child, page, level + 1)
        child = child.next
    page.mark, page.indent = "", outer
    page.flush() if nested else page.gap()


def _preformatted(node: LexborNode, page: _Page, level: int) -> None:
    page.gap()
    for text in node.text(deep=True).strip("\n").split("\n"):
        page.lines.append(Line(text.rstrip(), page.depth, fixed=True))
    page.gap()


def _link(node: LexborNode, page: _Page, level: int) -> None:
    before = len(page.inline)
    _children(node, page, level)
    href = (node.attributes.get("href") or "").strip()
    shown = _SPACES.sub(" ", "".join(page.inline[before:])).strip()
    target = href.removeprefix("mailto:")
    if not href or href.startswith("#") or target.rstrip("/") in (shown, f"https://{shown}", f"http://{shown}"):
        return
    page.inline.append(f" <{target}>" if shown else f"<{target}>")


def _picture(node: LexborNode, page: _Page, level: int) -> None:
    alt = _SPACES.sub(" ", node.attributes.get("alt") or "").strip()
    if alt:
        page.inline.append(f" [{alt}] ")


def _row(node: LexborNode, page: _Page, level: int) -> None:
    """Short cells stand beside one another; anything longer below one another."""
    page.flush()
    cells: list[_Page] = []
    child = node.child
    while child is not None:
        if child.tag in ("td", "th"):
            cell = _Page(depth=page.depth)
            _children(child, cell, level + 1)
            cell.flush()
            cells.append(cell)
        child = child.next
    held = [[line for line in cell.lines if line.text] for cell in cells]
    if len(cells) > 1 and all(len(lines) <= 1 for lines in held) and any(held):
        texts = [lines[0].text if lines else "" for lines in held]
        page.lines.append(Line(page.indent + " | ".join(texts).strip(), page.depth))
    else:
        page.lines += [line for lines in (cell.lines for cell in cells) for line in lines]


_ELEMENTS: Final = {
    "hr": _rule, "blockquote": _quote, "ul": _list, "ol": _list, "pre": _preformatted, "a": _link, "img": _picture,
    "tr": _row,
}  # fmt: skip


# ---------------------------------------------------------------------------- format=flowed


def flowed(lines: list[Line]) -> str:
    """The lines as format=flowed text: paragraphs wrapped by soft breaks, quotes marked, space-stuffed."""
    return "\n".join(text for line in lines for text in _flow(line)) + ("\n" if lines else "")


def _flow(line: Line) -> list[str]:
    mark = f"{'>' * line.depth} " if line.depth else ""
    text = line.text.rstrip()
    if line.text in ("--", "-- "):  # the signature's separator keeps its space (RFC 3676 section 4.3)
        return [f"{mark}-- "]
    if line.fixed or len(mark) + len(text) <= WIDTH + 4:
        return [_stuffed(mark, text[at : at + LONGEST_WORD]) for at in range(0, len(text) or 1, LONGEST_WORD)]
    wrapped: list[str] = []
    current = ""
    for word in _words_of(text):
        if current and len(mark) + len(current) + len(word) > WIDTH:
            wrapped.append(_stuffed(mark, f"{current.rstrip()} "))
            current = ""
        current += f"{word} " if word else " "
    return [*wrapped, _stuffed(mark, current.rstrip())]


def _words_of(text: str) -> list[str]:
    pieces: list[str] = []
    lead = len(text) - len(text.lstrip(" "))
    for word in text[lead:].split(" "):
        pieces += [word[at : at + LONGEST_WORD] for at in range(0, len(word) or 1, LONGEST_WORD)]
    if pieces and lead:
        pieces[0] = " " * lead + pieces[0]
    return pieces


def _stuffed(mark: str, text: str) -> str:
    if not mark and text.startswith((" ", ">", "From ")):
        return f" {text}"
    return f"{mark}{text}" if text.strip() or not mark else mark.rstrip()
