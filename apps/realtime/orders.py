"""Who carries out what people order over their socket: `mail`, which stands above this application, says so here.

Until someone registers, every order is refused.
"""

from collections.abc import Callable
from typing import Any

from apps.core.problems import TITLES, Problem
from apps.tenants import context
from apps.users.authentication import still_valid
from apps.users.members import Member

CarryOut = Callable[[Member, Any, Any], dict[str, Any]]


def _nobody(member: Member, key: Any, body: Any) -> dict[str, Any]:
    raise Problem(503, "try_later", "This is not possible for the moment. Try again in half a minute.")


_carry_out: CarryOut = _nobody


def register(carry_out: CarryOut) -> None:
    """Say who carries orders out: called with member, key and body, the member's tenant open, in synchronous code."""
    global _carry_out
    _carry_out = carry_out


def carry_out(member: Member, key: Any, body: Any) -> dict[str, Any]:
    """Carry out one order; the frame that answers it. Raises TenantClosed for a tenant that may not be worked on."""
    try:
        if not still_valid(member):
            raise Problem(401, "not_authenticated", "Sign in again: the access token has lapsed.")
        with context.open(context.get(member.tenant.pk)):
            return {"type": "command_accepted", "key": key, "result": _carry_out(member, key, body)}
    except Problem as problem:
        return refusal(key, problem)


def refusal(key: Any, problem: Problem) -> dict[str, Any]:
    """The frame that refuses an order, with a problem document (RFC 9457)."""
    document: dict[str, Any] = {
        "type": f"about:blank#{problem.code}",
        "title": TITLES.get(problem.status_code, "Error"),
        "status": problem.status_code,
        "code": problem.code,
        "detail": str(problem.detail),
    }
    extra = {"errors": problem.errors, "retry_after": problem.retry_after, **problem.extra}
    document |= {name: value for name, value in extra.items() if value is not None}
    return {"type": "command_refused", "key": key, "problem": document}
