"""The event journal: what changed, in order, and its way to every open browser."""
