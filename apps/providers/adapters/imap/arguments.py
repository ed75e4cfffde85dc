"""Strings as command arguments: no text from outside can end a command early. Pure."""


def quoted(text: bytes) -> bytes:
    """A string argument: quoted where that is legal, else a literal. Raises ValueError for NUL: IMAP cannot say it."""
    if b"\0" in text:
        raise ValueError("IMAP has no way to say NUL")
    if text.isascii() and b"\r" not in text and b"\n" not in text:
        return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n" % len(text) + text


def mailbox_argument(name: str) -> bytes:
    """A mailbox's key as a command argument, byte for byte as the server wrote it."""
    return quoted(name.encode("latin-1"))
