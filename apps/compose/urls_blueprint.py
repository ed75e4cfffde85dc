"""The blueprint's own address for sending, below the root: the same view as /api/v1/emails/send (M075)."""

from django.urls import path

from . import api

urlpatterns = [path("emails/send", api.SendOnceView.as_view())]
