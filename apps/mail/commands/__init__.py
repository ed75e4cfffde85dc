"""Mail's commands: the optimistic change, its execution at the provider, settlement, roll-back, undo."""
