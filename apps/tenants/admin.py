"""Companies as operators see them: created, suspended, resumed, and their health at a glance; no content.

`users.admin` registers the class and adds the members, which this application does not know.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.timesince import timesince

from . import provisioning
from .models import Domain, Tenant

STATUS_MARKS = {"active": "ok", "suspended": "warn", "creating": "warn", "erasing": "danger"}


class TenantForm(forms.ModelForm):
    """A company's fields; the short name is checked like everywhere else, and never changes."""

    class Meta:
        model = Tenant
        fields = ("slug", "name", "plan")

    def clean_slug(self) -> str:
        """Refuse what cannot be a host name or is taken."""
        slug = str(self.cleaned_data["slug"])
        provisioning.check_slug(slug)
        return slug


class DomainInline(admin.TabularInline):
    """Host names that select the company, besides `<short name>.<our host>`."""

    model = Domain
    extra = 0


class TenantAdmin(admin.ModelAdmin):
    """Erasing is left to the command line, which asks twice and prints a certificate."""

    form = TenantForm
    list_display = ("slug", "name", "state", "last_synced", "failing", "accounts", "targets", "members", "plan")
    list_filter = ("status", "plan")
    search_fields = ("slug", "name")
    ordering = ("slug",)
    actions = ("suspend", "resume")
    inlines = (DomainInline,)
    readonly_fields = ("state", "accounts", "targets", "failing", "last_synced", "created_at", "last_login_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Companies with their counts, from public tables only."""
        failing = Q(sync_targets__error_count__gt=0, sync_targets__is_active=True)
        return (
            super()
            .get_queryset(request)
            .annotate(
                member_count=Count("memberships", distinct=True),
                account_count=Count("sync_targets__account_id", distinct=True),
                target_count=Count("sync_targets", distinct=True, filter=Q(sync_targets__is_active=True)),
                failing_count=Count("sync_targets", distinct=True, filter=failing),
                last_sync=Max("sync_targets__last_synced_at"),
            )
        )

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        """While creating: what is needed. Afterwards: also how it is."""
        fields = ("slug", "name", "plan")
        if obj is None:
            return ((None, {"fields": fields}),)
        health = ("state", "accounts", "targets", "failing", "last_synced", "last_login_at", "created_at")
        return ((None, {"fields": fields}), ("Health", {"fields": health}))

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        """A short name is part of people's addresses: it stays."""
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """A new company is provisioned, not merely stored."""
        if change:
            super().save_model(request, obj, form, change)
            return
        made = self.provision(form)
        for field in Tenant._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj._state.adding = False

    def provision(self, form: Any) -> Tenant:
        """Create the company that the form describes."""
        given = form.cleaned_data
        return provisioning.create(given["slug"], given["name"], given["plan"])

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        """Never here."""
        return False

    @admin.action(description="Suspend: nobody can use it, its data stays")
    def suspend(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Close the chosen companies."""
        self._each(request, tenants, provisioning.suspend, "suspended")

    @admin.action(description="Resume: open it again")
    def resume(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Open the chosen companies."""
        self._each(request, tenants, provisioning.resume, "open again")

    def _each(self, request: HttpRequest, tenants: QuerySet[Tenant], step: Any, done: str) -> None:
        for tenant in tenants:
            try:
                step(tenant)
            except ValidationError as refused:
                self.message_user(request, " ".join(refused.messages), messages.WARNING)
            else:
                self.log_change(request, tenant, done)
                self.message_user(request, f"{tenant.name} is {done}.", messages.SUCCESS)

    @admin.display(description="status", ordering="status")
    def state(self, tenant: Tenant) -> str:
        """The status, marked."""
        mark = STATUS_MARKS[tenant.status]
        return format_html('<span class="mark mark-{}">{}</span>', mark, tenant.get_status_display())

    @admin.display(ordering="member_count")
    def members(self, tenant: Any) -> int:
        """How many people belong to it."""
        return int(tenant.member_count)

    @admin.display(ordering="account_count")
    def accounts(self, tenant: Any) -> int:
        """How many accounts are connected."""
        return int(tenant.account_count)

    @admin.display(description="syncs", ordering="target_count")
    def targets(self, tenant: Any) -> int:
        """How many things are synced."""
        return int(tenant.target_count)

    @admin.display(ordering="failing_count")
    def failing(self, tenant: Any) -> str:
        """How many of them failed last time."""
        if not tenant.failing_count:
            return "0"
        return format_html('<span class="mark mark-danger">{}</span>', tenant.failing_count)

    @admin.display(description="last sync", ordering="last_sync")
    def last_synced(self, tenant: Any) -> str:
        """How long ago anything of it was synced."""
        return f"{timesince(tenant.last_sync)} ago" if tenant.last_sync else "never"
