"""What the views of calendars and of contacts have in common: forms as plain JSON, files in and out."""

from typing import Any, Final

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.core.problems import Problem

from .files import IMPORTED_MOST

# What a multipart body says beside the file itself: names, boundaries, the other fields.
AROUND: Final = 64 * 1024


class FileIn(serializers.Serializer[Any]):
    """A file to be taken in, and what becomes of those in it that are there already."""

    collection_id = serializers.UUIDField()
    existing = serializers.ChoiceField(["skip", "update"], default="skip")


def plain(given: Any) -> Any:
    """What a form took, as plain JSON."""
    if isinstance(given, dict):
        return {name: plain(value) for name, value in given.items()}
    return [plain(each) for each in given] if isinstance(given, list) else given


def attachment(data: bytes, media_type: str, name: str) -> HttpResponse:
    """A file that the browser saves and never shows."""
    answer = HttpResponse(data, content_type=f"{media_type}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


class InMemory(FileUploadHandler):
    """Keeps an uploaded file in memory, never as an unsealed file on disk, and no more of it than is taken in."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.pieces: list[bytes] = []
        self.size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Another piece; stops the upload of a file that is too big."""
        self.size += len(raw_data)
        if self.size > IMPORTED_MOST:
            raise StopUpload(connection_reset=True)
        self.pieces.append(raw_data)

    def file_complete(self, file_size: int) -> None:
        """Nothing for Django to keep: `taken` has it."""


class Upload(MultiPartParser):
    """A multipart body whose one file stays in memory: `taken(request)` is what it holds."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """See MultiPartParser."""
        request = (parser_context or {})["request"]
        handler = InMemory(request)
        request._request.upload_handlers = [handler]
        request.taken_in = handler
        return super().parse(stream, media_type, parser_context)


def taken(request: Request) -> bytes:
    """The file of a request that `Upload` parsed. Raises the problem of one that is too big, or of none."""
    if int(request.headers.get("Content-Length") or 0) > IMPORTED_MOST + AROUND:
        raise _too_big()
    try:
        _ = request.data
    except ParseError:
        raise Problem(400, "invalid", "The body is not a multipart form with a file in it.") from None
    handler: InMemory | None = getattr(request, "taken_in", None)
    if handler is None or not handler.size:
        raise Problem(400, "no_file", "Choose a file.")
    if handler.size > IMPORTED_MOST:
        raise _too_big()
    return b"".join(handler.pieces)


def _too_big() -> Problem:
    return Problem(413, "too_big", f"The file is larger than {IMPORTED_MOST // 1024**2} MB. Divide it.")
