"""What the service says when it refuses: one table of statuses, types, codes and wordings, corrected in one place.

Wordings were seen in public reports of answers of api.mistral.ai between 2024 and 2026, but those marked
"validator" (the text is that of the published message validator, type and code are their neighbours')
and "unseen" (made up in the service's manner). A live account was asked for none of them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Wording:
    """How one refusal looks. `shape` says which part of the service speaks: they do not agree on a form."""

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    shape: str = "error"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal as it goes over the wire."""

    name: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


ORDER: Final = "invalid_request_message_order"
ARGUMENTS: Final = "invalid_request_invalid_args"
PROMPT: Final = "invalid_request_prompt"
CALL: Final = "invalid_function_call"
BAD_GATEWAY: Final = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>502 Bad Gateway</h1></body></html>\r\n"
)

WORDINGS: Final[Mapping[str, Wording]] = {
    # The gateway, before any model is asked.
    "unauthorized": Wording(401, "Unauthorized", shape="detail"),
    "no_route": Wording(404, "no Route matched with those values", shape="message"),
    "wrong_method": Wording(405, "Method Not Allowed", shape="detail"),  # unseen
    "too_large": Wording(413, "Payload Too Large", shape="message"),  # unseen
    "rate_limited": Wording(429, "Rate limit exceeded", "rate_limited", "1300"),
    "rate_limited_by_gateway": Wording(429, "Requests rate limit exceeded", shape="message"),
    "capacity": Wording(
        429, "Service tier capacity exceeded for this model.", "service_tier_capacity_exceeded", "3505"
    ),
    # The request's form; the message is the list of pydantic's errors.
    "invalid": Wording(422, ""),
    # What the request asks for.
    "unknown_model": Wording(400, "Invalid model: {model}", "invalid_model", "1500"),
    "model_not_found": Wording(404, "Model not found: {model}", "invalid_model", "1500"),  # unseen
    "too_long": Wording(
        400,
        "Prompt contains {tokens} tokens and 0 draft tokens, too large for model with {limit} maximum context length",
        ARGUMENTS,
        "3051",
    ),
    "greedy": Wording(400, "top_p must be 1 when using greedy sampling.", ARGUMENTS, "3051"),
    "no_reasoning": Wording(400, "reasoning_effort is not enabled for this model", ARGUMENTS, "3051"),
    "no_schema": Wording(
        400, "json_schema must be set when response_format is json_schema", ARGUMENTS, "3051"
    ),  # unseen
    "no_dimension": Wording(400, "This model does not support output_dimension.", ARGUMENTS, "3051"),
    "unknown_tool": Wording(400, "Tool choice {name} is not in the tools", ARGUMENTS, "3051"),  # unseen
    "no_tools": Wording(400, "Tool choice {choice} needs tools", ARGUMENTS, "3051"),  # unseen
    "too_many_inputs": Wording(400, "Too many inputs in request, split into more batches.", PROMPT, "3210"),
    "too_many_tokens": Wording(400, "Too many tokens overall, split into more batches.", PROMPT, "3210"),
    "input_too_long": Wording(
        400, "Input id {at} has {tokens} tokens, exceeding max {limit} tokens.", PROMPT, "3210"
    ),  # unseen
    "empty_input": Wording(400, "Input cannot be empty.", PROMPT, "3210"),  # unseen
    # The order of messages.
    "no_messages": Wording(400, "Conversation must have at least one message", ORDER, "3230"),  # validator
    "bad_start": Wording(
        400, "Conversation must start with a user message or system message", ORDER, "3230"
    ),  # validator
    "bad_order": Wording(400, "Unexpected role '{role}' after role '{before}'", ORDER, "3230"),
    "bad_end": Wording(
        400,
        "Expected last role User or Tool (or Assistant with prefix True) for serving but got {role}",
        ORDER,
        "3230",
    ),
    "unanswered_calls": Wording(400, "Not the same number of function calls and responses", ORDER, "3230"),
    "too_many_answers": Wording(400, "More tool responses than tool calls", ORDER, "3230"),  # validator
    "stray_answer": Wording(400, "Unexpected tool call id {id} in tool results", ORDER, "3230"),  # validator
    "doubled_answer": Wording(400, "Duplicate tool call id {id} in tool results", ORDER, "3230"),  # validator
    "doubled_call": Wording(400, "Duplicate tool call id {id} in assistant message", ORDER, "3230"),  # validator
    # The content of messages.
    "empty_assistant": Wording(
        400,
        "Assistant message must have either content or tool_calls, but not none.",
        "invalid_assistant_message",
        "3240",
    ),  # unseen: type and code
    "prefix_inside": Wording(
        400, "Assistant message with prefix True must be last message", "invalid_assistant_message", "3240"
    ),  # validator
    "bad_call_id": Wording(400, "Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.", CALL, "3280"),
    "no_call_id": Wording(400, "Tool call id has to be defined.", CALL, "3280"),  # validator
    "bad_function_name": Wording(
        400,
        "Function name was {name} but must be a-z, A-Z, 0-9, or contain underscores and dashes, "
        "with a maximum length of 64.",
        CALL,
        "3280",
    ),  # validator
    "bad_schema": Wording(400, "Invalid tool schema: {error}", "invalid_request_tool_schema", "3290"),  # unseen
    # The service's own failures.
    "internal": Wording(500, "Internal Server Error", "internal_server_error", "1000"),  # unseen
    "bad_gateway": Wording(502, BAD_GATEWAY, shape="html"),  # unseen
    "unavailable": Wording(503, "Service unavailable.", "internal_server_error", "1000"),  # unseen
    "gateway_timeout": Wording(504, "The upstream server is timing out", shape="message"),  # unseen
}


def refusal(name: str, headers: Mapping[str, str] | None = None, /, **facts: object) -> Refusal:
    """The refusal of that name, its wording filled with `facts`. Raises KeyError for a name not in the table."""
    wording = WORDINGS[name]
    return _of(name, wording, wording.message.format(**facts) if facts else wording.message, headers)


def invalid(errors: Sequence[Mapping[str, Any]]) -> Refusal:
    """A 422 whose message holds the validator's own list."""
    return _of("invalid", WORDINGS["invalid"], {"detail": list(errors)}, None)


def _of(name: str, wording: Wording, message: object, headers: Mapping[str, str] | None) -> Refusal:
    shown: object
    kind = "application/json"
    match wording.shape:
        case "html":
            return Refusal(
                name, wording.status, str(message).encode(), {"Content-Type": "text/html"} | dict(headers or {})
            )
        case "detail" | "message":
            shown = {wording.shape: message}
        case _:
            shown = {
                "object": "error",
                "message": message,
                "type": wording.type,
                "param": None,
                "code": wording.code,
                "raw_status_code": wording.status,
            }
    return Refusal(name, wording.status, json.dumps(shown).encode(), {"Content-Type": kind} | dict(headers or {}))
