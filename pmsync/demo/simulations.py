"""Google and Microsoft in the demo: simulated, on the loopback, with everybody's private accounts.

Each is a program of its own below `tests/fakes`, which every clone has; nothing of it is imported. A simulation begins
anew from its files (`cloud_files`) at each start. One whose client id is set in the environment is not simulated: then
the demo connects to the real provider.
"""

import os
import secrets
import ssl
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from . import cloud_files
from .cast import CloudAccount
from .correspondence.company import SENT
from .supervisor import Service

HOST: Final = "127.0.0.1"
# Registrations with the simulations: they open nothing else.
CLIENTS: Final = {
    "google": ("demo.apps.googleusercontent.com", "simulated-secret"),
    "microsoft": ("5e1d0c1a-0000-4000-8000-000000000001", "simulated-secret"),
}
SETTINGS: Final = (
    "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "MICROSOFT_CLIENT_ID", "MICROSOFT_CLIENT_SECRET",
    "PMSYNC_SIMULATED_GOOGLE", "PMSYNC_SIMULATED_MICROSOFT", "PMSYNC_SIMULATED_MICROSOFT_CA",
)  # fmt: skip
"""What the demo may say of the providers; `Simulations.environment` has those of one start."""
FOLDERS: Final = {"google": "SENT", "microsoft": "sentitems"}
"""Where sent mail lies."""


@dataclass(frozen=True, slots=True)
class Simulations:
    """The simulated providers: their files, their programs, their settings, and what people do there.

    `google`, `microsoft` and `pages` are ports; the last is of Microsoft's pages for people, which are without TLS.
    """

    folder: Path
    google: int
    microsoft: int
    pages: int

    @property
    def names(self) -> list[str]:
        """Those that are simulated: asked by the demo itself, and by its programs, which it has told the client ids."""
        real = {name for name, (identity, _) in CLIENTS.items() if _client_id(name) not in ("", identity)}
        return [name for name in CLIENTS if name not in real]

    @property
    def ports(self) -> list[int]:
        """Those that must answer."""
        held = {"google": (self.google,), "microsoft": (self.microsoft, self.pages)}
        return [port for name in self.names for port in held[name]]

    @property
    def authority(self) -> Path:
        """The certificate to trust of Microsoft's; made at each start."""
        return self.folder / "certificates" / "root.pem"

    @property
    def company_key(self) -> Path:
        """The key file by which the administrator of a whole company connects it."""
        return self.folder / "google" / cloud_files.COMPANY_KEY

    def origin(self, name: str) -> str:
        """Where one listens."""
        return f"http://{HOST}:{self.google}" if name == "google" else f"https://{HOST}:{self.microsoft}"

    def environment(self) -> dict[str, str]:
        """What PMSync is told: its registrations, and that they are with simulations."""
        told: dict[str, str] = {}
        for name in self.names:
            upper = name.upper()
            told[f"{upper}_CLIENT_ID"], told[f"{upper}_CLIENT_SECRET"] = CLIENTS[name]
            told[f"PMSYNC_SIMULATED_{upper}"] = self.origin(name)
        if "microsoft" in self.names:
            told["PMSYNC_SIMULATED_MICROSOFT_CA"] = str(self.authority)
        return told

    def fill(self, scale: float = 1.0) -> int:
        """Write what they hold, for everyone who has nothing yet; return how many messages."""
        return cloud_files.write(self.folder, scale)

    def services(self, public_url: str) -> list[Service]:
        """The programs to run."""
        return [Service(name, self._command(name, public_url), stage=0) for name in self.names]

    def _command(self, name: str, public_url: str) -> list[str]:
        identity, secret = CLIENTS[name]
        ways = {
            "google": ["--port", str(self.google), "--http-callbacks"],
            "microsoft": [
                "--port", str(self.microsoft), "--pages", str(self.pages),
                "--certificates", str(self.authority.parent),
            ],
        }  # fmt: skip
        return [
            sys.executable, "-m", f"tests.fakes.{name}", *ways[name], "--quiet", "--fill", str(self.folder / name),
            "--redirect", f"{public_url}/oauth/{name}/callback", "--client-id", identity, "--client-secret", secret,
            # Other ids at each start: none means something else than it did before.
            "--seed", str(secrets.randbelow(2**31)),
        ]  # fmt: skip

    def consent(self, name: str, url: str, address: str) -> dict[str, str]:
        """What somebody is sent back with who signs in at `url` and allows all. Raises httpx.HTTPError."""
        decided = ("consent", {"user": address}) if name == "google" else ("decide", {"address": address})
        self.control(name, *decided)
        answer = httpx.get(url, trust_env=False, timeout=30)
        if answer.is_redirect:
            return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        form = _Form()
        form.feed(answer.raise_for_status().text)
        return form.fields

    def deliver(self, account: CloudAccount, mailbox: str, raw: str) -> None:
        """A message, in base64, arrives, or is sent by the person elsewhere. Raises httpx.HTTPError."""
        name, sent = account.provider, mailbox == SENT
        if name == "google":
            labels = {"labels": [FOLDERS[name]]} if sent else {}
            self.control(name, "deliver", {"to": account.address, "raw": raw} | labels)
            return
        whose = {"address": account.address}
        told = self.control(name, "deliver", whose | {"raw": raw} | ({"folder": FOLDERS[name]} if sent else {}))
        if sent:
            self.control(name, "mark_read", whose | {"id": told["result"]["id"], "read": True})

    def control(self, name: str, action: str, arguments: dict[str, Any]) -> Any:
        """Have the simulation do something. Raises httpx.HTTPError."""
        verify = ssl.create_default_context(cafile=str(self.authority)) if name == "microsoft" else True
        url = f"{self.origin(name)}/control/{action}"
        return httpx.post(url, json=arguments, verify=verify, trust_env=False, timeout=30).raise_for_status().json()


def _client_id(name: str) -> str:
    return os.environ.get(f"{name.upper()}_CLIENT_ID", "")


class _Form(HTMLParser):
    """The hidden fields of a page's form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        told = {name: value or "" for name, value in attrs}
        if tag == "input" and told.get("type") == "hidden":
            self.fields[told["name"]] = told.get("value", "")
