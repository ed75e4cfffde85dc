"""Mail over HTTP: each view parses, calls one function, answers."""

import mimetypes
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.tenants import context
from apps.users.tenancy import PublicAPIView, TenantAPIView, TenantRequest

from . import bodies, links, queries, search
from .images import senders
from .models import Attachment
from .queries import Page

# What a browser would show or run if it were served under its own type.
SANDBOX = "default-src 'none'; sandbox"
# Characters that turn the reading direction: "exe.fdp" would be shown as "pdf.exe" or the reverse.
TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class ThreadsView(TenantAPIView):
    """GET: one page of a mailbox's conversations."""

    def get(self, request: TenantRequest, mailbox_id: UUID) -> Response:
        return Response(queries.threads_in(request.member, mailbox_id, Page.parse(request.query_params)))


class ThreadView(TenantAPIView):
    """GET: a conversation and its messages."""

    def get(self, request: TenantRequest, thread_id: UUID) -> Response:
        return Response(queries.thread(request.member, thread_id))


class MessageView(TenantAPIView):
    """GET: a message without its body."""

    def get(self, request: TenantRequest, message_id: UUID) -> Response:
        return Response(queries.message(request.member, message_id))


class BodyView(TenantAPIView):
    """GET: the body for reading; `images=1`, or a sender of the person's list, has its remote images shown."""

    def get(self, request: TenantRequest, message_id: UUID) -> Response:
        message = queries.visible_message(request.member, message_id)
        asked = request.query_params.get("images") == "1"
        return Response(bodies.shown(message, images=asked or senders.allows(request.member, message)))


class RawView(TenantAPIView):
    """GET: the message's source."""

    def get(self, request: TenantRequest, message_id: UUID) -> HttpResponse:
        message = queries.visible_message(request.member, message_id)
        return download(bodies.File("message/rfc822", f"{message.pk}.eml", bodies.whole(message)))


class AttachmentView(TenantAPIView):
    """GET: an attachment to be saved."""

    def get(self, request: TenantRequest, attachment_id: UUID) -> HttpResponse:
        return download(bodies.file(queries.visible_attachment(request.member, attachment_id)))


class InlineView(TenantAPIView):
    """GET: a picture of the message's own, shown in place."""

    def get(self, request: TenantRequest, attachment_id: UUID) -> HttpResponse:
        return inline(queries.visible_attachment(request.member, attachment_id))


class LinkView(TenantAPIView):
    """POST: a signed link to an attachment, for elements that cannot carry a token."""

    def post(self, request: TenantRequest, attachment_id: UUID) -> Response:
        attachment = queries.visible_attachment(request.member, attachment_id)
        return Response({"url": links.sign(request.member.tenant.pk, attachment.pk)})


class FileView(PublicAPIView):
    """GET: what a signed link points at; `inline=1` shows a picture in place."""

    def get(self, request: Any, token: str) -> HttpResponse:
        tenant_id, attachment_id = links.read(token)
        try:
            with context.open(context.get(tenant_id)):
                attachment = Attachment.objects.select_related("message").filter(pk=attachment_id).first()
                if attachment is None:
                    raise Problem(404, "not_found", "The message of this link is gone.")
                if request.query_params.get("inline") == "1":
                    return inline(attachment)
                return download(bodies.file(attachment))
        except context.TenantClosed:
            raise Problem(404, "not_found", "The message of this link is gone.") from None


class SearchView(TenantAPIView):
    """GET: conversations that match a query."""

    def get(self, request: TenantRequest) -> Response:
        return Response(search.run(request.member, search.Asked.parse(request.query_params)))


class SuggestView(TenantAPIView):
    """GET: how the query being typed could go on."""

    def get(self, request: TenantRequest) -> Response:
        return Response({"items": search.suggest(request.member, request.query_params.get("q", ""))})


def download(found: bodies.File) -> HttpResponse:
    """Bytes to be saved under the file's own name, never shown or run in our origin."""
    name = found.filename or f"attachment{mimetypes.guess_extension(found.content_type) or ''}"
    answer = HttpResponse(found.data, content_type=found.content_type or "application/octet-stream")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_plain(name), safe='')}"
    return _guarded(answer)


def inline(attachment: Attachment) -> HttpResponse:
    """A picture to be shown in place. Raises the 404 problem for anything that is not one."""
    if attachment.content_type not in bodies.SHOWN_INLINE:
        raise Problem(404, "not_found", "This part is not a picture that can be shown in place.")
    found = bodies.file(attachment)
    return picture(bodies.File(attachment.content_type, found.filename, found.data))


def picture(found: bodies.File) -> HttpResponse:
    """Bytes of a type of `bodies.SHOWN_INLINE`, as that type."""
    return _guarded(HttpResponse(found.data, content_type=found.content_type))


def _guarded(answer: HttpResponse) -> HttpResponse:
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _plain(name: str) -> str:
    """The last component of a name, without control and direction-changing characters (F126)."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable() and char not in TURNING) or "attachment"
