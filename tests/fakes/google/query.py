"""A request's parameters, read as its method declares them; whatever the document does not know is refused."""

import re
from typing import Any, Final

from tests.fakes.google.clock import from_rfc3339
from tests.fakes.google.discovery import Json, Match
from tests.fakes.google.refusals import Refusal, refuse

RANGES: Final = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}


def read(match: Match, pairs: list[tuple[str, str]]) -> Json:
    """Typed values by name; declared defaults are filled in. Raises Refusal."""
    declared = match.method.parameters
    values: Json = {}
    for name, text in pairs:
        if name in match.document.parameters:
            _read_one(match, name, text, match.document.parameters[name])
            continue
        spec = declared.get(name)
        if spec is None or spec["location"] != "query":
            raise refuse("unknown query", name=name)
        value = _read_one(match, name, text, spec)
        if spec.get("repeated"):
            values.setdefault(name, []).append(value)
        elif name in values:
            raise refuse("repeated", name=name)
        else:
            values[name] = value
    for name, spec in declared.items():
        if spec["location"] == "path":
            values[name] = match.path[name]
        elif spec.get("required") and name not in values:
            raise refuse("required", name=name)
        elif "default" in spec and name not in values:
            values[name] = _read_one(match, name, spec["default"], spec)
    return values


def _read_one(match: Match, name: str, text: str, spec: Json) -> Any:
    if "enum" in spec and text not in spec["enum"]:
        raise _wrong(match, name, text, "string", f" Allowed values: [{', '.join(spec['enum'])}]")
    kind = spec["type"]
    if kind == "boolean":
        if text not in ("true", "false"):
            raise _wrong(match, name, text, kind)
        return text == "true"
    if kind == "integer":
        return _integer(match, name, text, spec)
    if spec.get("format") in ("int64", "uint64") and not re.fullmatch(r"-?\d{1,20}", text, re.ASCII):
        raise _wrong(match, name, text, spec["format"])
    if spec.get("format") == "date-time":
        try:
            from_rfc3339(text)
        except ValueError:
            raise refuse("calendar: bad request") from None
    return text


def _integer(match: Match, name: str, text: str, spec: Json) -> int:
    low, high = RANGES[spec.get("format", "int32")]
    if not re.fullmatch(r"-?\d{1,20}", text, re.ASCII) or not low <= int(text) <= high:
        raise _wrong(match, name, text, "integer" if match.document.api == "calendar" else spec.get("format", "int32"))
    if not int(spec.get("minimum", low)) <= int(text) <= int(spec.get("maximum", high)):
        allowed = f" Allowed values: [{spec.get('minimum', low)}, {spec.get('maximum', high)}]"
        raise _wrong(match, name, text, "integer", allowed)
    return int(text)


def _wrong(match: Match, name: str, text: str, kind: str, allowed: str = "") -> Refusal:
    if match.document.modern:
        shown = {"boolean": "TYPE_BOOL", "string": "TYPE_ENUM"}.get(kind, f"TYPE_{kind.upper()}")
        path = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        return refuse("value", path=path, type=shown, value=f'"{text}"')
    return refuse("calendar: parameter", name=name, type=kind, value=text, allowed=allowed)
