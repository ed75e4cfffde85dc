"""Addresses of mail, below /api/v1/."""

from django.urls import path

from . import api, commands_api, images_api, printing_api

urlpatterns = [
    path("mailboxes", commands_api.MailboxesView.as_view()),
    path("mailboxes/<uuid:mailbox_id>", commands_api.MailboxView.as_view()),
    path("mailboxes/<uuid:mailbox_id>/empty", commands_api.EmptyView.as_view()),
    path("commands", commands_api.CommandsView.as_view()),
    path("commands/<uuid:command_id>", commands_api.CommandView.as_view()),
    path("commands/<uuid:command_id>/undo", commands_api.UndoView.as_view()),
    path("mailboxes/<uuid:mailbox_id>/threads", api.ThreadsView.as_view()),
    path("threads/<uuid:thread_id>", api.ThreadView.as_view()),
    path("messages/<uuid:message_id>", api.MessageView.as_view()),
    path("messages/<uuid:message_id>/body", api.BodyView.as_view()),
    path("messages/<uuid:message_id>/print", printing_api.MessagePrintView.as_view()),
    path("threads/<uuid:thread_id>/print", printing_api.ThreadPrintView.as_view()),
    path("image-senders", images_api.ImageSendersView.as_view()),
    path("messages/<uuid:message_id>/raw", api.RawView.as_view()),
    path("attachments/<uuid:attachment_id>", api.AttachmentView.as_view()),
    path("attachments/<uuid:attachment_id>/inline", api.InlineView.as_view()),
    path("attachments/<uuid:attachment_id>/link", api.LinkView.as_view()),
    path("files/<str:token>", api.FileView.as_view()),
    path("search", api.SearchView.as_view()),
    path("search/suggest", api.SuggestView.as_view()),
]
