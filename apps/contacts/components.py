"""What belongs together when pairs do: the connected components of a graph."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


class Components(Generic[Node]):
    """Nodes joined by pairs, one pair after the other."""

    def __init__(self, pairs: Iterable[tuple[Node, Node]] = ()) -> None:
        self._above: dict[Node, Node] = {}
        self._held: dict[Node, set[Node]] = {}
        for one, other in pairs:
            self.join(one, other)

    def of(self, node: Node) -> Node:
        """The node that stands for all that this one belongs together with."""
        while (above := self._above.get(node, node)) != node:
            node = above
        return node

    def members(self, node: Node) -> set[Node]:
        """All that belong together with a node, itself too."""
        return set(self._held.get(self.of(node), {node}))

    def join(self, one: Node, other: Node) -> None:
        """Let two belong together; the smaller side joins the larger, so that ways stay short."""
        first, second = self.of(one), self.of(other)
        if first == second:
            return
        small, large = sorted((first, second), key=lambda each: len(self._held.get(each, ())))
        self._above[small] = large
        self._held.setdefault(large, {large}).update(self._held.pop(small, {small}))
