"""Which tenant a request works in, and that there is no way around it (F77, F78, F79)."""

from typing import Any

import pytest
from django.db import ProgrammingError
from rest_framework.test import APIClient

from apps.core.clock import now
from apps.realtime.models import JournalEntry
from apps.tenants import context, provisioning, search_path
from apps.tenants.models import PUBLIC, Domain, Tenant
from apps.users import people
from apps.users.tenancy import slug_of_host
from tests.tenants.fixtures import Cast, Make

pytestmark = pytest.mark.urls("tests.users.probe")


@pytest.fixture(autouse=True)
def _rows_on_both_sides(cast: Cast) -> None:
    for seq, tenant in enumerate((cast.tenant, cast.neighbour), start=1):
        with context.open(tenant):
            JournalEntry.objects.create(seq=seq, event="account:status", at=now(), data={})


@pytest.fixture(autouse=True)
def _any_host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", ".pmsync.test", "mail.acme.test"]
    settings.PMSYNC_PUBLIC_URL = "https://pmsync.test"


def get(client: APIClient, path: str = "tenant", **extra: Any) -> Any:
    return client.get(f"/probe/{path}", **extra)


def test_the_token_names_the_tenant(make: Make, cast: Cast) -> None:
    assert get(make.client(cast.owner)).json() == {"tenant": cast.tenant.slug, "role": "owner", "seqs": [1]}
    assert get(make.client(cast.outsider)).json() == {"tenant": cast.neighbour.slug, "role": "owner", "seqs": [2]}


def test_without_a_token_there_is_no_tenant(make: Make) -> None:
    assert get(make.client()).status_code == 401


def test_a_header_selects_another_of_ones_companies(make: Make, cast: Cast) -> None:
    people.join(cast.neighbour, cast.owner.user)
    answer = get(make.client(cast.owner), HTTP_X_PMSYNC_TENANT=cast.neighbour.slug)
    assert answer.json() == {"tenant": cast.neighbour.slug, "role": "member", "seqs": [2]}


def test_a_sub_domain_or_a_domain_selects_another_of_ones_companies(make: Make, cast: Cast) -> None:
    people.join(cast.neighbour, cast.owner.user)
    Domain.objects.create(tenant=cast.neighbour, domain="mail.acme.test", is_primary=True)
    client = make.client(cast.owner)
    for host in (f"{cast.neighbour.slug}.pmsync.test", "mail.acme.test", "MAIL.acme.test:8443"):
        assert get(client, HTTP_HOST=host).json()["tenant"] == cast.neighbour.slug


def test_a_domain_is_found_however_it_was_typed(make: Make, cast: Cast) -> None:
    domain = Domain(tenant=cast.neighbour, domain=" Mail.Acme.test ")
    domain.full_clean()
    domain.save()
    assert slug_of_host("mail.acme.test") == cast.neighbour.slug


WAYS = ["header", "sub-domain", "domain", "header over sub-domain", "sub-domain under header"]


@pytest.mark.parametrize("way", WAYS)
def test_naming_a_company_one_is_no_member_of_is_like_naming_none_that_exists(make: Make, cast: Cast, way: str) -> None:
    Domain.objects.create(tenant=cast.neighbour, domain="mail.acme.test", is_primary=True)

    def named(slug: str) -> Any:
        client = make.client(cast.owner)
        match way:
            case "header":
                return get(client, HTTP_X_PMSYNC_TENANT=slug)
            case "sub-domain":
                return get(client, HTTP_HOST=f"{slug}.pmsync.test")
            case "domain":
                host = "mail.acme.test" if slug == cast.neighbour.slug else "none.pmsync.test"
                return get(client, HTTP_HOST=host)
            case "header over sub-domain":
                host = f"{cast.tenant.slug}.pmsync.test"
                return get(client, HTTP_X_PMSYNC_TENANT=slug, HTTP_HOST=host)
            case _:
                return get(client, HTTP_X_PMSYNC_TENANT=cast.tenant.slug, HTTP_HOST=f"{slug}.pmsync.test")

    theirs, none = named(cast.neighbour.slug), named("no-such-company")
    assert theirs.status_code == none.status_code == 404
    assert theirs.content == none.content


@pytest.mark.parametrize(
    "slug", ["public", "pmsync_template_schema", "pg_catalog", "", " ", "a" * 5000, "t_x; DROP", "*"]
)
def test_a_name_that_is_no_tenant_is_not_found_or_ignored(make: Make, cast: Cast, slug: str) -> None:
    answer = get(make.client(cast.owner), HTTP_X_PMSYNC_TENANT=slug)
    assert answer.status_code == (404 if slug.strip() else 200)


def test_a_suspended_company_answers_403_and_works_again_when_resumed(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    provisioning.suspend(cast.tenant)
    answer = get(client)
    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")
    assert client.get("/api/v1/me").status_code == 200
    provisioning.resume(cast.tenant)
    assert get(client).status_code == 200


def test_a_company_whose_schema_is_behind_answers_503_with_the_time_to_wait(make: Make, cast: Cast) -> None:
    Tenant.objects.filter(pk=cast.tenant.pk).update(schema_version=0)
    answer = get(make.client(cast.owner))
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "tenant_upgrading", "30")


def test_a_company_that_is_being_erased_is_not_found(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    Tenant.objects.filter(pk=cast.tenant.pk).update(status="erasing")
    assert get(client).status_code == 404


@pytest.mark.parametrize("path", ["public", "person"])
def test_a_view_without_a_tenant_finds_no_product_table(make: Make, cast: Cast, path: str) -> None:
    with pytest.raises(ProgrammingError, match="realtime_journalentry"):
        get(make.client(cast.owner), path)


def test_the_tenant_is_closed_again_before_the_answer_is_rendered(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    with pytest.raises(ProgrammingError, match="realtime_journalentry"):
        client.put("/probe/tenant")
    assert search_path.schema_name() == PUBLIC


def test_the_tenant_is_closed_again_after_an_error(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    with pytest.raises(ZeroDivisionError):
        client.post("/probe/tenant")
    assert search_path.schema_name() == PUBLIC
    assert get(client).json()["seqs"] == [1]


def test_a_method_the_view_does_not_have_is_405(make: Make, cast: Cast) -> None:
    assert make.client(cast.owner).delete("/probe/tenant").status_code == 405


def test_a_request_costs_one_query_before_the_views_own(make: Make, cast: Cast, django_assert_num_queries: Any) -> None:
    client = make.client(cast.owner)
    get(client)
    # Who and where; the view's own; and the search path before each.
    with django_assert_num_queries(4):
        get(client)


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("pmsync.test", None), ("acme.pmsync.test", "acme"), ("ACME.pmsync.test:443", "acme"),
        ("a.b.pmsync.test", None),
        ("testserver", None), ("[::1]:8000", None), ("127.0.0.1:8000", None), ("pmsync.test.evil.test", None),
    ],
)  # fmt: skip
def test_a_host_names_a_company_only_below_our_own(committed: None, host: str, slug: str | None) -> None:
    assert slug_of_host(host) == slug
