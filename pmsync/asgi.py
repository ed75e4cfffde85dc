"""The ASGI application: Django over HTTP, the event gateway over WebSocket."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")
# Loads the applications, so it comes before what imports their models.
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter

from apps.realtime.routing import websocket_application
from pmsync.one_thread import OneThread

http = OneThread()
application = ProtocolTypeRouter({"http": http, "websocket": websocket_application})
