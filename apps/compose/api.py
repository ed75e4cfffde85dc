"""Writing over HTTP: each view parses, calls one function, answers."""

from http import HTTPStatus
from typing import IO, Any, Final
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.mail import bodies, queries
from apps.mail.api import download, picture
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import (
    adopting,
    at_once,
    drafts,
    forms,
    identities,
    people,
    quoting,
    rights,
    sending,
    templates,
    unsubscribing,
    uploads,
)
from .models import Mode

KEY_MOST: Final = 200


class DraftsView(TenantAPIView):
    """GET drafts: those that can be gone on with, the newest first."""

    @extend_schema(responses=forms.DRAFTS)
    def get(self, request: TenantRequest) -> Response:
        return Response(drafts.all_of(request.member))


class DraftView(TenantAPIView):
    """GET drafts/<id>: one, also by the id of a message of the Drafts mailbox. PUT: save a version. DELETE: discard."""

    @extend_schema(responses=forms.DRAFT)
    def get(self, request: TenantRequest, draft_id: UUID) -> Response:
        return Response(drafts.as_json(adopting.opened(request.member, draft_id)))

    @extend_schema(request=forms.DraftIn, responses=forms.DRAFT)
    def put(self, request: TenantRequest, draft_id: UUID) -> Response:
        given = drafts.Given.parse(parsed(forms.DraftIn, request).validated_data)
        return Response(drafts.as_json(drafts.save(request.member, draft_id, given)))

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, draft_id: UUID) -> Response:
        adopting.discard(request.member, draft_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class SendView(TenantAPIView):
    """POST drafts/<id>/send: put it on its way, with a moment to take it back or at a time of choice."""

    @extend_schema(request=forms.SendIn, responses={202: forms.DRAFT})
    def post(self, request: TenantRequest, draft_id: UUID) -> Response:
        given = parsed(forms.SendIn, request).validated_data
        when = sending.When(given["undo_seconds"], given["send_at"])
        draft = sending.send(request.member, draft_id, given["rev"], when)
        return Response(drafts.as_json(draft), status=HTTPStatus.ACCEPTED)


class UnsendView(TenantAPIView):
    """POST drafts/<id>/unsend: take back what waits."""

    @extend_schema(request=None, responses=forms.DRAFT)
    def post(self, request: TenantRequest, draft_id: UUID) -> Response:
        return Response(drafts.as_json(sending.unsend(request.member, draft_id)))


class ResolveView(TenantAPIView):
    """POST drafts/<id>/resolve: the person's word on a message of which nobody knows whether it left."""

    @extend_schema(request=forms.ResolveIn, responses=forms.DRAFT)
    def post(self, request: TenantRequest, draft_id: UUID) -> Response:
        decision = parsed(forms.ResolveIn, request).validated_data["decision"]
        return Response(drafts.as_json(sending.resolve(request.member, draft_id, decision)))


class SendOnceView(TenantAPIView):
    """POST emails/send: the blueprint's call, which makes a message and sends it. Needs an Idempotency-Key."""

    @extend_schema(
        request=forms.OnceIn,
        responses={202: forms.DRAFT},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)],
    )
    def post(self, request: TenantRequest) -> Response:
        key = request.headers.get("Idempotency-Key", "").strip()
        if not key or len(key) > KEY_MOST:
            detail = "Send a key of your own making in `Idempotency-Key`, so that the message goes out once."
            raise Problem(400, "idempotency_key", detail)
        draft = at_once.send(request.member, key, parsed(forms.OnceIn, request).validated_data)
        return Response(drafts.as_json(draft), status=HTTPStatus.ACCEPTED)


class ReplyView(TenantAPIView):
    """GET messages/<id>/reply: what an answer to it, or its forwarding, begins with."""

    @extend_schema(parameters=[OpenApiParameter("mode", str, enum=Mode.values[1:])], responses=forms.PREFILL)
    def get(self, request: TenantRequest, message_id: UUID) -> Response:
        message = queries.visible_message(request.member, message_id)
        mode = request.query_params.get("mode", Mode.REPLY)
        if mode not in Mode.values[1:]:
            raise Problem(400, "invalid", "`mode` must be one of reply, reply_all, forward.")
        account = rights.writable(request.member, message.account_id)
        beginning = quoting.begin(request.member.user, account, message, mode)
        return Response(quoting.as_json(account, message, mode, beginning))


class UnsubscribeView(TenantAPIView):
    """POST messages/<id>/unsubscribe: leave the list that sent it; answers how, or where to go."""

    @extend_schema(request=None, responses={202: forms.UNSUBSCRIBED})
    def post(self, request: TenantRequest, message_id: UUID) -> Response:
        return Response(unsubscribing.leave(request.member, message_id), status=HTTPStatus.ACCEPTED)


class RawParser(BaseParser):
    """The body as bytes, whatever it calls itself; never more than a piece may have."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The bytes. (DRF's stubs think of forms only.)"""
        return stream.read(uploads.PIECE + 1)


class UploadsView(TenantAPIView):
    """POST uploads: announce a file; what cannot be sent is refused before it is brought."""

    @extend_schema(request=forms.UploadIn, responses={201: forms.UPLOAD})
    def post(self, request: TenantRequest) -> Response:
        upload = uploads.begin(request.member, parsed(forms.UploadIn, request).validated_data)
        return Response(uploads.progress_json(upload), status=HTTPStatus.CREATED)


class UploadView(TenantAPIView):
    """GET uploads/<id>: the file. PUT ?offset=N: one piece of it. DELETE: let go of it."""

    parser_classes = (RawParser,)

    @extend_schema(responses={200: OpenApiTypes.BINARY})
    def get(self, request: TenantRequest, upload_id: UUID) -> HttpResponse:
        upload = uploads.visible(request.member, upload_id)
        found = bodies.File(upload.content_type, upload.filename, uploads.content(upload))
        shown = upload.inline and upload.content_type in bodies.SHOWN_INLINE
        return picture(found) if shown else download(found)

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[OpenApiParameter("offset", int, required=True)],
        responses=forms.UPLOAD,
    )
    def put(self, request: TenantRequest, upload_id: UUID) -> Response:
        try:
            offset = int(request.query_params.get("offset", ""))
        except ValueError:
            raise Problem(400, "invalid", "`offset` says where the piece belongs, as a whole number.") from None
        if offset < 0:
            raise Problem(400, "invalid", "`offset` cannot be negative.")
        data: Any = request.data
        return Response(uploads.progress_json(uploads.take(request.member, upload_id, offset, data if data else b"")))

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, upload_id: UUID) -> Response:
        uploads.remove(request.member, upload_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class IdentitiesView(TenantAPIView):
    """GET identities: who the person may write as. POST: another one."""

    @extend_schema(responses=forms.IDENTITIES)
    def get(self, request: TenantRequest) -> Response:
        return Response({"items": identities.all_of(request.member)})

    @extend_schema(request=forms.IdentityIn, responses={201: forms.IDENTITY})
    def post(self, request: TenantRequest) -> Response:
        given = parsed(forms.IdentityIn, request).validated_data
        identity = identities.add(request.member, given["account_id"], given)
        server = identities.server_of(identity.account_id)
        return Response(identities.as_json(identity, server), status=HTTPStatus.CREATED)


class IdentityView(TenantAPIView):
    """PATCH, DELETE identities/<id>."""

    @extend_schema(request=forms.IdentityChangeIn, responses=forms.IDENTITY)
    def patch(self, request: TenantRequest, identity_id: UUID) -> Response:
        given = parsed(forms.IdentityChangeIn, request).validated_data
        identity = identities.change(request.member, identity_id, given)
        return Response(identities.as_json(identity, identities.server_of(identity.account_id)))

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, identity_id: UUID) -> Response:
        identities.remove(request.member, identity_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class TemplatesView(TenantAPIView):
    """GET templates: the person's own. POST: another one."""

    @extend_schema(responses=forms.TEMPLATES)
    def get(self, request: TenantRequest) -> Response:
        return Response({"items": templates.all_of(request.member)})

    @extend_schema(request=forms.TemplateIn, responses={201: forms.TEMPLATE})
    def post(self, request: TenantRequest) -> Response:
        template = templates.add(request.member, parsed(forms.TemplateIn, request).validated_data)
        return Response(templates.as_json(template), status=HTTPStatus.CREATED)


class TemplateView(TenantAPIView):
    """PATCH, DELETE templates/<id>."""

    @extend_schema(request=forms.TemplateChangeIn, responses=forms.TEMPLATE)
    def patch(self, request: TenantRequest, template_id: UUID) -> Response:
        given = parsed(forms.TemplateChangeIn, request).validated_data
        return Response(templates.as_json(templates.change(request.member, template_id, given)))

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, template_id: UUID) -> Response:
        templates.mine(request.member, template_id).delete()
        return Response(status=HTTPStatus.NO_CONTENT)


class RecipientsView(TenantAPIView):
    """GET recipients?q=: people to write to, from past mail."""

    @extend_schema(parameters=[OpenApiParameter("q", str)], responses=forms.RECIPIENTS)
    def get(self, request: TenantRequest) -> Response:
        return Response(people.suggest(request.member, request.query_params.get("q", "")))
