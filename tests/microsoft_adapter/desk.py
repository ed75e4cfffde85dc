"""What these tests share: one account with a token source of its own, and the person at another client."""

from dataclasses import dataclass, field
from typing import Self

from apps.providers.adapters.errors import NeedsReconnect
from apps.providers.adapters.microsoft.graph import Graph
from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.mailbox import Mailbox
from tests.microsoft_fake.cast import TWO_WAY, World


@dataclass
class Tokens:
    """Gives tokens that are made at once; a rejected one is replaced."""

    world: World
    person: Person
    scopes: str = " ".join(TWO_WAY)
    current: str = ""
    renewed: int = 0
    ended: bool = False

    def token(self, rejected: str = "") -> str:
        if self.ended:
            raise NeedsReconnect("the consent is gone")
        if not self.current or rejected == self.current:
            self.renewed += bool(rejected)
            self.current = self.world.microsoft.token_for(self.world.app, self.person, self.scopes)
        return self.current


@dataclass
class Desk:
    """One person's account."""

    world: World
    person: Person
    scopes: str = " ".join(TWO_WAY)
    pauses: list[float] = field(default_factory=list)
    graphs: list[Graph] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.world, self.person, self.scopes)
        self.elsewhere = self.world.microsoft.elsewhere(self.person)
        self.faults = self.world.microsoft.faults

    @property
    def mailbox(self) -> Mailbox:
        """The account as the provider has it."""
        return self.world.microsoft.mailbox(self.person)

    def graph(self) -> Graph:
        """A new connection."""
        made = Graph(
            self.tokens, root=self.world.microsoft.graph_url, tls=self.world.trust, pause=self.pauses.append
        )  # fmt: skip
        self.graphs.append(made)
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for graph in self.graphs:
            graph.close()
