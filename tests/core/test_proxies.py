"""Whose address counts, behind proxies and without."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from apps.core.proxies import ClientAddress, client_address

OURS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the client wrote the left one itself
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),  # two proxies of ours
        ("fd00::1", "2001:db8::9", "2001:db8::9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, <script>", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours: its header is its own story
        ("", "203.0.113.9", ""),  # a server on a Unix socket names no peer
    ],
)
def test_only_what_our_proxies_wrote_is_believed(peer: str, forwarded: str, client: str) -> None:
    assert client_address(peer, forwarded, OURS) == client


def test_nobody_is_believed_unless_it_is_set(settings: Any) -> None:
    seen = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    ClientAddress(answer)(request)
    settings.PMSYNC_TRUSTED_PROXIES = (ip_network("127.0.0.0/8"),)
    ClientAddress(answer)(request)
    assert seen == ["127.0.0.1", "203.0.113.9"]
