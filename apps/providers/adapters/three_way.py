"""What becomes of a field that was one thing, is to be another, and is a third by now (architecture, "Out")."""

from collections.abc import Callable, Sequence
from typing import Any

Key = Callable[[Any], Any]


def settled(key: Key | None, before: Any, wanted: Any, now: Any) -> tuple[Any, bool]:
    """What the field becomes, and whether that overrides somebody. `key` tells one of several values from another:
    each of them is then added, changed or taken away by itself."""
    if key is not None:
        return _several(key, before, wanted, now), False
    return wanted, now not in (before, wanted)


def _several(key: Key, before: Sequence[Any], wanted: Sequence[Any], now: Sequence[Any]) -> list[Any]:
    if list(now) == list(before):
        return list(wanted)
    was, will = {key(item): item for item in before}, {key(item): item for item in wanted}
    found = []
    for item in now:
        name = key(item)
        if name in was and name not in will:
            continue
        found.append(will[name] if name in will and will[name] != was.get(name, item) else item)
    held = {key(item) for item in found}
    return found + [item for name, item in will.items() if name not in was and name not in held]
