"""Every address of the web process."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from apps.core import shell

api: list[URLPattern | URLResolver] = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("", include("apps.users.urls")),
    path("", include("apps.realtime.urls")),
    path("", include("apps.providers.urls")),
    path("", include("apps.providers.push.urls")),
    path("", include("apps.sync.urls")),
    path("", include("apps.mail.urls")),
    path("", include("apps.calendar.urls")),
    path("", include("apps.contacts.urls")),
    path("", include("apps.compose.urls")),
    path("", include("apps.scheduling.urls")),
    path("", include("apps.ai.urls")),
    path("", include("apps.hitl.urls")),
    path("", include("apps.ai.retrieval.urls")),
    path("", include("apps.ai.chat.urls")),
    path("", include("apps.reports.urls")),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("api/", include("apps.providers.push.urls")),
    path("admin/", admin.site.urls),
    path("sw.js", shell.service_worker),
    path("", include("apps.providers.urls_blueprint")),
    path("", include("apps.sync.urls_blueprint")),
    path("", include("apps.mail.urls_pages")),
    path("", include("apps.compose.urls_blueprint")),
    path("", include("apps.hitl.urls_pages")),
    path("", include("apps.reports.urls_pages")),
    # Everything else is an address inside the client; what looks like a file or an API is not.
    re_path(r"^(?!api/|static/|ws/|health/|providers/|oauth/|email)(?P<rest>[^.]*)$", shell.app),
]
