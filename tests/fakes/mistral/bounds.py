"""What a schema demands of numbers and texts, whatever was found for them: ranges, steps, lengths, formats.

Patterns are not met: a schema with one gets what was found.
"""

import math
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

UNKNOWN_DAY: Final = date(1970, 1, 1)
"""For a day that has to be told where the text names none, not even its own."""


def number(schema: Mapping[str, Any], found: float | None) -> float | int:
    """The nearest number to what was found that the schema admits."""
    whole = schema.get("type") == "integer"
    step = schema.get("multipleOf") or (1 if whole else 0)
    told = float(schema.get("default") or 0) if found is None else found
    low, high = _edges(schema, whole=whole)
    told = min(max(told, low), high)
    if step:
        up, down = math.ceil(told / step) * step, math.floor(told / step) * step
        told = up if low <= up <= high else down
    return int(told) if whole else told


def _edges(schema: Mapping[str, Any], *, whole: bool) -> tuple[float, float]:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    # An edge that is itself left out is passed by one, or by a part of what lies between.
    narrow = 1 if whole else min(1.0, (min(high, below) - max(low, above)) / 4)
    return max(low, above + narrow), min(high, below - narrow)


def text(schema: Mapping[str, Any], found: str, written: date | None) -> str:
    """What was found, in the length and format that the schema wants."""
    told = found or _format(schema.get("format", ""), written)
    told = told.ljust(schema.get("minLength", 0), ".")
    return told[: schema.get("maxLength", len(told))]


def _format(name: str, written: date | None) -> str:
    day = (written or UNKNOWN_DAY).isoformat()
    return {
        "date": day,
        "date-time": f"{day}T00:00:00",
        "time": "00:00:00",
        "email": "nobody@unknown.example",
        "uri": "https://unknown.example/",
        "uuid": str(uuid.UUID(int=0)),
    }.get(name, "")
