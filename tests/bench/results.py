"""How every benchmark tells a figure: one JSON line with its baseline from the same run."""

import json
from collections.abc import Sequence


def show(bench: str, value: float, unit: str, baseline: float | None, n: int, note: str) -> None:
    """Print one figure. `baseline`, in the same unit, is a peer's figure or the goal, as the note says."""
    ratio = round(value / baseline, 3) if baseline else None
    line = {"bench": bench, "value": _rounded(value), "unit": unit, "baseline": baseline and _rounded(baseline)}
    print(json.dumps(line | {"ratio": ratio, "n": n, "note": note}), flush=True)


def _rounded(value: float) -> float:
    """To four significant digits."""
    return float(f"{value:.4g}")


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share (0 to 1) lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
