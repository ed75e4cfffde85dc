"""The ASGI application: Django over HTTP, the event gateway over WebSocket."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")
# Loads the applications, so it comes before what imports their models.
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter

from apps.realtime.routing import websocket_application

application = ProtocolTypeRouter({"http": http, "websocket": websocket_application})
