"""The form in which a language's texts are written down."""

from dataclasses import dataclass
from typing import Final

# Who writes a turn: somebody of another company, the mailbox's owner, or a colleague of theirs.
THEM: Final = "them"
ME: Final = "me"
COLLEAGUE: Final = "colleague"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation. `files` are names such as `Offer_{number}.pdf`; `{...}` are slots."""

    who: str
    body: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """A subject and its turns, in order; the first stays alone when nobody answers yet."""

    subject: str
    turns: tuple[Turn, ...]
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that a machine sends: no answer, HTML, often with a link to unsubscribe."""

    sender: str
    address: str
    subject: str
    heading: str
    lines: tuple[str, ...]
    button: str = ""
    colour: str = "#2456d6"
    table: tuple[tuple[str, str], ...] = ()
    list_id: str = ""
    newsletter: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """Everything a mailbox in one language is written from."""

    code: str
    conversations: tuple[Conversation, ...]
    notices: tuple[Notice, ...]
    people: tuple[tuple[str, str, str, str], ...]  # name, local part, company, domain
    projects: tuple[str, ...]
    products: tuple[str, ...]
    cities: tuple[str, ...]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    quote: str  # "On {date}, {name} wrote:"
    reply: str  # "Re: "
    closings: tuple[str, ...]
    invitation: str
    bounce_subject: str
    list_posts: tuple[tuple[str, str], ...]
    phone: str
