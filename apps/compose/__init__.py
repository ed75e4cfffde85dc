"""Writing mail: drafts, identities, templates, uploads, sending, and what comes back of it."""
