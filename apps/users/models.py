"""People, their memberships, their sessions and the codes mailed to them. All in the public schema."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower, Now

from apps.core.ids import new_id
from apps.tenants.models import Tenant


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who may sign in; without a password only by mailed code."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An operator of the installation: tenant operations, no content."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Which tenants they reach is told by their memberships."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    locale = models.CharField(max_length=5, default="en")
    timezone = models.CharField(max_length=64, default="UTC")
    two_step = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name, verbose_name_plural = "person", "people"
        constraints = (models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower"),)

    def __str__(self) -> str:
        return self.email

    def __repr__(self) -> str:
        # What is logged or shown in a traceback holds no address.
        return f"User({self.id})"


class Role(models.TextChoices):
    """What a person may do in a tenant. An owner administers, and does not thereby read mail."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Membership(models.Model):
    """A person in a tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "tenant"), name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.role} of {self.tenant}"


class Session(models.Model):
    """One signed-in device: a family of refresh tokens of which only the newest is valid.

    Times are the database's. `successor` is the newest token, sealed by the one before it, so that
    two tabs which present the same token at once receive the same answer.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="sessions")
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    refresh_digest = models.BinaryField(max_length=32)
    previous_digest = models.BinaryField(max_length=32, null=True)
    successor = models.BinaryField(null=True)
    rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_because = models.CharField(max_length=40, blank=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (models.Index(fields=("expires_at",), name="session_expiry"),)


class OneTimeCode(models.Model):
    """A code or link mailed to a person: used once, within minutes, with few tries.

    The code itself is stored nowhere: it is derived from the row's id by a key (`users.codes`).
    """

    class Purpose(models.TextChoices):
        """What the code opens."""

        SIGN_IN = "sign_in"
        SECOND_STEP = "second_step"
        RESET = "reset"
        INVITATION = "invitation"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Null for an address that nobody has: the answer must look the same, and be counted the same.
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="codes")
    purpose = models.CharField(max_length=12, choices=Purpose)
    key_id = models.CharField(max_length=16)
    address_digest = models.BinaryField(max_length=32)
    ip = models.GenericIPAddressField(null=True)
    tries_left = models.PositiveSmallIntegerField(default=5)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("address_digest", "created_at"), name="code_of_address"),
            models.Index(fields=("expires_at",), name="code_expiry"),
        )
