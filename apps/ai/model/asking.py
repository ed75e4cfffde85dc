"""Asking the model: one function for an answer of a given shape, one for a conversation; all else asks through these.

Each attempt looks at the tenant's switch, the account's consent and the day's budget first, and is charged and kept.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, connection
from pydantic import BaseModel, ValidationError

from apps.ai import consent

from . import access, budget, errors, keeping, switches
from .keeping import Told
from .models import ModelCall

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

log = structlog.get_logger(__name__)

T = TypeVar("T")
Shape = TypeVar("Shape", bound=BaseModel)

CHARACTERS_A_TOKEN: Final = 3
"""Fewer than in any of our languages, so that an estimate is rather too high."""
UNFINISHED: Final = frozenset({"length", "model_length"})
BROKEN_OFF: Final = frozenset({"error", "content_filter"})


Heard = Callable[[str | None], None]
"""Told what the model writes, piece by piece; None takes back what was told: it is asked again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often it is tried, how long (seconds) an answer may take, and how long is waited between two tries."""

    tries: int = 3
    timeout: float | None = None
    pause: float = 0.5
    longest: float = 10.0

    def wait(self, tried: int, error: errors.Passing) -> float | None:
        """Seconds before the next try; None when there is none. What the service asks for is waited, or not at all."""
        if tried >= self.tries:
            return None
        if isinstance(error, errors.Malformed):
            return 0.0  # nobody is busy: it is only said again
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.longest else None
        return min(self.longest, self.pause * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.5)


IN_THE_BACKGROUND: Final = Patience()
WHILE_SOMEBODY_WAITS: Final = Patience(tries=2, pause=0.3, longest=2.0)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and for whom. `account_id` is whose mail is in it; `about` the message or conversation."""

    purpose: str
    instructions: str
    text: str
    account_id: UUID | None = None
    user_id: UUID | None = None
    about: UUID | None = None
    most_tokens: int = 1_000
    patience: Patience = IN_THE_BACKGROUND


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What the model said, in the shape that was asked for, and which call that was."""

    value: T
    model: str
    call_id: UUID


def ask(question: Question, shape: type[Shape]) -> Answer[Shape]:
    """An answer of this shape. Raises the errors of `errors`; RuntimeError inside a transaction."""
    from langchain_core.messages import HumanMessage, SystemMessage

    wanted = {
        "type": "json_schema",
        "json_schema": {"name": shape.__name__, "schema": shape.model_json_schema(), "strict": True},
    }

    def read(message: "AIMessage") -> Shape:
        try:
            return shape.model_validate_json(str(message.content))
        except ValidationError:
            raise errors.Malformed from None

    messages = [SystemMessage(question.instructions), HumanMessage(question.text)]
    return _tried(question, messages, {"response_format": wanted}, read)


def converse(
    question: Question, messages: "Sequence[BaseMessage]", heard: Heard | None = None, **bound: Any
) -> "Answer[AIMessage]":
    """The model's next message of a conversation; `bound` is what goes with it, such as `tools`. Raises likewise.

    Of the question only what is said beside its text counts: the messages are the text. With `heard` the text is told
    while it is written; what `heard` raises ends the call.
    """
    return _tried(question, messages, bound, lambda message: message, heard)


def _tried(
    question: Question,
    messages: "Sequence[BaseMessage]",
    bound: dict[str, Any],
    read: "Callable[[AIMessage], T]",
    heard: Heard | None = None,
) -> Answer[T]:
    if connection.in_atomic_block:
        raise RuntimeError("the model is asked outside of transactions")
    for tried in range(1, question.patience.tries + 1):
        try:
            return _once(question, messages, bound, read, heard)
        except errors.Passing as error:
            wait = question.patience.wait(tried, error)
            log.info("the model gave no answer", purpose=question.purpose, reason=error.code, tried=tried, wait=wait)
            if wait is None:
                raise
            if heard is not None:
                heard(None)
            time.sleep(wait)
    raise AssertionError("patience has at least one try")


def allowed(question: Question) -> None:
    """Raise NotConfigured, SwitchedOff or NoConsent when this may not be asked."""
    switches.refuse()
    if question.account_id is not None and not consent.given(question.account_id):
        raise errors.NoConsent


def _once(
    question: Question,
    messages: "Sequence[BaseMessage]",
    bound: dict[str, Any],
    read: "Callable[[AIMessage], T]",
    heard: Heard | None,
) -> Answer[T]:
    allowed(question)
    model = settings.PMSYNC_MISTRAL_MODEL
    prompt = [{"role": message.type, "content": message.content} for message in messages]
    estimate = sum(len(str(message.content)) for message in messages) // CHARACTERS_A_TOKEN
    held = budget.charge(question.purpose, model, estimate + question.most_tokens)
    started, outcome, output, used = time.monotonic(), "ok", "", (0, 0)

    def told() -> Told:
        return Told(outcome, round((time.monotonic() - started) * 1000), prompt, output, *used)

    try:
        runnable = access.chat(question.patience.timeout).bind(max_tokens=question.most_tokens, **bound)
        message = access.invoke(runnable, messages) if heard is None else access.stream(runnable, messages, heard)
        output, used = _shown(message), _usage(message, estimate)
        _finished(message)
        value = read(message)
    except errors.ModelError as error:
        outcome = error.code
        if error.read:
            used = (estimate, 0)  # it may have been read, and then it is paid for
        raise
    finally:
        budget.settle(held, *used)
        call = _kept(question, model, told())
    return Answer(value, model, call.pk)


def _kept(question: Question, model: str, told: Told) -> ModelCall:
    try:
        return keeping.keep(
            question.purpose, model, told, account_id=question.account_id, user_id=question.user_id,
            about=question.about,
        )  # fmt: skip
    except IntegrityError:
        # The account went while the model was thinking: nobody is there for the answer.
        raise errors.NoConsent from None


def _shown(message: "AIMessage") -> str:
    calls = "".join(f"\n{call['name']} {call['args']}" for call in message.tool_calls)
    return f"{message.content}{calls}"


def _usage(message: "AIMessage", estimate: int) -> tuple[int, int]:
    """Tokens as the service counted them; our own estimate where it does not say."""
    told = message.usage_metadata
    if told is None:
        return estimate, len(str(message.content)) // CHARACTERS_A_TOKEN
    return told["input_tokens"], told["output_tokens"]


def _finished(message: "AIMessage") -> None:
    reason = message.response_metadata.get("finish_reason")
    if reason in UNFINISHED:
        raise errors.Malformed
    if reason in BROKEN_OFF:
        raise errors.Refused
