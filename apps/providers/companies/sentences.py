"""What administrators are told of a company's key, one table per language: what is missing, and where to grant it."""

from collections.abc import Mapping
from typing import Any, Final

EN: Final = {
    "key_shape": "This is no key of a service account. Upload the JSON file as Google Cloud gave it, without a change.",
    "key_kind": (
        "This file belongs to an OAuth client, not to a service account. In console.cloud.google.com, IAM and "
        "administration, Service accounts, create a key of type JSON and upload that file."
    ),
    "key": (
        "Google does not know this key of {account} any more. In console.cloud.google.com, Service accounts, create "
        "another key of type JSON and upload it."
    ),
    "scopes": (
        "Google does not let the service account speak for your people yet. In admin.google.com, Security, Access and "
        "data control, API controls, Manage domain-wide delegation, add the client ID {client_id} with these scopes: "
        "{scopes}. Missing now: {missing}. It may take some minutes until Google applies it."
    ),
    "administrator": "Google knows nobody at {address}. Enter the address of an administrator of your domain.",
    "administrator_rights": (
        "{address} may not read your domain's directory. Enter the address of an administrator with the right to read "
        "users, or give that right in admin.google.com, Account, Admin roles."
    ),
    "service_off": (
        "The {title} is not switched on in the project {project} of the service account. Enable it in "
        "console.cloud.google.com, APIs and services, Library, then try again."
    ),
    "client_id": "“{client_id}” is no application (client) ID. Copy it from the overview of the app registration.",
    "secret_shape": "That is not the secret's value but its ID, or nothing. Copy the value, which Entra shows only once.",
    "secret": (
        "Microsoft refuses the secret of the application {client_id}. In entra.microsoft.com, App registrations, "
        "Certificates and secrets, make a new one and copy its value, not its ID."
    ),
    "secret_expired": (
        "The secret of the application {client_id} has expired. In entra.microsoft.com, App registrations, "
        "Certificates and secrets, make a new one and enter its value."
    ),
    "application": (
        "The application {client_id} is not in the directory {directory}. In entra.microsoft.com, App registrations, "
        "check both ids, and let an administrator grant consent for your organisation."
    ),
    "directory": "There is no directory “{directory}”. Enter the directory (tenant) ID or a domain of your organisation.",
    "policy": "A rule of conditional access in your directory keeps the application {client_id} out. Allow it there.",
    "roles": (
        "The application {client_id} may not do enough yet. In entra.microsoft.com, App registrations, API permissions, "
        "add these application permissions of Microsoft Graph and grant admin consent: {scopes}. Missing now: "
        "{missing}. A rule for mailbox access of applications may stand in the way as well."
    ),
    "nobody": "Your directory has nobody with a mailbox that the application {client_id} could open.",
    "refused": "Microsoft does not accept this application: check its id, its secret and the directory.",
    "other_realm": "This key is for {realm}, and this connection for {wanted}. Disconnect it first, then connect the other.",
    "no_answer": "The provider does not answer at the moment; it is asked again.",
    "gone": "Not in the directory any more, or suspended there.",
    "own": "Has connected it already.",
    "taken": "{address} is the address of somebody who cannot be added to this company.",
}
IT: Final = {
    "key_shape": "Non è la chiave di un account di servizio. Carica il file JSON così come l'ha dato Google Cloud.",
    "key_kind": (
        "Questo file appartiene a un client OAuth, non a un account di servizio. In console.cloud.google.com, IAM e "
        "amministrazione, Account di servizio, crea una chiave di tipo JSON e carica quel file."
    ),
    "key": (
        "Google non conosce più questa chiave di {account}. In console.cloud.google.com, Account di servizio, crea "
        "un'altra chiave di tipo JSON e caricala."
    ),
    "scopes": (
        "Google non permette ancora all'account di servizio di agire per le tue persone. In admin.google.com, Sicurezza, "
        "Accesso e controllo dei dati, Controlli API, Gestisci delega a livello di dominio, aggiungi l'ID client "
        "{client_id} con questi ambiti: {scopes}. Mancano ora: {missing}. Può volerci qualche minuto."
    ),
    "administrator": "Google non conosce nessuno a {address}. Inserisci l'indirizzo di un amministratore del tuo dominio.",
    "administrator_rights": (
        "{address} non può leggere la directory del dominio. Inserisci l'indirizzo di un amministratore che possa leggere "
        "gli utenti, o dagli questo diritto in admin.google.com, Account, Ruoli di amministratore."
    ),
    "service_off": (
        "{title} non è attiva nel progetto {project} dell'account di servizio. Attivala in console.cloud.google.com, "
        "API e servizi, Libreria, poi riprova."
    ),
    "client_id": "“{client_id}” non è un ID applicazione (client). Copialo dalla panoramica della registrazione.",
    "secret_shape": "Non è il valore del segreto ma il suo ID, oppure è vuoto. Copia il valore, che Entra mostra una volta sola.",
    "secret": (
        "Microsoft rifiuta il segreto dell'applicazione {client_id}. In entra.microsoft.com, Registrazioni app, "
        "Certificati e segreti, creane uno nuovo e copiane il valore, non l'ID."
    ),
    "secret_expired": (
        "Il segreto dell'applicazione {client_id} è scaduto. In entra.microsoft.com, Registrazioni app, Certificati e "
        "segreti, creane uno nuovo e inseriscine il valore."
    ),
    "application": (
        "L'applicazione {client_id} non è nella directory {directory}. In entra.microsoft.com, Registrazioni app, "
        "controlla i due ID, e fai dare il consenso per l'organizzazione a un amministratore."
    ),
    "directory": "La directory “{directory}” non esiste. Inserisci l'ID directory (tenant) o un dominio dell'organizzazione.",
    "policy": "Una regola di accesso condizionale della directory esclude l'applicazione {client_id}. Ammettila lì.",
    "roles": (
        "L'applicazione {client_id} non può ancora fare abbastanza. In entra.microsoft.com, Registrazioni app, "
        "Autorizzazioni API, aggiungi queste autorizzazioni applicazione di Microsoft Graph e dai il consenso "
        "amministratore: {scopes}. Mancano ora: {missing}. Anche una regola di accesso alle caselle può impedirlo."
    ),
    "nobody": "Nella directory non c'è nessuno con una casella che l'applicazione {client_id} possa aprire.",
    "refused": "Microsoft non accetta questa applicazione: controlla l'ID, il segreto e la directory.",
    "other_realm": "Questa chiave è per {realm}, e questo collegamento per {wanted}. Prima scollegalo, poi collega l'altro.",
    "no_answer": "Il fornitore al momento non risponde; verrà interrogato di nuovo.",
    "gone": "Non è più nella directory, o vi è sospeso.",
    "own": "L'ha già collegato.",
    "taken": "{address} è l'indirizzo di una persona che non può essere aggiunta a questa azienda.",
}
LANGUAGES: Final = {"en": EN, "it": IT}


def sentence(what: str, facts: Mapping[str, Any], locale: str) -> str:
    """What is missing and what to do about it; English for a language that we do not speak."""
    told = {name: ", ".join(value) if isinstance(value, list | tuple) else value for name, value in facts.items()}
    told.setdefault("missing", told.get("scopes", ""))
    return LANGUAGES.get(locale, EN)[what].format(**told)
