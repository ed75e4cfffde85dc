"""How agents ask for something to be done: an action is proposed, and whoever is registered decides on it.

`hitl` stands above this application and registers the decision; without it an action stays proposed.
"""

from .kinds import Kind, Risk, kind, names, register
from .proposing import Wish, on_proposed, propose

__all__ = ["Kind", "Risk", "Wish", "kind", "names", "on_proposed", "propose", "register"]
