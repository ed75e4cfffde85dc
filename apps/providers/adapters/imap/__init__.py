"""IMAP: the mail adapter, and the wire reader that the watcher shares. Entry point: `connect`."""

from apps.providers.adapters.imap.adapter import ImapAdapter, connect

__all__ = ["ImapAdapter", "connect"]
