"""`manage.py person create|list|password`: the people of this installation."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.tenants.management.arguments import add_action, as_text, secret_of, tenant_of
from apps.users import passwords, people
from apps.users.models import Role, User


class Command(BaseCommand):
    """Exit 0 done, 1 failed, 2 bad arguments. Passwords come by environment variable, never as an argument."""

    help = "Create people, list them, and set their passwords."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        create = add_action(actions, "create", "create a person, and make them a member of a tenant")
        create.add_argument("email")
        create.add_argument("--name", default="")
        create.add_argument("--tenant", metavar="SLUG")
        create.add_argument("--role", choices=Role.values, default=Role.MEMBER.value)
        create.add_argument("--locale", choices=people.LOCALES, default="en")
        create.add_argument("--timezone", default="UTC", help="such as Europe/Rome")
        create.add_argument("--staff", action="store_true", help="an operator of the installation: admin, no content")
        create.add_argument(
            "--password-env", metavar="VAR", help="variable that holds the password; else a link is mailed"
        )
        listing = add_action(actions, "list", "list people")
        listing.add_argument("--tenant", metavar="SLUG")
        password = add_action(actions, "password", "set a password, or mail and print a link to set one")
        password.add_argument("email")
        password.add_argument("--password-env", metavar="VAR", help="variable that holds it; else a link is mailed")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None

    def _say(self, as_json: bool, facts: Any, text: str) -> None:
        self.stdout.write(as_text(facts) if as_json else text)

    def _create(
        self,
        *,
        email: str,
        name: str,
        tenant: str | None,
        role: str,
        locale: str,
        timezone: str,
        staff: bool,
        password_env: str | None,
        json: bool,
        **_: Any,
    ) -> None:
        company = tenant_of(tenant) if tenant else None
        password = secret_of(password_env) if password_env else None
        user = people.create_person(email, name, password, locale=locale, timezone=timezone, is_staff=staff)
        if company:
            people.join(company, user, Role(role))
        link = None if password else people.invite(user)
        place = f", {role} of {company.slug}" if company else ""
        told = f"\nThey choose a password here, within three days:\n{link}" if link else ""
        self._say(json, _facts(user) | {"set_password": link}, f"{user.email} exists now{place}.{told}")

    def _list(self, *, tenant: str | None, json: bool, **_: Any) -> None:
        users = User.objects.order_by("email").prefetch_related("memberships__tenant")
        if tenant:
            users = users.filter(memberships__tenant=tenant_of(tenant))
        facts = [_facts(user) for user in users]
        lines = [f"{fact['email']:<40} {_places(fact)}" for fact in facts]
        self._say(json, facts, "\n".join(lines) or "Nobody yet.")

    def _password(self, *, email: str, password_env: str | None, json: bool, **_: Any) -> None:
        user = people.find(email)
        if user is None:
            raise CommandError(f"Nobody here has the address {email}.")
        password = secret_of(password_env) if password_env else None
        if password is None:
            link = people.invite(user)
            self._say(json, {"set_password": link}, f"They choose a password here, within three days:\n{link}")
            return
        passwords.StrengthValidator().validate(password, user)
        people.set_password(user, password)
        self._say(json, _facts(user), f"The password of {user.email} is set, and their devices are signed out.")


def _facts(user: User) -> dict[str, Any]:
    return {
        "id": str(user.pk),
        "email": user.email,
        "name": user.name,
        "staff": user.is_staff,
        "active": user.is_active,
        "memberships": {row.tenant.slug: row.role for row in user.memberships.all()},
    }


def _places(fact: dict[str, Any]) -> str:
    places = [f"{slug} ({role})" for slug, role in fact["memberships"].items()]
    return ", ".join(["operator"] * fact["staff"] + places)
