"""The script of a service that runs as a process of its own, set over HTTP under /_fake/.

    POST   /_fake/rules    {"when": {"path", "says", "offers", "stream"}, "act": {...}, "times": N}
    DELETE /_fake/rules
    GET    /_fake/journal
    DELETE /_fake/journal

An act is one of {"say": text or object}, {"calls": [[name, arguments], ...]}, {"fail": name, "retry_after": S},
{"garbled": text}, {"dropped": true} or {"read": true}; beside it stand "delay", "pause", "cut" and "finish".
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.mistral import script
from tests.fakes.mistral.script import Act, Asked, Condition

if TYPE_CHECKING:
    from tests.fakes.mistral.server import MistralApi

PREFIX: Final = "/_fake/"


def control(api: "MistralApi", method: str, path: str, raw: bytes) -> tuple[int, bytes]:
    """Do what a request to /_fake/ asks for; gives the status and the body of the answer."""
    try:
        return _control(api, method, path, raw)
    except (KeyError, ValueError, TypeError) as error:
        return 400, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()


def _control(api: "MistralApi", method: str, path: str, raw: bytes) -> tuple[int, bytes]:
    match method, path.removeprefix(PREFIX):
        case "POST", "rules":
            told = json.loads(raw)
            api.when(condition(told.get("when", {})), act(told["act"]), told.get("times"))
            return 200, json.dumps({"rules": len(api.script.rules)}).encode()
        case "DELETE", "rules":
            api.script.clear()
        case "DELETE", "journal":
            api.journal.clear()
        case "GET", "journal":
            return 200, json.dumps([_shown(entry) for entry in api.journal]).encode()
        case _:
            return 404, json.dumps({"error": f"{method} {path} is no control"}).encode()
    return 200, b"{}"


def condition(told: Mapping[str, Any]) -> Condition:
    """The condition that holds where all the named ones hold."""
    known: Mapping[str, Callable[[Any], Condition]] = {
        "path": script.to,
        "says": script.says,
        "offers": script.offers,
        "stream": lambda wanted: script.streamed if wanted else script.always,
    }
    wanted = [known[name](value) for name, value in told.items()]

    def all_of(asked: Asked) -> bool:
        return all(one(asked) for one in wanted)

    return all_of


def act(told: Mapping[str, Any]) -> Act:
    """The act that JSON describes. Raises KeyError for a refusal that is not in the table."""
    done = _act(told)
    if "delay" in told:
        done = done.after(float(told["delay"]))
    if "pause" in told:
        done = done.slowly(float(told["pause"]))
    if "cut" in told:
        done = done.cut(int(told["cut"]))
    return done.ending(told["finish"]) if "finish" in told else done


def _act(told: Mapping[str, Any]) -> Act:
    if "say" in told:
        return script.say(told["say"])
    if "calls" in told:
        return script.calls(*((name, arguments) for name, arguments in told["calls"]))
    if "fail" in told:
        return script.fail(told["fail"], told.get("retry_after"), told.get("headers"), **told.get("facts", {}))
    if "garbled" in told:
        return script.garbled(told["garbled"])
    return script.dropped if told.get("dropped") else script.read


def _shown(entry: Any) -> dict[str, Any]:
    return {
        "method": entry.method,
        "path": entry.path,
        "body": entry.raw.decode("utf-8", "replace"),
        "at": entry.at,
        "verdict": entry.verdict,
        "status": entry.status,
        "usage": dict(entry.usage),
    }
