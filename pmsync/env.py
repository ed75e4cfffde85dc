"""Reads and checks every setting that comes from the environment; a bad one stops the process.

Precedence: the process environment, then the private installation's file (`pmsync.private`).
"""

import base64
import os
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import environ

from pmsync.private.home import Home

KNOWN: Final = {
    "PMSYNC_HOME": "folder of the private servers and files",
    "PMSYNC_SECRET_KEY": "signs tokens and links; at least 32 characters",
    "PMSYNC_OLD_SECRET_KEYS": "former secret keys still accepted, comma separated; each at least 32 characters",
    "PMSYNC_MASTER_KEYS": "id:base64 of 32 bytes, comma separated, the newest first",
    "PMSYNC_DEBUG": "true or false",
    "PMSYNC_ALLOWED_HOSTS": "host names, comma separated",
    "PMSYNC_PUBLIC_URL": "the address people open, such as https://pmsync.example.com",
    "PMSYNC_TRUSTED_PROXIES": "addresses or networks of the proxies before the web process, comma separated",
    "PMSYNC_STORAGE": "folder of the sealed message files",
    "PMSYNC_ALLOW_PRIVATE_HOSTS": "true lets accounts live on private addresses (demo, tests, intranets)",
    "PMSYNC_IMAGE_HOSTS": "host:port of our own picture servers on private addresses or other ports, comma separated",
    "PMSYNC_EMAIL_URL": "where our own mail is submitted, such as smtp://user:password@host:587",
    "PMSYNC_EMAIL_FROM": "the sender of our own mail",
    "PMSYNC_SIMULATED_GOOGLE": "address of a simulated Google (demo, tests)",
    "PMSYNC_SIMULATED_MICROSOFT": "address of a simulated Microsoft (demo, tests)",
    "PMSYNC_SIMULATED_MICROSOFT_CA": "file of the authority that its certificate comes from",
    "GMAIL_PUBSUB_TOPIC": "projects/PROJECT/topics/NAME, of the project of GOOGLE_CLIENT_ID",
    "GMAIL_PUBSUB_SUBSCRIPTION": "projects/PROJECT/subscriptions/NAME",
    "GMAIL_PUBSUB_KEY_FILE": "the key file (JSON) of a service account that may pull the subscription",
    "PMSYNC_PG_DUMP": "the pg_dump program, of the server's version or newer; by default the one on PATH",
    "PMSYNC_LOG": "console or json",
    "PMSYNC_JOURNAL_DAYS": "days that events are kept for clients that were away",
    "PMSYNC_SIMULATED_MISTRAL": "true where PMSYNC_MISTRAL_URL names a simulation (demo, tests), false otherwise",
    "PMSYNC_MISTRAL_URL": "the Mistral API or one like it, such as https://api.mistral.ai/v1",
    "PMSYNC_MISTRAL_MODEL": "the name of the model that reads and writes, such as mistral-small-latest",
    "PMSYNC_MISTRAL_EMBEDDING_MODEL": "the name of the model that makes vectors of 1024 numbers, such as mistral-embed",
    "PMSYNC_MISTRAL_TIMEOUT": "seconds that one answer of the model may take, 1 to 600",
    "PMSYNC_MISTRAL_PRICE": "what a million tokens cost, in and out, such as 0.1,0.3",
    "PMSYNC_AI_DAILY_TOKENS": "tokens that a company may use in a day, 0 or more",
    "PMSYNC_REPORT_KEPT_DAYS": "days that reports and alerts are kept, 1 to 3650",
    "PMSYNC_AI_KEPT_DAYS": "days that prompts and outputs are kept, 0 to 3650; 0 keeps none",
}


class BadSetting(SystemExit):
    """Stops the start with the setting's name and the form it must have."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"Setting {name}: {problem}. Expected: {KNOWN.get(name, 'see the README')}.")


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One wrapping key and the id under which wrapped data keys name it."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        return f"MasterKey({self.id!r})"


def load() -> environ.Env:
    """The environment over the private file. Raises BadSetting for an unknown PMSYNC_ name."""
    for name, value in Home.of_environment().read_env().items():
        os.environ.setdefault(name, value)
    for name in os.environ:
        if name.startswith("PMSYNC_") and name not in KNOWN and not name.startswith("PMSYNC_TEST_"):
            raise BadSetting(name, "unknown; known are " + ", ".join(sorted(KNOWN)))
    return environ.Env()


def required(env: environ.Env, name: str) -> str:
    """A setting without which nothing works. Raises BadSetting when it is absent."""
    value = str(env.str(name, default=""))
    if not value:
        raise BadSetting(name, "missing; set it, or start the private servers with `make up`")
    return value


def boolean(env: environ.Env, name: str, *, default: bool) -> bool:
    """A switch. Raises BadSetting for anything but true/false, yes/no, on/off, 1/0."""
    text = str(env.str(name, default=str(default))).strip().lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(name, f"{text!r} is neither true nor false")


def whole(env: environ.Env, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number within bounds. Raises BadSetting for anything else."""
    text = str(env.str(name, default=str(default))).strip().replace("_", "")
    if not text.isdecimal() or not least <= int(text) <= most:
        raise BadSetting(name, f"{text!r} is not a whole number from {least} to {most}")
    return int(text)


def web_address(env: environ.Env, name: str, default: str) -> str:
    """An http or https address without its last slash. Raises BadSetting for anything else."""
    text = str(env.str(name, default=default)).strip().rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(name, f"{text!r} is no http or https address")
    return text


def price(env: environ.Env, name: str, default: str) -> tuple[float, float]:
    """Two amounts, comma separated. Raises BadSetting for anything else."""
    try:
        price_in, price_out = (float(text) for text in str(env.str(name, default=default)).split(","))
    except ValueError:
        raise BadSetting(name, "these are not two numbers") from None
    if min(price_in, price_out) < 0:
        raise BadSetting(name, "a price cannot be negative")
    return price_in, price_out


def networks(env: environ.Env, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks, comma separated. Raises BadSetting for anything else."""
    try:
        return tuple(ip_network(text.strip()) for text in env.list(name, default=[]) if text.strip())
    except ValueError as error:
        raise BadSetting(name, str(error)) from None


def hosts(env: environ.Env, name: str) -> frozenset[tuple[str, int]]:
    """Pairs of host name and port, comma separated. Raises BadSetting for anything else."""
    found = set()
    for text in env.list(name, default=[]):
        host, colon, port = str(text).strip().lower().rpartition(":")
        if not (host and colon and port.isdecimal() and 0 < int(port) < 65536):
            raise BadSetting(name, f"{text!r} is not `host:port`")
        found.add((host, int(port)))
    return frozenset(found)


def pubsub_name(env: environ.Env, name: str, kind: str) -> str:
    """The full name of a topic or a subscription of Pub/Sub, empty without one. Raises BadSetting for anything else."""
    value = str(env.str(name, default="")).strip()
    if value and not re.fullmatch(rf"projects/[^/\s]+/{kind}/[^/\s]+", value):
        raise BadSetting(name, f"{value!r} is no name of that kind")
    return value


def readable(env: environ.Env, name: str) -> Path | None:
    """A file that this process reads, as an absolute path; None without one. Raises BadSetting when it is not there."""
    value = str(env.str(name, default=""))
    if not value:
        return None
    if not Path(value).is_file():
        raise BadSetting(name, "there is no such file")
    return Path(value).resolve()


def master_keys(env: environ.Env) -> tuple[MasterKey, ...]:
    """The wrapping keys, newest first. Raises BadSetting without ever showing a key."""
    keys = []
    for position, item in enumerate(required(env, "PMSYNC_MASTER_KEYS").split(","), start=1):
        identifier, _, encoded = item.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise BadSetting("PMSYNC_MASTER_KEYS", f"key {position} is not base64") from None
        if not identifier or len(key) != 32:
            raise BadSetting("PMSYNC_MASTER_KEYS", f"key {position} must be `id:` and the base64 of 32 bytes")
        keys.append(MasterKey(identifier, key))
    return tuple(keys)


def secret_key(env: environ.Env) -> str:
    """The signing secret. Raises BadSetting when it is short."""
    value = required(env, "PMSYNC_SECRET_KEY")
    if len(value) < 32:
        raise BadSetting("PMSYNC_SECRET_KEY", "too short")
    return value


def old_secret_keys(env: environ.Env) -> list[str]:
    """Former signing secrets that still verify. Raises BadSetting when one is short."""
    values = [str(value).strip() for value in env.list("PMSYNC_OLD_SECRET_KEYS", default=[])]
    if any(len(value) < 32 for value in values):
        raise BadSetting("PMSYNC_OLD_SECRET_KEYS", "one of them is too short")
    return values


def folder(env: environ.Env, name: str, default: Path) -> Path:
    """A folder, as an absolute path."""
    return Path(str(env.str(name, default=str(default)))).resolve()
