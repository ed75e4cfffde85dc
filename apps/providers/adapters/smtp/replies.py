"""What a submission server said to MAIL, RCPT, DATA or the message, as one of `adapters.errors`. Pure.

The class of the code rules; enhanced codes (RFC 3463) and the words sharpen it.
"""

import re
from collections.abc import Sequence
from typing import Final

from apps.providers.adapters import errors

from .errors import Reply

GREYLISTED: Final = 300.0  # seconds; greylisting lets a second try in after five minutes at most
TRY_LATER: Final = 60.0
DAILY: Final = 3600.0
_DAILY: Final = re.compile(r"daily|per day|quota.*sen[dt]|limit exceeded.*day", re.IGNORECASE)
_RATE: Final = re.compile(r"\brate\b|too many|throttl|concurrent", re.IGNORECASE)
_SENDER: Final = re.compile(
    r"sendasdenied|send as|not (?:owned by|allowed to send)|sender address rejected", re.IGNORECASE
)


def from_transaction(reply: Reply) -> errors.AdapterError:
    """The typed error of a refusal of the whole message."""
    if reply.enhanced == "5.4.5" or _DAILY.search(reply.text):
        return errors.RateLimited("the day's allowance of messages is spent", said=reply.said, retry_after=DAILY)
    if reply.code < 500:
        if _RATE.search(reply.text):
            return errors.RateLimited("the server asked for fewer messages", said=reply.said, retry_after=TRY_LATER)
        return errors.Transient("the server cannot take the message now", said=reply.said, retry_after=TRY_LATER)
    if reply.code == 530:
        return errors.NeedsReconnect("the server demands a log-in", said=reply.said)
    if reply.code == 552 or reply.enhanced in ("5.3.4", "5.2.3"):
        return errors.Rejected("the message is too big for the server", said=reply.said)
    if reply.code == 553 or reply.enhanced in ("5.7.60", "5.2.252") or _SENDER.search(reply.text):
        return errors.PermissionMissing("the server does not let this address be used as sender", said=reply.said)
    return errors.Rejected("the server refused the message", said=reply.said)


def at_recipient(reply: Reply) -> errors.AdapterError:
    """The typed error of a connection that the server ends between recipients."""
    return errors.Transient("the server is closing the connection", said=reply.said, retry_after=TRY_LATER)


def of_recipients(refusals: Sequence[errors.Refusal]) -> errors.AdapterError:
    """The typed error of recipients that were not taken: for good, or for now (greylisting, a full mailbox)."""
    lasting = [one for one in refusals if one.lasting]
    if lasting:
        return errors.RecipientsRefused("recipients were refused", said=lasting[0].said, refusals=lasting)
    return errors.Transient("the server does not take a recipient now", said=refusals[0].said, retry_after=GREYLISTED)
