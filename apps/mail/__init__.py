"""Mail: the mirror's tables, how a batch is applied, and how people read and search it."""
