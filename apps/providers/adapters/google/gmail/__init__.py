"""Gmail: the mail adapter and sending. Entry points: `connect`, `connect_submission`."""

from apps.providers.adapters.google.gmail.adapter import GmailAdapter, connect
from apps.providers.adapters.google.gmail.sending import GmailSubmission, connect_submission

__all__ = ["GmailAdapter", "GmailSubmission", "connect", "connect_submission"]
