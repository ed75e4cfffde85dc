"""What a vCard says, as it is shown."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a person's name (RFC 6350 section 6.2.2); several of one part stand with spaces between."""

    family: str = ""
    given: str = ""
    additional: str = ""
    prefix: str = ""
    suffix: str = ""

    def __bool__(self) -> bool:
        return any((self.family, self.given, self.additional, self.prefix, self.suffix))

    @property
    def shown(self) -> str:
        """The parts in the order in which they are spoken."""
        parts = (self.prefix, self.given, self.additional, self.family, self.suffix)
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One of several values, with what it is called: `work`, `home`, `cell`, or a label of the person's own."""

    value: str
    label: str = ""
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address (RFC 6350 section 6.3.1)."""

    box: str = ""
    extended: str = ""
    street: str = ""
    locality: str = ""
    region: str = ""
    code: str = ""
    country: str = ""
    label: str = ""
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which parts may be unknown; `text` is what stands in the card. No part is ever invented."""

    text: str
    year: int | None = None
    month: int | None = None
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture: octets of a media type, or a reference that nobody follows."""

    media_type: str = ""
    data: bytes = field(default=b"", repr=False)
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A person, an organisation, or a group. `full_name` is never empty when the card names anything at all."""

    version: str = ""
    uid: str = ""
    kind: str = "individual"
    full_name: str = ""
    name: Name = Name()
    nickname: str = ""
    organization: str = ""
    unit: str = ""
    title: str = ""
    role: str = ""
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    urls: tuple[Labelled, ...] = ()
    chats: tuple[Labelled, ...] = ()
    related: tuple[Labelled, ...] = ()
    addresses: tuple[Address, ...] = ()
    birthday: PartialDate | None = None
    anniversary: PartialDate | None = None
    dates: tuple[tuple[str, PartialDate], ...] = ()
    """Further dates, each with what it is of."""
    notes: str = ""
    categories: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    """Of a group: the UIDs of those in it, without `urn:uuid:`."""
    photo: Photo | None = None
    problems: tuple[str, ...] = ()
