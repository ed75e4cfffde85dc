"""An account's credentials: sealed at rest, in memory only while a connection is opened."""

import json

from apps.core import crypto
from apps.tenants import context, keys

from .adapters.base import Login
from .models import ProviderAccount


def _context(account: ProviderAccount) -> str:
    return f"credentials:{account.id}"


def seal(account: ProviderAccount, login: Login) -> None:
    """Put the log-in, sealed, on the account (the caller saves it)."""
    plain = json.dumps({"username": login.username, "password": login.password}).encode()
    account.credentials = crypto.seal(keys.newest(context.current()), plain, _context(account))


def unseal(account: ProviderAccount) -> Login:
    """The log-in. Raises SealBroken or UnknownKey; neither message holds a secret."""
    plain = crypto.unseal(keys.all_of(context.current()), bytes(account.credentials), _context(account))
    return Login(**json.loads(plain))
