"""Addresses of the agents, below /api/v1/."""

from django.urls import path

from . import people_api, settings_api
from .followups import api as followups
from .reading import api as marks_api
from .writing import api as writing

urlpatterns = [
    path("assistant", settings_api.AssistantView.as_view()),
    path("assistant/accounts", settings_api.ConsentsView.as_view()),
    path("assistant/accounts/<uuid:account_id>", settings_api.ConsentView.as_view()),
    path("assistant/calls", settings_api.CallsView.as_view()),
    path("assistant/calls/<uuid:call_id>", settings_api.CallView.as_view()),
    path("assistant/marks", marks_api.MarksView.as_view()),
    path("assistant/contacts", people_api.ImportantView.as_view()),
    path("follow-ups", followups.FollowUpsView.as_view()),
    path("follow-ups/<uuid:followup_id>", followups.FollowUpView.as_view()),
    path("threads/<uuid:thread_id>/summary", writing.SummaryView.as_view()),
    path("messages/<uuid:message_id>/draft", writing.DraftView.as_view()),
]
