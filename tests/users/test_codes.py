"""Mailed codes and links: few tries, one use, a short life, the same for strangers (F87)."""

import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from apps.core.problems import Problem
from apps.users import codes, sessions, signing, tokens
from apps.users.codes import InvalidCode, Purpose
from apps.users.models import OneTimeCode, User
from apps.users.sessions import Device
from tests.tenants.fixtures import Cast, Make

DEVICE = Device("10.9.8.7")


@pytest.fixture
def user(make: Make) -> User:
    return make.person()


def digits(code: OneTimeCode) -> str:
    typed = codes.digits(code)
    assert typed is not None
    return typed


def wrong(code: OneTimeCode) -> str:
    return f"{(int(digits(code)) + 1) % 1_000_000:06d}"


def test_a_code_has_six_digits_and_opens_once(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    assert len(digits(code)) == 6
    assert codes.verify(code.pk, digits(code)).user == user
    with pytest.raises(InvalidCode):
        codes.verify(code.pk, digits(code))


def test_spaces_around_and_inside_are_forgiven(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    typed = digits(code)
    assert codes.verify(code.pk, f" {typed[:3]} {typed[3:]} ").user == user


def test_codes_are_spread_evenly(user: User) -> None:
    made = [
        digits(OneTimeCode(pk=uuid4(), purpose="sign_in", key_id=signing.newest(codes.KEY_PURPOSE).id))
        for _ in range(5000)
    ]
    assert len(set(made)) > 4950
    first = Counter(code[0] for code in made)
    assert all(350 < first[str(digit)] < 650 for digit in range(10))


def test_the_fifth_wrong_try_is_the_last(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    for _ in range(5):
        with pytest.raises(InvalidCode):
            codes.verify(code.pk, wrong(code))
    with pytest.raises(InvalidCode):
        codes.verify(code.pk, digits(code))


def test_four_wrong_tries_leave_one(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    for _ in range(4):
        with pytest.raises(InvalidCode):
            codes.verify(code.pk, wrong(code))
    assert codes.verify(code.pk, digits(code)).user == user


def attempt(code: OneTimeCode, typed: str) -> bool:
    try:
        codes.verify(code.pk, typed)
    except InvalidCode:
        return False
    finally:
        connection.close()
    return True


def test_a_hundred_parallel_guesses_are_five_tries(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    guesses = [f"{number:06d}" for number in range(100) if f"{number:06d}" != digits(code)]
    with ThreadPoolExecutor(16) as crowd:
        assert not any(crowd.map(lambda guess: attempt(code, guess), guesses))
    code.refresh_from_db()
    assert code.tries_left == 0
    assert not attempt(code, digits(code))


def test_a_right_code_sent_twenty_times_at_once_succeeds_once(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    with ThreadPoolExecutor(16) as crowd:
        assert sum(crowd.map(lambda _: attempt(code, digits(code)), range(20))) == 1


@pytest.mark.parametrize(("age", "opens"), [(595, True), (601, False)])
def test_a_code_lives_ten_minutes_by_the_databases_clock(user: User, age: int, opens: bool) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    OneTimeCode.objects.filter(pk=code.pk).update(expires_at=code.expires_at - timedelta(seconds=age))
    assert attempt(code, digits(code)) is opens


@pytest.mark.parametrize("days", [1, -1, 10_000])
def test_the_clock_of_the_process_changes_nothing(user: User, days: int) -> None:
    import time_machine

    with time_machine.travel(time.time() + days * 86_400):
        code = codes.make(user, Purpose.SIGN_IN, DEVICE)
        assert abs(code.expires_at - tokens.database_now() - timedelta(minutes=10)) < timedelta(seconds=5)
        assert attempt(code, digits(code))


def test_somebody_elses_code_does_not_fit(make: Make, user: User) -> None:
    mine, theirs = codes.make(user, Purpose.SIGN_IN, DEVICE), codes.make(make.person(), Purpose.SIGN_IN, DEVICE)
    with pytest.raises(InvalidCode):
        codes.verify(mine.pk, digits(theirs))


def test_a_challenge_that_does_not_exist_is_a_wrong_code(committed: None) -> None:
    with pytest.raises(InvalidCode):
        codes.verify(uuid4(), "123456")


def test_a_code_for_an_address_that_nobody_has_never_fits(committed: None) -> None:
    code = codes.request("nobody@example.test", Purpose.SIGN_IN, DEVICE)
    for typed in (digits(code), "000000"):
        with pytest.raises(InvalidCode):
            codes.verify(code.pk, typed)
    code.refresh_from_db()
    assert code.tries_left == 3


@pytest.mark.parametrize("typed", ["", " ", "None", "٣٤٥٦٧٨", "1e5", "-00001", "1" * 10_000])
def test_nonsense_is_a_wrong_code(user: User, typed: str) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    with pytest.raises(InvalidCode):
        codes.verify(code.pk, typed)


def test_a_success_closes_the_other_codes_of_that_kind(user: User) -> None:
    first, second = codes.make(user, Purpose.SIGN_IN, DEVICE), codes.make(user, Purpose.SIGN_IN, DEVICE)
    codes.verify(second.pk, digits(second))
    with pytest.raises(InvalidCode):
        codes.verify(first.pk, digits(first))


def test_a_person_with_two_steps_is_not_let_in_by_a_code_alone(make: Make) -> None:
    user = make.person()
    user.two_step = True
    user.save()
    alone, second = codes.make(user, Purpose.SIGN_IN, DEVICE), codes.make(user, Purpose.SECOND_STEP, DEVICE)
    with pytest.raises(InvalidCode):
        codes.verify(alone.pk, digits(alone))
    assert codes.verify(second.pk, digits(second)).user == user


def test_a_deactivated_persons_code_does_not_open(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    user.is_active = False
    user.save()
    with pytest.raises(InvalidCode):
        codes.verify(code.pk, digits(code))


def test_the_code_stands_nowhere_in_its_row(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT concat_ws(' ', id, purpose, key_id, encode(address_digest, 'hex'), tries_left, user_id) "
            "FROM users_onetimecode WHERE id = %s",
            [code.pk],
        )
        row = str(cursor.fetchone()[0])
    assert digits(code) not in row
    assert user.email not in row


def test_a_code_survives_a_new_secret_key_while_the_old_one_is_listed(user: User, settings: Any) -> None:
    first, second = codes.make(user, Purpose.SIGN_IN, DEVICE), codes.make(user, Purpose.SECOND_STEP, DEVICE)
    mailed = digits(first), digits(second)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 48, [old]
    assert codes.verify(first.pk, mailed[0]).user == user
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidCode):
        codes.verify(second.pk, mailed[1])


def test_a_stranger_is_stopped_after_thirty_codes_a_day_and_a_known_place_is_not(cast: Cast) -> None:
    email = cast.owner.user.email
    home = Device("10.50.0.1")
    sessions.start(cast.owner.user, cast.tenant, home)
    for number in range(codes.DAILY):
        codes.request(email, Purpose.SIGN_IN, Device(f"10.60.0.{number}"))
    with pytest.raises(Problem) as stopped:
        codes.request(email, Purpose.SIGN_IN, Device("10.60.1.1"))
    assert stopped.value.code == "rate_limited"
    assert codes.request(email, Purpose.SIGN_IN, home).user == cast.owner.user


def test_an_address_that_nobody_has_is_stopped_just_the_same(committed: None) -> None:
    email = f"{uuid4().hex}@example.test"
    for number in range(codes.DAILY):
        codes.request(email, Purpose.SIGN_IN, Device(f"10.60.0.{number}"))
    with pytest.raises(Problem):
        codes.request(email, Purpose.SIGN_IN, Device("10.60.1.1"))


# Links


def test_a_link_opens_once_and_only_its_purpose(user: User) -> None:
    code = codes.make(user, Purpose.RESET, DEVICE)
    token = codes.link_token(code)
    assert token is not None
    assert codes.peek_link(token) == user
    assert codes.verify_link(token).user == user
    assert codes.peek_link(token) is None
    with pytest.raises(InvalidCode):
        codes.verify_link(token)


def test_a_code_of_six_digits_does_not_open_a_link_nor_a_link_a_sign_in(user: User) -> None:
    reset, sign_in = codes.make(user, Purpose.RESET, DEVICE), codes.make(user, Purpose.SIGN_IN, DEVICE)
    with pytest.raises(InvalidCode):
        codes.verify(reset.pk, digits(reset))
    token = codes.link_token(sign_in)
    assert token is not None
    with pytest.raises(InvalidCode):
        codes.verify_link(token)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1] + "A", lambda t: t[:-5], lambda t: t + "=", lambda t: "x" + t, str.upper]
)
def test_a_changed_link_opens_nothing(user: User, change: Any) -> None:
    token = codes.link_token(codes.make(user, Purpose.RESET, DEVICE))
    assert token is not None
    changed = change(token)
    if changed == token:
        changed = token[:-1] + "B"
    with pytest.raises(InvalidCode):
        codes.verify_link(changed)


def test_the_sweep_keeps_what_is_still_counted(user: User) -> None:
    old, young = codes.make(user, Purpose.SIGN_IN, DEVICE), codes.make(user, Purpose.SIGN_IN, DEVICE)
    OneTimeCode.objects.filter(pk=old.pk).update(expires_at=tokens.database_now() - timedelta(days=1, minutes=1))
    codes.sweep()
    assert list(OneTimeCode.objects.filter(user=user)) == [young]


@pytest.mark.serial
@pytest.mark.slow
def test_a_nearly_right_code_takes_no_longer_than_a_wrong_one(user: User) -> None:
    code = codes.make(user, Purpose.SIGN_IN, DEVICE)
    OneTimeCode.objects.filter(pk=code.pk).update(tries_left=2000)
    near = digits(code)[:5] + str((int(digits(code)[5]) + 1) % 10)
    far = str((int(digits(code)[0]) + 5) % 10) + digits(code)[1:]
    times: dict[str, list[float]] = {near: [], far: []}
    for turn in range(400):
        typed = near if turn % 2 else far
        begin = time.perf_counter()
        attempt(code, typed)
        times[typed].append(time.perf_counter() - begin)
    medians = [statistics.median(values) for values in times.values()]
    assert max(medians) / min(medians) < 1.2
