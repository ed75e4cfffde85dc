"""Finding by meaning: passages of mail, events and contacts as vectors, and search that fuses them with words."""
