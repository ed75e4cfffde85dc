"""CalDAV (RFC 4791) and CardDAV (RFC 6352): finding an account's collections and logging in."""
