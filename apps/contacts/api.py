"""Address books over HTTP: each view parses, calls one function, answers."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.collections import service
from apps.core.problems import Problem
from apps.outbound.acts import KEY, accepted, key_of
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import queries, writing
from .forms import ContactIn, ContactPatch, Named
from .kind import KIND
from .queries import Page


def _plain(given: Any) -> dict[str, Any]:
    """What a form took, as plain JSON."""
    return {name: given[name] for name in given}


class BooksView(TenantAPIView):
    """GET: the address books of all my accounts."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.books(request.member))


class ContactsView(TenantAPIView):
    """GET: one page of the people I know. POST: a new contact."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.contacts(request.member, Page.parse(request.query_params)))

    @extend_schema(parameters=[KEY], request=ContactIn)
    def post(self, request: TenantRequest) -> Response:
        given = _plain(parsed(ContactIn, request).validated_data)
        book = given.pop("collection_id")
        return accepted(writing.create(request.member, key_of(request), book, given))


class LettersView(TenantAPIView):
    """GET: under which letter how many stand."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.letters(request.member, Page.parse(request.query_params)))


class ContactView(TenantAPIView):
    """GET: a contact with all that its card says. PATCH: other values. DELETE: the contact."""

    def get(self, request: TenantRequest, contact_id: UUID) -> Response:
        return Response(queries.contact(request.member, contact_id))

    @extend_schema(parameters=[KEY], request=ContactPatch)
    def patch(self, request: TenantRequest, contact_id: UUID) -> Response:
        given = _plain(parsed(ContactPatch, request).validated_data)
        return accepted(service.change(KIND, request.member, key_of(request), contact_id, given))

    @extend_schema(parameters=[KEY], request=None)
    def delete(self, request: TenantRequest, contact_id: UUID) -> Response:
        return accepted(service.delete(KIND, request.member, key_of(request), [contact_id]))


class DeleteView(TenantAPIView):
    """POST: delete several contacts."""

    @extend_schema(parameters=[KEY], request=Named)
    def post(self, request: TenantRequest) -> Response:
        named = parsed(Named, request).validated_data["contacts"]
        return accepted(service.delete(KIND, request.member, key_of(request), named))


class PhotoView(TenantAPIView):
    """GET: a contact's own picture."""

    def get(self, request: TenantRequest, contact_id: UUID) -> HttpResponse:
        media_type, data = queries.photo(request.member, contact_id)
        answer = HttpResponse(data, content_type=media_type)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer["Cache-Control"] = "private, max-age=3600"
        return answer


class ExportView(TenantAPIView):
    """GET: the contacts as a .vcf file, of one address book or of all."""

    def get(self, request: TenantRequest) -> HttpResponse:
        try:
            book = UUID(request.query_params["book"]) if request.query_params.get("book") else None
        except ValueError:
            raise Problem(400, "invalid", "`book` must be the id of an address book.") from None
        answer = HttpResponse(writing.export(request.member, book), content_type="text/vcard; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="contacts.vcf"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer
