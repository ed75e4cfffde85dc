"""Web Push: telling a person's devices of news while no page of ours is open (RFC 8030, 8291, 8292)."""
