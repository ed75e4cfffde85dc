"""The models that the service offers, and how GET /v1/models shows them."""

from dataclasses import dataclass
from typing import Any, Final

SINCE: Final = 1_764_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """One model with what it can do; `context` is in tokens."""

    id: str
    aliases: tuple[str, ...]
    context: int
    chat: bool = True
    tools: bool = True
    reasoning: bool = False
    temperature: float | None = 0.3
    dimensions: int = 0

    def shown(self, name: str) -> dict[str, Any]:
        """As the list shows it under one of its names."""
        others = [alias for alias in (self.id, *self.aliases) if alias != name]
        return {
            "id": name,
            "object": "model",
            "created": SINCE,
            "owned_by": "mistralai",
            "capabilities": {
                "completion_chat": self.chat,
                "completion_fim": False,
                "function_calling": self.tools,
                "fine_tuning": False,
                "vision": False,
                "classification": False,
            },
            "name": self.id,
            "description": f"Official {self.id} Mistral AI model",
            "max_context_length": self.context,
            "aliases": others,
            "deprecation": None,
            "default_model_temperature": self.temperature,
            "type": "base",
        }


MODELS: Final = (
    Model("mistral-small-2603", ("mistral-small-latest", "mistral-small"), 131_072, reasoning=True),
    Model("mistral-medium-2604", ("mistral-medium-latest", "mistral-medium"), 131_072, reasoning=True),
    Model("mistral-large-2512", ("mistral-large-latest",), 262_144),
    Model("ministral-8b-2512", ("ministral-8b-latest",), 131_072),
    Model("open-mistral-nemo", ("mistral-tiny-latest",), 32_768),
    Model("mistral-embed-2312", ("mistral-embed",), 8_192, chat=False, tools=False, temperature=None, dimensions=1024),
)
BY_NAME: Final = {name: model for model in MODELS for name in (model.id, *model.aliases)}


def listing() -> dict[str, Any]:
    """The answer to GET /v1/models: each name is an entry of its own, as in the service's."""
    return {"object": "list", "data": [model.shown(name) for name, model in BY_NAME.items()]}
