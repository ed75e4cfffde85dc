"""Master keys rotate while everything runs, killed or not (F111)."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.core import crypto
from apps.tenants import keys, rewrapping
from apps.tenants.models import DataKey, Tenant
from apps.tenants.progress import silence
from pmsync.env import MasterKey
from tests.tenants.fixtures import Make
from tests.tenants.victim import victims

COMPANIES = 6


def new_master(name: str) -> MasterKey:
    return MasterKey(name, secrets.token_bytes(32))


def as_text(*masters: MasterKey) -> list[str]:
    return [f"{master.id}:{master.key.hex()}" for master in masters]


@pytest.fixture
def old() -> MasterKey:
    return new_master("old")


@pytest.fixture
def sealed(make: Make, settings: Any, old: MasterKey) -> Iterator[dict[Tenant, bytes]]:
    """Companies under the old master key, each with something sealed; no other company's key is in the way."""
    settings.PMSYNC_MASTER_KEYS = (old,)
    elsewhere = list(DataKey.objects.all())
    DataKey.objects.all().delete()
    tenants = [make.company() for _ in range(COMPANIES)]
    yield {tenant: crypto.seal(keys.newest(tenant), tenant.slug.encode(), "test") for tenant in tenants}
    DataKey.objects.bulk_create(elsewhere)


def assert_all_open(sealed: dict[Tenant, bytes]) -> None:
    for tenant, value in sealed.items():
        keys.forget(tenant.pk)
        assert crypto.unseal(keys.all_of(tenant), value, "test") == tenant.slug.encode()


def under(name: str) -> int:
    return DataKey.objects.filter(master_key_id=name).count()


def test_everything_opens_before_and_after_and_without_the_old_key(
    sealed: dict[Tenant, bytes], settings: Any, old: MasterKey
) -> None:
    new = new_master("new")
    settings.PMSYNC_MASTER_KEYS = (new, old)
    assert_all_open(sealed)
    assert rewrapping.rotate(silence) == rewrapping.Rotated("new", COMPANIES, 0)
    settings.PMSYNC_MASTER_KEYS = (new,)
    assert_all_open(sealed)
    assert rewrapping.rotate(silence) == rewrapping.Rotated("new", 0, COMPANIES)


@pytest.mark.slow
def test_killed_at_any_line_everything_opens_and_the_next_run_finishes(
    sealed: dict[Tenant, bytes], settings: Any, old: MasterKey
) -> None:
    settings.PMSYNC_MASTER_KEYS = masters = (new_master("new"), old)
    deaths = half = 0
    with victims(str(connection.settings_dict["NAME"])) as victim:
        # Every third line, from a random start: all have their turn over the runs.
        for line in range(1 + secrets.randbelow(3), 400, 3):
            killed = victim.die_at(
                line, "tests.tenants.deeds:rotate", *as_text(*masters), watch=("apps/tenants/rewrapping.py",)
            )
            half += 0 < under("new") < COMPANIES
            assert_all_open(sealed)
            if not killed:
                break
            deaths += 1
            if deaths % 2:  # killed twice in a row every second time
                rewrapping.rotate(silence)
                assert under("new") == COMPANIES
                _back_to(old, sealed)
    assert deaths > 10
    assert under("new") == COMPANIES


def _back_to(old: MasterKey, sealed: dict[Tenant, bytes]) -> None:
    for tenant in sealed:
        for row in DataKey.objects.filter(tenant=tenant):
            keys.forget(tenant.pk)
            row.wrapped = crypto.wrap(old, keys.all_of(tenant)[row.number], str(tenant.pk))
            row.master_key_id = old.id
            row.save()


def test_a_batch_that_is_cut_off_leaves_some_keys_under_either(
    sealed: dict[Tenant, bytes], settings: Any, old: MasterKey
) -> None:
    settings.PMSYNC_MASTER_KEYS = (new_master("new"), old)
    rewrapping._rewrap(list(DataKey.objects.values_list("pk", flat=True))[:2])
    assert (under("new"), under("old")) == (2, COMPANIES - 2)
    assert_all_open(sealed)
    assert rewrapping.rotate(silence).rewrapped == COMPANIES - 2


@pytest.mark.parametrize("listed", ["wrong", "missing", "one damaged"])
def test_a_key_that_does_not_open_stops_everything_at_the_start(
    sealed: dict[Tenant, bytes], settings: Any, old: MasterKey, listed: str
) -> None:
    wrong = MasterKey("old", secrets.token_bytes(32))
    settings.PMSYNC_MASTER_KEYS = {
        "wrong": (new_master("new"), wrong), "missing": (new_master("new"),), "one damaged": (new_master("new"), old),
    }[listed]  # fmt: skip
    if listed == "one damaged":
        last = DataKey.objects.latest("pk")
        last.wrapped = bytes(last.wrapped)[:-1] + bytes([bytes(last.wrapped)[-1] ^ 1])
        last.save()
    before = list(DataKey.objects.order_by("pk").values_list("master_key_id", "wrapped"))
    with pytest.raises(CommandError, match="Nothing was changed: data key 1 of tenant"):
        call_command("keys", "rotate")
    after = list(DataKey.objects.order_by("pk").values_list("master_key_id", "wrapped"))
    assert [(name, bytes(value)) for name, value in before] == [(name, bytes(value)) for name, value in after]


def test_no_error_and_no_repr_shows_a_key(sealed: dict[Tenant, bytes], settings: Any, old: MasterKey) -> None:
    new = new_master("new")
    settings.PMSYNC_MASTER_KEYS = (new,)
    with pytest.raises(rewrapping.CannotRotate) as stopped:
        rewrapping.rotate(silence)
    data_key = crypto.new_data_key(1)
    for text in (str(stopped.value), repr(new), repr(data_key)):
        for secret in (new.key, old.key, data_key.key):
            assert secret.hex() not in text
            assert str(secret) not in text


def test_the_old_key_is_not_called_unneeded_before_a_run_that_finds_nothing_to_do(
    sealed: dict[Tenant, bytes], settings: Any, old: MasterKey, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.PMSYNC_MASTER_KEYS = (new_master("new"), old)
    call_command("keys", "rotate")
    assert "run this again before removing" in capsys.readouterr().out
    call_command("keys", "rotate")
    assert f"All {COMPANIES} data keys stand under 'new'" in capsys.readouterr().out


def test_a_tenants_key_does_not_open_for_another_tenant(sealed: dict[Tenant, bytes]) -> None:
    first, second = list(sealed)[:2]
    mine, theirs = DataKey.objects.get(tenant=first), DataKey.objects.get(tenant=second)
    mine.wrapped = theirs.wrapped
    mine.save()
    keys.forget(first.pk)
    with pytest.raises(crypto.SealBroken):
        keys.all_of(first)


def test_a_second_data_key_seals_and_both_open(sealed: dict[Tenant, bytes]) -> None:
    tenant, value = next(iter(sealed.items()))
    assert keys.create(tenant).number == 2
    assert keys.newest(tenant).number == 2
    assert crypto.unseal(keys.all_of(tenant), value, "test") == tenant.slug.encode()


def test_victims_die_where_they_are_told(make: Make) -> None:
    tenant = make.company()
    with victims(str(connection.settings_dict["NAME"])) as victim:
        watch = ("apps/tenants/migrations_run.py",)
        assert victim.die_at(1, "tests.tenants.deeds:migrate", tenant.slug, watch=watch)
        assert not victim.die_at(10_000, "tests.tenants.deeds:migrate", tenant.slug, watch=watch)
        with pytest.raises(AssertionError, match="DoesNotExist"):
            victim.die_at(10_000, "tests.tenants.deeds:migrate", "no-such", watch=watch)
