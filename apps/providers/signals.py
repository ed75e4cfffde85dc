"""What other applications may want to know of accounts; providers knows none of them.

The first three are sent inside the transaction that makes the change: whoever listens writes its own
rows with it, and an exception there undoes all of it. Receivers do no network work.
"""

from django.dispatch import Signal

# Sent with `account` when an account begins to be synced.
account_connected = Signal()

# Sent with `account` when its log-in or its servers changed and it may go on.
account_reconnected = Signal()

# Sent with `account` when it ends: nothing may sync it any more.
account_disconnected = Signal()

# Sent with `tenant_id`, `account_id` and `surface` when a provider told that something changed there. Receivers ask for
# a look; they write public rows only, and no tenant is open.
push_rang = Signal()

# Sent with `tenant_id`, `account_id`, `surface` and `until`, inside a transaction, when the provider tells of changes
# until then (None: it does not). Receivers write public rows only.
push_changed = Signal()
