"""The certificates that Google signs its pushes with: fetched beforehand, kept in Redis, read by the webhook.

They change every few days. A push with a key that is not known may be signed with a newer one, so it has them fetched
again, at most once a minute however many strangers make up keys; meanwhile it is to be sent again.
"""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
import redis
import structlog
from django.conf import settings

from apps.core.redis import client
from apps.providers.adapters.errors import AdapterError
from apps.providers.adapters.google import push
from apps.providers.adapters.tls import for_http
from apps.providers.push import queue

log = structlog.get_logger(__name__)

KEY: Final = "pmsync:push:certificates"
ASKED: Final = "pmsync:push:certificates:asked"
OLD: Final = 6 * 3600.0
"""Seconds after which they are fetched again, while the old ones go on to serve."""
KEPT: Final = 2 * 86_400
ASK_EVERY: Final = 60
PATIENCE: Final = httpx.Timeout(20.0, connect=10.0)


def wanted() -> bool:
    """Whether this installation takes pushes from Pub/Sub."""
    return bool(settings.GMAIL_PUBSUB_SUBSCRIPTION and settings.GMAIL_PUBSUB_ACCOUNT)


def known() -> Mapping[str, str]:
    """What is at hand, by key id; nothing when Redis is away. Never asks Google."""
    return {str(key): str(text) for key, text in _kept().get("keys", {}).items()}


def ask() -> None:
    """Have them fetched, unless somebody asked within the last minute."""
    try:
        if client().set(ASKED, "1", nx=True, ex=ASK_EVERY):
            queue.send("push.prepare")
    except redis.RedisError:
        pass  # without Redis there is nothing to keep them in


def old() -> bool:
    """Whether they should be fetched again."""
    return time.time() - float(_kept().get("at", 0)) > OLD


def fetch(root: str) -> None:
    """Fetch them, from Google or a simulation at `root`. Whatever fails leaves those that are held."""
    url = f"{root}/oauth2/v1/certs" if root else push.CERTIFICATES
    try:
        with httpx.Client(verify=for_http(), timeout=PATIENCE, follow_redirects=False, trust_env=False) as http:
            keys = dict(push.certificates(http, url))
        client().set(KEY, json.dumps({"at": time.time(), "keys": keys}), ex=KEPT)
    except (AdapterError, redis.RedisError) as error:
        log.warning("Google's certificates not fetched", reason=str(error))


def _kept() -> dict[str, Any]:
    try:
        found = client().get(KEY)
    except redis.RedisError:
        return {}
    told = json.loads(found) if isinstance(found, str) else {}
    return told if isinstance(told, dict) else {}
