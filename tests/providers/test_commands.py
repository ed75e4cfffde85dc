"""`manage.py account`: the same functions as the API, with exit codes for scripts."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.providers import access
from apps.providers.management.commands.account import Command, host_and_port
from apps.tenants import provisioning
from tests.imap.dovecot import PASSWORD, Dovecot
from tests.tenants.fixtures import Cast

pytestmark = pytest.mark.dovecot


def run(*arguments: str) -> tuple[int, str]:
    """A command's exit code and what it printed."""
    out = io.StringIO()
    try:
        call_command("account", *arguments, stdout=out, stderr=out, no_color=True)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def connect(cast: Cast, port: int, user: str, *extra: str) -> tuple[int, str]:
    return run(
        "connect", "--tenant", cast.tenant.slug, "--owner", cast.owner.user.email, "--address", f"{user}@firm.example",
        "--username", user, "--imap", f"127.0.0.1:{port}", "--security", "none", "--password-env", "MAIL_PASSWORD",
        *extra,
    )  # fmt: skip


def test_an_account_is_connected_listed_and_disconnected(
    cast: Cast, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    user = dovecot.new_user()
    code, text = connect(cast, dovecot.port, user)
    assert code == 0
    assert f"{user}@firm.example is connected" in text
    code, text = run("list", "--tenant", cast.tenant.slug, "--json")
    (listed,) = json.loads(text)
    assert (code, listed["address"], listed["owner"]) == (0, f"{user}@firm.example", cast.owner.user.email)
    assert cast.owner.user.email in run("list", "--tenant", cast.tenant.slug)[1]
    assert connect(cast, dovecot.port, user)[0] == 1
    code, text = run("disconnect", "--tenant", cast.tenant.slug, "--account", f"{user}@firm.example")
    assert code == 0
    with cast.inside():
        assert not access.owned_accounts(cast.owner).exists()
    assert run("disconnect", "--tenant", cast.tenant.slug, "--account", f"{user}@firm.example")[0] == 2


def test_a_suspended_company_is_told_and_how_to_reopen_it(cast: Cast) -> None:
    provisioning.suspend(cast.tenant)
    for words in (["list"], ["disconnect", "--account", "a@b.example"]):
        code, text = run(*words, "--tenant", cast.tenant.slug)
        assert code == 1
        assert f"tenant resume {cast.tenant.slug}" in text


def test_refused_servers_are_listed_step_by_step(cast: Cast, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    user = dovecot.new_user()
    code, text = connect(cast, dovecot.port, user)
    assert code == 1
    assert [line.split()[:3] for line in text.splitlines()[:4]] == [
        ["ok", "IMAP", "name"],
        ["ok", "IMAP", "port"],
        ["ok", "IMAP", "tls"],
        ["NO", "IMAP", "login"],
    ]
    assert "wrong" not in text
    code, text = connect(cast, dovecot.port, user, "--json")
    told = json.loads(text.splitlines()[0])
    assert (code, told["code"], told["checks"][-1]["step"]) == (1, "connection_failed", "login")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"--tenant": "no-such-company"}, "There is no tenant"),
        ({"--owner": "nobody@x.example"}, "is nobody in"),
        ({"--address": "nobody"}, "Enter a mail address"),
        ({"--password-env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE is empty"),
    ],
)
def test_bad_arguments_exit_2_with_the_reason(
    change: dict[str, str], expected: str, standing_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "x")
    options = {
        "--tenant": standing_cast.tenant.slug, "--owner": standing_cast.owner.user.email, "--address": "a@b.example",
        "--imap": "127.0.0.1:1", "--security": "none", "--password-env": "MAIL_PASSWORD",
    } | change  # fmt: skip
    words: list[Any] = [word for pair in options.items() for word in pair]
    code, text = run("connect", *words)
    assert code == 2
    assert expected in text


@pytest.mark.parametrize("words", [["--imap", "mail.example"], ["--security", "maybe"], []])
def test_what_the_parser_refuses_exits_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command = Command()
    command._called_from_command_line = True  # type: ignore[attr-defined]  # as `manage.py` runs it: argparse then exits by itself
    with pytest.raises(SystemExit) as ended:
        command.create_parser("manage.py", "account").parse_args(["connect", *words])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_discovery_is_shown_without_a_password(committed: None) -> None:
    code, text = run("discover", "ada@gmail.com")
    assert code == 0
    assert "imap.gmail.com:993 (tls)" in text
    assert json.loads(run("discover", "ada@gmail.com", "--json")[1])["source"] == "preset"
    assert run("discover", "nobody")[0] == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("mail.example:993", ("mail.example", 993)), ("[::1]:143", ("::1", 143)), ("127.0.0.1:1", ("127.0.0.1", 1))],
)
def test_host_and_port_are_told_apart(text: str, expected: tuple[str, int]) -> None:
    assert host_and_port(text) == expected
