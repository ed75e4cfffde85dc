"""The page's Content-Security-Policy: what a response may load and run (web client, admin, approvals)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def policy(**extra: str) -> str:
    """The header's value; `extra` adds sources to a directive, underscores for hyphens."""
    directives = dict(POLICY)
    for name, sources in extra.items():
        directive = name.replace("_", "-")
        directives[directive] = f"{directives[directive]} {sources}".strip()
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class ContentSecurityPolicy:
    """Adds the policy to every response that did not set its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Content-Security-Policy" not in response:
            response["Content-Security-Policy"] = policy()
        return response
