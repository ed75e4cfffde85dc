"""A tenant's connected accounts, and who besides the owner may see them."""

from django.db import models
from django.db.models.functions import Lower

from apps.core.ids import new_id


class ProviderType(models.TextChoices):
    """The family of protocols an account is reached by."""

    IMAP = "imap"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    DAV = "dav"


class AccountStatus(models.TextChoices):
    """Only an active account is synced; `needs_reconnect` waits for the person; `suspended` for their company, in whose
    directory they are no more; a disconnected one is seen by nobody and lasts until its mirror is removed."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    NEEDS_RECONNECT = "needs_reconnect"
    SUSPENDED = "suspended"
    DISCONNECTED = "disconnected"


class CompanyConnection(models.Model):
    """A company's own key to the accounts of its people at a provider that asks for consent.

    `sealed` opens for "company:<id>": what `clouds.CompanyKey` keeps secret. `refusal` is what the provider refused
    last and what to grant, in the form of `errors.CompanyRefused`: {"what", "facts"}; empty while all is well. An
    ending one lasts until the last of its accounts is gone: their subscriptions are ended with it.
    """

    class Status(models.TextChoices):
        """Whether it serves."""

        ACTIVE = "active"
        REFUSED = "refused"
        ENDING = "ending"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider_type = models.CharField(max_length=12, choices=ProviderType)
    application = models.CharField(max_length=100)
    realm = models.CharField(max_length=255)
    administrator = models.CharField(max_length=320, blank=True)
    surfaces = models.JSONField(default=list)
    sealed = models.BinaryField()
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    refusal = models.JSONField(default=dict)
    connected_by = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)
    chosen_at = models.DateTimeField(null=True)
    suspected_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "provider_type", Lower("realm"), name="company_once", condition=~models.Q(status="ending")
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class ProviderAccount(models.Model):
    """One mail, calendar and contacts account of one person.

    Of an account that is reached by consent `settings` holds {"surfaces": ["mail", ...]}, and its tokens are an
    `OAuthGrant`; one that the person's `company` connected has its tokens by the company's key. Of all others it holds
    endpoints ({"imap": {"host", "port", "security"}, "smtp": ..., "caldav": {"url", "principal", "homes"},
    "carddav": ..., "username"}) and never a secret; `credentials` is sealed under the tenant's key for
    "credentials:<id>".
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner_id = models.UUIDField()
    address = models.CharField(max_length=320)
    display_name = models.CharField(max_length=200, blank=True)
    provider_type = models.CharField(max_length=12, choices=ProviderType)
    status = models.CharField(max_length=16, choices=AccountStatus, default=AccountStatus.CONNECTING)
    status_reason = models.TextField(blank=True)
    settings = models.JSONField(default=dict)
    company = models.ForeignKey(CompanyConnection, on_delete=models.PROTECT, null=True, related_name="accounts")
    credentials = models.BinaryField()
    # Raised with each log-in that takes another's place: what is done with a former one tells itself apart by it.
    logins = models.PositiveIntegerField(default=0, db_default=0)
    color = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    as_of = models.DateTimeField(null=True)
    reachable = models.BooleanField(default=True)
    import_started_at = models.DateTimeField(null=True)
    import_finished_at = models.DateTimeField(null=True)
    import_done = models.PositiveIntegerField(default=0)
    import_told_at = models.DateTimeField(null=True)
    import_total = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = (
            # A disconnected account is being removed in the background; its address is free again at once.
            models.UniqueConstraint(
                "owner_id",
                Lower("address"),
                name="account_once_per_person",
                condition=~models.Q(status=AccountStatus.DISCONNECTED),
            ),
        )
        indexes = (models.Index(fields=("owner_id",), name="account_owner"),)

    def __str__(self) -> str:
        return str(self.id)


class OAuthGrant(models.Model):
    """What a person granted at a provider that asks for consent: tokens, sealed, and who renews them now.

    `sealed` opens for "grant:<account id>": {"refresh", "access", "expires_at"}. `renewing_until` is the lease of
    whoever asks for another token; `refusals` counts fresh tokens that the provider refused in a row; `claims` is what
    it wants proved at the next sign-in (Microsoft's claims challenge).
    """

    account = models.OneToOneField(ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="grant")
    subject = models.CharField(max_length=200)
    sealed = models.BinaryField()
    renewed_at = models.DateTimeField()
    renewing_by = models.CharField(max_length=40, blank=True)
    renewing_until = models.DateTimeField(null=True)
    refusals = models.PositiveSmallIntegerField(default=0)
    claims = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.account_id)


class AccountAccess(models.Model):
    """A colleague who may see an account that belongs to somebody else."""

    class Role(models.TextChoices):
        """A reader sees; a delegate also acts."""

        READER = "reader"
        DELEGATE = "delegate"

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="access")
    user_id = models.UUIDField()
    role = models.CharField(max_length=10, choices=Role)
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "user_id"), name="access_once"),)
        indexes = (models.Index(fields=("user_id",), name="access_user"),)


class CompanyPerson(models.Model):
    """Somebody of a company's directory, as it was read last, and what became of them here.

    `left_at` is when the directory was first without them, or had them suspended. `reason` says why somebody could not
    be connected, in the form of CompanyConnection's `refusal`.
    """

    class State(models.TextChoices):
        """What is wanted of an administrator's choice, and what came of it."""

        OFFERED = "offered"
        WANTED = "wanted"
        CONNECTED = "connected"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(CompanyConnection, on_delete=models.CASCADE, related_name="people")
    subject = models.CharField(max_length=200)
    address = models.CharField(max_length=320)
    name = models.CharField(max_length=200, blank=True)
    aliases = models.JSONField(default=list)
    unit = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.OFFERED)
    reason = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    account = models.OneToOneField(
        ProviderAccount, on_delete=models.SET_NULL, null=True, related_name="company_person"
    )  # fmt: skip

    class Meta:
        constraints = (models.UniqueConstraint(fields=("connection", "subject"), name="company_person_once"),)
        indexes = (models.Index(fields=("connection", "state"), name="company_person_state"),)

    def __str__(self) -> str:
        return str(self.id)
