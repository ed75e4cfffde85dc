"""CalDAV (RFC 4791) and CardDAV (RFC 6352): an account's collections, found, read and changed."""

from .adapter import DavAdapter
from .connection import Connection, trusts
from .discovery import Service

__all__ = ["Connection", "DavAdapter", "Service", "trusts"]
