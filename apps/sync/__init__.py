"""The engine: targets, leases, runs, the scheduler, queues, limits and breakers. Knows no resource kind."""
