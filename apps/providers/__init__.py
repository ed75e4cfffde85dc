"""Provider accounts, credentials, the connection wizard and the adapters that talk to providers."""
