"""A watch and TLS: no credential leaves before the certificate was checked, nothing from before is trusted."""

from pathlib import Path

import pytest

from apps.providers.adapters.errors import AdapterError, NeedsReconnect, ProviderDown
from tests.fakes.certificates import Authority
from tests.fakes.idle_server import IdleScript, IdleServer
from tests.watcher.listener import watching


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("ca")
    return Authority(folder)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_watch_over_tls_rings(authority: Authority, security: str) -> None:
    script = IdleScript(offered=b"IMAP4rev1 STARTTLS LOGINDISABLED") if security == "starttls" else IdleScript()
    async with (
        IdleServer.running(script, tls=authority.server(), security=security) as server,
        watching(server.endpoint, tls=authority.client()) as listener,
    ):
        await listener.bell()
        server.push(b"* 2 EXISTS")
        assert (await listener.bell())[1].mailbox == "INBOX"


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("fault", ["expired", "wrong name", "unknown authority"])
async def test_a_bad_certificate_is_refused_before_any_log_in(
    authority: Authority, tmp_path: Path, fault: str, security: str
) -> None:
    tls = authority.server("mail.example") if fault == "wrong name" else authority.server(expired=fault == "expired")
    trusted = Authority(tmp_path) if fault == "unknown authority" else authority
    script = IdleScript(offered=b"IMAP4rev1 STARTTLS AUTH=PLAIN")
    async with IdleServer.running(script, tls=tls, security=security) as server:
        async with watching(server.endpoint, tls=trusted.client()) as listener:
            error = await listener.end()
        assert isinstance(error, NeedsReconnect)
        assert "certificate" in error.reason
        assert not {"AUTHENTICATE", "LOGIN"} & set(server.ledger.names())


async def test_a_server_that_speaks_no_tls_is_not_spoken_to_in_clear(authority: Authority) -> None:
    async with IdleServer.running() as server:
        endpoint = type(server.endpoint)("127.0.0.1", server.port, "tls", ("127.0.0.1",))
        async with watching(endpoint, tls=authority.client()) as listener:
            assert isinstance(await listener.end(), ProviderDown)
        assert server.ledger.logins == []


@pytest.mark.parametrize(
    "script",
    [
        IdleScript(offered=b"IMAP4rev1 AUTH=PLAIN"),
        IdleScript(offered=b"IMAP4rev1 STARTTLS AUTH=PLAIN", starttls_answer=b"NO not today"),
        IdleScript(greeting=b"* PREAUTH welcome", offered=b"IMAP4rev1 STARTTLS"),
        # CVE-2011-0411: text put behind the answer, which a careless client would take for the server's.
        IdleScript(
            offered=b"IMAP4rev1 STARTTLS AUTH=PLAIN",
            starttls_injection=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nw9 OK injected\r\n",
        ),
        IdleScript(offered=b"IMAP4rev1 STARTTLS AUTH=PLAIN", starttls_injection=b"* CAPA"),
    ],
    ids=["stripped", "refused", "preauth", "injected", "half a line injected"],
)
async def test_starttls_that_somebody_meddled_with_is_refused(authority: Authority, script: IdleScript) -> None:
    async with IdleServer.running(script, tls=authority.server(), security="starttls") as server:
        async with watching(server.endpoint, tls=authority.client()) as listener:
            error: AdapterError = await listener.end()
        assert isinstance(error, NeedsReconnect)
        assert not {"AUTHENTICATE", "LOGIN"} & set(server.ledger.names())


async def test_capabilities_are_asked_again_behind_starttls(authority: Authority) -> None:
    # In clear a man in the middle offers PLAIN only; what counts is what is said inside.
    script = IdleScript(
        greeting=b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready", offered_in_tls=b"IMAP4rev1 LOGINDISABLED"
    )
    async with IdleServer.running(script, tls=authority.server(), security="starttls") as server:
        async with watching(server.endpoint, tls=authority.client()) as listener:
            assert isinstance(await listener.end(), NeedsReconnect)
        assert server.ledger.names() == ["STARTTLS", "CAPABILITY"]
