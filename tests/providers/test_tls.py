"""What HTTP says of itself is not said to mail servers: each has a context of its own, made once."""

import socket
import ssl
import threading
from contextlib import closing

from apps.providers.adapters import tls
from apps.providers.network import Network
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.fakes.web_server import Reply, WebServer

NAME = "mail.example"


def spoken(context: ssl.SSLContext, authority: Authority) -> str | None:
    """The protocol (RFC 7301) that a client with this context asks for, as a server hears it that speaks two."""
    listening = authority.server(NAME)
    listening.set_alpn_protocols(["http/1.1", "imap"])
    heard: list[str | None] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as door:

        def serve() -> None:
            accepted, _ = door.accept()
            with listening.wrap_socket(accepted, server_side=True) as inside:
                heard.append(inside.selected_alpn_protocol())

        thread = threading.Thread(target=serve)
        thread.start()
        with (
            socket.create_connection(door.getsockname()) as plain,
            context.wrap_socket(plain, server_hostname=NAME),
        ):
            thread.join(10)
    return heard[0]


def test_each_is_made_once_for_the_process() -> None:
    assert tls.for_mail() is tls.for_mail()
    assert tls.for_http() is tls.for_http()
    assert tls.for_mail() is not tls.for_http()


def test_after_a_web_request_a_mail_server_still_hears_no_protocol_of_the_web(
    dns: DnsServer, authority: Authority
) -> None:
    mail, http = authority.client(), authority.client()
    with WebServer(lambda request: Reply(200), tls=authority.server(NAME)) as server:
        dns.add(NAME, "A", "127.0.0.1")
        network = Network(dns.lookup, dns.resolver, lambda: mail, lambda: http, https_port=server.port)
        with network.http() as client:
            assert client.get(f"https://{NAME}:{server.port}/").status_code == 200
    assert spoken(network.https(), authority) == "http/1.1"
    assert spoken(network.tls(), authority) is None
