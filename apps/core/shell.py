"""Serves the web client: one page for every address of the app, with the built files it needs."""

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .middleware import policy

# Chooses the theme before the first paint; being constant, it is allowed by its hash.
THEME_SCRIPT = (
    "try{var t=localStorage.getItem('pmsync.theme');"
    "if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch(e){}"
)
# The one style element that React Aria injects (its press handling).
PRESSABLE_STYLE = "@layer {\n  [data-react-aria-pressable] {\n    touch-action: pan-x pan-y pinch-zoom;\n  }\n}"


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def dist() -> Path:
    """Where the built client lies."""
    folder: Path = settings.BASE_DIR / "static/dist"
    return folder


@functools.lru_cache(maxsize=1)
def _manifest(changed: float) -> dict[str, Any]:
    return dict(json.loads((dist() / ".vite/manifest.json").read_text()))


def built() -> dict[str, Any] | None:
    """The entry's script, styles and what to preload; None when the client was not built."""
    path = dist() / ".vite/manifest.json"
    if not path.exists():
        return None
    manifest = _manifest(path.stat().st_mtime)
    entry = manifest["index.html"]
    imported = [manifest[name] for name in entry.get("imports", [])]
    styles = [*entry.get("css", []), *(css for chunk in imported for css in chunk.get("css", []))]
    return {
        "entry_js": f"{settings.STATIC_URL}dist/{entry['file']}",
        "entry_css": [f"{settings.STATIC_URL}dist/{name}" for name in dict.fromkeys(styles)],
        "preload": [f"{settings.STATIC_URL}dist/{chunk['file']}" for chunk in imported],
    }


@never_cache
@require_safe
def app(request: HttpRequest, **_: Any) -> HttpResponse:
    """The client's page; 503 with the next step when it was not built."""
    files = built()
    if files is None:
        return render(request, "unbuilt.html", status=503)
    answer = render(request, "app.html", files | {"theme_script": THEME_SCRIPT})
    origin = settings.PMSYNC_PUBLIC_URL.replace("http", "ws", 1)
    host = request.get_host()
    answer["Content-Security-Policy"] = policy(
        script_src=_hash(THEME_SCRIPT),
        style_src=_hash(PRESSABLE_STYLE),
        connect_src=f"{origin} ws://{host} wss://{host}",
    )
    return answer


@never_cache
@require_safe
def service_worker(request: HttpRequest) -> FileResponse:
    """The service worker at the root, so that it may serve every address of the app."""
    path = dist() / "sw.js"
    if not path.exists():
        raise Http404("the client has no service worker")
    answer = FileResponse(path.open("rb"), content_type="text/javascript")
    answer["Service-Worker-Allowed"] = "/"
    answer["Cache-Control"] = "no-cache"
    return answer
