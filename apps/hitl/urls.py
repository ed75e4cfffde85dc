"""Addresses of approvals, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("approvals", api.ApprovalsView.as_view()),
    path("approvals/undo", api.UndoSinceView.as_view()),
    path("approvals/rules", api.RulesView.as_view()),
    path("approvals/rules/<uuid:rule_id>", api.RuleView.as_view()),
    path("approvals/settings", api.SettingsView.as_view()),
    path("threads/<uuid:thread_id>/suggestions", api.OfThreadView.as_view()),
    path("approvals/<uuid:approval_id>", api.ApprovalView.as_view()),
    path("approvals/<uuid:approval_id>/decide", api.DecideView.as_view()),
    path("approvals/<uuid:approval_id>/delegate", api.DelegateView.as_view()),
    path("approvals/<uuid:approval_id>/undo", api.UndoView.as_view()),
]
