"""`manage.py account connect|connect-company|discover|list|disconnect`: the accounts of a tenant's people."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.problems import Problem
from apps.providers import accounts, connect, discovery
from apps.providers.checks import SHOWN, Check, Server, Services
from apps.providers.clouds import Surface
from apps.providers.companies import connecting, people, telling
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
        company = add_action(actions, "connect-company", "connect everybody of a company by one key of theirs")
        company.add_argument("--tenant", required=True, metavar="SLUG")
        company.add_argument("--by", required=True, metavar="EMAIL", help="an owner or admin of the tenant")
        company.add_argument("--provider", required=True, choices=("google", "microsoft"))
        company.add_argument("--key-file", type=Path, metavar="FILE", help="Google: the service account's key (JSON)")
        company.add_argument("--administrator", default="", metavar="ADDRESS", help="Google: one of the domain")
        company.add_argument("--directory", default="", metavar="ID-OR-DOMAIN", help="Microsoft: whose directory")
        company.add_argument("--client-id", default="", metavar="ID", help="Microsoft: the company's application")
        company.add_argument("--secret-env", metavar="VAR", help="Microsoft: environment variable with its secret")
        company.add_argument(
            "--surface", action="append", choices=[surface.value for surface in Surface], help="default: all of them"
        )
        whom = company.add_mutually_exclusive_group()
        whom.add_argument("--everyone", action="store_true", help="connect all who are in the directory")
        whom.add_argument(
            "--person", action="append", default=[], metavar="ADDRESS", help="connect this one; repeat it"
        )
        look = add_action(actions, "discover", "show what is found for an address, without a password")
        look.add_argument("address")
        add_action(actions, "list", "list a tenant's accounts").add_argument("--tenant", required=True, metavar="SLUG")
        end = add_action(actions, "disconnect", "end an account and remove its mirror")
        end.add_argument("--tenant", required=True, metavar="SLUG")
        end.add_argument("--account", required=True, metavar="ID-OR-ADDRESS")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action.replace('-', '_')}")(**options)
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

    def _connect_company(
        self, *, tenant: str, by: str, provider: str, json: bool, everyone: bool, person: list[str], **options: Any
    ) -> None:
        opened = tenant_of(tenant)
        member = member_of(opened, by)
        given = {
            "key": _key_of(options["key_file"]), "administrator": options["administrator"],
            "directory": options["directory"], "client_id": options["client_id"],
            "secret": secret_of(options["secret_env"]) if options["secret_env"] else "",
        }  # fmt: skip
        surfaces = [Surface(name) for name in options["surface"] or list(Surface)]
        try:
            with context.open(opened):
                connection = connecting.connect_company(member, provider, surfaces, given, "en")
                chosen = list(connection.people.filter(address__in=[text.lower() for text in person]))
                unknown = {text.lower() for text in person} - {row.address for row in chosen}
                if everyone or chosen:
                    people.choose(member, connection, [row.pk for row in chosen], everyone=everyone)
                facts = telling.as_json(connection, connecting.counts(connection), "en")
        except Problem as problem:
            if json:
                self.stdout.write(as_text({"code": problem.code, "detail": str(problem.detail)} | problem.extra))
            code = BAD_ARGUMENTS if problem.status_code in (400, 403) else 1
            raise CommandError(str(problem.detail), returncode=code) from None
        counted = facts["people"]
        there, coming = counted["all"], counted["waiting"]
        text = f"{connection.realm} is connected ({connection.pk}): {there} people, {coming} on their way."
        self.stdout.write(as_text(facts) if json else text)
        if unknown:
            raise CommandError(f"The directory has nobody at {', '.join(sorted(unknown))}.")

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


def _key_of(file: Path | None) -> str:
    """What a key file holds. Raises CommandError (2)."""
    try:
        return file.read_text() if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {type(error).__name__}.", returncode=BAD_ARGUMENTS) from None


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
