"""An application of the next release, for tests of migrating: it adds, fills and enforces, in three steps."""
