"""Addresses of the approval screens, below the root."""

from django.urls import path

from . import pages

urlpatterns = [
    path("approvals", pages.ListPage.as_view()),
    path("approvals/rules", pages.RulesPage.as_view()),
    path("approvals/undo", pages.UndoPage.as_view()),
    path("approvals/sign-in", pages.SignInPage.as_view()),
    path("approvals/sign-out", pages.SignOutPage.as_view()),
    path("approvals/link/<str:token>", pages.LinkPage.as_view()),
    path("approvals/<uuid:approval_id>", pages.ApprovalPage.as_view()),
    path("approvals/<uuid:approval_id>/edit", pages.EditPage.as_view()),
]
