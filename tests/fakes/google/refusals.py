"""An error as it goes over the wire: looked up in the table of wordings, written in the manner of each API."""

from typing import Any, Self

from tests.fakes.google.wordings import OAUTH, SHORT, TABLES, Wording

Json = dict[str, Any]


class Refusal(Exception):
    """Google says no."""

    def __init__(self, wording: Wording, values: dict[str, Any]) -> None:
        self.wording = wording
        self.message = wording.message.format(**values)
        self.location = wording.location.format(**values)
        self.headers: dict[str, str] = {}
        self.details: list[Json] = []
        self.metadata: dict[str, str] = {}
        super().__init__(self.message)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.wording.http

    @property
    def reason(self) -> str:
        """The word that the journal keeps."""
        return self.wording.detail or self.wording.reason

    def having(self, headers: dict[str, str] | None = None, details: list[Json] | None = None, **metadata: str) -> Self:
        """The same with headers, google.rpc details or metadata of its ErrorInfo."""
        self.headers.update(headers or {})
        self.details.extend(details or [])
        self.metadata.update(metadata)
        return self

    def body(self, api: str) -> Json:
        """The JSON body that `api` would send."""
        one: Json = {
            "message": SHORT.get(self.wording.reason, self.message) if self.status in (401, 403) else self.message,
            "domain": self.wording.domain,
            "reason": self.wording.reason,
        }
        if self.location:
            one |= {"location": self.location, "locationType": self.wording.location_type}
        error: Json = {"code": self.status, "message": self.message}
        if api not in ("calendar", "directory"):
            error["status"] = self.wording.status or "UNKNOWN"
            details = self._details(api)
            error |= {"details": details} if details else {}
        if api in ("gmail", "calendar", "directory"):
            error["errors"] = [one]
        return {"error": error}

    def _details(self, api: str) -> list[Json]:
        if not self.wording.detail:
            return list(self.details)
        domain = "people.googleapis.com" if api == "people" and self.status == 400 else "googleapis.com"
        info: Json = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.wording.detail,
            "domain": domain,
        }
        if self.metadata:
            info["metadata"] = self.metadata
        return [info, *self.details]


def refuse(name: str, /, **values: Any) -> Refusal:
    """The refusal of this name, `api: what`, or `what` for one that all APIs share."""
    table, _, what = name.rpartition(": ")
    return Refusal(TABLES[table or "general"][what], values)


class OAuthRefusal(Exception):
    """The token endpoint says no."""

    def __init__(self, name: str, /, **values: str) -> None:
        self.status, self.error, description = OAUTH[name]
        self.description = description.format(**values)
        self.extra: Json = {}
        if name == "rapt":
            self.extra = {"error_subtype": "invalid_rapt", "error_uri": "https://support.google.com/a/answer/9368756"}
        super().__init__(self.description)

    def body(self) -> Json:
        """RFC 6749, 5.2."""
        return {"error": self.error, "error_description": self.description, **self.extra}
