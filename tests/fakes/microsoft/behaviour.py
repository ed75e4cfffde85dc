"""Switches for what is not confirmed about the real services, or differs between accounts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(slots=True)
class Behaviour:
    """One fake's switches; each may be turned while it runs."""

    old_refresh_tokens_work: bool = False
    """A refresh token that was replaced is still good."""
    delete_goes_to: Literal["deleteditems", "recoverableitemsdeletions"] = "deleteditems"
    """Where DELETE puts a message."""
    sent_keeps_id: bool = True
    """The sent copy has its draft's immutable id."""
    sent_keeps_message_id: bool = True
    """The sent copy has its draft's Message-ID."""
    sent_copy_after: timedelta = timedelta()
    """How long it takes until the sent copy can be seen."""
    move_shows_after: timedelta = timedelta()
    """How long it takes until what was moved is told of in its new folder; it is gone from the old one at once."""
    contacts_alias: bool = True
    """`contactFolders/contacts` names the default folder."""
    calendar_delta_everywhere: bool = True
    """`calendarView/delta` is served for calendars other than the default one."""
    cancelled_occurrences: bool = True
    """Masters show `cancelledOccurrences` where it is selected."""
    repeated_transaction: Literal["first", "conflict"] = "first"
    """A repeated transactionId answers 201 with the first event, or 409."""
    repeated_subscription: Literal["created", "conflict"] = "created"
    """A second subscription to the same resource and kinds of change is made, or refused with 409."""
    sparse_updates: bool = False
    """Message delta shows only the changed fields of an update."""
    repeats_in_delta: bool = False
    """Delta shows the first item of a page a second time at its end."""
    empty_first_page: bool = False
    """Delta starts with an empty page that has a next link."""
    kept_generations: int = 0
    """Changes of so many generations ago are forgotten; 0 keeps all."""
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    """How 429 says when to come back."""
    concurrency: int = 4
    requests_per_10_minutes: int = 10_000
    upload_per_5_minutes: int = 150 * 1024 * 1024
    sends_per_minute: int = 30
    recipients_per_day: int = 10_000
    message_size: int = 35 * 1024 * 1024
    page_size: int = 10
    latency: float = 0.0
    """Seconds that every request to Graph takes."""
    plain_callbacks: bool = False
    """Notifications go to http addresses as well."""
    subscriptions_per_mailbox: int = 1_000
