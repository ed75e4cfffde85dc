"""What a test lets the service answer: rules of a condition and an act, the first that fits is taken.

api.when(says("invoice"), call("file", folder="invoices"))
api.when(to("/v1/embeddings"), fail("rate_limited", retry_after=2), times=1)
api.when(streamed, say("A long answer").cut(3))
api.when(always, answering(lambda asked: say(asked.text.upper())))
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from tests.fakes.mistral import tokens
from tests.fakes.mistral.wordings import Refusal, refusal

CHAT: Final = "/v1/chat/completions"
EMBEDDINGS: Final = "/v1/embeddings"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was understood; what conditions look at."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body.get("messages", ()))

    @property
    def system(self) -> str:
        """The instructions."""
        return "\n".join(tokens.plain(one["content"]) for one in self.messages if one["role"] == "system")

    @property
    def text(self) -> str:
        """The last thing that the user said, or the texts to embed."""
        given = self.body.get("input")
        if given is not None:
            return given if isinstance(given, str) else "\n".join(given)
        said = [tokens.plain(one["content"]) for one in self.messages if one["role"] == "user"]
        return said[-1] if said else ""

    @property
    def tools(self) -> list[str]:
        """The names of the tools on offer."""
        return [tool["function"]["name"] for tool in self.body.get("tools") or ()]

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The schema that the answer has to fit, if the request names one."""
        wanted = (self.body.get("response_format") or {}).get("json_schema")
        return wanted["schema"] if wanted else None


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool; `arguments` that are no JSON are sent as they are."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Act:
    """What happens with one request. Without `content`, `calls`, `refusal` and `raw` the reader answers."""

    content: str | None = None
    calls: tuple[ToolUse, ...] = ()
    finish: str | None = None
    refusal: Refusal | None = None
    raw: bytes | None = None
    delay: float = 0.0
    pause: float = 0.0
    cut_at: int | None = None
    hang_up: bool = False
    answer: "Callable[[Asked], Act] | None" = None

    def after(self, seconds: float) -> Self:
        """The same, but nothing is sent for so long."""
        return replace(self, delay=seconds)

    def slowly(self, seconds: float) -> Self:
        """The same, with a pause before each event of a stream."""
        return replace(self, pause=seconds)

    def cut(self, events: int) -> Self:
        """The connection ends after so many events of a stream, or in the middle of a whole answer."""
        return replace(self, cut_at=events)

    def ending(self, reason: str) -> Self:
        """The same with another `finish_reason`: error, model_length, content_filter."""
        return replace(self, finish=reason)


read: Final = Act()
"""The reader answers; for its modifiers: `read.after(5)`, `read.cut(2)`."""

dropped: Final = Act(hang_up=True)
"""The request arrives, and the connection is reset without an answer."""


def say(content: str | Mapping[str, Any]) -> Act:
    """The model writes this; a mapping becomes its JSON."""
    return Act(content=content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))


def call(name: str, arguments: str | None = None, **named: Any) -> Act:
    """The model calls a tool, with `named` arguments or with a text that need not be JSON."""
    return calls((name, named if arguments is None else arguments))


def calls(*uses: tuple[str, Mapping[str, Any] | str]) -> Act:
    """The model calls several tools at once."""
    return Act(calls=tuple(ToolUse(name, tokens.as_text(arguments)) for name, arguments in uses))


def fail(
    name: str, /, retry_after: int | str | None = None, headers: Mapping[str, str] | None = None, **facts: object
) -> Act:
    """A refusal out of the table of wordings; `retry_after` in seconds, or as a date."""
    told = dict(headers or {}) | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    return Act(refusal=refusal(name, told, **facts))


def garbled(body: bytes | str) -> Act:
    """A 200 whose body is this, whatever it is."""
    return Act(raw=body.encode() if isinstance(body, str) else body)


def answering(answer: Callable[[Asked], Act]) -> Act:
    """The act is decided by the request."""
    return Act(answer=answer)


Condition = Callable[[Asked], bool]


def always(asked: Asked) -> bool:
    """Every request."""
    return True


def streamed(asked: Asked) -> bool:
    """Requests for a stream."""
    return bool(asked.body.get("stream"))


def to(path: str) -> Condition:
    """Requests to one path."""
    return lambda asked: asked.path == path


def says(text: str) -> Condition:
    """Requests whose instructions or last words hold this text, whatever its case."""
    wanted = text.casefold()
    return lambda asked: wanted in f"{asked.system}\n{asked.text}".casefold()


def offers(tool: str) -> Condition:
    """Requests that offer this tool, or ask for a schema of this name."""

    def named(asked: Asked) -> bool:
        schema = (asked.body.get("response_format") or {}).get("json_schema") or {}
        return tool in asked.tools or schema.get("name") == tool

    return named


@dataclass(slots=True)
class Rule:
    """A condition and what follows; `left` counts down where the rule is for some requests only."""

    condition: Condition
    act: Act
    left: int | None = None


@dataclass(slots=True)
class Script:
    """The rules of one service, in the order in which they are asked."""

    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def when(self, condition: Condition, act: Act, times: int | None = None) -> Rule:
        """Add a rule; a later one is asked first, so that a test can narrow what its fixture set."""
        rule = Rule(condition, act, times)
        with self._lock:
            self.rules.insert(0, rule)
        return rule

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self.rules.clear()

    def act(self, asked: Asked) -> Act:
        """What is to happen with this request; uses up a rule that is counted."""
        act = self._taken(asked)
        # Not under the lock: an answer may wait for another request.
        return act.answer(asked) if act.answer else act

    def _taken(self, asked: Asked) -> Act:
        with self._lock:
            for rule in self.rules:
                if rule.left != 0 and rule.condition(asked):
                    rule.left = None if rule.left is None else rule.left - 1
                    return rule.act
        return read
