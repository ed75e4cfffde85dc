"""People, and the companies they belong to, as operators see them."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.tenants import template
from apps.tenants.admin import TenantAdmin, TenantForm
from apps.tenants.models import Tenant

from . import companies, people, sessions
from .models import Membership, Role, Session, User


class MembershipInline(admin.TabularInline):
    """Who belongs where, from either side."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user", "tenant")


class SessionInline(admin.TabularInline):
    """The person's devices, to look at; the action signs them all out."""

    model = Session
    extra = 0
    can_delete = False
    fields = readonly_fields = ("tenant", "ip", "user_agent", "created_at", "last_seen_at", "revoked_because")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Sessions begin by signing in."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        """The newest first."""
        return super().get_queryset(request).order_by("-last_seen_at")


class CompanyForm(TenantForm):
    """A new company needs its first owner."""

    owner = forms.EmailField(
        required=False, help_text="Becomes a person if they are not one yet, and is mailed a link."
    )

    def clean(self) -> dict[str, Any]:
        """An owner is asked for once, at the beginning."""
        given = super().clean() or self.cleaned_data
        if not self.instance._state.adding:
            return given
        if not given.get("owner"):
            self.add_error("owner", "Who will own the company?")
        elif User.objects.filter(email=given["owner"].strip().lower(), is_active=False).exists():
            self.add_error("owner", "This person may not sign in. Let them sign in again first, or name somebody else.")
        try:
            template.current_dump()
        except ValidationError as outdated:
            self.add_error(None, outdated)
        return given


class MembershipsMixin:
    """Saves memberships as everywhere else: who leaves is signed out there, and the last owner stays."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Django's own for everything but memberships."""
        if formset.model is not Membership:
            super().save_formset(request, form, formset, change)  # type: ignore[misc]  # ModelAdmin's
            return
        steps: list[partial[Any]] = [
            partial(people.join, row.tenant, row.user, Role(row.role)) for row in formset.save(commit=False)
        ]
        # A row that names another person or company now is a new membership, and the end of the old one.
        moved = [row.pk for row, changed in formset.changed_objects if {"user", "tenant"} & set(changed)]
        ended = [*Membership.objects.filter(pk__in=moved).select_related("tenant", "user"), *formset.deleted_objects]
        steps += [partial(people.leave, row.tenant, row.user) for row in ended]
        for step in steps:
            try:
                step()
            except ValidationError as refused:
                messages.warning(request, " ".join(refused.messages))


class CompanyAdmin(MembershipsMixin, TenantAdmin):
    """Companies with their owner and members."""

    form = CompanyForm

    def get_inlines(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        """Members and domains come once there is a company."""
        return (MembershipInline, *self.inlines) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        """The owner is asked for while creating."""
        if obj is None:
            return ((None, {"fields": ("slug", "name", "plan", "owner")}),)
        return super().get_fieldsets(request, obj)

    def provision(self, form: Any) -> Tenant:
        """Create company and owner."""
        given = form.cleaned_data
        return companies.found(given["slug"], given["name"], given["plan"], given["owner"]).tenant


class PersonForm(forms.ModelForm):
    """A person's fields; passwords are never typed by an operator."""

    class Meta:
        model = User
        fields = ("email", "name", "locale", "timezone", "two_step", "is_active", "is_staff")
        labels: ClassVar = {"is_active": "May sign in", "is_staff": "Operator", "two_step": "Two steps"}
        help_texts: ClassVar = {
            "is_active": "Clear it rather than deleting somebody who left: their devices are signed out at once.",
            "is_staff": "Sees this site: companies and people, no content.",
        }

    def clean_email(self) -> str:
        """Addresses are stored in lower case."""
        return str(self.cleaned_data["email"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        """Refuse unknown languages and zones, in the words of everywhere else."""
        given = super().clean() or self.cleaned_data
        for field, check in (("locale", people.check_locale), ("timezone", people.check_timezone)):
            try:
                check(given.get(field, ""))
            except ValidationError as refused:
                self.add_error(field, refused)
        return given


class PersonAdmin(MembershipsMixin, admin.ModelAdmin):
    """People: created with a mailed link, deactivated, signed out."""

    form = PersonForm
    list_display = ("email", "name", "belongs_to", "is_active", "is_staff", "two_step", "last_login")
    list_filter = ("is_active", "is_staff", "two_step")
    search_fields = ("email", "name")
    ordering = ("email",)
    actions = ("mail_link", "sign_out")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With their companies, in two queries whatever their number."""
        return super().get_queryset(request).prefetch_related("memberships__tenant")

    def get_inlines(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Devices come once there is a person."""
        return (MembershipInline, SessionInline) if obj else (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """An operator may do everything here; whoever may no longer sign in is signed out."""
        obj.is_superuser = obj.is_staff
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            people.invite(obj)
        if not obj.is_active:
            sessions.end(sessions.live(obj), "deactivated")

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never here: their accounts would go on without anybody, and a company might lose its last owner."""
        return False

    @admin.display(description="companies")
    def belongs_to(self, user: User) -> str:
        """Where they belong, and as what."""
        return ", ".join(f"{row.tenant.name} ({row.role})" for row in user.memberships.all()) or "none"

    @admin.action(description="Mail a link to set a password")
    def mail_link(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Invite the chosen people."""
        for user in users:
            people.invite(user)
        self.message_user(request, f"{len(users)} links are on their way.", messages.SUCCESS)

    @admin.action(description="Sign out everywhere")
    def sign_out(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """End the sessions of the chosen people."""
        ended = sum(sessions.end(sessions.live(user), "signed out by an operator") for user in users)
        self.message_user(request, f"{ended} devices were signed out.", messages.SUCCESS)


admin.site.register(Tenant, CompanyAdmin)
admin.site.register(User, PersonAdmin)
