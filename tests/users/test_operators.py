"""The operators' site: who gets in and how, what they can do, and that no content is to be seen there."""

import re
from typing import Any

import pytest
from django.contrib.admin import site
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from apps.sync.models import SyncTarget
from apps.tenants import schema
from apps.tenants.models import SchemaDump, Tenant
from apps.users import people, sessions
from apps.users.models import Membership, Session, User
from apps.users.sessions import Device
from tests.tenants.fixtures import PHRASE, Cast, Make

TENANTS, PEOPLE = "/admin/tenants/tenant/", "/admin/users/user/"


def browser(make: Make) -> Client:
    return Client(REMOTE_ADDR=make.address())


def sign_in(client: Client, email: str, phrase: str = PHRASE) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": email, "password": phrase, "next": "/admin/"})


@pytest.fixture
def operator(make: Make) -> User:
    return make.person(is_staff=True)


@pytest.fixture
def inside(make: Make, operator: User) -> Client:
    client = browser(make)
    assert sign_in(client, operator.email).status_code == 302
    return client


def test_an_operator_gets_in_and_a_member_or_owner_does_not(make: Make, cast: Cast, inside: Client) -> None:
    assert inside.get("/admin/").status_code == 200
    for who in (cast.owner, cast.member):
        client = browser(make)
        assert sign_in(client, who.user.email).status_code == 200
        assert client.get("/admin/").status_code == 302


def test_guessing_an_operators_password_is_slowed_down(make: Make, operator: User) -> None:
    client = browser(make)
    pages = [sign_in(client, operator.email, "wrong").content.decode() for _ in range(9)]
    assert all("do not belong together" in page for page in pages[:8])
    assert "Too many attempts" in pages[8]
    assert "Too many attempts" in sign_in(client, operator.email).content.decode()


def test_an_operator_with_two_steps_types_a_mailed_code(
    make: Make, operator: User, letters: list[EmailMultiAlternatives]
) -> None:
    people.change(operator, people.Changes(two_step=True))
    client = browser(make)
    assert "A code is on its way" in sign_in(client, operator.email).content.decode()
    assert client.get("/admin/").status_code == 302
    page = client.get("/admin/login/").content.decode()
    assert 'name="code"' in page
    assert 'name="password"' not in page
    found = re.search(r"\b\d{6}\b", str(letters[0].body))
    assert found
    assert client.post("/admin/login/", {"code": found[0], "next": "/admin/"}).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_wrong_code_leads_back_to_the_password(
    make: Make, operator: User, letters: list[EmailMultiAlternatives]
) -> None:
    people.change(operator, people.Changes(two_step=True))
    client = browser(make)
    sign_in(client, operator.email)
    assert "Sign in again" in client.post("/admin/login/", {"code": "000000x"}).content.decode()
    assert 'name="password"' in client.get("/admin/login/").content.decode()


def test_only_public_tables_are_shown(committed: None) -> None:
    shown = {model._meta.app_label for model in site._registry}
    assert shown == {"tenants", "users", "django_celery_beat"}
    assert not shown & schema.tenant_app_labels()


def test_a_company_is_created_with_its_owner(make: Make, inside: Client, letters: list[Any]) -> None:
    slug = f"adm-{make.address().replace('.', '-')}"
    page = inside.post(TENANTS + "add/", {"slug": slug, "name": "By Hand", "plan": "free"})
    assert "Who will own the company?" in page.content.decode()
    page = inside.post(TENANTS + "add/", {"slug": "public", "name": "x", "plan": "free", "owner": "a@b.test"})
    assert "reserved" in page.content.decode()
    form = {"slug": slug, "name": "By Hand", "plan": "free", "owner": f"o@{slug}.test"}
    assert inside.post(TENANTS + "add/", form).status_code == 302
    tenant = Tenant.objects.get(slug=slug)
    make.tenants.append(tenant)
    make.users += User.objects.filter(email=f"o@{slug}.test")
    assert schema.exists(tenant.schema_name)
    assert len(letters) == 1


def test_an_owner_who_may_not_sign_in_is_refused_in_the_form(make: Make, inside: Client) -> None:
    gone = make.person()
    User.objects.filter(pk=gone.pk).update(is_active=False)
    form = {"slug": f"adm-{make.address().replace('.', '-')}", "name": "x", "plan": "free", "owner": gone.email}
    assert "This person may not sign in" in inside.post(TENANTS + "add/", form).content.decode()
    assert not Tenant.objects.filter(slug=form["slug"]).exists()


def test_without_a_template_the_form_says_what_to_do(make: Make, inside: Client) -> None:
    form = {"slug": f"adm-{make.address().replace('.', '-')}", "name": "x", "plan": "free", "owner": "o@example.test"}
    SchemaDump.objects.update(version=schema.version() - 1)
    try:
        page = inside.post(TENANTS + "add/", form).content.decode()
    finally:
        SchemaDump.objects.update(version=schema.version())
    assert "run `manage.py migrate` first" in page


def test_a_membership_given_to_another_person_is_taken_from_the_first(make: Make, cast: Cast, inside: Client) -> None:
    grant = sessions.start(cast.member.user, cast.tenant, Device(None))
    successor = make.person()
    rows = rows_of(cast)
    rows[1]["user"] = str(successor.pk)
    assert inside.post(f"{TENANTS}{cast.tenant.pk}/change/", member_form(cast, rows)).status_code == 302
    here = Membership.objects.filter(tenant=cast.tenant).values_list("user_id", flat=True)
    assert set(here) == {cast.owner.user_id, successor.pk}
    assert Session.objects.get(pk=grant.session.pk).revoked_because == "membership gone"


def test_a_person_cannot_be_deleted_here(cast: Cast, inside: Client) -> None:
    assert inside.post(f"{PEOPLE}{cast.owner.user_id}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(cast.owner.user_id)], "post": "yes"}
    inside.post(PEOPLE, chosen)
    assert User.objects.filter(pk=cast.owner.user_id).exists()


def test_companies_are_listed_with_their_health(cast: Cast, inside: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(3):
        SyncTarget.objects.create(
            tenant=cast.tenant, account_id=cast.tenant.pk, kind=f"k{number}", provider_type="imap",
            due_at=cast.tenant.created_at, error_count=int(number == 0), last_synced_at=cast.tenant.created_at,
        )  # fmt: skip
    with django_assert_max_num_queries(8):
        page = inside.get(TENANTS, {"q": cast.tenant.slug}).content.decode()
    row = re.sub(r"<[^>]+>", " ", page[page.index(f">{cast.tenant.slug}<") :]).split()
    health = "Active 0 minutes ago 1 1 3 2 Standard"
    assert " ".join(row).startswith(f">{cast.tenant.slug} {cast.tenant.name} {health}")


def test_companies_are_suspended_and_resumed_from_the_list(cast: Cast, inside: Client) -> None:
    for action, status in (("suspend", "suspended"), ("resume", "active")):
        inside.post(TENANTS, {"action": action, "_selected_action": [str(cast.tenant.pk)]})
        cast.tenant.refresh_from_db()
        assert cast.tenant.status == status


def test_a_company_cannot_be_deleted_here(cast: Cast, inside: Client) -> None:
    assert inside.post(f"{TENANTS}{cast.tenant.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in inside.get(TENANTS).content.decode()


def member_form(cast: Cast, rows: list[dict[str, Any]]) -> dict[str, Any]:
    form: dict[str, Any] = {"slug": cast.tenant.slug, "name": "Renamed", "plan": "premium"}
    for prefix, count in (("memberships", len(rows)), ("domains", 0)):
        form |= {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": count}
    for number, row in enumerate(rows):
        form |= {f"memberships-{number}-{name}": value for name, value in row.items()}
    return form


def rows_of(cast: Cast) -> list[dict[str, Any]]:
    return [
        {"id": row.pk, "user": str(row.user_id), "tenant": str(row.tenant_id), "role": row.role}
        for row in Membership.objects.filter(tenant=cast.tenant).order_by("pk")
    ]


def test_a_member_removed_here_is_signed_out_there(cast: Cast, inside: Client) -> None:
    grant = sessions.start(cast.member.user, cast.tenant, Device(None))
    rows = rows_of(cast)
    rows[1]["DELETE"] = "on"
    assert inside.post(f"{TENANTS}{cast.tenant.pk}/change/", member_form(cast, rows)).status_code == 302
    assert not Membership.objects.filter(tenant=cast.tenant, user=cast.member.user).exists()
    assert Session.objects.get(pk=grant.session.pk).revoked_because == "membership gone"
    cast.tenant.refresh_from_db()
    assert (cast.tenant.name, cast.tenant.plan) == ("Renamed", "premium")


@pytest.mark.parametrize("change", [{"DELETE": "on"}, {"role": "member"}])
def test_the_last_owner_stays(cast: Cast, inside: Client, change: dict[str, str]) -> None:
    rows = rows_of(cast)
    rows[0] |= change
    page = inside.post(f"{TENANTS}{cast.tenant.pk}/change/", member_form(cast, rows), follow=True)
    assert "A company needs an owner" in page.content.decode()
    assert Membership.objects.get(tenant=cast.tenant, user=cast.owner.user).role == "owner"


def test_a_person_is_created_deactivated_and_signed_out(make: Make, inside: Client, letters: list[Any]) -> None:
    email = f"new.{make.address()}@example.test"
    form = {
        "email": email.upper(), "name": "New", "locale": "it", "timezone": "Europe/Rome", "is_active": "on",
        "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0,
        "sessions-TOTAL_FORMS": 0, "sessions-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert inside.post(PEOPLE + "add/", form).status_code == 302
    user = User.objects.get(email=email)
    make.users.append(user)
    assert not user.has_usable_password()
    assert letters[0].subject == "Il tuo account PMSync è pronto"
    people.join(make.company(), user)
    grant = sessions.start(user, user.memberships.get().tenant, Device(None))
    membership = user.memberships.get()
    form |= {
        "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1, "memberships-0-id": membership.pk,
        "memberships-0-user": str(user.pk), "memberships-0-tenant": str(membership.tenant_id),
        "memberships-0-role": membership.role,
    }  # fmt: skip
    del form["is_active"]
    answer = inside.post(f"{PEOPLE}{user.pk}/change/", form)
    assert answer.status_code == 302
    assert Session.objects.get(pk=grant.session.pk).revoked_because == "deactivated"


def test_links_are_mailed_and_devices_signed_out_from_the_list(cast: Cast, inside: Client, letters: list[Any]) -> None:
    grant = sessions.start(cast.member.user, cast.tenant, Device(None))
    chosen = [str(cast.member.user.pk)]
    inside.post(PEOPLE, {"action": "mail_link", "_selected_action": chosen})
    assert len(letters) == 1
    inside.post(PEOPLE, {"action": "sign_out", "_selected_action": chosen})
    assert Session.objects.get(pk=grant.session.pk).revoked_at is not None


def test_changing_ones_password_here_signs_the_other_devices_out(
    make: Make, cast: Cast, operator: User, inside: Client, letters: list[Any]
) -> None:
    people.join(cast.tenant, operator)
    grant = sessions.start(operator, cast.tenant, Device(None))
    fresh = "seven quiet lamps underwater"
    form = {"old_password": PHRASE, "new_password1": "weak", "new_password2": "weak"}
    assert "at least 10 characters" in inside.post("/admin/password_change/", form).content.decode()
    form |= {"new_password1": fresh, "new_password2": fresh}
    assert inside.post("/admin/password_change/", form).status_code == 302
    assert inside.get("/admin/").status_code == 200
    assert Session.objects.get(pk=grant.session.pk).revoked_because == "password changed"
    assert len(letters) == 1


def test_no_page_runs_or_loads_what_its_policy_forbids(cast: Cast, inside: Client) -> None:
    for path in ("/admin/", TENANTS, f"{TENANTS}{cast.tenant.pk}/change/", PEOPLE, PEOPLE + "add/", "/admin/login/"):
        answer = inside.get(path, follow=True)
        page = answer.content.decode()
        assert "style-src 'self'" in answer["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S|\sstyle=|<style|\son\w+=|javascript:", page), path
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page), path
        assert "shared/tokens.css" in page
