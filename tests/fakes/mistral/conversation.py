"""Whether a well-formed request makes sense: the order of its messages, calls and their answers, tools, lengths."""

import re
from itertools import pairwise
from typing import Final

from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # comes without types
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]  # likewise

from tests.fakes.mistral import tokens
from tests.fakes.mistral.catalogue import BY_NAME, Model
from tests.fakes.mistral.wire import AssistantMessage, ChatRequest, EmbeddingRequest, NamedTool, ToolMessage
from tests.fakes.mistral.wordings import Refusal, refusal

CALL_ID: Final = re.compile(r"[a-zA-Z0-9]{9}")
FUNCTION_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MAY_FOLLOW: Final = {
    "system": {"user", "assistant", "system"},
    "user": {"assistant", "system", "user"},
    "assistant": {"assistant", "user", "tool"},
    # The published validator lets a user speak here since 2026; the service was last seen to refuse it.
    "tool": {"assistant", "tool"},
}
INPUTS: Final = 256
"""Texts in one request for embeddings; counted at the live service by others, written down nowhere."""
BATCH: Final = 16_384
"""Tokens in one request for embeddings."""


def of_chat(request: ChatRequest) -> Refusal | None:
    """What is wrong with the request for a completion, if anything is."""
    model = BY_NAME.get(request.model)
    if model is None or not model.chat:
        return refusal("unknown_model", model=request.model)
    return (
        _settings(request, model) or _tools(request) or _order(request) or _messages(request) or _length(request, model)
    )


def of_embeddings(request: EmbeddingRequest) -> Refusal | None:
    """What is wrong with the request for embeddings, if anything is."""
    model = BY_NAME.get(request.model)
    if model is None or not model.dimensions:
        return refusal("unknown_model", model=request.model)
    if request.output_dimension is not None or request.output_dtype != "float":
        return refusal("no_dimension")
    texts = [request.input] if isinstance(request.input, str) else request.input
    if not texts or not all(texts):
        return refusal("empty_input")
    if len(texts) > INPUTS:
        return refusal("too_many_inputs")
    lengths = [tokens.count(text) for text in texts]
    if sum(lengths) > BATCH:
        return refusal("too_many_tokens")
    for at, length in enumerate(lengths):
        if length > model.context:
            return refusal("input_too_long", at=at, tokens=length, limit=model.context)
    return None


def _settings(request: ChatRequest, model: Model) -> Refusal | None:
    if request.temperature == 0 and request.top_p != 1:
        return refusal("greedy")
    wanted = request.response_format
    if wanted is not None and wanted.type == "json_schema" and wanted.json_schema is None:
        return refusal("no_schema")
    if request.reasoning_effort is not None and not model.reasoning:
        return refusal("no_reasoning")
    return None


def _tools(request: ChatRequest) -> Refusal | None:
    names = set()
    for tool in request.tools or ():
        names.add(tool.function.name)
        if not FUNCTION_NAME.fullmatch(tool.function.name):
            return refusal("bad_function_name", name=tool.function.name)
        try:
            Draft7Validator.check_schema(tool.function.parameters)
        except SchemaError as error:
            return refusal("bad_schema", error=error.message)
    choice = request.tool_choice
    if isinstance(choice, NamedTool) and choice.function.name not in names:
        return refusal("unknown_tool", name=choice.function.name)
    if choice in ("any", "required") and not names:
        return refusal("no_tools", choice=choice)
    return None


def _order(request: ChatRequest) -> Refusal | None:
    messages = request.messages
    if not messages:
        return refusal("no_messages")
    if messages[0].role not in ("user", "system"):
        return refusal("bad_start")
    for before, now in pairwise(messages):
        if now.role not in MAY_FOLLOW[before.role]:
            return refusal("bad_order", role=now.role, before=before.role)
    last = messages[-1]
    if last.role == "system" or (isinstance(last, AssistantMessage) and not last.prefix):
        return refusal("bad_end", role=last.role)
    return _answers(request)


def _answers(request: ChatRequest) -> Refusal | None:
    """Each call of the assistant is answered once, at once, and nothing else is."""
    open_calls: set[str] = set()
    answered: set[str] = set()
    for message in request.messages:
        if isinstance(message, ToolMessage):
            given = message.tool_call_id or ""
            if given in answered:
                return refusal("doubled_answer", id=given)
            if given not in open_calls:
                return refusal("stray_answer" if open_calls else "too_many_answers", id=given)
            open_calls.remove(given)
            answered.add(given)
            continue
        if open_calls:
            return refusal("unanswered_calls")
        answered.clear()
        for call in (message.tool_calls or ()) if isinstance(message, AssistantMessage) else ():
            if call.id in open_calls:
                return refusal("doubled_call", id=call.id)
            open_calls.add(call.id)
    return refusal("unanswered_calls") if open_calls else None


def _messages(request: ChatRequest) -> Refusal | None:
    for message in request.messages:
        if isinstance(message, ToolMessage):
            wrong = _call_id(message.tool_call_id)
            if wrong is not None:
                return wrong
        if not isinstance(message, AssistantMessage):
            continue
        if not message.content and not message.tool_calls:
            return refusal("empty_assistant")
        if message.prefix and message is not request.messages[-1]:
            return refusal("prefix_inside")
        for call in message.tool_calls or ():
            wrong = _call_id(None if call.id == "null" else call.id)
            if wrong is not None:
                return wrong
            if not FUNCTION_NAME.fullmatch(call.function.name):
                return refusal("bad_function_name", name=call.function.name)
    return None


def _call_id(given: str | None) -> Refusal | None:
    if not given:
        return refusal("no_call_id")
    return None if CALL_ID.fullmatch(given) else refusal("bad_call_id", id=given)


def _length(request: ChatRequest, model: Model) -> Refusal | None:
    length = prompt_tokens(request)
    if length + (request.max_tokens or 0) > model.context:
        return refusal("too_long", tokens=length, limit=model.context)
    return None


def prompt_tokens(request: ChatRequest) -> int:
    """What `usage` calls prompt_tokens."""
    said = request.model_dump(include={"messages", "tools"})
    return tokens.prompt(said["messages"], said["tools"])
