"""Which rule holds for an action. Pure: the most specific wins, and of equals the strictest.

A condition makes a rule more specific: a person, a kind, a risk, inside or outside count once, a domain twice, an
address three times. An action that several people would hear of is judged for each, and the strictest holds. A binding
rule of the company is a floor: whatever else holds, the verdict is no looser.

What an agent took from what others wrote is asked for, whatever a rule allows without asking: who writes a mail would
else decide what is done. A rule may say that it holds for such wishes too, and then does for what is of little risk and
what nobody outside hears of: an entry of one's own that can be taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from .models import Scope, Verdict

STRICTNESS: Final = {Verdict.AUTO: 0, Verdict.ASK: 1, Verdict.NEVER: 2}
WEIGHT: Final = {Scope.ANY: 0, Scope.INSIDE: 1, Scope.OUTSIDE: 1, Scope.DOMAIN: 2, Scope.ADDRESS: 3}
LITTLE: Final = "low"
DEFAULT: Final = Verdict.ASK
"""Where no rule says otherwise: nothing is done that nobody looked at."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule, as it is judged by."""

    id: UUID
    verdict: Verdict
    user_id: UUID | None = None
    kind: str = ""
    scope: Scope = Scope.ANY
    recipient: str = ""
    risk: str = ""
    second: bool = False
    binding: bool = False
    on_content: bool = False

    @property
    def weight(self) -> int:
        """How specific it is."""
        return (self.user_id is not None) + bool(self.kind) + bool(self.risk) + WEIGHT[self.scope]

    def holds(self, asked: "Asked", recipient: str | None) -> bool:
        """Whether it is about this action, as far as this recipient goes (None: nobody hears of it)."""
        return (
            self.user_id in (None, asked.user_id)
            and self.kind in ("", asked.kind)
            and self.risk in ("", asked.risk)
            and self._reaches(asked, recipient)
        )

    def says(self, asked: "Asked") -> Verdict:
        """Its verdict on this action: `auto` is no more than `ask` where the wish is not the person's own."""
        if self.verdict != Verdict.AUTO or not asked.on_content:
            return self.verdict
        harmless = asked.risk == LITTLE and not asked.recipients
        return Verdict.AUTO if self.on_content and harmless else Verdict.ASK

    def _reaches(self, asked: "Asked", recipient: str | None) -> bool:
        if self.scope == Scope.ANY:
            return True
        if recipient is None:
            return False
        match self.scope:
            case Scope.INSIDE:
                return recipient in asked.inside
            case Scope.OUTSIDE:
                return recipient not in asked.inside
            case Scope.DOMAIN:
                return domain_of(recipient) == self.recipient
            case _:
                return recipient == self.recipient


@dataclass(frozen=True, slots=True)
class Asked:
    """An action, as rules see it. Addresses are in lower case; `inside` are those of the company; `on_content` when
    the wish came from what others wrote."""

    user_id: UUID
    kind: str
    risk: str
    recipients: Sequence[str]
    inside: frozenset[str] = frozenset()
    on_content: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of it, by which rules (none: the default), and whether two people must approve."""

    verdict: Verdict
    rules: tuple[UUID, ...] = ()
    second: bool = False


def judge(rules: Iterable[Condition], asked: Asked) -> Judged:
    """The verdict for an action."""
    known = list(rules)
    concerned: Sequence[str | None] = asked.recipients or (None,)
    each = [_for(known, asked, recipient) for recipient in concerned]
    verdict = max((one.verdict for one in each), key=STRICTNESS.__getitem__)
    deciding = [one for one in each if one.verdict == verdict]
    rules_of = tuple(dict.fromkeys(rule for one in deciding for rule in one.rules))
    return Judged(verdict, rules_of, verdict == Verdict.ASK and any(one.second for one in each))


def _for(rules: Sequence[Condition], asked: Asked, recipient: str | None) -> Judged:
    holding = [rule for rule in rules if rule.holds(asked, recipient)]
    if not holding:
        return Judged(DEFAULT)
    most = max(rule.weight for rule in holding)
    chosen = [rule for rule in holding if rule.weight == most or rule.binding]
    strictest = max((rule.says(asked) for rule in chosen), key=STRICTNESS.__getitem__)
    by = [rule for rule in chosen if rule.says(asked) == strictest]
    return Judged(strictest, tuple(rule.id for rule in by), any(rule.second for rule in chosen))


def domain_of(address: str) -> str:
    """What follows the last @, in lower case."""
    return address.rpartition("@")[2].lower()
