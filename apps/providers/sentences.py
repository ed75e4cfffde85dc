"""What people are told while they connect an account: one table per language, the same keys in each.

A key's part before the dot is the step that failed. `{host}`, `{port}`, `{service}`, `{usual}`,
`{seconds}`, `{reason}`, `{other}`, `{hosts}` and `{address}` are filled in by whoever asks.
"""

from typing import Final

EN: Final = {
    "ok.name": "{host} was found.",
    "ok.port": "{host} answers on port {port}.",
    "ok.tls": "The connection is encrypted and the certificate belongs to {host}.",
    "ok.plain": "The connection is not encrypted, as you chose.",
    "ok.login": "The user name and the password are accepted.",
    "ok.permission.imap": "The mail can be read.",
    "ok.permission.smtp": "Mail can be sent.",
    "ok.permission.caldav": "The calendars can be read.",
    "ok.permission.carddav": "The address books can be read.",
    "name.unknown": "{host} was not found. Check the spelling, or ask your provider for the name of its {service} server.",
    "name.private": (
        "{host} lies inside a private network, where this installation does not connect to. "
        "Whoever runs it can allow that with PMSYNC_ALLOW_PRIVATE_HOSTS."
    ),
    "name.invalid": "“{host}” is not the address of a server. Enter it like mail.example.com.",
    "port.odd": "Port {port} is not used by {service} servers. The usual one is {usual}.",
    "port.refused": "{host} does not accept connections on port {port}. The usual one is {usual}; check it with your provider.",
    "port.silent": "{host} does not answer on port {port}. Check the name and the port, or try again later.",
    "port.unreachable": "{host} cannot be reached from here. Check the name, or try again later.",
    "port.mute": "{host} accepts the connection on port {port} and then says nothing. Check the port; the usual one is {usual}.",
    "port.other": "Something answers on port {port} of {host}, but it is not a {service} server. The usual port is {usual}.",
    "port.turned_away": "{host} turns connections away at the moment. Try again in a few minutes.",
    "port.slow": "{host} took longer than {seconds} seconds. Try again in a few minutes, or check the name and the port.",
    "tls.expired": "The certificate of {host} has lapsed, so the password was not sent. Its operator has to renew it.",
    "tls.self_signed": (
        "{host} identifies itself with a certificate that it made itself, so the password was not sent. "
        "Its operator has to install one from a certificate authority."
    ),
    "tls.unknown_issuer": (
        "The certificate of {host} comes from an authority that is not trusted here, so the password was not sent. "
        "Check the name, or ask its operator."
    ),
    "tls.wrong_name": (
        "The certificate does not belong to {host}, so the password was not sent. "
        "Use the server name that your provider gives, often the one of the provider itself."
    ),
    "tls.invalid": "The certificate of {host} is not valid, so the password was not sent. Ask its operator.",
    "tls.old": "{host} only speaks outdated encryption (older than TLS 1.2), so the password was not sent. Ask its operator.",
    "tls.not_spoken": "Port {port} of {host} does not start with encryption. Choose STARTTLS for it, or use port {usual}.",
    "tls.expected": "Port {port} of {host} is encrypted from the start. Choose TLS for it instead.",
    "tls.failed": "No encrypted connection to {host} could be made on port {port}, so the password was not sent.",
    "tls.not_offered": "{host} offers no encryption on port {port}, so the password was not sent. Use port {usual} with TLS.",
    "tls.tampered": (
        "Somebody interfered with the connection to {host} before it was encrypted, so the password was not sent. "
        "Try from another network, or use port {usual} with TLS."
    ),
    "tls.unencrypted": "{host} would receive the password unencrypted. Enter an address that begins with https://.",
    "login.refused": "{host} does not accept this user name and password. Check both; some servers want the whole address as the user name.",
    "login.app_password": (
        "{host} wants an app password instead of your usual one. "
        "Create one in your account's security settings and enter it here."
    ),
    "login.website": (
        "{host} wants a step on its website first: switch on access for mail programs (IMAP) "
        "in your account's settings there, then try again."
    ),
    "login.other": "Signing in at {host} is not possible: {reason}.",
    "login.silent": (
        "{host} answered and then kept silent. Servers slow down after wrong passwords: wait a minute, then try again. "
        "If it stays so, tell its operator."
    ),
    "login.later": "{host} cannot check the password at the moment. Try again in a few minutes.",
    "login.too_many": "{host} has had too many connections or attempts. Wait some minutes, then try again.",
    "login.characters": "The user name or the password is empty or holds a character that cannot be sent, such as a line break.",
    "login.microsoft": "{address} is opened by signing in at Microsoft; a password does not work for it.",
    "permission.denied": "{host} accepts the password but does not allow this. Its administrator may have switched {service} off.",
    "permission.no_inbox": "{host} accepts the password but has no inbox for this user.",
    "permission.no_service": "{host} has no calendars or address books at this address. Ask your provider for the exact one.",
    "permission.elsewhere": (
        "{host} refers to another server, {other}. The password was not sent there. "
        "If you trust it, enter its address instead."
    ),
    "found.nothing": "No mail server was found for {address}. Enter the servers that your provider names.",
    "found.confirm": (
        "The servers of {address} are at {hosts}, a name outside its own domain. "
        "If that is right, connect again and name them."
    ),
    "hint.gmail": "Use an app password: create one under myaccount.google.com/apppasswords (two-step verification must be on).",
    "hint.yahoo": "Use an app password: create one in your Yahoo account under Security.",
    "hint.aol": "Use an app password: create one in your AOL account under Security.",
    "hint.icloud": "Use an app-specific password: create one at account.apple.com under Sign-In and Security.",
    "hint.fastmail": "Use an app password: create one in Fastmail under Settings, Privacy & Security.",
    "hint.enable_imap": "Mail programs must be allowed first: switch IMAP on in the settings of the provider's website.",
    "hint.zoho": "IMAP must be switched on in Zoho Mail's settings; with two-step sign-in use an app-specific password.",
    "hint.yandex": "Use an app password: create one in Yandex ID under Security, and allow IMAP in the mail settings.",
    "hint.app_if_two_step": "If you sign in there in two steps, use an app password.",
}
IT: Final = {
    "ok.name": "{host} è stato trovato.",
    "ok.port": "{host} risponde sulla porta {port}.",
    "ok.tls": "La connessione è cifrata e il certificato appartiene a {host}.",
    "ok.plain": "La connessione non è cifrata, come hai scelto.",
    "ok.login": "Il nome utente e la password sono accettati.",
    "ok.permission.imap": "La posta si può leggere.",
    "ok.permission.smtp": "La posta si può inviare.",
    "ok.permission.caldav": "I calendari si possono leggere.",
    "ok.permission.carddav": "Le rubriche si possono leggere.",
    "name.unknown": "{host} non esiste. Controlla come è scritto, o chiedi al tuo fornitore il nome del suo server {service}.",
    "name.private": (
        "{host} si trova in una rete privata, a cui questa installazione non si collega. "
        "Chi la gestisce può permetterlo con PMSYNC_ALLOW_PRIVATE_HOSTS."
    ),
    "name.invalid": "“{host}” non è l'indirizzo di un server. Scrivilo come mail.esempio.it.",
    "port.odd": "La porta {port} non è usata dai server {service}. Quella abituale è {usual}.",
    "port.refused": "{host} non accetta connessioni sulla porta {port}. Quella abituale è {usual}; verificala con il tuo fornitore.",
    "port.silent": "{host} non risponde sulla porta {port}. Controlla il nome e la porta, o riprova più tardi.",
    "port.unreachable": "{host} non è raggiungibile da qui. Controlla il nome, o riprova più tardi.",
    "port.mute": "{host} accetta la connessione sulla porta {port} e poi tace. Controlla la porta; quella abituale è {usual}.",
    "port.other": "Sulla porta {port} di {host} risponde qualcosa che non è un server {service}. La porta abituale è {usual}.",
    "port.turned_away": "{host} al momento respinge le connessioni. Riprova tra qualche minuto.",
    "port.slow": "{host} ha impiegato più di {seconds} secondi. Riprova tra qualche minuto, o controlla il nome e la porta.",
    "tls.expired": "Il certificato di {host} è scaduto, perciò la password non è stata inviata. Chi lo gestisce deve rinnovarlo.",
    "tls.self_signed": (
        "{host} si presenta con un certificato fatto da sé, perciò la password non è stata inviata. "
        "Chi lo gestisce deve installarne uno di un'autorità di certificazione."
    ),
    "tls.unknown_issuer": (
        "Il certificato di {host} viene da un'autorità non riconosciuta, perciò la password non è stata inviata. "
        "Controlla il nome, o chiedi a chi lo gestisce."
    ),
    "tls.wrong_name": (
        "Il certificato non appartiene a {host}, perciò la password non è stata inviata. "
        "Usa il nome del server indicato dal tuo fornitore, spesso quello del fornitore stesso."
    ),
    "tls.invalid": "Il certificato di {host} non è valido, perciò la password non è stata inviata. Chiedi a chi lo gestisce.",
    "tls.old": "{host} usa solo una cifratura superata (prima di TLS 1.2), perciò la password non è stata inviata. Chiedi a chi lo gestisce.",
    "tls.not_spoken": "La porta {port} di {host} non comincia con la cifratura. Scegli STARTTLS, oppure usa la porta {usual}.",
    "tls.expected": "La porta {port} di {host} è cifrata dall'inizio. Scegli TLS.",
    "tls.failed": "Non è riuscita una connessione cifrata a {host} sulla porta {port}, perciò la password non è stata inviata.",
    "tls.not_offered": "{host} non offre cifratura sulla porta {port}, perciò la password non è stata inviata. Usa la porta {usual} con TLS.",
    "tls.tampered": (
        "Qualcuno è intervenuto nella connessione a {host} prima della cifratura, perciò la password non è stata inviata. "
        "Prova da un'altra rete, oppure usa la porta {usual} con TLS."
    ),
    "tls.unencrypted": "{host} riceverebbe la password in chiaro. Inserisci un indirizzo che comincia con https://.",
    "login.refused": "{host} non accetta questo nome utente e questa password. Controllali; alcuni server vogliono come nome utente l'indirizzo intero.",
    "login.app_password": (
        "{host} vuole una password per le app al posto di quella abituale. "
        "Creane una nelle impostazioni di sicurezza del tuo account e inseriscila qui."
    ),
    "login.website": (
        "{host} richiede prima un passaggio sul suo sito: attiva l'accesso per i programmi di posta (IMAP) "
        "nelle impostazioni del tuo account, poi riprova."
    ),
    "login.other": "L'accesso a {host} non è possibile: {reason}.",
    "login.silent": (
        "{host} ha risposto e poi ha taciuto. I server rallentano dopo password sbagliate: aspetta un minuto e riprova. "
        "Se resta così, avvisa chi lo gestisce."
    ),
    "login.later": "{host} al momento non può verificare la password. Riprova tra qualche minuto.",
    "login.too_many": "{host} ha ricevuto troppe connessioni o troppi tentativi. Aspetta qualche minuto, poi riprova.",
    "login.characters": "Il nome utente o la password è vuoto o contiene un carattere che non si può inviare, come un a capo.",
    "login.microsoft": "{address} si apre accedendo presso Microsoft; una password non funziona.",
    "permission.denied": "{host} accetta la password ma non permette questo. Forse il suo amministratore ha disattivato {service}.",
    "permission.no_inbox": "{host} accetta la password ma non ha una posta in arrivo per questo utente.",
    "permission.no_service": "{host} non ha calendari o rubriche a questo indirizzo. Chiedi al tuo fornitore quello esatto.",
    "permission.elsewhere": (
        "{host} rimanda a un altro server, {other}. La password non è stata inviata là. "
        "Se ti fidi, inserisci il suo indirizzo."
    ),
    "found.nothing": "Per {address} non è stato trovato un server di posta. Inserisci i server indicati dal tuo fornitore.",
    "found.confirm": (
        "I server di {address} si trovano su {hosts}, un nome fuori dal suo dominio. "
        "Se è giusto, collega di nuovo indicandoli."
    ),
    "hint.gmail": "Usa una password per le app: creane una su myaccount.google.com/apppasswords (serve la verifica in due passaggi).",
    "hint.yahoo": "Usa una password per le app: creane una nel tuo account Yahoo, alla voce Sicurezza.",
    "hint.aol": "Usa una password per le app: creane una nel tuo account AOL, alla voce Sicurezza.",
    "hint.icloud": "Usa una password specifica per l'app: creane una su account.apple.com, alla voce Accesso e sicurezza.",
    "hint.fastmail": "Usa una password per le app: creane una in Fastmail, nelle impostazioni di privacy e sicurezza.",
    "hint.enable_imap": "Prima vanno ammessi i programmi di posta: attiva IMAP nelle impostazioni del sito del fornitore.",
    "hint.zoho": "IMAP va attivato nelle impostazioni di Zoho Mail; con l'accesso in due passaggi usa una password specifica per l'app.",
    "hint.yandex": "Usa una password per le app: creane una in Yandex ID, alla voce Sicurezza, e ammetti IMAP nelle impostazioni della posta.",
    "hint.app_if_two_step": "Se lì accedi in due passaggi, usa una password per le app.",
}
LANGUAGES: Final = {"en": EN, "it": IT}


def say(code: str, locale: str = "en", **facts: object) -> str:
    """The sentence of a code in the person's language; English for a language we do not speak."""
    return LANGUAGES.get(locale, EN)[code].format(**facts)
