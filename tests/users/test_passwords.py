"""Passwords: strong by guessability, explained in the person's language, slow to hash."""

import ast
import inspect
import time
from typing import Any

import pytest
import zxcvbn.feedback
from django.contrib.auth.hashers import identify_hasher, make_password
from django.core.exceptions import ValidationError
from django.utils import translation

from apps.users import passwords
from apps.users.models import User


def person(**fields: Any) -> User:
    return User(email="giulia.ferraris@officinaverde.test", name="Giulia Ferraris", **fields)


def said(password: str, user: User | None = None) -> list[str]:
    try:
        passwords.StrengthValidator().validate(password, user)
    except ValidationError as weak:
        return weak.messages
    return []


def test_the_error_has_a_code() -> None:
    with pytest.raises(ValidationError) as weak:
        passwords.StrengthValidator().validate("password1234", None)
    assert {error.code for error in weak.value.error_list} == {"weak_password"}


@pytest.mark.parametrize(
    "password", ["violet anchor paints nine ladders", "Tr0ub4dour&3-xkcd-horse", "però-città-52-lupo"]
)
def test_long_and_odd_passwords_are_good(password: str) -> None:
    assert said(password) == []


@pytest.mark.parametrize("password", ["", "short", "password1234", "qwertyuiop12", "aaaaaaaaaaaaaaa", "1234567890123"])
def test_weak_passwords_are_refused_with_a_reason(password: str) -> None:
    assert said(password)


def test_ones_own_name_and_address_are_weak() -> None:
    for password in ("giulia.ferraris", "GiuliaFerraris1", "officinaverde1"):
        assert said(password, person())
    assert said("officinaverde1") == []


def test_the_reason_is_in_the_persons_language() -> None:
    assert said("password1234", person(locale="it"))[0] == "Questa password è troppo facile da indovinare."
    assert said("password1234", person(locale="en"))[0] == "This password is too easy to guess."
    with translation.override("it"):
        assert said("corta")[0].startswith("Usa almeno 10 caratteri")


def test_every_sentence_of_the_library_has_an_italian_one() -> None:
    tree = ast.parse(inspect.getsource(zxcvbn.feedback))
    sentences = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
        if isinstance(node.args[0], ast.Constant)
    }
    assert len(sentences) > 20
    assert sentences == set(passwords.ITALIAN)


def test_the_length_is_bounded_and_a_megabyte_costs_no_time() -> None:
    assert said("x" * 513) == [passwords.TOO_LONG["en"]]
    begin = time.monotonic()
    said("kangaroo violet " * 32)
    assert time.monotonic() - begin < 1


def test_passwords_are_hashed_with_argon2id_in_at_most_fifty_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords.Argon2Hasher, "memory_cost", passwords.MEMORY_KIB)  # other tests hash cheaply
    encoded = make_password("violet anchor")
    assert encoded.startswith("argon2$argon2id$v=19$m=47104,t=1,p=1$")
    assert identify_hasher(encoded).verify("violet anchor", encoded)


def test_nobody_has_no_password() -> None:
    assert not passwords.verify(None, "nobody's password, whatever is typed")
    assert not passwords.verify(person(password="!unusable"), "")
