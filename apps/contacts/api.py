"""Address books over HTTP: each view parses, calls one function, answers."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.collections import service
from apps.collections.over_http import FileIn, Upload, attachment, plain, taken
from apps.core.problems import Problem
from apps.outbound.acts import KEY, accepted, allow, key_of
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import duplicates, exchange, grouping, links, merging, queries, unmerging, writing
from .forms import ContactIn, ContactSeen, GroupIn, GroupPatch, LinkIn, MergeIn, MoveIn, Named, UndoIn
from .kind import KIND
from .queries import Page


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
        given = plain(parsed(ContactIn, request).validated_data)
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

    @extend_schema(parameters=[KEY], request=ContactSeen)
    def patch(self, request: TenantRequest, contact_id: UUID) -> Response:
        given = plain(parsed(ContactSeen, request).validated_data)
        seen = given.pop("seen", None)
        return accepted(service.change(KIND, request.member, key_of(request), contact_id, given, seen))

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
    """GET: the contacts as a .vcf file, of one address book or of all. POST: those that are named."""

    def get(self, request: TenantRequest) -> HttpResponse:
        book = _id(request.query_params.get("book"), "book", "an address book")
        return attachment(exchange.export(request.member, book), "text/vcard", "contacts.vcf")

    @extend_schema(request=Named)
    def post(self, request: TenantRequest) -> HttpResponse:
        named = parsed(Named, request).validated_data["contacts"]
        return attachment(exchange.export(request.member, None, named), "text/vcard", "contacts.vcf")


class ImportView(TenantAPIView):
    """POST: a .vcf file into an address book, as a multipart form; the answer reports what became of it."""

    parser_classes = (Upload,)

    @extend_schema(parameters=[KEY], request={"multipart/form-data": FileIn})
    def post(self, request: TenantRequest) -> Response:
        data, given = taken(request), parsed(FileIn, request).validated_data
        key, update = key_of(request), given["existing"] == "update"
        return accepted(exchange.take_in(request.member, key, given["collection_id"], data, update=update))


class MoveView(TenantAPIView):
    """POST: a contact to another address book."""

    @extend_schema(parameters=[KEY], request=MoveIn)
    def post(self, request: TenantRequest, contact_id: UUID) -> Response:
        given = parsed(MoveIn, request).validated_data
        return accepted(writing.move(request.member, key_of(request), contact_id, given["collection_id"]))


class GroupsView(TenantAPIView):
    """GET: the groups of all my address books, and who is in each. POST: a new group."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.groups(request.member))

    @extend_schema(parameters=[KEY], request=GroupIn)
    def post(self, request: TenantRequest) -> Response:
        given = parsed(GroupIn, request).validated_data
        book, name, contacts = given["collection_id"], given["name"], given["contacts"]
        return accepted(grouping.make(request.member, key_of(request), book, name, contacts))


class GroupView(TenantAPIView):
    """PATCH: a group's other name, or other members. It is read and deleted as the contact that it is."""

    @extend_schema(parameters=[KEY], request=GroupPatch)
    def patch(self, request: TenantRequest, contact_id: UUID) -> Response:
        wanted = grouping.Regrouped(**parsed(GroupPatch, request).validated_data)
        return accepted(grouping.change(request.member, key_of(request), contact_id, wanted))


class DuplicatesView(TenantAPIView):
    """GET: contacts that may be one person, and why; what I decided already stays out."""

    def get(self, request: TenantRequest) -> Response:
        try:
            position = int(request.query_params.get("position") or 0)
        except ValueError:
            position = -1
        if position < 0:
            raise Problem(400, "invalid", "`position` must be a whole number.")
        return Response(duplicates.duplicates(request.member, position))


class LinksView(TenantAPIView):
    """POST: that contacts are the same person, or that no two of them are. Their providers hear nothing of it."""

    @extend_schema(request=LinkIn, responses=None)
    def post(self, request: TenantRequest) -> Response:
        given = parsed(LinkIn, request).validated_data
        allow(request.member)
        say = links.link if given["same"] else links.part
        return Response({"seq": say(request.member, given["contacts"])})


class UnlinkView(TenantAPIView):
    """POST: a contact is not the same person as those that it was linked with."""

    @extend_schema(request=None, responses=None)
    def post(self, request: TenantRequest, contact_id: UUID) -> Response:
        allow(request.member)
        return Response({"seq": links.unlink(request.member, contact_id)})


class MergeView(TenantAPIView):
    """POST: make several contacts one; the first of them is kept."""

    @extend_schema(parameters=[KEY], request=MergeIn)
    def post(self, request: TenantRequest) -> Response:
        given = plain(parsed(MergeIn, request).validated_data)
        named = [each["id"] for each in given["contacts"]]
        seen = {each["id"]: each["rev"] for each in given["contacts"]}
        wanted = merging.Wanted(named, seen, given["chosen"], given["photo_from"])
        return accepted(merging.merge(request.member, key_of(request), wanted))


class MergesView(TenantAPIView):
    """GET: what I merged and can undo."""

    def get(self, request: TenantRequest) -> Response:
        return Response(merging.merges(request.member))


class UndoMergeView(TenantAPIView):
    """POST: undo a merge."""

    @extend_schema(parameters=[KEY], request=UndoIn)
    def post(self, request: TenantRequest, merge_id: UUID) -> Response:
        given = parsed(UndoIn, request).validated_data
        return accepted(unmerging.undo(request.member, key_of(request), merge_id, anyway=given["anyway"]))


def _id(text: str | None, name: str, what: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Problem(400, "invalid", f"`{name}` must be the id of {what}.") from None
