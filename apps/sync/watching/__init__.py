"""The `watcher` process: holds IDLE and NOTIFY connections and turns what servers push into sync requests.

    shard     which accounts this process holds: leases on SyncTarget rows, on the database's clock
    vigil     one account's life: open, listen, wait, try again, give up
    gate      how fast connections may be opened, by host and in all
    bells     doorbells on their way into the database, many in one thread hop
    status    what the process tells of itself, through Redis
    process   all of it together, from start to SIGTERM

A doorbell is never state: losing one costs time until the safety poll, doubling one costs a run
that finds nothing. So two watchers on one account (a frozen one that wakes) are harmless, and the
lease only makes them rare.
"""
