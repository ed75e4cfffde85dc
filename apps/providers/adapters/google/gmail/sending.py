"""One message handed to Gmail, at most once: what `adapters.smtp.submission` does over SMTP.

    sender = connect_submission(tokens)
    sender.submit(envelope, message, before_the_end)

Gmail sends to whom the message's own headers name, so recipients that no header names are put into a Bcc
field, which Gmail takes away again. A request is one whole: `before_the_end` runs before it begins.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from apps.providers.adapters import errors, mime
from apps.providers.adapters.base import TokenSource
from apps.providers.adapters.google.api import Api
from apps.providers.adapters.google.gmail.drafts import MOST
from apps.providers.adapters.google.gmail.upload import media
from apps.providers.adapters.smtp.submission import Envelope, Offer, Taken, Unknown

RECIPIENTS: Final = 500
OFFER: Final = Offer(message_bytes=MOST, recipients=RECIPIENTS, utf8=True, eight_bit=True, pipelining=False)


class GmailSubmission:
    """Sends an account's mail. Make one with `connect_submission`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @property
    def offer(self) -> Offer:
        """What Gmail takes."""
        return OFFER

    def submit(self, envelope: Envelope, message: bytes, before_the_end: Callable[[], None]) -> Taken:
        """Send one message with CRLF line ends. Raises Unknown, the errors of `adapters.errors`.

        What `before_the_end` raises goes to the caller, with nothing sent.
        """
        whole = _addressed(envelope, message)
        if len(whole) > MOST:
            raise errors.Rejected(f"the message has {len(whole)} bytes, and Gmail takes {MOST}")
        if len(envelope.recipients) > RECIPIENTS:
            raise errors.Rejected(
                f"the message goes to {len(envelope.recipients)} people, and Gmail takes {RECIPIENTS}"
            )
        # A token that needs renewing is renewed before there is any doubt.
        request = self._api.service.users().messages().send(userId="me", body={}, media_body=media(whole))
        self._api.ready()
        before_the_end()
        try:
            told = self._api.run(request)
        except (errors.RateLimited, errors.ProviderDown, errors.TokenRefused):
            raise  # an answer, or no connection at all: nothing was taken
        except errors.Transient as error:
            raise Unknown(error) from None
        return Taken(f"Gmail has it as {told.get('id', '')}")

    def alive(self) -> bool:
        """True: each message makes its own request."""
        return True

    def close(self) -> None:
        """Close the connection; never raises."""
        self._api.close()


def _addressed(envelope: Envelope, message: bytes) -> bytes:
    """The message with a Bcc for those that no header names. Raises Rejected when a header names somebody who is
    not to get it: Gmail would send it there all the same."""
    parsed = mime.parse(message)
    named = {one.address.lower() for one in (*parsed.to, *parsed.cc, *parsed.bcc) if one.address}
    wanted = {address.lower(): address for address in envelope.recipients}
    if not named <= wanted.keys():
        raise errors.Rejected("Gmail sends a message to everybody whom its headers name")
    hidden = [address for lower, address in wanted.items() if lower not in named]
    if not hidden:
        return message
    return b"Bcc: " + ",\r\n ".join(hidden).encode() + b"\r\n" + message


def connect_submission(
    tokens: TokenSource, *, root: str = "", clock: Callable[[], float] = time.time, **wire: Any
) -> GmailSubmission:
    """An adapter for sending. `root` replaces Google's address; `clock` gives seconds since the epoch."""
    return GmailSubmission(Api("gmail", tokens, root=root, clock=clock, **wire))
