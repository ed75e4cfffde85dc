"""Providers that are known by name: where their servers are, and what their log-in wants.

Hosts and ports as the providers publish them, compared with Thunderbird's public database of
providers. The `mx` suffixes also recognise a company's own domain that is kept there.
"""

from dataclasses import dataclass, replace
from typing import Final

from apps.providers.checks import Server, Services
from apps.providers.models import ProviderType

from .found import Discovered


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider. `usernames` are templates in the order of trying: the address, its local part."""

    name: str
    domains: frozenset[str]
    mx: tuple[str, ...]
    services: Services
    usernames: tuple[str, ...] = ("address",)
    hint: str | None = None
    refusal: str | None = None
    provider_type: str = ProviderType.IMAP

    @property
    def consents(self) -> bool:
        """Whether the person can sign in at the provider instead of giving a password."""
        return self.provider_type != ProviderType.IMAP

    def discovered(self, address: str, source: str) -> Discovered:
        """As what was found for an address."""
        names = {"address": address, "local": address.rpartition("@")[0]}
        return Discovered(
            address,
            source,
            self.services,
            tuple(names[form] for form in self.usernames),
            self.provider_type,
            self.hint,
            self.refusal,
            # Anybody on the way can forge an MX record; the domain's own name he cannot.
            confirm_hosts=source == "mx" and self.refusal is None,
        )


def _mail(imap: str, smtp: str, *, smtp_port: int = 465, imap_port: int = 993) -> Services:
    """Implicit TLS on 993 and 465; STARTTLS on the old ports."""
    return Services(
        Server(imap, imap_port, "starttls" if imap_port == 143 else "tls"),
        Server(smtp, smtp_port, "starttls" if smtp_port == 587 else "tls"),
    )


def _dav(services: Services, caldav: str | None, carddav: str | None, trusted: tuple[str, ...] = ()) -> Services:
    return replace(services, caldav=caldav, carddav=carddav, trusted=trusted)


def _domains(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _ionos(tld: str) -> Preset:
    return Preset(
        f"IONOS {tld}",
        frozenset(),
        (f"ionos.{tld}",) + (("kundenserver.de", "1and1.com", "1und1.de") if tld == "de" else ()),
        _mail(f"imap.ionos.{tld}", f"smtp.ionos.{tld}"),
    )


def _yahoo_countries(name: str) -> str:
    countries = "com de it fr es se ca in ie gr co.uk co.in co.nz co.id co.za com.au com.ar com.br com.mx"
    return " ".join(f"{name}.{country}" for country in countries.split())


def _microsoft_countries(name: str) -> str:
    countries = "com it fr de es be at ch dk nl se pt ie co.uk com.au com.br com.ar cz gr hu"
    return " ".join(f"{name}.{country}" for country in countries.split())


# Aruba's certified mail and AOL stand before the providers whose MX suffix would swallow theirs.
PRESETS: Final = (
    Preset(
        "Gmail",
        _domains("gmail.com googlemail.com"),
        ("google.com", "googlemail.com"),
        _mail("imap.gmail.com", "smtp.gmail.com"),
        hint="hint.gmail",
        provider_type=ProviderType.GOOGLE,
    ),
    Preset(
        "Microsoft",
        _domains(" ".join(map(_microsoft_countries, ("outlook", "hotmail", "live"))) + " msn.com windowslive.com"),
        ("outlook.com", "office365.com", "office365.us"),
        _mail("outlook.office365.com", "smtp-mail.outlook.com", smtp_port=587),
        refusal="login.microsoft",
        provider_type=ProviderType.MICROSOFT,
    ),
    Preset(
        "AOL",
        _domains("aim.com netscape.net compuserve.com " + _yahoo_countries("aol")),
        ("mail.gm0.yahoodns.net",),
        _mail("imap.aol.com", "smtp.aol.com"),
        hint="hint.aol",
    ),
    Preset(
        "Yahoo",
        _domains("ymail.com myyahoo.com rocketmail.com " + _yahoo_countries("yahoo")),
        ("yahoodns.net",),
        _mail("imap.mail.yahoo.com", "smtp.mail.yahoo.com"),
        hint="hint.yahoo",
    ),
    Preset(
        "iCloud",
        _domains("icloud.com me.com mac.com"),
        ("mail.icloud.com",),
        # Each account's calendars live on a host of its own, pNN-caldav.icloud.com.
        _dav(
            _mail("imap.mail.me.com", "smtp.mail.me.com", smtp_port=587),
            "https://caldav.icloud.com/",
            "https://contacts.icloud.com/",
            ("icloud.com",),
        ),
        usernames=("address", "local"),
        hint="hint.icloud",
    ),
    Preset(
        "Fastmail",
        _domains(
            "fastmail.com fastmail.fm fastmail.net fastmail.org fastmail.to fastmail.us fastmail.de fastmail.in "
            "fastmail.jp fastmail.co.uk fastmail.com.au messagingengine.com sent.com"
        ),
        ("messagingengine.com",),
        _dav(
            _mail("imap.fastmail.com", "smtp.fastmail.com"),
            "https://caldav.fastmail.com/",
            "https://carddav.fastmail.com/",
            ("fastmail.com",),
        ),
        hint="hint.fastmail",
    ),
    Preset(
        "GMX",
        _domains("gmx.net gmx.de gmx.at gmx.ch gmx.eu gmx.biz gmx.org gmx.info mein.gmx mail.gmx email.gmx"),
        ("gmx.net",),
        _dav(
            _mail("imap.gmx.net", "mail.gmx.net"), "https://caldav.gmx.net/", "https://carddav.gmx.net/", ("gmx.net",)
        ),
        hint="hint.enable_imap",
    ),
    Preset(
        "GMX international",
        _domains("gmx.com gmx.us gmx.co.uk gmx.es gmx.fr gmx.it gmx.ca gmx.ie gmx.pt gmx.se gmx.li"),
        ("gmx.com",),
        _mail("imap.gmx.com", "mail.gmx.com"),
        hint="hint.enable_imap",
    ),
    Preset(
        "WEB.DE",
        _domains("web.de"),
        ("web.de",),
        _dav(_mail("imap.web.de", "smtp.web.de"), "https://caldav.web.de/", "https://carddav.web.de/", ("web.de",)),
        usernames=("address", "local"),
        hint="hint.enable_imap",
    ),
    Preset(
        "mail.com",
        _domains("mail.com email.com post.com usa.com europe.com consultant.com engineer.com"),
        ("mail.com",),
        _mail("imap.mail.com", "smtp.mail.com"),
        hint="hint.enable_imap",
    ),
    *(_ionos(tld) for tld in ("de", "it", "com", "co.uk", "fr", "es")),
    Preset(
        "Aruba PEC",
        _domains("pec.it pec.aruba.it arubapec.it"),
        ("pec.aruba.it",),
        _mail("imaps.pec.aruba.it", "smtps.pec.aruba.it"),
    ),
    Preset("Aruba", _domains("aruba.it technet.it"), ("aruba.it",), _mail("imaps.aruba.it", "smtps.aruba.it")),
    Preset(
        "Libero",
        _domains("libero.it iol.it blu.it inwind.it giallo.it"),
        ("libero.it",),
        _mail("imapmail.libero.it", "smtp.libero.it"),
        hint="hint.enable_imap",
    ),
    Preset("Virgilio", _domains("virgilio.it"), ("virgilio.it",), _mail("in.virgilio.it", "out.virgilio.it")),
    Preset(
        "Alice",
        _domains("alice.it"),
        ("alice.it",),
        _mail("in.alice.it", "out.alice.it", imap_port=143, smtp_port=587),
    ),
    Preset(
        "TIM",
        _domains("tim.it tin.it"),
        ("tim.it", "tin.it"),
        _mail("imap.tim.it", "smtp.tim.it", imap_port=143, smtp_port=587),
    ),
    Preset("Tiscali", _domains("tiscali.it"), ("tiscali.it",), _mail("imap.tiscali.it", "smtp.tiscali.it")),
    Preset(
        "Fastweb",
        _domains("fastwebnet.it"),
        ("fastwebnet.it",),
        _mail("imap.fastwebnet.it", "smtp.fastwebnet.it", smtp_port=587),
    ),
    Preset("Email.it", _domains("email.it"), ("email.it",), _mail("in.email.it", "out.email.it")),
    Preset(
        "Register.it",
        frozenset(),
        ("register.it", "securemail.pro"),
        _mail("imap.securemail.pro", "authsmtp.securemail.pro"),
    ),
    Preset(
        "mailbox.org",
        _domains("mailbox.org"),
        ("mailbox.org",),
        _dav(
            _mail("imap.mailbox.org", "smtp.mailbox.org"),
            "https://dav.mailbox.org/",
            "https://dav.mailbox.org/",
            ("mailbox.org",),
        ),
        hint="hint.app_if_two_step",
    ),
    Preset(
        "Posteo",
        _domains("posteo.de posteo.at posteo.ch posteo.net posteo.org posteo.eu posteo.it posteo.es posteo.nl"),
        ("posteo.de",),
        _dav(_mail("posteo.de", "posteo.de"), "https://posteo.de:8443/", "https://posteo.de:8443/", ("posteo.de",)),
    ),
    Preset(
        "Zoho Europe",
        _domains("zoho.eu zohomail.eu"),
        ("zoho.eu",),
        _mail("imap.zoho.eu", "smtp.zoho.eu"),
        hint="hint.zoho",
    ),
    Preset(
        "Zoho",
        _domains("zoho.com zohomail.com"),
        ("zoho.com",),
        _mail("imap.zoho.com", "smtp.zoho.com"),
        hint="hint.zoho",
    ),
    Preset(
        "Yandex",
        _domains("yandex.ru yandex.com yandex.net yandex.by yandex.kz yandex.ua ya.ru narod.ru"),
        ("yandex.net", "yandex.ru"),
        _dav(
            _mail("imap.yandex.com", "smtp.yandex.com"),
            "https://caldav.yandex.ru/",
            "https://carddav.yandex.ru/",
            ("yandex.ru",),
        ),
        hint="hint.yandex",
    ),
    Preset("mail.ru", _domains("mail.ru inbox.ru list.ru bk.ru"), ("mail.ru",), _mail("imap.mail.ru", "smtp.mail.ru")),
    Preset(
        "T-Online",
        _domains("t-online.de magenta.de"),
        ("t-online.de",),
        _mail("secureimap.t-online.de", "securesmtp.t-online.de"),
    ),
    Preset("Strato", frozenset(), ("rzone.de", "strato.de"), _mail("imap.strato.de", "smtp.strato.de")),
    Preset("OVH", frozenset(), ("ovh.net",), _mail("ssl0.ovh.net", "ssl0.ovh.net")),
    Preset("Gandi", frozenset(), ("gandi.net",), _mail("mail.gandi.net", "mail.gandi.net")),
    Preset("Rackspace", frozenset(), ("emailsrvr.com",), _mail("secure.emailsrvr.com", "secure.emailsrvr.com")),
    Preset("Orange", _domains("orange.fr wanadoo.fr"), ("orange.fr",), _mail("imap.orange.fr", "smtp.orange.fr")),
    Preset(
        "La Poste",
        _domains("laposte.net"),
        ("laposte.net",),
        _mail("imap.laposte.net", "smtp.laposte.net"),
        usernames=("address", "local"),
    ),
    Preset(
        "Free",
        _domains("free.fr"),
        ("free.fr",),
        _mail("imap.free.fr", "smtp.free.fr"),
        usernames=("address", "local"),
    ),
)

_OF_DOMAIN: Final = {domain: preset for preset in PRESETS for domain in preset.domains}


def of_domain(domain: str) -> Preset | None:
    """The provider whose own domain this is."""
    return _OF_DOMAIN.get(domain.lower())


def of_mx(host: str) -> Preset | None:
    """The provider that this mail exchanger belongs to."""
    name = host.lower().rstrip(".")
    for preset in PRESETS:
        if any(name == suffix or name.endswith(f".{suffix}") for suffix in preset.mx):
            return preset
    return None


def of_imap(host: str) -> Preset | None:
    """The provider with consent whose mail server this is, by whatever source it was named."""
    name = host.lower().rstrip(".")
    return next((preset for preset in PRESETS if preset.consents and _serves(preset, name)), None)


def _serves(preset: Preset, host: str) -> bool:
    return preset.services.imap is not None and (
        host == preset.services.imap.host or any(host.endswith(f".{suffix}") for suffix in preset.mx)
    )
