"""The WebSocket addresses of this application, behind the check of who opened them."""

from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from .consumers import EventsConsumer
from .origin import OwnPagesOnly, refuse

# Django's types know HTTP views only; URLRouter takes ASGI applications.
events: Any = EventsConsumer.as_asgi()
elsewhere: Any = refuse

websocket_urlpatterns = [re_path(r"^ws/v1/events$", events), re_path(r"", elsewhere)]
websocket_application = OwnPagesOnly(URLRouter(websocket_urlpatterns))
