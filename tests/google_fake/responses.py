"""A reply held against the response schema of its method: names, types, formats, enumerations.

Shares nothing with the fake's own reading of bodies, so that one mistake is not made twice.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import googleapiclient.discovery_cache

Json = dict[str, Any]

DOCUMENTS: Final = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
FILES: Final = {
    "gmail": "gmail.v1", "calendar": "calendar.v3", "people": "people.v1", "pubsub": "pubsub.v1",
    "directory": "admin.directory_v1",
}  # fmt: skip
PYTHON: Final = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict}


class Schemas:
    """The schemas of all documents, and which method answers with which."""

    def __init__(self) -> None:
        self._documents = {api: json.loads((DOCUMENTS / f"{name}.json").read_text()) for api, name in FILES.items()}
        self._answers = {
            method["id"]: method.get("response", {}).get("$ref")
            for document in self._documents.values()
            for method in _methods(document)
        }

    def methods(self) -> set[str]:
        """Every method that exists."""
        return set(self._answers)

    def faults(self, method: str, status: int, body: bytes) -> list[str]:
        """What is wrong with a reply; empty for a good one."""
        schema = self._answers[method]
        if schema is None:
            return [] if not body and status == 204 else [f"{method}: a body, or no 204"]
        document = self._documents[method.partition(".")[0]]
        return list(self._value(document, json.loads(body), document["schemas"][schema], schema))

    def _value(self, document: Json, value: Any, spec: Json, path: str) -> Iterator[str]:
        if "$ref" in spec:
            spec = document["schemas"][spec["$ref"]]
        kind = spec.get("type", "any")
        if kind == "any":
            return
        if not isinstance(value, PYTHON[kind]) or (kind in ("integer", "number") and isinstance(value, bool)):  # type: ignore[arg-type]
            yield f"{path}: {value!r} is no {kind}"
            return
        if kind == "array":
            for at, one in enumerate(value):
                yield from self._value(document, one, spec["items"], f"{path}[{at}]")
        elif kind == "object":
            for name, one in value.items():
                inner = spec.get("properties", {}).get(name, spec.get("additionalProperties"))
                if inner is None:
                    yield f"{path}.{name}: nobody knows it"
                else:
                    yield from self._value(document, one, inner, f"{path}.{name}")
        else:
            yield from _form(value, spec, path)


def _methods(resource: Json) -> Iterator[Json]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


def _form(value: Any, spec: Json, path: str) -> Iterator[str]:
    form = spec.get("format")
    if "enum" in spec and value not in spec["enum"]:
        yield f"{path}: {value!r} is none of {spec['enum']}"
    try:
        if form in ("int64", "uint64") and not re.fullmatch(r"-?\d+", value):
            yield f"{path}: {value!r} is no {form}"
        elif form in ("int32", "uint32") and not -(2**31) <= value < 2**32:
            yield f"{path}: {value} does not fit"
        elif form == "byte":
            base64.b64decode(value.translate(str.maketrans("-_", "+/")), validate=True)
        elif form in ("date-time", "google-datetime"):
            if datetime.fromisoformat(value).tzinfo is None:
                yield f"{path}: {value!r} has no offset"
        elif form == "date":
            date.fromisoformat(value)
    except ValueError as error:
        yield f"{path}: {value!r}: {error}"
