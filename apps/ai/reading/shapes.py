"""What the model is asked for when it reads: closed choices, and texts that are cut, never trusted. Pure.

No field names a recipient, and none is carried out: what comes of it is shown to a person as text.
"""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field

from ..plain import plain, unlinked

TEXT_MOST: Final = 300
ITEMS_MOST: Final = 5


def cut(length: int) -> BeforeValidator:
    """Cuts a text to its length instead of refusing it; a line break becomes a space, what takes no room nothing."""

    def within(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return " ".join(plain(value).split())[:length]

    return BeforeValidator(within)


def prose(length: int) -> BeforeValidator:
    """The same for what is only ever read: without links, so that no letter of ours leads where a mail wants."""

    def within(value: Any) -> Any:
        return " ".join(unlinked(plain(value)).split())[:length] if isinstance(value, str) else value

    return BeforeValidator(within)


def few(value: Any) -> Any:
    """The first items of a list that may be too long."""
    return value[:ITEMS_MOST] if isinstance(value, list) else value


Line = Annotated[str, cut(TEXT_MOST)]
Said = Annotated[str, prose(TEXT_MOST)]
Moment = Annotated[str | None, cut(40)]


class Task(BaseModel):
    """Something that somebody is to do."""

    what: Line = Field(description="what is to be done, in the language of the mail")
    who: Literal["me", "them"] = Field(description="who is to do it")
    due: Moment = Field(description="the day or local time by which, as ISO 8601; null where none is named")


class Meeting(BaseModel):
    """Something that takes place at a time."""

    title: Line
    start: Moment = Field(description="local start as ISO 8601, a day or a day with time")
    end: Moment = Field(description="local end likewise; null where none is named")
    location: Line = ""


class Understanding(BaseModel):
    """What a message is, within its conversation."""

    category: Literal[
        "project", "meeting", "sales", "support", "billing", "legal", "hiring", "travel", "personal", "newsletter",
        "notification", "auto_reply", "bounce", "list", "phishing", "other",
    ]  # fmt: skip
    urgency: Literal["low", "normal", "high"]
    sentiment: Literal["positive", "neutral", "negative"]
    language: Annotated[str, cut(8)] = Field(description="ISO 639-1 code")
    needs_reply: bool = Field(description="true when a message of mine is missing")
    turn: Literal["waiting_on_me", "waiting_on_them", "nothing"]
    request: Line = Field(description="the sentence that asks or promises what is open; empty when nothing is")
    deadline: Moment = Field(description="the day or local time by which; null where none is named")
    tasks: Annotated[list[Task], BeforeValidator(few)]
    events: Annotated[list[Meeting], BeforeValidator(few)]


def when(told: str | None, zone: ZoneInfo) -> date | datetime | None:
    """A day, or a moment of that zone; None for what is neither."""
    if not told:
        return None
    try:
        if "T" not in told and " " not in told.strip():
            return date.fromisoformat(told.strip())
        moment = datetime.fromisoformat(told.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
