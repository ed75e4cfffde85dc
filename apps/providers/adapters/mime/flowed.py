"""format=flowed unfolded (RFC 3676): soft line breaks go, paragraphs and quote depth stay."""

import re

# A soft break, unless it ends the signature separator or the next line is one.
_SOFT_BREAK = re.compile(r"(?<!\n--) \n(?!-- (?:\n|\Z))")
# With DelSp the space of a soft break goes also where no line can join: at the end, above a signature.
_SOFT_SPACE = re.compile(r"(?<!\n--) (?:\n(?!-- (?:\n|\Z))|(?=\Z|\n-- (?:\n|\Z)))")


def unfold(text: str, *, delsp: bool) -> str:
    """The text with each flowed paragraph on one line."""
    if text.startswith(">") or "\n>" in text or "\n >" in text:
        return unfold_quoted(text, delsp=delsp)
    unstuffed = f"\n{text}".replace("\n ", "\n")
    if delsp:
        return _SOFT_SPACE.sub("", unstuffed)[1:]
    return _SOFT_BREAK.sub(" ", unstuffed)[1:]


def unfold_quoted(text: str, *, delsp: bool) -> str:
    """The same line by line, for text in which lines of different quote depth never join."""
    pieces: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        signature = content == "-- "
        soft = content.endswith(" ") and not signature
        if open_depth != depth or signature:
            pieces.append(f"\n{'>' * depth} " if depth else "\n")
        pieces.append(content[:-1] if soft and delsp else content)
        open_depth = depth if soft else None
    return "".join(pieces)[1:]
