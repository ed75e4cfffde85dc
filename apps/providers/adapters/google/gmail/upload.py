"""A message as an upload: at once while it is small, by a session of its own when it is large."""

import io
from typing import Any, Final

from googleapiclient.http import MediaIoBaseUpload

LARGE: Final = 5 * 1024 * 1024
"""Octets from which Google asks for a resumable upload."""


def media(message: bytes) -> Any:
    """What googleapiclient takes as `media_body` for an RFC 5322 message."""
    return MediaIoBaseUpload(
        io.BytesIO(message), mimetype="message/rfc822", chunksize=-1, resumable=len(message) > LARGE
    )
