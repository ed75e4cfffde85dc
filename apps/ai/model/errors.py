"""Why the model was not asked, or gave no answer that can be used. Nothing else leaves `asking`.

    ModelError
        NotNow              nobody was asked: NotConfigured, SwitchedOff, NoConsent, BudgetSpent
        Stopped             nobody wants the answer any more
        Passing             may go better later: RateLimited, TimedOut, Unavailable, Malformed
        Refused             will not go better: KeyRefused, TooLong, Refused

Messages hold neither prompts, nor answers, nor keys.
"""

from typing import ClassVar

from apps.core.problems import Problem


class ModelError(Exception):
    """`code` is for programs and the audit, `detail` for the person: what is the matter and what to do."""

    code: ClassVar[str] = "model_error"
    status: ClassVar[int] = 503
    detail: ClassVar[str] = "The language model gave no answer."

    def __init__(self, retry_after: float | None = None, *, read: bool = False) -> None:
        """`retry_after`: seconds after which another try makes sense, where that is known; `read`: whether the service
        may have read what it was asked."""
        super().__init__(self.detail)
        self.retry_after, self.read = retry_after, read

    def problem(self) -> Problem:
        """The same, for the person who asked over HTTP."""
        return Problem(self.status, f"ai_{self.code}", self.detail, retry_after=self.retry_after)


class NotNow(ModelError):
    """The model was not asked."""


class NotConfigured(NotNow):
    code, status = "not_configured", 409
    detail = (
        "No language model is set up in this installation (MISTRAL_API_KEY). Everything that needs none works; "
        "ask whoever runs it."
    )


class SwitchedOff(NotNow):
    code, status = "switched_off", 403
    detail = "An administrator of your company has switched the assistant off."


class NoConsent(NotNow):
    code, status = "no_consent", 403
    detail = "The owner of this account has not let the assistant read it. They can do so in Settings."


class BudgetSpent(NotNow):
    code, status = "budget_spent", 429
    detail = "Your company has used up what it allows the assistant for today. It goes on after midnight (UTC)."


class Stopped(ModelError):
    code, status = "stopped", 409
    detail = "This was stopped before it was answered."


class Passing(ModelError):
    """Another try may succeed."""


class RateLimited(Passing):
    code, status = "rate_limited", 429
    detail = "The language model is asked too often at the moment. Try again in a minute."


class TimedOut(Passing):
    code = "timed_out"
    detail = "The language model took too long to answer. Try again in a while."


class Unavailable(Passing):
    code = "unavailable"
    detail = "The language model's service cannot be reached at the moment. Try again in a while."


class Malformed(Passing):
    code = "malformed"
    detail = "The language model gave an answer that makes no sense, several times. Try again, or do without."


class Refused(ModelError):
    code, status = "refused", 422
    detail = "The language model's service refused this request."


class KeyRefused(Refused):
    code, status = "key_refused", 409
    detail = "The language model's service does not accept the key of this installation. Ask whoever runs it."


class TooLong(Refused):
    code = "too_long"
    detail = "This is more than the language model can read at once."
