"""Which parts are the text of a message, and what that text is."""

from collections.abc import Iterable
from dataclasses import dataclass

from . import charsets, flowed, limits, parameters, transfer
from .headers import Notes
from .html_text import html_to_text
from .links import text_to_html
from .structure import Part, enclosed

PART_BREAK = "\n<!--pmsync:next-part-->\n"
"""Stands between the HTML parts of one message; `sanitise` cleans what is between breaks alone."""

_PLAIN = frozenset({"text/plain", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown", "text"})
_HTML = frozenset({"text/html", "application/xhtml+xml", "text/xhtml"})
_NEVER_SHOWN = frozenset(
    {"text/calendar", "text/x-amp-html", "text/rtf", "text/x-vcalendar", "text/vcard", "text/x-vcard"}
)

# Reports are lines of fields; of a multipart nested beyond the limit the source is all there is.
_READ_AS_IS = frozenset({"message/delivery-status", "message/disposition-notification", "text/rfc822-headers"})


@dataclass(slots=True)
class Passage:
    """One stretch of the message: `text` is read and searched, `rich` is what is shown."""

    text: list[Part]
    rich: list[Part]


def is_html(part: Part) -> bool:
    """True when the part is a document to render."""
    return part.type in _HTML


def _is_body(part: Part) -> bool:
    """True for a leaf that is read in place rather than opened as an attachment."""
    if part.children or part.omitted or part.disposition == "attachment" or part.type in _NEVER_SHOWN:
        return False
    if part.type in _PLAIN or part.type in _HTML:
        return True
    return part.type.startswith("text/") and not part.filename


def passages(part: Part) -> list[Passage]:
    """The stretches of text below `part`, in reading order."""
    if not part.children:
        return [Passage([part], [part])] if _is_body(part) else []
    if part.type == "multipart/alternative":
        return _alternative(part)
    if part.type == "multipart/related":
        return _related(part)
    return [passage for child in part.children for passage in passages(child)]


def _alternative(part: Part) -> list[Passage]:
    """One passage: searched in its plain form, shown in the last form that has HTML."""
    plain: list[Part] = []
    rich: list[Passage] = []
    for child in part.children:
        found = passages(child)
        if any(is_html(leaf) for passage in found for leaf in passage.rich):
            rich = found
        else:
            plain += [leaf for passage in found for leaf in passage.text]
    if not rich:
        return [Passage(plain, plain)] if plain else []
    shown = [leaf for passage in rich for leaf in passage.rich]
    return [Passage(plain or [leaf for passage in rich for leaf in passage.text], shown)]


def _related(part: Part) -> list[Passage]:
    """The root (RFC 2387 section 3.2), then any text that hangs beside it without being referred to."""
    start = parameters.simple(part.params, b"start").strip("<>")
    root = next((child for child in part.children if start and child.content_id == start), part.children[0])
    found = passages(root)
    for child in part.children:
        if child is not root and (not found or not child.content_id):
            found += passages(child)
    return found


def leaf_text(part: Part, notes: Notes) -> str:
    """The decoded text of one leaf, line ends LF, not yet unflowed; HTML stays HTML."""
    limit = limits.HTML if is_html(part) else limits.TEXT
    data = part.body
    if len(data) > 4 * limit:
        notes.cut("html" if is_html(part) else "text")
        data = data[: 4 * limit]
    if part.encoding in transfer.BASE64 and transfer.looks_like_text(data):
        notes.broken("not_base64")
    elif part.encoding:
        data = transfer.decode(data, part.encoding)
    if len(data) > limit:
        notes.cut("html" if is_html(part) else "text")
        data = data[:limit]
    if b"\r" in data and data.count(b"\r") == data.count(b"\r\n") and b"\0" not in data:
        data = data.translate(None, b"\r")  # much the cheapest way, where every CR has its LF
    text = charsets.decode(data, part.charset, budget=notes.budget, html=is_html(part))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


class Reader:
    """Reads leaves once each, however many forms of the message ask for them."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        # The part is kept beside its text, so that its id is not given to another one.
        self._sources: dict[int, tuple[Part, str]] = {}
        self._texts: dict[int, tuple[Part, str]] = {}

    def source(self, part: Part) -> str:
        """The leaf as it is: plain text, or the HTML itself."""
        known = self._sources.get(id(part))
        if known is None:
            known = self._sources[id(part)] = part, leaf_text(part, self._notes)
        return known[1]

    def text(self, part: Part) -> str:
        """The leaf as plain text."""
        known = self._texts.get(id(part))
        if known is None:
            known = self._texts[id(part)] = part, self._plain(part)
        return known[1]

    def _plain(self, part: Part) -> str:
        source = self.source(part)
        if is_html(part) or part.type in {"text/enriched", "text/richtext"}:
            text, cut = html_to_text(source)
            if cut:
                self._notes.cut("html_text")
            return text
        if part.params and parameters.simple(part.params, b"format").lower() == "flowed":
            return flowed.unfold(source, delsp=parameters.simple(part.params, b"delsp").lower() == "yes")
        return source


def text_of(found: list[Passage], reader: Reader) -> str:
    """The plain text of all passages, one blank line between them."""
    return _joined(_passage_text(passage, reader) for passage in found)


def _joined(texts: Iterable[str]) -> str:
    kept = [text for text in texts if text and not text.isspace()]
    if len(kept) == 1:
        return kept[0]
    return "\n\n".join(text.strip("\n") for text in kept)


def _passage_text(passage: Passage, reader: Reader) -> str:
    text = _joined(reader.text(part) for part in passage.text)
    if passage.text == passage.rich or len(text.strip()) > limits.STUB:
        return text
    # The plain form is next to nothing. When the HTML says much more, the plain form is a stub
    # ("your program shows no HTML") and the HTML is the message; neither is lost.
    rich = _joined(reader.text(part) for part in passage.rich)
    stub = " ".join(text.split())
    if len(rich.strip()) < 3 * len(stub) + 40:
        return text if stub else rich
    return rich if stub in " ".join(rich.split()) else f"{rich}\n\n{text}".rstrip("\n")


def html_of(found: list[Passage], reader: Reader) -> str | None:
    """The HTML documents joined by `PART_BREAK`; None when the message has no HTML part."""
    if not any(is_html(part) for passage in found for part in passage.rich):
        return None
    pieces = [
        reader.source(part) if is_html(part) else text_to_html(reader.text(part))
        for passage in found
        for part in passage.rich
    ]
    return PART_BREAK.join(piece for piece in pieces if piece.strip()) or None


def spare_text(root: Part, reader: Reader, notes: Notes, depth: int = 0) -> str:
    """What to read in a message that has no body: an attached text, an enclosed message, a report."""
    texts: list[str] = []
    for leaf in root.leaves():
        if leaf.omitted:
            continue
        if leaf.type in _PLAIN or leaf.type in _HTML:
            texts.append(reader.text(leaf))
        elif leaf.type == "text/calendar":
            texts.append(_calendar_text(reader.source(leaf)))
        elif leaf.type.startswith("multipart/") or leaf.type in _READ_AS_IS:
            texts.append(reader.source(leaf))
        elif leaf.type == "message/partial" and parameters.simple(leaf.params, b"number") not in {"", "1"}:
            texts.append(_fragment_text(leaf, reader))
        elif leaf.type.startswith("message/") and depth < limits.ENCLOSED and notes.parts < limits.PARTS:
            inner = enclosed(leaf, notes)
            inside = text_of(passages(inner), reader)
            texts.append(inside if inside.strip() else spare_text(inner, reader, notes, depth + 1))
        if sum(map(len, texts)) > limits.TEXT:
            notes.cut("text")
            break
    return _joined(texts)[: limits.TEXT]


def _fragment_text(leaf: Part, reader: Reader) -> str:
    """A later piece of a split message (RFC 2046 section 5.2.2): words, or the middle of a file."""
    return reader.source(leaf) if transfer.looks_like_text(leaf.body) else ""


def _calendar_text(source: str) -> str:
    """What a person can read of an invitation that came without words."""
    lines = source.replace("\n ", "").replace("\n\t", "").split("\n")
    wanted = ("SUMMARY", "LOCATION", "DESCRIPTION")
    return "\n".join(
        line.partition(":")[2].replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")
        for line in lines
        if line.partition(":")[0].partition(";")[0].upper() in wanted and line.partition(":")[2].strip()
    )
