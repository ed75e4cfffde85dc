"""People: contacts, their groups and photographs, other contacts, and the methods that reach them."""
