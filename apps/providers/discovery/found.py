"""What discovery found for an address."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from apps.providers.checks import Server, Services
from apps.providers.models import ProviderType
from apps.providers.sentences import say

SOURCES: Final = ("preset", "srv", "autoconfig", "mx", "guess")


@dataclass(frozen=True, slots=True)
class Discovered:
    """An address's services, and how they became known. `hint` and `refusal` are keys of `sentences`."""

    address: str
    source: str
    services: Services
    usernames: tuple[str, ...]
    provider_type: str = ProviderType.IMAP
    hint: str | None = None
    refusal: str | None = None
    """Set when a password is no use here, whatever it is."""
    confirm_hosts: bool = False
    """The hosts were named by something that anybody could have changed on the way (RFC 6186 section 6)."""

    def as_json(self, locale: str = "en") -> dict[str, Any]:
        """As the API answers it."""
        told = self.refusal or self.hint
        return {
            "address": self.address,
            "provider_type": self.provider_type,
            "source": self.source,
            "imap": _server(self.services.imap),
            "smtp": _server(self.services.smtp),
            "caldav": self.services.caldav,
            "carddav": self.services.carddav,
            "username": self.usernames[0],
            "password_hint": say(told, locale, address=self.address) if told else None,
            "password_works": self.refusal is None,
            "confirm_hosts": self.confirm_hosts,
        }


def _server(server: Server | None) -> dict[str, Any] | None:
    return asdict(server) if server else None
