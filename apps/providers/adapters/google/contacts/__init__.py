"""Google Contacts: the collection adapter. Entry point: `connect`."""

from apps.providers.adapters.google.contacts.adapter import ContactsAdapter, connect

__all__ = ["ContactsAdapter", "connect"]
