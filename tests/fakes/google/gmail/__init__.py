"""Gmail: mailboxes with their labels, drafts and histories, and the methods that reach them."""
