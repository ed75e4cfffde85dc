"""Addresses of compose, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("drafts", api.DraftsView.as_view()),
    path("drafts/<uuid:draft_id>", api.DraftView.as_view()),
    path("drafts/<uuid:draft_id>/send", api.SendView.as_view()),
    path("drafts/<uuid:draft_id>/unsend", api.UnsendView.as_view()),
    path("drafts/<uuid:draft_id>/resolve", api.ResolveView.as_view()),
    path("emails/send", api.SendOnceView.as_view()),
    path("messages/<uuid:message_id>/reply", api.ReplyView.as_view()),
    path("messages/<uuid:message_id>/unsubscribe", api.UnsubscribeView.as_view()),
    path("uploads", api.UploadsView.as_view()),
    path("uploads/<uuid:upload_id>", api.UploadView.as_view()),
    path("identities", api.IdentitiesView.as_view()),
    path("identities/<uuid:identity_id>", api.IdentityView.as_view()),
    path("templates", api.TemplatesView.as_view()),
    path("templates/<uuid:template_id>", api.TemplateView.as_view()),
    path("recipients", api.RecipientsView.as_view()),
]
