"""A person at the login's pages, over the wire: signs in, and allows or declines what is asked."""

import ssl
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.pages import read_form


class Refused(Exception):
    """The login showed an error page instead of going on; the text is what it says."""


class Browser:
    """Follows the login up to the address that the application wants to be called at, and does not call it."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._client = httpx.Client(verify=trust, trust_env=False)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def sign_in(self, url: str, person: Person, *, accept: bool = True) -> dict[str, str]:
        """What the application would be called with. Raises Refused."""
        page = self._client.get(url)
        if page.is_redirect:
            return _answer(page.headers["Location"])
        if page.status_code != 200:
            raise Refused(page.text)
        action, fields = read_form(page.text)
        if urlsplit(action).netloc:
            return fields
        decision = {"account": person.address, "decision": "accept" if accept else "decline"}
        decided = self._client.post(urljoin(url, action), data=fields | decision)
        if decided.is_redirect:
            return _answer(decided.headers["Location"])
        if decided.status_code != 200:
            raise Refused(decided.text)
        return read_form(decided.text)[1]


def _answer(location: str) -> dict[str, str]:
    parts = urlsplit(location)
    return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))
