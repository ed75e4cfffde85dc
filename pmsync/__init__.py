"""The project: settings, URLs, ASGI, Celery wiring, private servers and the demo."""
