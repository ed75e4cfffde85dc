"""Addresses of mail that the browser itself opens, below the root: images of mail and pages to print."""

from django.urls import path

from . import images_api, printing_api

urlpatterns = [
    path("img/<str:token>", images_api.ImageView.as_view()),
    path("mail/print/<str:token>", printing_api.PrintedView.as_view()),
]
