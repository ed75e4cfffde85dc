"""Arguments that commands share: actions, which tenant, a secret from the environment, and how to print."""

import json
import os
from argparse import _SubParsersAction
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.tenants.models import Tenant

BAD_ARGUMENTS = 2


def add_json(parser: CommandParser) -> None:
    """--json, as every command takes it."""
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON line")


def add_action(actions: "_SubParsersAction[CommandParser]", name: str, what: str) -> CommandParser:
    """One of a command's actions, with --json."""
    parser = actions.add_parser(name, help=what, description=what)
    add_json(parser)
    return parser


def as_text(facts: Any) -> str:
    """One line of JSON."""
    return json.dumps(facts, default=str, ensure_ascii=False)


def tenant_of(slug: str) -> Tenant:
    """The tenant by its short name. Raises CommandError (2)."""
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise CommandError(
            f"There is no tenant {slug!r}; `manage.py tenant list` shows those that exist.", returncode=BAD_ARGUMENTS
        )
    return tenant


def secret_of(variable: str) -> str:
    """What the environment variable holds: secrets are no arguments. Raises CommandError (2) when it is empty."""
    secret = os.environ.get(variable)
    if not secret:
        raise CommandError(f"The environment variable {variable} is empty or not set.", returncode=BAD_ARGUMENTS)
    return secret
