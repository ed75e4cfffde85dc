"""`manage.py account connect|discover|list|disconnect`: the accounts of a tenant's people."""

from argparse import ArgumentTypeError
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.problems import Problem
from apps.providers import accounts, connect, discovery
from apps.providers.checks import SHOWN, Check, Server, Services
from apps.providers.connect import ConnectRequest
from apps.providers.management.arguments import accounts_of, member_of
from apps.providers.network import Network
from apps.tenants import context
from apps.tenants.management.arguments import BAD_ARGUMENTS, add_action, as_text, secret_of, tenant_of
from apps.users.models import User

# What a port means when --security is left out (RFC 8314).
IMPLIED: Final = {143: "starttls", 587: "starttls", 25: "starttls", 2525: "starttls"}


class Command(BaseCommand):
    """Exit 0 done, 1 the servers refused, 2 bad arguments."""

    help = "Connect, look for, list and disconnect mail accounts."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        new = add_action(actions, "connect", "check the servers and connect an account")
        new.add_argument("--tenant", required=True, metavar="SLUG")
        new.add_argument("--owner", required=True, metavar="EMAIL", help="the person whose account it is")
        new.add_argument("--address", required=True, metavar="ADDRESS")
        new.add_argument("--imap", type=host_and_port, metavar="HOST:PORT", help="left out: looked for")
        new.add_argument("--smtp", type=host_and_port, metavar="HOST:PORT")
        new.add_argument("--caldav", metavar="URL")
        new.add_argument("--carddav", metavar="URL")
        new.add_argument(
            "--security",
            choices=("tls", "starttls", "none"),
            help="default: as usual for the port; `none` sends the password in the clear",
        )
        new.add_argument("--username", default="", help="default: the address")
        new.add_argument("--name", default="", help="shown as the sender's name")
        new.add_argument("--password-env", required=True, metavar="VAR", help="environment variable with the password")
        look = add_action(actions, "discover", "show what is found for an address, without a password")
        look.add_argument("address")
        add_action(actions, "list", "list a tenant's accounts").add_argument("--tenant", required=True, metavar="SLUG")
        end = add_action(actions, "disconnect", "end an account and remove its mirror")
        end.add_argument("--tenant", required=True, metavar="SLUG")
        end.add_argument("--account", required=True, metavar="ID-OR-ADDRESS")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except context.TenantClosed as closed:
            raise CommandError(str(closed)) from None

    def _connect(self, *, tenant: str, owner: str, json: bool, password_env: str, **options: Any) -> None:
        opened = tenant_of(tenant)
        member = member_of(opened, owner)
        password = secret_of(password_env)
        services = Services(
            _server(options["imap"], options["security"]),
            _server(options["smtp"], options["security"]),
            options["caldav"],
            options["carddav"],
        )
        # The sentences are for the operator who reads them here, not in the owner's language.
        wanted = ConnectRequest(options["address"], password, options["name"], options["username"], services)
        try:
            with context.open(opened):
                account = connect.connect(member, wanted)
                facts = accounts.as_json(account)
        except connect.ConnectionFailed as failed:
            self._show(failed.checks, str(failed.detail), json)
            raise CommandError(f"{wanted.address} was not connected.") from None
        except Problem as problem:
            if json:
                self.stdout.write(as_text({"code": problem.code, "detail": str(problem.detail)} | problem.extra))
            code = BAD_ARGUMENTS if problem.status_code == 400 else 1
            raise CommandError(str(problem.detail), returncode=code) from None
        text = f"{account.address} is connected ({account.pk}); its first import has begun."
        self.stdout.write(as_text(facts) if json else text)

    def _show(self, checks: tuple[Check, ...], detail: str, json: bool) -> None:
        if json:
            told = {"code": "connection_failed", "detail": detail, "checks": [check.as_json() for check in checks]}
            self.stdout.write(as_text(told))
            return
        for check in checks or (Check("imap", "name", False, "", 0, detail),):
            said = f"\n{'':21}the server said: {check.said}" if check.said else ""
            mark = self.style.SUCCESS("ok ") if check.ok else self.style.ERROR("NO ")
            self.stdout.write(f"{mark}{SHOWN[check.service]:<8} {check.step:<10}{check.message}{said}")

    def _discover(self, *, address: str, json: bool, **_: Any) -> None:
        try:
            found = discovery.discover(connect.clean_address(address), Network())
        except Problem as problem:
            raise CommandError(str(problem.detail), returncode=BAD_ARGUMENTS) from None
        facts = found.as_json()
        if json:
            self.stdout.write(as_text(facts))
        else:
            for name in ("source", "imap", "smtp", "caldav", "carddav", "username", "password_hint"):
                self.stdout.write(f"{name:<14} {_shown(facts[name])}")
        if found.services.imap is None:
            raise CommandError(f"No mail server was found for {address}.")

    def _list(self, *, tenant: str, json: bool, **_: Any) -> None:
        with context.open(tenant_of(tenant)):
            rows = accounts_of(None)
            people = dict(User.objects.filter(pk__in=[row.owner_id for row in rows]).values_list("pk", "email"))
            facts = [accounts.as_json(row) | {"owner": people.get(row.owner_id)} for row in rows]
        if json:
            self.stdout.write(as_text(facts))
            return
        self.stdout.write(f"{'ACCOUNT':<38} {'STATUS':<16} {'AS OF':<21} {'OWNER':<28} ADDRESS")
        for fact in facts:
            as_of = (fact["as_of"] or "never")[:19]
            owner = fact["owner"] or "-"
            self.stdout.write(f"{fact['id']:<38} {fact['status']:<16} {as_of:<21} {owner:<28} {fact['address']}")

    def _disconnect(self, *, tenant: str, account: str, json: bool, **_: Any) -> None:
        with context.open(tenant_of(tenant)):
            found = accounts_of(account)
            if len(found) > 1:
                ids = ", ".join(str(row.pk) for row in found)
                several = f"Several people have connected {account}: name one of {ids}."
                raise CommandError(several, returncode=BAD_ARGUMENTS)
            connect.disconnect(found[0])
        text = f"{account} is disconnected; its mirror is being removed."
        self.stdout.write(as_text({"disconnected": str(found[0].pk)}) if json else text)


def host_and_port(text: str) -> tuple[str, int]:
    """HOST:PORT; an IPv6 address in brackets."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ArgumentTypeError(f"{text!r} is not HOST:PORT, such as mail.example.com:993")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _server(where: tuple[str, int] | None, security: str | None) -> Server | None:
    return Server(*where, security or IMPLIED.get(where[1], "tls")) if where else None


def _shown(fact: Any) -> str:
    return f"{fact['host']}:{fact['port']} ({fact['security']})" if isinstance(fact, dict) else str(fact or "-")
