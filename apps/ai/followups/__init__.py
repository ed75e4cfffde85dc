"""What is open between people: asked and not answered, promised and not done, in both directions."""
