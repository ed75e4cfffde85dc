"""Addresses of contacts, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("address-books", api.BooksView.as_view()),
    path("contacts", api.ContactsView.as_view()),
    path("contacts/letters", api.LettersView.as_view()),
    path("contacts/delete", api.DeleteView.as_view()),
    path("contacts/export", api.ExportView.as_view()),
    path("contacts/<uuid:contact_id>", api.ContactView.as_view()),
    path("contacts/<uuid:contact_id>/photo", api.PhotoView.as_view()),
]
