"""Addresses of calendars, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("calendars", api.CalendarsView.as_view()),
    path("calendars/<uuid:calendar_id>/export", api.ExportView.as_view()),
    path("events", api.EventsView.as_view()),
    path("events/import", api.ImportView.as_view()),
    path("events/overlaps", api.OverlapsView.as_view()),
    path("events/search", api.SearchView.as_view()),
    path("events/<uuid:event_id>", api.EventView.as_view()),
    path("events/<uuid:event_id>/move", api.MoveView.as_view()),
    path("events/<uuid:event_id>/answer", api.AnswerView.as_view()),
    path("tasks", api.TasksView.as_view()),
]
