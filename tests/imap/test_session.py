"""Connecting, encrypting, logging in and reading answers, against servers that do it wrong."""

import base64
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.imap.arguments import mailbox_argument, quoted
from apps.providers.adapters.imap.capabilities import effective
from apps.providers.adapters.imap.channel import Timeouts
from apps.providers.adapters.imap.session import ImapSession
from tests.fakes.certificates import Authority
from tests.fakes.imap_script import CAPABILITY, FULL, LOGIN, Dialogue, FakeMailbox, Rule, ScriptedServer

QUICK = Timeouts(connect=2.0, idle=0.4, total=1.0)
TOKEN = Login("ada", access_token="ya29.token")


def open_session(server: ScriptedServer, login: Login = LOGIN, tls: ssl.SSLContext | None = None) -> ImapSession:
    return ImapSession.open(server.endpoint, login, timeouts=QUICK, tls=tls)


def refused(server: ScriptedServer, login: Login = LOGIN, tls: ssl.SSLContext | None = None) -> errors.AdapterError:
    """The error of a log-in that must fail."""
    with pytest.raises(errors.AdapterError) as caught:
        open_session(server, login, tls).close()
    return caught.value


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


# ---------------------------------------------------------------------------- greeting


def test_a_greeting_that_never_comes_ends_by_the_idle_limit() -> None:
    with ScriptedServer(greeting=lambda dialogue, tag: dialogue.hang()) as server:
        begun = time.monotonic()
        error = refused(server)
    assert isinstance(error, errors.ProviderDown)
    assert time.monotonic() - begun < 2


def test_a_drip_of_a_byte_at_a_time_ends_by_the_total_limit() -> None:
    with ScriptedServer(greeting=lambda dialogue, tag: dialogue.drip(b"* OK " + b"x" * 100, 0.1)) as server:
        begun = time.monotonic()
        error = refused(server)
    assert isinstance(error, errors.ProviderDown)
    assert 0.9 < time.monotonic() - begun < 3


def test_a_bye_in_place_of_a_greeting_tells_the_reason() -> None:
    with ScriptedServer(greeting=b"* BYE [UNAVAILABLE] maintenance until 5\r\n") as server:
        error = refused(server)
    assert isinstance(error, errors.Transient)
    assert "maintenance until 5" in error.said


def test_too_many_connections_at_the_greeting_is_a_rate_limit() -> None:
    with ScriptedServer(greeting=b"* BYE Too many simultaneous connections\r\n") as server:
        assert isinstance(refused(server), errors.RateLimited)


@pytest.mark.parametrize(
    "greeting",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\0\0\0\r\n",
        b"* OK " + b"x" * 1_100_000,
        b"* X {4294967295}\r\n",
        b"\xff\xfe\r\n",
    ],
)
def test_a_greeting_that_is_not_imap_is_a_passing_fault(greeting: bytes) -> None:
    with ScriptedServer(greeting=greeting) as server:
        assert isinstance(refused(server), errors.Transient)


def test_a_greeting_of_8_bit_text_is_no_obstacle() -> None:
    with ScriptedServer(greeting=b"* OK Gr\xc3\xbc\xc3\x9fe \xff\r\n") as server:
        open_session(server).close()


def test_a_server_that_is_not_there_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(errors.ProviderDown):
        ImapSession.open(Endpoint("127.0.0.1", port, "none"), LOGIN, timeouts=QUICK)


def test_dead_addresses_come_before_the_one_that_answers() -> None:
    with ScriptedServer() as server:
        dead = tuple(f"127.0.0.{host}" for host in range(2, 50))
        endpoint = Endpoint("imap.example.test", server.endpoint.port, "none", (*dead, "127.0.0.1"))
        ImapSession.open(endpoint, LOGIN, timeouts=Timeouts(connect=15.0, idle=1.0)).close()


def test_an_address_without_a_route_loses_the_race_at_once() -> None:
    """Such a socket is writable and shows no error, as if it were connected: IPv6 on a host that has none."""
    with ScriptedServer() as server:
        endpoint = Endpoint("imap.example.test", server.endpoint.port, "none", ("255.255.255.255", "127.0.0.1"))
        ImapSession.open(endpoint, LOGIN, timeouts=QUICK).close()
    alone = Endpoint("imap.example.test", 9, "none", ("255.255.255.255",))
    with pytest.raises(errors.ProviderDown) as down:
        ImapSession.open(alone, LOGIN, timeouts=QUICK)
    assert "unreachable" in down.value.said


def test_a_name_is_never_resolved_when_addresses_are_pinned() -> None:
    endpoint = Endpoint("imap.example.test", 9, "none", ("not an address",))
    with pytest.raises(errors.ProviderDown):
        ImapSession.open(endpoint, LOGIN, timeouts=QUICK)


# ---------------------------------------------------------------------------- TLS


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_a_valid_certificate_is_accepted_for_the_host_and_not_the_address(authority: Authority, how: str) -> None:
    with _encrypted(authority.server("imap.example.test"), how) as server:
        endpoint = Endpoint("imap.example.test", server.endpoint.port, how, ("127.0.0.1",))
        ImapSession.open(endpoint, LOGIN, timeouts=QUICK, tls=authority.client()).close()
    assert b"NAMESPACE" in server.commands


@pytest.mark.parametrize("how", ["tls", "starttls"])
@pytest.mark.parametrize(("name", "expired"), [("other.example.test", False), ("imap.example.test", True)])
def test_an_invalid_certificate_is_refused_before_a_credential_is_sent(
    authority: Authority, how: str, name: str, expired: bool
) -> None:
    with _encrypted(authority.server(name, expired=expired), how) as server:
        endpoint = Endpoint("imap.example.test", server.endpoint.port, how, ("127.0.0.1",))
        with pytest.raises(errors.NeedsReconnect, match="certificate"):
            ImapSession.open(endpoint, LOGIN, timeouts=QUICK, tls=authority.client())
    assert _said_nothing_secret(server)


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with _encrypted(authority.server(), "tls") as server, pytest.raises(errors.NeedsReconnect, match="certificate"):
        ImapSession.open(server.endpoint, LOGIN, timeouts=QUICK)
    assert _said_nothing_secret(server)


def test_a_server_of_tls_1_1_only_is_refused_with_a_sentence(authority: Authority) -> None:
    old = authority.server()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with _encrypted(old, "tls") as server:
        error = refused(server, tls=authority.client())
    assert isinstance(error, errors.ProviderDown)
    assert "no safe TLS connection" in error.reason


def test_a_tls_handshake_that_never_ends_is_given_up(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1], "tls")
        with pytest.raises(errors.ProviderDown):
            ImapSession.open(endpoint, LOGIN, timeouts=Timeouts(connect=0.5), tls=authority.client())


def test_a_stripped_starttls_capability_is_refused_in_the_clear() -> None:
    with ScriptedServer() as server:
        endpoint = Endpoint("127.0.0.1", server.endpoint.port, "starttls")
        with pytest.raises(errors.NeedsReconnect, match="does not offer to encrypt"):
            ImapSession.open(endpoint, LOGIN, timeouts=QUICK)
    assert _said_nothing_secret(server)


def test_a_refused_starttls_is_refused_in_the_clear(authority: Authority) -> None:
    with _encrypted(authority.server(), "starttls", Rule(rb"STARTTLS", b"{tag} NO not today\r\n")) as server:
        assert isinstance(refused(server, tls=authority.client()), errors.NeedsReconnect)
    assert _said_nothing_secret(server)


def test_a_preauth_greeting_does_not_skip_starttls(authority: Authority) -> None:
    greeting = b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n"
    with _encrypted(authority.server(), "starttls", greeting=greeting) as server:
        error = refused(server, tls=authority.client())
    assert isinstance(error, errors.NeedsReconnect)
    assert "before the connection is encrypted" in error.reason
    assert server.commands == [b"CAPABILITY"]


def test_plain_text_injected_behind_the_starttls_answer_is_refused(authority: Authority) -> None:
    injected = b"{tag} OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\np0 OK [CAPABILITY IMAP4rev1] logged in\r\n"
    with _encrypted(authority.server(), "starttls", Rule(rb"STARTTLS", injected)) as server:
        error = refused(server, tls=authority.client())
    assert isinstance(error, errors.NeedsReconnect)
    assert "before it was encrypted" in error.reason
    assert _said_nothing_secret(server)


def test_capabilities_are_asked_for_again_inside_tls(authority: Authority) -> None:
    greeting = b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=X-EVIL LOGINDISABLED] hello\r\n"
    with _encrypted(authority.server(), "starttls", greeting=greeting) as server:
        session = open_session(server, tls=authority.client())
        assert session.has("IMAP4REV1")
        assert not session.has("AUTH=X-EVIL")
        session.close()
    assert server.commands[:2] == [b"STARTTLS", b"CAPABILITY"]


def _encrypted(context: ssl.SSLContext, how: str, *rules: Rule, greeting: bytes | None = None) -> ScriptedServer:
    capability = CAPABILITY + (b" STARTTLS" if how == "starttls" else b"")
    tls, starttls = (context, None) if how == "tls" else (None, context)
    return ScriptedServer(capability=capability, rules=rules, tls=tls, starttls=starttls, greeting=greeting)


def _said_nothing_secret(server: ScriptedServer) -> bool:
    return not any(command.upper().startswith((b"LOGIN", b"AUTHENTICATE")) for command in server.commands)


# ---------------------------------------------------------------------------- log-in


def test_the_first_answer_rides_with_the_command_where_the_server_takes_that() -> None:
    with ScriptedServer() as server:
        open_session(server).close()
    assert server.commands[0] == b"AUTHENTICATE PLAIN " + base64.b64encode(b"\0ada\0pencil")


def test_without_initial_response_the_answer_waits_to_be_asked() -> None:
    def challenge(dialogue: Dialogue, tag: bytes) -> None:
        dialogue.send(b"+ \r\n")
        assert dialogue.file.readline().strip() == base64.b64encode(b"\0ada\0pencil")
        dialogue.send(tag + b" OK in\r\n")

    rules = [Rule(rb"AUTHENTICATE PLAIN", challenge)]
    with ScriptedServer(capability=b"IMAP4rev1 AUTH=PLAIN", rules=rules) as server:
        open_session(server).close()


def test_login_is_the_last_resort_and_quotes_what_it_says() -> None:
    with ScriptedServer(capability=b"IMAP4rev1") as server:
        open_session(server, Login('a"d\\a', "pen cil")).close()
    assert server.commands[0] == rb'LOGIN "a\"d\\a" "pen cil"'


def test_a_password_beyond_ascii_goes_by_plain_in_utf_8() -> None:
    with ScriptedServer(capability=b"IMAP4rev1 SASL-IR") as server:
        open_session(server, Login("ada", "blåbær")).close()
    assert server.commands[0] == b"AUTHENTICATE PLAIN " + base64.b64encode("\0ada\0blåbær".encode())


def test_login_disabled_is_obeyed() -> None:
    with ScriptedServer(capability=b"IMAP4rev1 LOGINDISABLED") as server:
        assert isinstance(refused(server), errors.NeedsReconnect)
    assert _said_nothing_secret(server)


@pytest.mark.parametrize(
    "login", [Login("a\r\nb", "x"), Login("ada", "x\0y"), Login("ada", "x\ny"), Login("", "x"), Login("ada")]
)
def test_control_characters_in_credentials_never_reach_the_server(login: Login) -> None:
    with ScriptedServer() as server:
        assert isinstance(refused(server, login), errors.NeedsReconnect)
    assert server.connections == 0


def test_scram_proves_both_sides() -> None:
    with ScriptedServer(capability=b"IMAP4rev1 AUTH=SCRAM-SHA-256 AUTH=PLAIN", rules=[_scram("pencil")]) as server:
        open_session(server, Login("user", "pencil")).close()


def test_a_server_that_cannot_prove_itself_is_refused() -> None:
    with ScriptedServer(capability=b"IMAP4rev1 AUTH=SCRAM-SHA-256", rules=[_scram("another")]) as server:
        error = refused(server, Login("user", "pencil"))
    assert isinstance(error, errors.NeedsReconnect)
    assert "could not prove" in error.reason


def test_a_server_that_skips_its_proof_is_refused() -> None:
    rules = [Rule(rb"AUTHENTICATE SCRAM-SHA-256.*", b"{tag} OK come in\r\n")]
    with ScriptedServer(capability=b"IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256", rules=rules) as server:
        assert "could not prove" in refused(server).reason


@pytest.mark.parametrize("rounds", [b"1", b"99999999", b"x"])
def test_scram_rounds_out_of_reason_are_refused(rounds: bytes) -> None:
    def challenge(dialogue: Dialogue, tag: bytes) -> None:
        dialogue.send(b"+ \r\n")
        nonce = base64.b64decode(dialogue.file.readline()).split(b"r=")[1]
        dialogue.send(b"+ " + base64.b64encode(b"r=" + nonce + b"x,s=c2FsdA==,i=" + rounds) + b"\r\n")

    with ScriptedServer(capability=b"IMAP4rev1 AUTH=SCRAM-SHA-256", rules=[Rule(rb"AUTH.*", challenge)]) as server:
        assert isinstance(refused(server), errors.AdapterError)


def _scram(password: str) -> Rule:
    """A SCRAM server that knows `password` for its proof, and believes anybody."""
    import hashlib
    import hmac

    def talk(dialogue: Dialogue, tag: bytes) -> None:
        dialogue.send(b"+ \r\n")
        first = base64.b64decode(dialogue.file.readline()).removeprefix(b"n,,")
        challenge = b"r=" + first.split(b"r=")[1] + b"server,s=" + base64.b64encode(b"salt") + b",i=4096"
        dialogue.send(b"+ " + base64.b64encode(challenge) + b"\r\n")
        final = base64.b64decode(dialogue.file.readline()).rsplit(b",p=", 1)[0]
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 4096)
        key = hmac.digest(salted, b"Server Key", "sha256")
        proof = hmac.digest(key, b",".join((first, challenge, final)), "sha256")
        dialogue.send(b"+ " + base64.b64encode(b"v=" + base64.b64encode(proof)) + b"\r\n")
        dialogue.file.readline()
        dialogue.send(tag + b" OK in\r\n")

    return Rule(rb"AUTHENTICATE SCRAM-SHA-256", talk)


@pytest.mark.parametrize(("mechanism", "dummy"), [(b"XOAUTH2", b""), (b"OAUTHBEARER", base64.b64encode(b"\x01"))])
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b'{"status":"400","schemes":"bearer","scope":"https://mail.google.com/"}', errors.AuthExpired),
        (b'{"status":"invalid_token"}', errors.AuthExpired),
        (b'{"status":"insufficient_scope","scope":"mail"}', errors.PermissionMissing),
        (b"not json", errors.AuthExpired),
    ],
)
def test_an_oauth_refusal_is_answered_once_and_told_apart(
    mechanism: bytes, dummy: bytes, told: bytes, expected: type[errors.AdapterError]
) -> None:
    answers: list[bytes] = []

    def refuse(dialogue: Dialogue, tag: bytes) -> None:
        dialogue.send(b"+ " + base64.b64encode(told) + b"\r\n")
        answers.append(dialogue.file.readline().rstrip(b"\r\n"))
        dialogue.send(tag + b" NO AUTHENTICATE failed.\r\n")

    capability = b"IMAP4rev1 SASL-IR AUTH=" + mechanism
    with ScriptedServer(capability=capability, rules=[Rule(rb"AUTHENTICATE .*", refuse)]) as server:
        error = refused(server, TOKEN)
    assert type(error) is expected
    assert answers == [dummy]
    assert server.received.count(b"ya29") == 0  # only in base64, and only once
    assert len([command for command in server.commands if command.startswith(b"AUTHENTICATE")]) == 1


def test_oauthbearer_names_host_and_port_and_escapes_the_user() -> None:
    capability = b"IMAP4rev1 SASL-IR AUTH=OAUTHBEARER AUTH=XOAUTH2"
    with ScriptedServer(capability=capability) as server:
        open_session(server, Login("a=d,a", access_token="t")).close()
    said = base64.b64decode(server.commands[0].split()[2])
    assert said == b"n,a=a=3Dd=2Ca,\x01host=127.0.0.1\x01port=%d\x01auth=Bearer t\x01\x01" % server.endpoint.port


def test_xoauth2_says_user_and_token() -> None:
    with ScriptedServer(capability=b"IMAP4rev1 SASL-IR AUTH=XOAUTH2") as server:
        open_session(server, TOKEN).close()
    assert base64.b64decode(server.commands[0].split()[2]) == b"user=ada\x01auth=Bearer ya29.token\x01\x01"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"NO [AUTHENTICATIONFAILED] no", errors.NeedsReconnect),
        (b"NO LOGIN failed.", errors.NeedsReconnect),
        (b"NO [UNAVAILABLE] temporary failure", errors.Transient),
        (b"NO [LIMIT] too many", errors.RateLimited),
        (b"NO [ALERT] Application-specific password required", errors.NeedsReconnect),
        (b"NO System Error", errors.Transient),
    ],
)
def test_a_refused_login_is_told_apart_from_a_passing_fault(answer: bytes, expected: type[errors.AdapterError]) -> None:
    with ScriptedServer(rules=[Rule(rb"AUTHENTICATE .*", b"{tag} " + answer + b"\r\n")]) as server:
        assert type(refused(server)) is expected


def test_a_login_that_hangs_is_not_a_wrong_password() -> None:
    with ScriptedServer(rules=[Rule(rb"AUTHENTICATE .*", lambda dialogue, tag: dialogue.hang())]) as server:
        assert type(refused(server)) is errors.Transient


def test_a_tagged_ok_without_text_is_an_ok() -> None:
    rules = [Rule(rb"(AUTHENTICATE|ID|CAPABILITY|NOOP).*", b"{tag} OK\r\n")]
    with ScriptedServer(greeting=b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR ID]\r\n", rules=rules) as server:
        server.rules.insert(0, Rule(rb"CAPABILITY", b"* CAPABILITY IMAP4rev1 ID\r\n{tag} OK\r\n"))
        session = open_session(server)
        session.command(b"NOOP")
        session.close()


def test_capabilities_after_the_login_replace_those_before() -> None:
    rules = [Rule(rb"AUTHENTICATE .*", b"{tag} OK [CAPABILITY IMAP4rev1 MOVE] in\r\n")]
    with ScriptedServer(rules=rules) as server:
        session = open_session(server)
        assert session.capabilities == {"IMAP4REV1", "MOVE"}
        session.close()


def test_id_comes_before_anything_else_and_holds_no_address() -> None:
    with ScriptedServer(capability=FULL) as server:
        open_session(server).close()
    introduction = [b'ID ("name" "PMSync" "version" "1" "vendor" "PMSync")', b"ENABLE QRESYNC", b"NAMESPACE"]
    assert server.commands[2:5] == introduction


def test_a_refused_introduction_is_not_fatal() -> None:
    with ScriptedServer(capability=FULL, rules=[Rule(rb"(ID|ENABLE|NAMESPACE).*", b"{tag} BAD no\r\n")]) as server:
        session = open_session(server)
        assert not session.qresync
        session.close()


def test_icloud_is_taken_at_what_it_keeps() -> None:
    offered = {"IMAP4REV1", "QRESYNC", "CONDSTORE", "ESEARCH", "ENABLE"}
    assert effective(offered, "imap.mail.me.com") == {"IMAP4REV1", "CONDSTORE", "ENABLE"}
    assert effective({"QRESYNC"}, "imap.example.test") == {"QRESYNC", "CONDSTORE", "ENABLE"}
    assert {"ESEARCH", "MOVE", "LIST-STATUS"} <= effective({"IMAP4REV2"}, "imap.example.test")


# ---------------------------------------------------------------------------- answers


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(capability=FULL) as running:
        yield running


def test_what_lies_unread_is_not_the_answer_to_the_next_command(server: ScriptedServer) -> None:
    """An earlier command's late FETCH must not be taken for the next one's (mjs/imapclient#334)."""
    session = open_session(server)
    server._dialogues[0].send(b"* 7 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n")
    time.sleep(0.05)
    assert list(session.start(b"NOOP")) == []
    session.close()


def test_the_first_bye_ends_the_session(server: ScriptedServer) -> None:
    server.rules.append(Rule(rb"NOOP", b"* BYE Autologout; idle for too long\r\n" * 50))
    session = open_session(server)
    with pytest.raises(errors.Transient) as caught:
        session.command(b"NOOP")
    assert "Autologout" in caught.value.said
    with pytest.raises(errors.Transient, match="closed"):
        session.command(b"NOOP")


def test_a_throttling_bye_in_mid_command_carries_its_pause(server: ScriptedServer) -> None:
    said = b"* 1 EXISTS\r\n* BYE Request is throttled. Suggested Backoff Time: 90000 milliseconds\r\n"
    server.rules.append(Rule(rb"NOOP", said))
    session = open_session(server)
    with pytest.raises(errors.RateLimited) as caught:
        session.command(b"NOOP")
    assert caught.value.retry_after == 90


def test_the_last_words_before_a_close_are_its_reason(server: ScriptedServer) -> None:
    def leave(dialogue: Dialogue, tag: bytes) -> None:
        dialogue.send(b"* NO [LIMIT] your account is over its limits\r\n")
        dialogue.close()

    server.rules.append(Rule(rb"NOOP", leave))
    session = open_session(server)
    with pytest.raises(errors.RateLimited) as caught:
        session.command(b"NOOP")
    assert "over its limits" in caught.value.said


@pytest.mark.parametrize(
    "said",
    [
        b"* 1 FETCH (BODY[] {100}\r\nonly this",
        b"* 1 FE",
        b"",
    ],
)
def test_a_close_in_the_middle_is_a_passing_fault(server: ScriptedServer, said: bytes) -> None:
    def leave(dialogue: Dialogue, tag: bytes) -> None:
        dialogue.send(said)
        dialogue.close()

    server.rules.append(Rule(rb"NOOP", leave))
    session = open_session(server)
    with pytest.raises(errors.Transient):
        session.command(b"NOOP")


@pytest.mark.parametrize(
    "said",
    [
        b"* 1 FETCH (BODY[] {4294967295}\r\n",
        b"* X " + b"y" * 8_400_000 + b"\r\n",
        b"not imap at all\r\n",
        b"* 1 FETCH (BODY[] {3}\r\nabcdef)\r\n) garbage\r\n",
        b"other9 OK done\r\n",
        b"\0\r\n",
    ],
)
def test_an_answer_out_of_step_drops_the_connection(server: ScriptedServer, said: bytes) -> None:
    server.rules.append(Rule(rb"NOOP", said))
    session = open_session(server)
    with pytest.raises(errors.Transient):
        session.command(b"NOOP")
    with pytest.raises(errors.Transient, match="closed"):
        session.start(b"NOOP")


def test_a_drip_in_mid_answer_ends_by_the_total_limit(server: ScriptedServer) -> None:
    server.rules.append(Rule(rb"NOOP", lambda dialogue, tag: dialogue.drip(b"* X " + b"y" * 100, 0.1)))
    session = open_session(server)
    begun = time.monotonic()
    with pytest.raises(errors.Transient, match="in time"):
        session.command(b"NOOP")
    assert time.monotonic() - begun < 3


def test_a_slow_line_that_keeps_coming_is_no_timeout() -> None:
    """Much data over a thin line takes longer than the total of a small answer, and may."""

    def slowly(dialogue: Dialogue, tag: bytes) -> None:
        for _ in range(15):
            dialogue.send(b"* X " + b"y" * 8000 + b"\r\n")
            time.sleep(0.1)
        dialogue.send(tag + b" OK done\r\n")

    with ScriptedServer(rules=[Rule(rb"NOOP", slowly)]) as server:
        session = open_session(server)
        session.command(b"NOOP")
        session.close()


def test_several_commands_under_way_get_their_own_answers(server: ScriptedServer) -> None:
    session = open_session(server)
    session.examine("INBOX")
    first = session.start(b"UID SEARCH RETURN (COUNT) UID 1:5")
    second = session.start(b'LIST "" "*"')
    third = session.start(b"UID SEARCH 1:*")
    assert [item.name for item in third] == ["SEARCH"]
    assert [item.name for item in first] == ["ESEARCH"]
    assert [item.name for item in second] == ["LIST"]
    session.close()


def test_an_esearch_answer_goes_to_the_command_that_it_names() -> None:
    def both(dialogue: Dialogue, tag: bytes) -> None:
        second = dialogue.file.readline().split()[0]
        said = b'* ESEARCH (TAG "%b") UID COUNT 2\r\n* ESEARCH (TAG "%b") UID COUNT 1\r\n%b OK x\r\n%b OK x\r\n'
        dialogue.send(said % (second, tag, second, tag))

    with ScriptedServer(capability=FULL, rules=[Rule(rb"UID SEARCH ONE", both)]) as server:
        session = open_session(server)
        first, second = session.start(b"UID SEARCH ONE"), session.start(b"UID SEARCH TWO")
        assert [item.values()[-1] for item in first] == [b"1"]
        assert [item.values()[-1] for item in second] == [b"2"]
        session.close()


def test_an_answer_given_up_half_way_does_not_mix_with_the_next(server: ScriptedServer) -> None:
    session = open_session(server)
    session.examine("INBOX")
    server.rules.append(Rule(rb"UID FETCH .*", b"* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n{tag} OK done\r\n"))
    answer = iter(session.start(b"UID FETCH 1:* (UID)"))
    next(answer)
    session.settle()
    assert list(session.start(b"NOOP")) == []
    with pytest.raises(RuntimeError, match="put an end to this answer"):
        next(answer)
    session.close()


def test_two_threads_on_one_connection_are_told_so(server: ScriptedServer) -> None:
    server.rules.append(Rule(rb"NOOP", lambda dialogue, tag: dialogue.hang()))
    session = open_session(server)

    def wait() -> None:
        with pytest.raises(errors.AdapterError):
            session.command(b"NOOP")

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.1)
    with pytest.raises(RuntimeError, match="two threads"):
        session.start(b"NOOP")
    waiting.join()
    session.close()


def test_a_throttled_warning_on_success_is_kept(server: ScriptedServer) -> None:
    server.rules.append(Rule(rb"NOOP", b"{tag} OK Success [THROTTLED]\r\n", times=1))
    session = open_session(server)
    session.command(b"NOOP")
    before = session.throttled  # there it stands in the text, not as a code
    server.rules.append(Rule(rb"NOOP", b"{tag} OK [THROTTLED] Success\r\n"))
    session.command(b"NOOP")
    assert (before, session.throttled) == (False, True)
    session.close()


def test_a_literal_waits_for_the_servers_word_unless_it_need_not(server: ScriptedServer) -> None:
    server.mailboxes.append(FakeMailbox("Gr\xfc\xdfe"))
    session = open_session(server)
    with pytest.raises(errors.AdapterError):
        session.command(b"X ", quoted("Grüße".encode()))
    assert server.commands[-1] == b"X {7+}\r\n" + "Grüße".encode()
    session.close()
    slow = ScriptedServer(capability=b"IMAP4rev1", rules=[Rule(rb"X .*", b"{tag} OK done\r\n")])
    with slow:
        session = open_session(slow)
        session.command(b"X ", quoted("Grüße".encode()), b" ", quoted(b"a\r\nb"))
        assert slow.commands[-1] == b"X {7}\r\n" + "Grüße".encode() + b" {4}\r\na\r\nb"
        session.close()


def test_a_refused_literal_is_never_sent() -> None:
    def refuse(dialogue: Dialogue, tag: bytes) -> None:
        dialogue.send(tag + b" NO [CANNOT] no such thing\r\n")

    class Early(ScriptedServer):
        def _command(self, dialogue: Dialogue) -> bytes:
            line = dialogue.file.readline()
            return line.rstrip(b"\r\n")

    with Early(capability=b"IMAP4rev1", rules=[Rule(rb"X .*", refuse)]) as server:
        session = open_session(server)
        with pytest.raises(errors.Rejected):
            session.command(b"X ", quoted(b"\xff"))
        session.command(b"NOOP")
        session.close()
    assert server.commands == [b'LOGIN "ada" "pencil"', b"CAPABILITY", b"X {1}", b"NOOP", b"LOGOUT"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"INBOX", b'"INBOX"'),
        (rb'a"b\c', rb'"a\"b\\c"'),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
        (b"\xff", b"{1}\r\n\xff"),
        (b"", b'""'),
    ],
)
def test_strings_are_quoted_or_literal(text: bytes, said: bytes) -> None:
    assert quoted(text) == said


def test_nul_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="NUL"):
        mailbox_argument("a\0b")


def test_round_trips_and_bytes_are_counted(server: ScriptedServer) -> None:
    session = open_session(server)
    before = session.traffic
    session.command(b"NOOP")
    answers = [session.start(b"NOOP") for _ in range(5)]
    for answer in answers:
        answer.check()
    after = session.traffic
    assert after.round_trips - before.round_trips == 2
    assert after.bytes_out - before.bytes_out == 6 * len(b"p0 NOOP\r\n")
    assert after.bytes_in - before.bytes_in == 6 * len(b"p0 OK done\r\n")
    session.close()


def test_a_code_that_is_no_number_counts_as_not_said(server: ScriptedServer) -> None:
    server.rules.append(
        Rule(
            rb"EXAMINE.*",
            b"* 3 EXISTS\r\n* OK [UIDVALIDITY x] a\r\n* OK [UIDNEXT] a\r\n"
            b"* OK [HIGHESTMODSEQ 99999999999999999999] a\r\n{tag} OK done\r\n",
        )
    )
    session = open_session(server)
    box = session.examine("INBOX")
    assert (box.exists, box.uidvalidity, box.uidnext, box.modseq) == (3, 0, None, None)
    session.close()


def test_a_highestmodseq_proves_no_condstore() -> None:
    """Yahoo announces it without the extension (whiteout-io/imap-client#40)."""
    rules = [Rule(rb"EXAMINE.*", b"* 0 EXISTS\r\n* OK [HIGHESTMODSEQ 5] a\r\n{tag} OK done\r\n")]
    with ScriptedServer(rules=rules) as server:
        session = open_session(server)
        assert session.examine("INBOX").modseq is None
        session.close()


def test_read_response_survives_unknown_untagged_lines(server: ScriptedServer) -> None:
    server.rules.append(Rule(rb"NOOP", b"* XSOMETHING (a b) {2}\r\nhi\r\n* OK Still here\r\n{tag} OK done\r\n"))
    session = open_session(server)
    assert [item.name for item in session.start(b"NOOP")] == ["XSOMETHING"]
    session.close()
