"""Calendars over HTTP: each view parses, calls one function, answers."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.collections.over_http import FileIn, Upload, attachment, plain, taken
from apps.core.problems import Problem
from apps.outbound.acts import KEY, accepted, key_of
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import exchange, queries, writing
from .forms import AnswerIn, EventIn, EventPatch, MoveIn, Scoped
from .queries import Window


class CalendarsView(TenantAPIView):
    """GET: the calendars of all my accounts."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.calendars(request.member))


class EventsView(TenantAPIView):
    """GET: what takes place in a window of time. POST: a new event or task."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.instances(request.member, Window.parse(request.query_params)))

    @extend_schema(parameters=[KEY], request=EventIn)
    def post(self, request: TenantRequest) -> Response:
        given = plain(parsed(EventIn, request).validated_data)
        place, component, tell = given.pop("collection_id"), given.pop("component"), given.pop("tell")
        return accepted(writing.create(request.member, key_of(request), place, component, given, tell=tell))


class EventView(TenantAPIView):
    """GET: an event, or with `key` one instance. PATCH: other values. DELETE: it, from an instance on, or one."""

    def get(self, request: TenantRequest, event_id: UUID) -> Response:
        given = request.query_params
        here = queries.zone_of(given.get("zone") or "UTC")
        return Response(queries.event(request.member, event_id, given.get("key", ""), here))

    @extend_schema(parameters=[KEY], request=EventPatch)
    def patch(self, request: TenantRequest, event_id: UUID) -> Response:
        given = plain(parsed(EventPatch, request).validated_data)
        scope, instance, tell = given.pop("scope"), given.pop("key"), given.pop("tell")
        key, seen = key_of(request), given.pop("seen", None)
        return accepted(writing.change(request.member, key, event_id, scope, instance, given, seen=seen, tell=tell))

    @extend_schema(parameters=[KEY], request=Scoped)
    def delete(self, request: TenantRequest, event_id: UUID) -> Response:
        given = parsed(Scoped, request).validated_data
        key, (scope, instance) = key_of(request), (given["scope"], given["key"])
        return accepted(writing.delete(request.member, key, event_id, scope, instance, tell=given["tell"]))


class AnswerView(TenantAPIView):
    """POST: my answer to an invitation."""

    @extend_schema(parameters=[KEY], request=AnswerIn)
    def post(self, request: TenantRequest, event_id: UUID) -> Response:
        given = parsed(AnswerIn, request).validated_data
        key, instance = key_of(request), given["key"]
        return accepted(writing.answer(request.member, key, event_id, instance, given["status"], tell=given["tell"]))


class MoveView(TenantAPIView):
    """POST: an event to another calendar."""

    @extend_schema(parameters=[KEY], request=MoveIn)
    def post(self, request: TenantRequest, event_id: UUID) -> Response:
        given = parsed(MoveIn, request).validated_data
        return accepted(writing.move(request.member, key_of(request), event_id, given["collection_id"]))


class OverlapsView(TenantAPIView):
    """GET: what else takes my time in a window."""

    def get(self, request: TenantRequest) -> Response:
        try:
            without = UUID(request.query_params["without"]) if request.query_params.get("without") else None
        except ValueError:
            raise Problem(400, "invalid", "`without` must be the id of an event.") from None
        return Response(queries.overlaps(request.member, Window.parse(request.query_params), without))


class SearchView(TenantAPIView):
    """GET: events that hold all words of `q`."""

    def get(self, request: TenantRequest) -> Response:
        given = request.query_params
        return Response(queries.search(request.member, given.get("q", ""), queries.zone_of(given.get("zone") or "UTC")))


class TasksView(TenantAPIView):
    """GET: tasks; with `done=1` those that are done."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.tasks(request.member, done=request.query_params.get("done") == "1"))


class ExportView(TenantAPIView):
    """GET: a calendar as an .ics file."""

    def get(self, request: TenantRequest, calendar_id: UUID) -> HttpResponse:
        name, data = exchange.export(request.member, calendar_id)
        return attachment(data, "text/calendar", name)


class ImportView(TenantAPIView):
    """POST: an .ics file into a calendar, as a multipart form; the answer reports what became of it."""

    parser_classes = (Upload,)

    @extend_schema(parameters=[KEY], request={"multipart/form-data": FileIn})
    def post(self, request: TenantRequest) -> Response:
        data, given = taken(request), parsed(FileIn, request).validated_data
        key, update = key_of(request), given["existing"] == "update"
        return accepted(exchange.take_in(request.member, key, given["collection_id"], data, update=update))
