"""Which model turns texts into vectors: the service's where one is configured, else a small one that runs here.

Texts leave this machine in the first case only. A vector is worth nothing beside another model's: each is kept with
its model's name, and a change of model has everything read anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""One row for each text, each of length one."""

Column = Literal["small", "large"]
DIMENSIONS: Final[dict[Column, int]] = {"small": 384, "large": 1024}
AT_ONCE: Final = 256
"""Texts of one call: more than this the service refuses."""


class EmbedderError(Exception):
    """No vectors now. `retry_after` is in seconds, where the service named it; the message holds no text and no key.

    `code` is for programs; `read` tells that the service may have read the texts, and is to be paid for it.
    """

    code = "embedder_unavailable"

    def __init__(self, reason: str, retry_after: float | None = None, *, read: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.read = reason, retry_after, read


class Withheld(EmbedderError):
    """Nobody was asked: the company's switch is off, or the day's tokens are spent. It goes on by itself."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Model(Protocol):
    """Something that embeds. `name` goes beside each vector, `column` is where vectors of its length stand."""

    @property
    def name(self) -> str: ...

    @property
    def column(self) -> Column: ...

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """At most AT_ONCE texts, none empty, as vectors of any length. Raises EmbedderError."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """A model, asked in calls that it takes; what it answers is checked, and made of length one."""

    model: Model

    @property
    def name(self) -> str:
        """The name that is kept with each vector."""
        return self.model.name

    @property
    def column(self) -> Column:
        """Where its vectors stand."""
        return self.model.column

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text, in order. Raises EmbedderError."""
        if not texts:
            return np.empty((0, DIMENSIONS[self.column]), np.float32)
        return np.concatenate([self._call(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)])

    def _call(self, texts: Sequence[str]) -> Vectors:
        found = self.model.vectors(texts)
        if found.shape != (len(texts), DIMENSIONS[self.column]) or not np.isfinite(found).all():
            raise EmbedderError(f"{self.name} answered with vectors of another shape")
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        if not lengths.all():
            raise EmbedderError(f"{self.name} answered with a vector of no direction")
        unit: Vectors = (found / lengths).astype(np.float32)
        return unit


def current_name() -> str:
    """The name of that model, without loading it."""
    from django.conf import settings

    from . import local

    return settings.PMSYNC_MISTRAL_EMBEDDING_MODEL if _of_service() else local.NAME


def _of_service() -> bool:
    """True when the service makes the vectors: one that is simulated knows no meanings."""
    from django.conf import settings

    return bool(settings.MISTRAL_API_KEY) and not settings.PMSYNC_SIMULATED_MISTRAL


def current(*, archive: bool = False) -> Embedder:
    """The embedder that settings name now, at the open tenant's expense; `archive`: nobody waits for it."""
    if _of_service():
        from . import charging, mistral

        return Embedder(charging.Charged(mistral.model(), charging.ARCHIVE_PART if archive else 1.0))
    from . import local

    return Embedder(local.model())
