"""Commands on their way to the provider."""
