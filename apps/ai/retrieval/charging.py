"""The service's vectors within the open tenant's switch and the day's budget: charged before, put right after.

Reading an archive would take all of a company's tokens for days. It gets a part of each, and goes on the next day; what
a person asks finds the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apps.ai.model import budget, errors, switches
from apps.ai.model.asking import CHARACTERS_A_TOKEN

from .embedder import Column, EmbedderError, Vectors, Withheld
from .mistral import Mistral

PURPOSE: Final = "embedding"
ARCHIVE_PART: Final = 0.5
"""Of a day's tokens, for all that is read without anybody waiting."""


@dataclass(frozen=True, slots=True)
class Charged:
    """The service's model, paid for by the open tenant up to a part of its day's tokens."""

    model: Mistral
    part: float = 1.0

    @property
    def name(self) -> str:
        """See `embedder.Model`."""
        return self.model.name

    @property
    def column(self) -> Column:
        """See `embedder.Model`."""
        return self.model.column

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """See `embedder.Model`. Raises Withheld when the tenant does not let it be asked now."""
        estimate = sum(map(len, texts)) // CHARACTERS_A_TOKEN + len(texts)
        try:
            switches.refuse()
            held = budget.charge(PURPOSE, self.name, estimate, part=self.part)
        except errors.NotNow as reason:
            raise Withheld(reason.code, reason.detail.rstrip(".")) from None
        used = 0
        try:
            answer = self.model.answer(texts)
            used = estimate if answer.tokens is None else answer.tokens
            return answer.vectors
        except EmbedderError as error:
            used = estimate if error.read else 0
            raise
        finally:
            budget.settle(held, used, 0)
