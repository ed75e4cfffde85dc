"""Reading along: from the journal to what is known of each message."""
