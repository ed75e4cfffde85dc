"""Remote images of mail: who sees them, the signed links to them, and how they are fetched for a reader."""
