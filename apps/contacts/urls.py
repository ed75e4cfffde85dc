"""Addresses of contacts, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("address-books", api.BooksView.as_view()),
    path("contacts", api.ContactsView.as_view()),
    path("contacts/letters", api.LettersView.as_view()),
    path("contacts/delete", api.DeleteView.as_view()),
    path("contacts/duplicates", api.DuplicatesView.as_view()),
    path("contacts/export", api.ExportView.as_view()),
    path("contacts/groups", api.GroupsView.as_view()),
    path("contacts/groups/<uuid:contact_id>", api.GroupView.as_view()),
    path("contacts/import", api.ImportView.as_view()),
    path("contacts/links", api.LinksView.as_view()),
    path("contacts/merge", api.MergeView.as_view()),
    path("contacts/merges", api.MergesView.as_view()),
    path("contacts/merges/<uuid:merge_id>/undo", api.UndoMergeView.as_view()),
    path("contacts/<uuid:contact_id>", api.ContactView.as_view()),
    path("contacts/<uuid:contact_id>/move", api.MoveView.as_view()),
    path("contacts/<uuid:contact_id>/unlink", api.UnlinkView.as_view()),
    path("contacts/<uuid:contact_id>/photo", api.PhotoView.as_view()),
]
