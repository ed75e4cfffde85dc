"""A small name server for tests: answers from a table, counts what it is asked, can keep silent.

with DnsServer() as dns:
    dns.add("_imaps._tcp.firm.example", "SRV", "0 1 993 imap.firm.example.")
    dns.add("imap.firm.example", "A", "127.0.0.1")
    dns.resolver()                        # a dnspython resolver that asks it
"""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset


class DnsServer:
    """One server on a free UDP port. A name that is in no table does not exist."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.silent = False
        self._tables: dict[tuple[str, str], list[list[str]]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def add(self, name: str, kind: str, *records: str, then: Sequence[str] | None = None) -> None:
        """What to answer; `then` is what every later question gets instead (a name that changes its mind)."""
        self._tables[(name.lower(), kind)] = [list(records)] + ([list(then)] if then is not None else [])

    def resolver(self, lifetime: float = 1.0) -> dns.resolver.Resolver:
        """A resolver that asks this server and nobody else."""
        made = dns.resolver.Resolver(configure=False)
        made.nameservers = ["127.0.0.1"]
        made.port = self.port
        made.lifetime = made.timeout = lifetime
        return made

    def lookup(self, host: str, port: int) -> Sequence[str]:
        """Addresses by this server, or of a literal by the system: for `Network.lookup`."""
        from apps.core import net

        if not host.rpartition(".")[2].isalpha():
            return net.system_lookup(host, port)
        try:
            return [record.address for record in self.resolver().resolve(host, "A")]
        except dns.exception.DNSException as error:
            raise OSError(str(error)) from None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        # A datagram to itself ends the wait for the next one.
        with contextlib.suppress(OSError):
            self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
            self.asked[(name, kind)] += 1
            if not self.silent:
                self._socket.sendto(self._answer(query, name, kind).to_wire(), peer)

    def _answer(self, query: dns.message.Message, name: str, kind: str) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        tables = self._tables.get((name, kind))
        if tables is None:
            known = any(held == name for held, _ in self._tables)
            response.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
            return response
        records = tables.pop(0) if len(tables) > 1 else tables[0]
        response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", kind, *records))
        return response
