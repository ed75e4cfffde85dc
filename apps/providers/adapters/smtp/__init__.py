"""Mail submission (RFC 6409): the connection, its log-in, and what its refusals mean."""
