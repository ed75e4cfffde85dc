"""The commands of companies and people: what they print, their exit codes, and that no secret is an argument."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.management import CommandError, call_command
from django.db import connection

from apps.tenants import schema
from apps.tenants.models import Tenant
from apps.users import codes, people
from apps.users.models import User
from tests.tenants.fixtures import PHRASE, Cast, Make
from tests.tenants.victim import REPOSITORY


def run(*arguments: str) -> Any:
    """A command's JSON."""
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """The command in a process of its own, on this test's database."""
    base = os.environ["DATABASE_URL"].rpartition("/")[0]
    ours = {"DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, env=os.environ | ours | environment, cwd=REPOSITORY, capture_output=True, check=False
    )


@pytest.fixture
def slug(make: Make) -> Any:
    name = f"cmd-{make.address().replace('.', '-')}"
    yield name
    make.tenants += Tenant.objects.filter(slug=name)
    make.users += User.objects.filter(email__endswith=f"@{name}.test")


def test_a_company_is_created_with_an_owner_who_gets_a_link(slug: str, letters: list[EmailMultiAlternatives]) -> None:
    done = run("tenant", "create", slug, "--name", "Officina Verde", "--plan", "premium", "--owner", f"o@{slug}.test")
    assert (done["slug"], done["name"], done["plan"], done["status"]) == (slug, "Officina Verde", "premium", "active")
    assert schema.exists(done["schema"])
    (letter,) = letters
    assert done["set_password"] in str(letter.body)
    user = codes.peek_link(done["set_password"].partition("#")[2])
    assert user is not None
    assert user.email == f"o@{slug}.test"
    assert [row["slug"] for row in run("tenant", "list") if row["members"] == 1 and row["slug"] == slug] == [slug]


def test_an_owner_who_has_a_password_keeps_it(make: Make, slug: str, letters: list[Any]) -> None:
    owner = make.person()
    assert run("tenant", "create", slug, "--owner", owner.email)["set_password"] is None
    assert letters == []


@pytest.mark.slow
def test_the_link_is_printed_even_when_no_letter_can_be_queued(slug: str) -> None:
    done = manage("tenant", "create", slug, "--owner", f"o@{slug}.test", REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 0, done.stderr
    assert b"letter not queued" in done.stdout + done.stderr
    assert b"/reset#" in done.stdout


def test_a_company_is_suspended_and_resumed_once(cast: Cast) -> None:
    assert run("tenant", "suspend", cast.tenant.slug)["status"] == "suspended"
    with pytest.raises(CommandError, match="is suspended, not active"):
        call_command("tenant", "suspend", cast.tenant.slug)
    assert run("tenant", "resume", cast.tenant.slug)["status"] == "active"


def test_a_company_is_exported_and_erased(make: Make, cast: Cast, tmp_path: Path) -> None:
    done = run("tenant", "export", cast.tenant.slug, "--to", str(tmp_path / "all.zip"))
    assert done["tables"]["public/people.jsonl"] == 2
    assert (tmp_path / "all.zip").stat().st_size > 0
    gone = run("tenant", "erase", cast.tenant.slug, "--yes")
    assert gone["complete"] is True
    with pytest.raises(CommandError, match="There is no tenant"):
        call_command("tenant", "erase", cast.tenant.slug, "--yes")


def test_without_a_terminal_erasing_wants_yes(cast: Cast) -> None:
    with pytest.raises(CommandError, match="pass --yes") as refused:
        call_command("tenant", "erase", cast.tenant.slug)
    assert refused.value.returncode == 2
    assert Tenant.objects.filter(pk=cast.tenant.pk).exists()


def test_a_person_is_created_in_a_company_by_a_password_from_the_environment(
    cast: Cast, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_PHRASE", PHRASE)
    done = run(
        "person", "create", f"P@{slug}.test", "--name", "Pia", "--tenant", cast.tenant.slug, "--role", "admin",
        "--locale", "it", "--timezone", "Europe/Rome", "--password-env", "THE_PHRASE",
    )  # fmt: skip
    assert done["memberships"] == {cast.tenant.slug: "admin"}
    user = people.find(f"p@{slug}.test")
    assert user is not None
    assert user.check_password(PHRASE)
    assert (user.locale, user.timezone, user.is_staff) == ("it", "Europe/Rome", False)
    listed = run("person", "list", "--tenant", cast.tenant.slug)
    assert {row["email"] for row in listed} == {cast.owner.user.email, cast.member.user.email, user.email}


def test_an_operator_is_staff_and_no_member_of_anything(slug: str, letters: list[Any]) -> None:
    done = run("person", "create", f"op@{slug}.test", "--staff")
    assert (done["staff"], done["memberships"]) == (True, {})
    assert "operator" in said("person", "list")


def test_a_password_is_set_or_a_link_is_given(cast: Cast, monkeypatch: pytest.MonkeyPatch, letters: list[Any]) -> None:
    monkeypatch.setenv("THE_PHRASE", "seven quiet lamps underwater")
    run("person", "password", cast.owner.user.email, "--password-env", "THE_PHRASE")
    cast.owner.user.refresh_from_db()
    assert cast.owner.user.check_password("seven quiet lamps underwater")
    assert "/reset#" in run("person", "password", cast.member.user.email)["set_password"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("tenant", "create", "public", "--owner", "a@b.test"), 2, "reserved"),
        (("tenant", "create", "A B", "--owner", "a@b.test"), 2, "host name"),
        (("tenant", "create", "fine-name", "--owner", "nobody"), 1, "not an e-mail address"),
        (("tenant", "suspend", "no-such"), 2, "tenant list"),
        (("person", "password", "nobody@example.test"), 1, "Nobody here"),
        (("person", "create", "x@example.test", "--password-env", "NOT_SET_AT_ALL"), 2, "NOT_SET_AT_ALL"),
        (("person", "create", "x@example.test", "--timezone", "Mars/X"), 1, "Europe/Rome"),
    ],
)
def test_refusals_say_why_and_have_their_exit_code(
    committed: None, arguments: tuple[str, ...], code: int, words: str
) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        call_command(*arguments)
    assert refused.value.returncode == code
    assert not Tenant.objects.filter(slug="fine-name").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("tenant",), 2), (("tenant", "create"), 2), (("keys", "turn"), 2), (("tenant", "suspend", "no-such"), 2)],
)
def test_exit_codes_of_the_process(committed: None, arguments: tuple[str, ...], code: int) -> None:
    done = manage(*arguments)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
