"""The wizard's checks against real servers and scripted bad ones: where the way ends, and what was said."""

import base64
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.providers import checks
from apps.providers.adapters.base import Login
from apps.providers.checks import Check, Failure, Server, Services
from apps.providers.network import Network
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.fakes.line_server import Line, LineServer, Script
from tests.imap.dovecot import PASSWORD, Dovecot
from tests.providers import scripts
from tests.providers.certificates import own_certificate, unknown_certificate
from tests.providers.submission import Submission

CANARY = "canary-söcret-7431"
LOGIN = Login("ada", CANARY)
GREETING = {"imap": scripts.IMAP_OK, "smtp": scripts.SMTP_OK}
services = pytest.mark.parametrize("service", ["imap", "smtp"])


def outcome(service: str, server: Server, network: Network, login: Login = LOGIN) -> Failure | None:
    """What the check of one mail service says; None when all is well."""
    wanted = Services(imap=server) if service == "imap" else Services(smtp=server)
    (found,) = checks.run(wanted, login, network)
    return found.failure


def code_of(failure: Failure | None) -> str | None:
    return failure.code if failure else None


def check(service: str, script: Script, network: Network, security: str = "none", **server: object) -> str | None:
    """The code that a scripted server earns; no credential may have been heard when a step before log-in failed."""
    with LineServer(script, **server) as listening:  # type: ignore[arg-type]  # tls or address
        failure = outcome(service, Server("127.0.0.1", listening.port, security), network)
        if failure is not None and failure.step in ("name", "port", "tls"):
            assert_no_credential(listening.heard)
        return failure.code if failure else None


def assert_no_credential(heard: bytes) -> None:
    """Neither the password nor any form in which a protocol would carry it, nor a log-in command."""
    plain = base64.b64encode(f"\0ada\0{CANARY}".encode())
    for trace in (CANARY.encode(), plain, base64.b64encode(CANARY.encode()), b"LOGIN", b"AUTH"):
        assert trace not in heard


# What works


@pytest.mark.dovecot
def test_a_right_password_passes_every_step(dovecot: Dovecot, patient: Network) -> None:
    user = dovecot.new_user()
    server = Server("127.0.0.1", dovecot.port, "none")
    outcomes = checks.run(Services(imap=server), Login(user, PASSWORD), patient)
    told = checks.report(outcomes)
    assert [(item.step, item.ok) for item in told] == [(step, True) for step in checks.STEPS]


@pytest.mark.dovecot
def test_a_wrong_password_fails_the_log_in_with_the_servers_words(dovecot: Dovecot, patient: Network) -> None:
    server = Server("127.0.0.1", dovecot.port, "none")
    outcomes = checks.run(Services(imap=server), Login(dovecot.new_user(), "wrong"), patient)
    told = checks.report(outcomes)
    assert [(item.step, item.ok) for item in told] == [
        ("name", True),
        ("port", True),
        ("tls", True),
        ("login", False),
    ]
    assert "Authentication failed" in told[-1].said
    assert "127.0.0.1 does not accept this user name and password" in told[-1].message


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_imap_server_is_logged_into(security: str, authority: Authority, network: Network) -> None:
    tls = authority.server("127.0.0.1")
    if security == "tls":
        found = check("imap", scripts.imap_login(b"OK in"), network, "tls", tls=tls)
    else:
        found = check("imap", scripts.imap_with_starttls(tls), network, "starttls")
    # Both scripts then refuse what comes after the encrypted connection: it was reached.
    assert found == {"tls": "permission.no_inbox", "starttls": "login.refused"}[security]


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_submission_server_takes_a_password_beyond_ascii(
    security: str, authority: Authority, network: Network
) -> None:
    with Submission("ada", CANARY, security, authority.server("127.0.0.1")) as submission:
        server = Server("127.0.0.1", submission.port, security)
        assert outcome("smtp", server, network) is None
        assert code_of(outcome("smtp", server, network, Login("ada", "wrong"))) == "login.refused"
    assert set(submission.used) == {"PLAIN"}


def test_a_server_that_knows_only_auth_login_is_served(network: Network) -> None:
    assert check("smtp", scripts.smtp(offers=(b"AUTH=LOGIN",)), network) is None


# Name


@services
def test_a_name_that_does_not_exist_fails_the_name(service: str, network: Network) -> None:
    assert code_of(outcome(service, Server("nowhere.firm.example", 993), network)) == "name.unknown"


@services
@pytest.mark.parametrize(
    "host",
    ["", "a b.example", "mail.example\r\nQUIT", "mail.example\0", "ada@mail.example", "mail.example/x", "-x.example"],
)
def test_what_is_no_host_name_is_never_looked_up(service: str, host: str, network: Network, dns: DnsServer) -> None:
    assert code_of(outcome(service, Server(host, 993), network)) == "name.invalid"
    assert not dns.asked


@services
def test_a_dead_address_among_several_costs_no_log_in(service: str, dns: DnsServer, network: Network) -> None:
    """F33: the next address is tried."""
    dns.add("mail.firm.example", "A", "127.0.0.9", "127.0.0.1")
    script = scripts.imap_of("ada", CANARY) if service == "imap" else scripts.smtp()
    with LineServer(script) as server:
        assert outcome(service, Server("mail.firm.example", server.port, "none"), network) is None


# Port


@services
def test_a_closed_port_is_named(service: str, network: Network) -> None:
    with LineServer(scripts.silent) as server:
        port = server.port
    assert code_of(outcome(service, Server("127.0.0.1", port, "none"), network)) == "port.refused"


@services
@pytest.mark.parametrize("port", [22, 25, 53, 5432, 6379, 9200])
def test_ports_of_other_services_are_never_tried(service: str, port: int, network: Network) -> None:
    assert code_of(outcome(service, Server("127.0.0.1", port, "none"), network)) == "port.odd"


@services
@pytest.mark.parametrize("security", ["none", "starttls"])
def test_another_protocol_on_the_port_is_recognised(service: str, security: str, network: Network) -> None:
    assert check(service, scripts.says(b"SSH-2.0-OpenSSH_9.2\r\n"), network, security) == "port.other"


@services
def test_a_server_that_turns_connections_away_is_not_a_wrong_password(service: str, network: Network) -> None:
    refusal = {"imap": b"* BYE too many connections\r\n", "smtp": b"421 4.7.0 too many connections\r\n"}[service]

    def script(line: Line) -> None:
        line.send(refusal)

    assert check(service, script, network) == "port.turned_away"


@services
def test_a_server_that_accepts_and_says_nothing_is_told_so_in_time(service: str, network: Network) -> None:
    begun = time.monotonic()
    assert check(service, scripts.silent, network) == "port.mute"
    assert time.monotonic() - begun < network.patience.whole


@services
def test_a_server_that_hangs_after_its_greeting_is_told_so_in_time(service: str, network: Network) -> None:
    begun = time.monotonic()
    assert check(service, scripts.says(GREETING[service]), network) == "login.silent"
    assert time.monotonic() - begun < network.patience.whole


@services
def test_a_greeting_that_drips_is_ended_by_the_total_clock(service: str, network: Network) -> None:
    begun = time.monotonic()

    def drip(line: Line) -> None:
        line.drip(GREETING[service] * 20, 0.1)

    assert check(service, drip, network) in {"port.mute", "login.silent"}
    assert time.monotonic() - begun < network.patience.whole


def test_services_are_checked_at_once_and_none_waits_for_another(network: Network) -> None:
    with LineServer(scripts.says(scripts.IMAP_OK)) as imap, LineServer(scripts.smtp()) as smtp:
        wanted = Services(Server("127.0.0.1", imap.port, "none"), Server("127.0.0.1", smtp.port, "none"))
        begun = time.monotonic()
        first, second = checks.run(wanted, LOGIN, network)
        assert time.monotonic() - begun < network.patience.answer * 2
    assert (code_of(first.failure), code_of(second.failure)) == ("login.silent", None)


# TLS


@services
def test_tls_asked_of_a_plain_port_names_the_mismatch(service: str, network: Network) -> None:
    assert check(service, scripts.says(GREETING[service]), network, "tls") == "tls.not_spoken"


@services
@pytest.mark.parametrize("security", ["none", "starttls"])
def test_plain_text_asked_of_a_tls_port_names_the_mismatch(
    service: str, security: str, network: Network, authority: Authority
) -> None:
    tls = authority.server("127.0.0.1")
    assert check(service, scripts.says(GREETING[service]), network, security, tls=tls) == "tls.expected"


Certificate = Callable[[Authority, Path], ssl.SSLContext]
BAD: dict[str, Certificate] = {
    "tls.expired": lambda good, folder: good.server("127.0.0.1", expired=True),
    "tls.self_signed": lambda good, folder: own_certificate(folder, "127.0.0.1"),
    "tls.unknown_issuer": lambda good, folder: unknown_certificate(folder, "127.0.0.1"),
    "tls.wrong_name": lambda good, folder: good.server("other.example"),
}


@services
@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("code", BAD)
def test_a_bad_certificate_is_named_and_no_credential_leaves(
    service: str, security: str, code: str, network: Network, authority: Authority, tmp_path: Path
) -> None:
    tls = BAD[code](authority, tmp_path)
    if security == "tls":
        assert check(service, scripts.says(GREETING[service]), network, "tls", tls=tls) == code
    else:
        upgrade = scripts.imap_with_starttls if service == "imap" else scripts.smtp_with_starttls
        assert check(service, upgrade(tls), network, "starttls") == code


@services
def test_encryption_older_than_tls_1_2_is_refused(service: str, network: Network, authority: Authority) -> None:
    old = authority.server("127.0.0.1")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert check(service, scripts.says(GREETING[service]), network, "tls", tls=old) == "tls.old"


@services
def test_starttls_that_is_not_offered_ends_before_the_log_in(service: str, network: Network) -> None:
    script = scripts.imap_login(b"OK") if service == "imap" else scripts.smtp()
    assert check(service, script, network, "starttls") == "tls.not_offered"


def test_starttls_that_is_refused_ends_before_the_log_in(network: Network) -> None:
    script = scripts.imap_with_starttls(None, answer=b"NO not today")
    assert check("imap", script, network, "starttls") == "tls.not_offered"


@services
def test_text_put_before_the_hand_shake_ends_before_the_log_in(
    service: str, network: Network, authority: Authority
) -> None:
    tls = authority.server("127.0.0.1")
    script = (
        scripts.imap_with_starttls(tls, then=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
        if service == "imap"
        else scripts.smtp_with_starttls(tls, then=b"250-mail.firm.example\r\n250 AUTH PLAIN\r\n")
    )
    assert check(service, script, network, "starttls") == "tls.tampered"


def test_a_log_in_claimed_before_encryption_ends_there(network: Network) -> None:
    script = scripts.says(b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n")
    assert check("imap", script, network, "starttls") == "tls.tampered"


def test_extensions_offered_in_the_clear_are_forgotten_after_the_hand_shake(
    network: Network, authority: Authority
) -> None:
    tls = authority.server("127.0.0.1")
    script = scripts.smtp_with_starttls(tls, before=(b"STARTTLS", b"AUTH PLAIN"), after=(b"SIZE 1000",))
    assert check("smtp", script, network, "starttls") == "login.other"


# Log-in and permission


IMAP_REFUSALS = {
    b"NO [AUTHENTICATIONFAILED] Invalid credentials": "login.refused",
    b"NO Application-specific password required": "login.app_password",
    b"NO [ALERT] Please log in via your web browser": "login.website",
    b"NO IMAP access is disabled for your domain": "login.website",
    b"NO [UNAVAILABLE] Temporary authentication failure": "login.later",
    b"NO [LIMIT] Too many simultaneous connections": "login.too_many",
    b"NO IMAP is disabled by administrator": "permission.denied",
    b"OK logged in": "permission.no_inbox",
}


@pytest.mark.parametrize("answer", IMAP_REFUSALS)
def test_each_imap_refusal_gets_its_own_sentence(answer: bytes, network: Network) -> None:
    assert check("imap", scripts.imap_login(answer), network) == IMAP_REFUSALS[answer]


SMTP_REFUSALS = {
    b"535 5.7.8 Username and Password not accepted": "login.refused",
    b"534 5.7.9 Application-specific password required": "login.app_password",
    b"534-5.7.14 Please log in via your web browser and\r\n534 5.7.14 try again": "login.website",
    b"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled": "permission.denied",
    b"454 4.7.0 Temporary authentication failure": "login.later",
    b"421 4.7.0 Too many login attempts": "login.too_many",
    b"432 4.3.2 Concurrent connections limit exceeded": "login.too_many",
}


@pytest.mark.parametrize("answer", SMTP_REFUSALS)
def test_each_smtp_refusal_gets_its_own_sentence(answer: bytes, network: Network) -> None:
    assert check("smtp", scripts.smtp(answer), network) == SMTP_REFUSALS[answer]


def test_a_server_that_offers_no_password_log_in_is_told(network: Network) -> None:
    assert check("smtp", scripts.smtp(offers=(b"AUTH XOAUTH2",)), network) == "login.other"


@services
@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("bad", ["a\r\nb LOGOUT", "a\nb", "a\0b", "a\x01b", ""])
def test_control_characters_never_reach_the_server(service: str, field: str, bad: str, network: Network) -> None:
    login = Login(**({"username": "ada", "password": "pencil"} | {field: bad}))
    with LineServer(scripts.says(GREETING[service])) as server:
        failure = outcome(service, Server("127.0.0.1", server.port, "none"), network, login)
        assert server.connections == 0
    assert code_of(failure) == "login.characters"


# What is told


def test_every_code_has_a_sentence_in_both_languages_with_the_same_facts() -> None:
    from apps.providers.adapters.probe import Obstacle
    from apps.providers.sentences import EN, IT

    assert EN.keys() == IT.keys()
    assert {obstacle.value for obstacle in Obstacle} <= EN.keys()
    for code in EN:
        assert _facts(EN[code]) == _facts(IT[code]), code


def _facts(template: str) -> set[str]:
    import string

    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_a_failure_is_told_in_the_persons_language(network: Network) -> None:
    outcomes = checks.run(Services(imap=Server("nowhere.firm.example", 993)), LOGIN, network)
    assert checks.report(outcomes, "it")[-1].message.startswith("nowhere.firm.example non esiste.")
    assert checks.report(outcomes, "fr")[-1].message.startswith("nowhere.firm.example was not found.")


def test_a_servers_words_are_shown_as_one_printable_line(network: Network) -> None:
    with LineServer(scripts.says(b"* BYE \x1b[31mgo\x07 away\xff\r\n")) as server:
        (found,) = checks.run(Services(imap=Server("127.0.0.1", server.port, "none")), LOGIN, network)
    (told,) = [item for item in checks.report([found]) if not item.ok]
    assert isinstance(told, Check)
    assert told.said.isprintable()
    assert "away" in told.said
