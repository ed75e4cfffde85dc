"""Providers that are reached by a person's consent (OAuth 2.0) instead of a password: one object for each.

Nothing outside this package and the adapters knows which they are; `configured` is what this installation has
registered with.
"""

from functools import cache

from .base import Asked, Cloud, Granted, Renewed, Surface, Unconfigured
from .companies import Companies, CompanyKey, DirectoryPerson
from .pushing import Answer, Called, Fate, Hook, Puller, Pusher, Subscribed, Told, Wanted

__all__ = [
    "Answer", "Asked", "Called", "Cloud", "Companies", "CompanyKey", "DirectoryPerson", "Fate", "Granted", "Hook",
    "Puller", "Pusher", "Renewed", "Subscribed", "Surface", "Told", "Unconfigured", "Wanted", "configured", "every",
    "hooks", "host_of", "known", "named", "simulated",
]  # fmt: skip


@cache
def every() -> dict[str, Cloud]:
    """Every provider PMSync knows, by provider type. Their client libraries are imported with the first question:
    most commands need none of them."""
    from .google import GoogleCloud
    from .microsoft import MicrosoftCloud

    return {cloud.name: cloud for cloud in (GoogleCloud(), MicrosoftCloud())}


def configured() -> dict[str, Cloud]:
    """Those this installation is registered with, by provider type."""
    return {name: cloud for name, cloud in every().items() if cloud.configured}


def host_of(provider_type: str, surface: Surface) -> str:
    """Whose limits requests of a surface count against."""
    return every()[provider_type].host(surface)


def simulated(provider_type: str) -> bool:
    """Whether accounts of that type live at a simulation; False for types without consent."""
    cloud = every().get(provider_type)
    return cloud is not None and cloud.simulated


def known(provider_type: str) -> Cloud:
    """The provider of that type, whether or not this installation is registered with it: companies come with a
    registration of their own. Raises KeyError for a type without consent."""
    return every()[provider_type]


def named(provider_type: str) -> Cloud:
    """The provider of that type. Raises Unconfigured when the installation is not registered with it."""
    found = configured().get(provider_type)
    if found is None:
        raise Unconfigured(provider_type)
    return found


def hooks() -> dict[str, tuple[str, Hook]]:
    """Every webhook, by the last part of its path, with the provider type that calls it; those of providers that this
    installation is not registered with are answered just so."""
    return {name: (cloud.name, hook) for cloud in every().values() for name, hook in cloud.pusher.hooks().items()}
