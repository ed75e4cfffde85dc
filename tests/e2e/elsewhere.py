"""Another program at a person's calendar or address book, and the person's own way to have it looked at."""

import httpx
from playwright.sync_api import Page

from pmsync.demo import cast
from tests.e2e.conftest import EMILY
from tests.e2e.demo import Demo

ACCOUNT = EMILY.accounts[0]


class Elsewhere:
    """Another program at one of Emily's collections: `addressbook` or `calendar`."""

    def __init__(self, demo: Demo, name: str, account: cast.DemoAccount = ACCOUNT) -> None:
        self._root = f"{demo.dav_url}{account.address}/{name}/"
        self._suffix, self._media = (".ics", "text/calendar") if name == "calendar" else (".vcf", "text/vcard")
        self._client = httpx.Client(auth=httpx.BasicAuth(account.address, account.password), timeout=30)

    def put(self, uid: str, *lines: str) -> None:
        """An object of these lines under its UID's name."""
        body = "\r\n".join([*lines, ""])
        headers = {"Content-Type": self._media}
        answer = self._client.put(f"{self._root}{uid}{self._suffix}", content=body, headers=headers)
        assert answer.status_code in (201, 204)

    def remove(self, uid: str) -> None:
        """Delete an object that `put` put there, if it is there still."""
        self._client.delete(f"{self._root}{uid}{self._suffix}")

    def texts(self) -> str:
        """All that the collection holds."""
        return self._client.get(self._root).text

    def close(self) -> None:
        self._client.close()


def _token(demo: Demo) -> str:
    body = {"email": EMILY.email, "password": EMILY.password, "cookie": False}
    token: str = httpx.post(f"{demo.url}/api/v1/auth/login", json=body, timeout=30).json()["access"]
    return token


def signed_in(demo: Demo) -> httpx.Client:
    """Emily's API, from another device."""
    headers = {"Authorization": f"Bearer {_token(demo)}"}
    return httpx.Client(base_url=f"{demo.url}/api/v1/", headers=headers, timeout=30)


def sync(page: Page, demo: Demo) -> None:
    """Have Emily's accounts looked at, as the button of a list does: calendars and address books have no push."""
    token = _token(demo)
    page.evaluate(
        "async (token) => {"
        "  const headers = {Authorization: `Bearer ${token}`};"
        "  const {items} = await (await fetch('/api/v1/accounts', {headers})).json();"
        "  for (const {id} of items) await fetch(`/api/v1/accounts/${id}/sync`, {method: 'POST', headers});"
        "}",
        token,
    )
