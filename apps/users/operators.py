"""The operators' site: Django's admin, entered under the same limits and two steps as everything else.

Operators see companies, people and the state of syncs. They see no content: only public tables are
registered here, and those hold none.
"""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.models import Group
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from apps.core.problems import Problem

from . import codes, people, signin
from .models import User
from .sessions import Device

CHALLENGE: Final = "operator_challenge"


class OperatorLoginForm(AdminAuthenticationForm):
    """Address and password; for operators with two steps then, alone, the mailed code."""

    code = forms.CharField(
        label="Code from the message we mailed you",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.session = request.session
        self.device = Device(request.META.get("REMOTE_ADDR"), request.headers.get("User-Agent", ""))
        self.challenge = self.session.get(CHALLENGE)
        if self.challenge:
            del self.fields["username"], self.fields["password"]
        else:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        """Find out who signs in. One wrong code leads back to the password."""
        given = self.cleaned_data
        try:
            user = self._by_code(given.get("code", "")) if self.challenge else self._by_password(given)
        except Problem as problem:
            raise ValidationError(str(problem.detail), code=problem.code) from None
        self.confirm_login_allowed(user)
        self.user_cache = user
        return given

    def _by_password(self, given: dict[str, Any]) -> User:
        user = signin.prove_password(given.get("username", ""), given.get("password", ""), self.device)
        # A person who is no operator hears of it before a code is mailed for nothing.
        self.confirm_login_allowed(user)
        if user.two_step:
            self.session[CHALLENGE] = str(signin.second_step(user, self.device).id)
            raise ValidationError("A code is on its way to your address. Press the button to type it.", code="code")
        return user

    def _by_code(self, typed: str) -> User:
        self.session.pop(CHALLENGE, None)
        try:
            return codes.verify(UUID(self.challenge), typed).user
        except codes.InvalidCode:
            raise ValidationError("This code is wrong or too old. Sign in again.", code="invalid_code") from None


class OperatorPasswordForm(AdminPasswordChangeForm):
    """Changes one's password as everywhere else: other devices are signed out, and a letter says so."""

    def save(self, commit: bool = True) -> User:
        """Set the password; `commit` is Django's and makes no difference here."""
        people.set_password(self.user, self.cleaned_data["new_password1"])
        return self.user


class OperatorSite(AdminSite):
    """Django's admin with our sign-in."""

    site_header = "PMSync operations"
    site_title = "PMSync"
    index_title = "Companies and people"
    login_form = OperatorLoginForm
    empty_value_display = "none"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register as Django does, but for groups: permissions here are one switch, `Operator`."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        super().register([model for model in models if model is not Group], admin_class, **options)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's view, with our form."""
        view = PasswordChangeView.as_view(
            form_class=OperatorPasswordForm,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)
