"""Extended properties: what a client writes on an item for itself, under a name of its own."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tests.fakes.microsoft.errors import refuse

_GUID: Final = r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}"
_TYPE: Final = "String|Integer|Boolean|Double|SystemTime|Binary|CLSID"
_NAME: Final = re.compile(rf"(?:{_TYPE}) (?:0x[0-9A-Fa-f]{{1,4}}|{_GUID} (?:Name .+|Id 0x[0-9A-Fa-f]+))")


def extended_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The extended properties of a body. Raises when a name is none."""
    found = {}
    for one in body.get("singleValueExtendedProperties") or []:
        if not _NAME.fullmatch(one["id"]):
            raise refuse("extended property", name=one["id"])
        found[one["id"]] = one.get("value") or ""
    return found
