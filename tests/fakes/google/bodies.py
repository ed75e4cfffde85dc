"""A JSON body held against the schema that its method declares: unknown names, types, enumerations, encodings."""

import base64
import binascii
import json
import re
from typing import Any, Final

from tests.fakes.google.discovery import Document, Json
from tests.fakes.google.query import RANGES
from tests.fakes.google.refusals import refuse

TYPES: Final = {"string": "TYPE_STRING", "boolean": "TYPE_BOOL", "integer": "TYPE_INT32", "number": "TYPE_DOUBLE"}
STANDARD_ALPHABET: Final = {"people", "pubsub"}
"""APIs whose octets may be written in either alphabet of base64; Gmail's are base64url."""


def read(document: Document, schema: str, raw: bytes) -> tuple[Json, tuple[str, ...]]:
    """The body, and the names in it that are passed over. Raises Refusal.

    The modern stack takes `null` for nothing and knows every name; Calendar keeps `null`, which clears a
    field of a PATCH, and ignores names that it does not know.
    """
    try:
        value = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise refuse("json", what=str(error)) from None
    if not isinstance(value, dict):
        raise refuse("json", what="Root element must be a message.")
    reader = _Reader(document)
    return reader.message(value, document.schemas[schema], ""), tuple(reader.ignored)


def decoded(text: str) -> bytes:
    """The octets of base64 in either alphabet, padded or not. Raises ValueError."""
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9+/]*", plain, re.ASCII) or len(plain) % 4 == 1:
        raise ValueError("not base64")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.ignored: list[str] = []

    def message(self, value: Any, schema: Json, path: str) -> Json:
        if not isinstance(value, dict):
            self._wrong(path, "TYPE_MESSAGE", value)
        known = schema.get("properties", {})
        extra = schema.get("additionalProperties")
        taken: Json = {}
        for name, inner in value.items():
            here = f"{path}.{_snake(name)}" if path else _snake(name)
            spec = known.get(name, extra)
            if spec is None:
                if self._document.modern:
                    raise refuse("unknown field", name=name, at=f" at '{path}'" if path else "")
                self.ignored.append(here)
                continue
            if inner is None:
                if not self._document.modern:
                    taken[name] = None
                continue
            taken[name] = self._value(inner, spec, here)
        return taken

    def _value(self, value: Any, spec: Json, path: str) -> Any:
        if "$ref" in spec:
            return self.message(value, self._document.schemas[spec["$ref"]], path)
        kind = spec.get("type", "any")
        if kind == "object":
            return self.message(value, spec, path)
        if kind == "array":
            if not isinstance(value, list):
                self._wrong(path, "repeated", value)
            return [self._value(one, spec["items"], f"{path}[{at}]") for at, one in enumerate(value)]
        if kind == "any":
            return value
        return self._scalar(value, spec, kind, path)

    def _scalar(self, value: Any, spec: Json, kind: str, path: str) -> Any:
        form = spec.get("format", "")
        if kind == "boolean" and isinstance(value, bool):
            return value
        if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if kind == "integer" or form in ("int64", "uint64"):
            low, high = RANGES.get(form, RANGES["int32"])
            if not isinstance(value, bool) and re.fullmatch(r"-?\d{1,20}", str(value)) and low <= int(value) <= high:
                return int(value) if kind == "integer" else str(value)
        elif kind == "string" and isinstance(value, str):
            self._text(value, spec, form, path)
            return value
        return self._wrong(path, TYPES[kind], value)

    def _text(self, value: str, spec: Json, form: str, path: str) -> None:
        if "enum" in spec and self._document.modern and value not in spec["enum"]:
            self._wrong(path, "TYPE_ENUM", value)
        if form != "byte":
            return
        try:
            decoded(value)
        except ValueError:
            raise refuse("base64", path=path, value=value[:100]) from None
        if self._document.api not in STANDARD_ALPHABET and {"+", "/"} & set(value):
            raise refuse("base64", path=path, value=value[:100])

    def _wrong(self, path: str, kind: str, value: Any) -> Any:
        if self._document.modern:
            shown = json.dumps(value)[:100]
            violation = {"field": path, "description": f"Invalid value at '{path}' ({kind}), {shown}"}
            detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
            raise refuse("value", path=path, type=kind, value=shown).having(details=[detail])
        raise refuse("calendar: field", what=path)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
