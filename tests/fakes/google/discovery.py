"""The APIs as their own discovery documents describe them: methods by path, parameters, scopes, schemas.

The documents are those that google-api-python-client carries. What they do not know, the fake refuses.
"""

import copy
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import googleapiclient.discovery_cache

Json = dict[str, Any]

DOCUMENTS: Final = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
VERSIONS: Final = {"gmail": "v1", "calendar": "v3", "people": "v1", "pubsub": "v1", "directory": "directory_v1"}
FILES: Final = {"directory": "admin"}
"""Documents whose file is not named as their methods are."""


@dataclass(frozen=True, slots=True)
class Media:
    """What an upload to a method may be."""

    pattern: re.Pattern[str]
    limit: int
    accept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one API."""

    id: str
    api: str
    http_method: str
    pattern: re.Pattern[str]
    weight: int
    parameters: Json
    scopes: frozenset[str]
    request: str = ""
    response: str = ""
    media: Media | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One API."""

    api: str
    title: str
    host: str
    batch: str
    schemas: Json
    parameters: Json
    scopes: frozenset[str]
    methods: tuple[Method, ...] = field(repr=False)

    @property
    def modern(self) -> bool:
        """True for the stack that binds bodies strictly; Calendar's is older."""
        return self.api not in ("calendar", "directory")


@dataclass(frozen=True, slots=True)
class Match:
    """A path that belongs to a method."""

    document: Document
    method: Method
    path: dict[str, str]
    upload: bool = False


@functools.cache
def load(api: str) -> Document:
    """The packaged document of an API."""
    raw = _raw(api)
    methods = sorted(_methods(api, raw, raw), key=lambda one: -one.weight)
    return Document(
        api=api,
        title=raw["title"],
        host=raw["rootUrl"].split("//")[1].strip("/"),
        batch="/" + raw["batchPath"].strip("/"),
        schemas=raw["schemas"],
        parameters=raw["parameters"],
        scopes=frozenset(raw["auth"]["oauth2"]["scopes"]),
        methods=tuple(methods),
    )


def all_documents() -> list[Document]:
    """Every API that is simulated."""
    return [load(api) for api in VERSIONS]


def pointed_at(api: str, root: str) -> Json:
    """The document for `build_from_document`, with every address at `root`."""
    raw = copy.deepcopy(_raw(api))
    raw["rootUrl"] = root.rstrip("/") + "/"
    raw["baseUrl"] = raw["rootUrl"] + raw["servicePath"]
    raw.pop("mtlsRootUrl", None)
    return raw


def find(http_method: str, path: str) -> Match | None:
    """The method that a request line names, by its still encoded path."""
    for document in all_documents():
        for method in document.methods:
            if method.http_method != http_method:
                continue
            found = method.pattern.fullmatch(path)
            uploaded = method.media.pattern.fullmatch(path) if method.media else None
            if found or uploaded:
                values = (found or uploaded).groupdict()  # type: ignore[union-attr]  # one of them is there
                return Match(document, method, {key: unquote(text) for key, text in values.items()}, bool(uploaded))
    return None


def named(method_id: str) -> tuple[Document, Method]:
    """A method by its id. Raises StopIteration for one that does not exist."""
    document = load(method_id.partition(".")[0])
    return document, next(method for method in document.methods if method.id == method_id)


@functools.cache
def _raw(api: str) -> Json:
    return json.loads((DOCUMENTS / f"{FILES.get(api, api)}.{VERSIONS[api]}.json").read_text())  # type: ignore[no-any-return]


def _methods(api: str, root: Json, resource: Json) -> Iterator[Method]:
    for one in resource.get("methods", {}).values():
        parameters = one.get("parameters", {})
        template = "/" + root["servicePath"] + one["path"]
        media = None
        if one.get("supportsMediaUpload"):
            upload = one["mediaUpload"]
            pattern, _ = _pattern(upload["protocols"]["simple"]["path"], parameters)
            media = Media(pattern, int(upload["maxSize"]), tuple(upload["accept"]))
        pattern, weight = _pattern(template, parameters)
        yield Method(
            id=one["id"],
            api=api,
            http_method=one["httpMethod"],
            pattern=pattern,
            weight=weight,
            parameters=parameters,
            scopes=frozenset(one.get("scopes", ())),
            request=one.get("request", {}).get("$ref", ""),
            response=one.get("response", {}).get("$ref", ""),
            media=media,
        )
    for inner in resource.get("resources", {}).values():
        yield from _methods(api, root, inner)


def _pattern(template: str, parameters: Json) -> tuple[re.Pattern[str], int]:
    """The expression of a path template, and how many of its characters are literal: the most literal one wins."""
    pieces = re.split(r"\{(\+?\w+)\}", template)
    text, weight = "", 0
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            text += re.escape(piece)
            weight += len(piece)
            continue
        name = piece.lstrip("+")
        wanted = parameters[name].get("pattern", "^[^/]+$")[1:-1].replace("[^/]", "[^/:]") if "+" in piece else "[^/]+"
        text += f"(?P<{name}>{wanted})"
    return re.compile(text), weight
