"""What these tests share: one account with a token source of its own, and the person at another client."""

from dataclasses import dataclass, field
from typing import Self

from apps.providers.adapters.base import MailMirror
from apps.providers.adapters.errors import NeedsReconnect
from apps.providers.adapters.microsoft.calendars import GraphCalendars
from apps.providers.adapters.microsoft.contacts import GraphContacts
from apps.providers.adapters.microsoft.graph import Graph
from apps.providers.adapters.microsoft.mail import GraphMail
from apps.providers.adapters.microsoft.sending import GraphSender
from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.mailbox import Mailbox
from tests.imap.mirror import MemoryMirror
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

    def mail(self, mirror: MailMirror) -> GraphMail:
        """A new mail adapter over it."""
        return GraphMail(self.graph(), mirror, clock=lambda: self.world.microsoft.clock.now().timestamp())

    def calendars(self) -> GraphCalendars:
        """A new calendar adapter."""
        return GraphCalendars(self.graph(), clock=lambda: self.world.microsoft.clock.now().timestamp())

    def contacts(self) -> GraphContacts:
        """A new contacts adapter."""
        return GraphContacts(self.graph(), clock=lambda: self.world.microsoft.clock.now().timestamp())

    def sender(self) -> GraphSender:
        """A new connection that sends."""
        return GraphSender(self.graph(), self.pauses.append)

    def box(self, name: str) -> str:
        """A folder's id by its well-known name."""
        return self.mailbox.well_known(name).id

    def synced(self) -> tuple[MemoryMirror, GraphMail]:
        """A mirror that holds all the mail there is, and the adapter that brought it."""
        mirror = MemoryMirror()
        adapter = self.mail(mirror)
        mirror.sync(adapter)
        return mirror, adapter

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for graph in self.graphs:
            graph.close()
