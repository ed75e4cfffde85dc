"""The demo's simulated model, told what to say: rules over HTTP, for requests of the chat alone."""

from typing import Any, Final

import httpx

from tests.e2e.demo import Demo

CHAT: Final = {"offers": "search"}
"""Only the chat offers this tool; what reads along is answered as always."""


class Model:
    """The one of a running demo."""

    def __init__(self, demo: Demo) -> None:
        self._rules = f"http://127.0.0.1:{demo.ports['model']}/_fake/rules"

    def chat(self, act: dict[str, Any], times: int | None = None) -> None:
        """What it answers in the chat from now on, or so many times (`tests.fakes.mistral.control`)."""
        told = {"when": CHAT, "act": act} | ({} if times is None else {"times": times})
        httpx.post(self._rules, json=told, trust_env=False, timeout=10).raise_for_status()

    def clear(self) -> None:
        """It answers by itself, at once."""
        httpx.delete(self._rules, trust_env=False, timeout=10).raise_for_status()
