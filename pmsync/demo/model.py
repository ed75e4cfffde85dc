"""The language model in the demo: simulated, on the loopback, unless a key of the real service is set.

It is the program below `tests/fakes/mistral` that the tests talk to: it reads and answers by plain rules. Screens say
that it is simulated; vectors are made by the small model that runs on the processor.
"""

import os
import sys
from dataclasses import dataclass
from typing import Final

from .supervisor import Service

KEY: Final = "simulated-key"
SETTINGS: Final = ("MISTRAL_API_KEY", "PMSYNC_MISTRAL_URL", "PMSYNC_SIMULATED_MISTRAL")
"""What the demo may say of the model."""
DELAY, PAUSE = "0.3", "0.02"
"""Seconds before an answer and between its words: about as a model writes."""


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """The program and its port."""

    port: int

    @property
    def used(self) -> bool:
        """False where a key of the real service is set."""
        return os.environ.get("MISTRAL_API_KEY", "") in ("", KEY)

    @property
    def ports(self) -> list[int]:
        """Those that must answer."""
        return [self.port] if self.used else []

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """What PMSync is told."""
        told = (KEY, f"{self.origin}/v1", "true")
        return dict(zip(SETTINGS, told, strict=True)) if self.used else {}

    def services(self) -> list[Service]:
        """The programs to run."""
        command = [sys.executable, "-m", "tests.fakes.mistral", "--port", str(self.port), "--key", KEY]
        pace = ["--delay", DELAY, "--pause", PAUSE]
        return [Service("model", command + pace, stage=0)] if self.used else []
