"""What the model writes for a person: summaries, and drafts of answers. Nothing of it is sent by itself."""
