"""People: who they are, what they belong to, how they sign in."""
