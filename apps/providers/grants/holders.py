"""Writing who lives by a consent, and asking whether somebody else does.

Whoever lets go forgets its own row before it looks for others: of two that let go at once, the later one finds nobody,
so that the consent is given back by one of them, or by both, which is the same.
"""

from apps.providers.models import OAuthGrant, ProviderAccount
from apps.tenants import context
from apps.users import signing

from .models import ConsentHolder

PURPOSE = "grants"


def write(account: ProviderAccount, subject: str) -> None:
    """The account lives by the consent of this subject, in the caller's transaction."""
    ConsentHolder.objects.update_or_create(
        tenant=context.current(), account_id=account.pk, defaults={"digest": _digests(account, subject)[0]}
    )


def renew(account: ProviderAccount, subject: str) -> None:
    """Write it under the newest key, where it is not: secret keys change, and an old one is listed for days only."""
    mine = ConsentHolder.objects.filter(tenant=context.current(), account_id=account.pk)
    if not mine.filter(digest=_digests(account, subject)[0]).exists():
        write(account, subject)


def last(account: ProviderAccount, subject: str) -> bool:
    """Whether nobody else lives by the consent, in this company or another; the account lets go of it by asking."""
    forget(account)
    if OAuthGrant.objects.filter(subject=subject, account__provider_type=account.provider_type,
                                 account__company=None).exclude(account=account).exists():  # fmt: skip
        return False
    return not ConsentHolder.objects.filter(digest__in=_digests(account, subject)).exists()


def forget(account: ProviderAccount) -> None:
    """The account lives by it no more."""
    ConsentHolder.objects.filter(tenant=context.current(), account_id=account.pk).delete()


def _digests(account: ProviderAccount, subject: str) -> list[str]:
    """What stands for the subject, under every key that is listed, the newest first."""
    ring = signing.ring(PURPOSE)
    newest = signing.newest(PURPOSE)
    return [key.mac(f"{account.provider_type}:{subject}").hex() for key in (newest, *(
        key for name, key in ring.items() if name != newest.id
    ))]  # fmt: skip
