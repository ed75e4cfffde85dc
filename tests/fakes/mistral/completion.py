"""A completion in the service's two forms, a whole answer or a stream of chunks, with its tokens counted."""

import hashlib
import json
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.mistral import tokens
from tests.fakes.mistral.script import Act, ToolUse
from tests.fakes.mistral.wire import AssistantMessage, ChatRequest

ALPHABET: Final = string.ascii_letters + string.digits
PER_CHUNK: Final = 3
"""Tokens in one event of a stream."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote, cut to what the request allows."""

    id: str
    created: int
    model: str
    content: str
    calls: tuple[ToolUse, ...]
    finish: str
    prompt: int
    written: int
    times: int

    @property
    def usage(self) -> dict[str, int]:
        written = self.written * self.times
        return {"prompt_tokens": self.prompt, "completion_tokens": written, "total_tokens": self.prompt + written}

    def whole(self) -> dict[str, Any]:
        """The answer to a request without `stream`."""
        message = {"role": "assistant", "content": self.content, "tool_calls": self._calls() or None}
        choices = [{"index": at, "finish_reason": self.finish, "message": message} for at in range(self.times)]
        head = {"id": self.id, "object": "chat.completion", "created": self.created, "model": self.model}
        return head | {"choices": choices, "usage": self.usage}

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The events of a stream, without the closing one: one choice after the other."""
        for index in range(self.times):
            yield from self._choice(index)

    def _choice(self, index: int) -> Iterator[dict[str, Any]]:
        yield self._chunk(index, {"role": "assistant", "content": ""})
        pieces = tokens.pieces(self.content)
        texts = ["".join(pieces[at : at + PER_CHUNK]) for at in range(0, len(pieces), PER_CHUNK)]
        last = texts.pop() if texts and not self.calls else ""
        for text in texts:
            yield self._chunk(index, {"content": text})
        # Calls come whole, in the last chunk: the service was not seen to cut their arguments.
        delta: dict[str, Any] = {"content": last}
        if self.calls:
            delta["tool_calls"] = self._calls()
        yield self._chunk(index, delta, self.finish)

    def _chunk(self, index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        return head | {"choices": [choice]} | ({"usage": self.usage} if finish and index == self.times - 1 else {})

    def _calls(self) -> list[dict[str, Any]]:
        return [
            {
                "id": call_id(f"{self.id}{at}"),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                "index": at,
            }
            for at, call in enumerate(self.calls)
        ]


def call_id(seed: str) -> str:
    """Nine letters or digits, the same for the same seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(ALPHABET[octet % len(ALPHABET)] for octet in digest[:9])


def complete(request: ChatRequest, act: Act, prompt: int, number: int, created: int) -> Completion:
    """The completion that an act amounts to: cut at a stop word and at max_tokens, its finish told."""
    content, calls, finish = act.content or "", act.calls, "tool_calls" if act.calls else "stop"
    for word in [request.stop] if isinstance(request.stop, str) else request.stop or ():
        if word:
            content = content.partition(word)[0]
    last = request.messages[-1]
    if isinstance(last, AssistantMessage) and not content.startswith(
        begun := tokens.plain(last.model_dump()["content"])
    ):
        # What was begun is part of the answer.
        content = begun + content
    limit = request.max_tokens
    parts = tokens.pieces(content)
    if limit is not None and len(parts) > limit:
        content, calls, finish = "".join(parts[:limit]), (), "length"
    written = tokens.count(content)
    kept: list[ToolUse] = []
    for call in calls:
        room = None if limit is None else max(0, limit - written)
        arguments = tokens.pieces(call.arguments)
        if room is not None and len(arguments) > room:
            # What does not fit is cut inside its JSON, as models do.
            kept.append(ToolUse(call.name, "".join(arguments[:room])))
            written, finish = written + room, "length"
            break
        kept.append(call)
        written += len(arguments)
    return Completion(
        id=hashlib.md5(f"{number}{prompt}".encode(), usedforsecurity=False).hexdigest(),
        created=created,
        model=request.model,
        content=content,
        calls=tuple(kept),
        finish=act.finish or finish,
        prompt=prompt,
        written=written,
        times=request.n or 1,
    )


def event(chunk: dict[str, Any]) -> bytes:
    """One event of a stream as octets."""
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
