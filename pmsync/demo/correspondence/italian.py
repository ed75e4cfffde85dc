"""Italian business mail for the demo. Every name, company and address is made up (RFC 2606 domains)."""

from typing import Final

from .scripts import COLLEAGUE, ME, THEM, Conversation, Language, Notice, Turn

CONVERSATIONS: Final = (
    Conversation(
        "Preventivo per {project}",
        (
            Turn(
                THEM,
                "Ciao {to},\n\ncome d'accordo ti chiedo un preventivo per {project}. Ci servirebbe entro {day}, così possiamo portarlo in consiglio la settimana successiva.\n\nIn particolare vorremmo capire:\n- i tempi di consegna\n- il costo dell'assistenza dopo il primo anno\n- se è possibile partire con una fase pilota a {city}\n\nSe ti serve altro, chiamami pure.",
            ),
            Turn(
                ME,
                "Ciao {to},\n\ngrazie della richiesta. In allegato trovi il preventivo n. {number}: l'importo complessivo è di {amount} € più IVA, con la fase pilota compresa.\n\nI tempi sono di otto settimane dall'ordine. L'assistenza del secondo anno è indicata a parte, così potete decidere più avanti.\n\nResto a disposizione per qualsiasi chiarimento.",
                ("Preventivo_{number}.pdf",),
            ),
            Turn(
                THEM,
                "Ricevuto, grazie. A prima vista mi sembra in linea con quello che ci aspettavamo.\n\nUna sola domanda: lo sconto sul secondo lotto vale anche se ordiniamo {product} in due momenti diversi?",
            ),
            Turn(
                ME,
                "Sì, lo sconto vale per tutto l'anno solare, quindi potete ordinare anche in due tempi.\n\nTi confermo la disponibilità fino al {day2}.",
            ),
            Turn(
                THEM,
                "Perfetto. Abbiamo l'ok del consiglio: procedete pure. L'ordine formale ti arriva domani dall'amministrazione.\n\nGrazie ancora per la disponibilità!",
            ),
        ),
        "Clienti",
    ),
    Conversation(
        "Fattura {number} in scadenza",
        (
            Turn(
                THEM,
                "Buongiorno {to},\n\nvi ricordo che la fattura n. {number} di {amount} € scade {day}. In allegato la copia di cortesia.\n\nSe il pagamento fosse già stato disposto, considerate nulla la presente.",
                ("Fattura_{number}.pdf",),
            ),
            Turn(
                ME,
                "Buongiorno {to},\n\nil bonifico è stato disposto questa mattina con valuta {day}. Vi invio il CRO appena la banca lo rende disponibile.",
            ),
            Turn(THEM, "Grazie mille, registriamo l'incasso appena arriva.\n\nBuona giornata."),
        ),
        "Amministrazione/Fatture",
    ),
    Conversation(
        "Riunione di {day}: ordine del giorno",
        (
            Turn(
                COLLEAGUE,
                "Ciao,\n\nper la riunione di {day} alle {hour} propongo questo ordine del giorno:\n\n1. stato di {project}\n2. ferie e turni di agosto\n3. nuova sede di {city}\n4. varie ed eventuali\n\nSe manca qualcosa scrivetemi entro domani sera.",
            ),
            Turn(
                ME,
                "Per me va bene. Aggiungerei un punto sul budget del prossimo trimestre: abbiamo superato la previsione di circa {amount} € e vorrei che ne parlassimo insieme.",
            ),
            Turn(
                COLLEAGUE,
                "Aggiunto come punto 4, le varie diventano il punto 5. Preparo io i numeri, te li mando la sera prima.",
                ("Budget_{number}.csv",),
            ),
        ),
    ),
    Conversation(
        "Sopralluogo a {city}",
        (
            Turn(
                THEM,
                "Gentile {to},\n\nper completare la pratica serve un sopralluogo presso lo stabilimento di {city}. Il nostro tecnico sarebbe disponibile {day} alle {hour} oppure {day2} in mattinata.\n\nQuale data preferite?",
            ),
            Turn(
                ME,
                "Gentile {to},\n\nmeglio {day2} in mattinata: all'ingresso basta chiedere di me, avviso io la portineria.\n\nServono scarpe antinfortunistiche, il casco lo diamo noi.",
            ),
            Turn(
                THEM,
                "Perfetto, segnato. Il tecnico arriverà verso le 9.30 e conta di finire in un paio d'ore.\n\nIn allegato la planimetria aggiornata.",
                ("Planimetria_{city}.pdf",),
            ),
        ),
        "Progetti",
    ),
    Conversation(
        "Contratto quadro: osservazioni dell'ufficio legale",
        (
            Turn(
                THEM,
                "Buongiorno {to},\n\nin allegato la bozza con le osservazioni del nostro ufficio legale. I punti aperti sono tre:\n\n- art. 7, penali per ritardo: chiediamo un tetto del 10%\n- art. 12, foro competente: proponiamo Milano\n- art. 15, durata: due anni con rinnovo espresso\n\nIl resto per noi va bene così com'è.",
                ("Contratto_quadro_bozza_3.pdf",),
            ),
            Turn(
                ME,
                "Buongiorno {to},\n\nho sentito l'avvocato. Sugli articoli 7 e 15 nessun problema. Sul foro competente preferiremmo Torino, ma non ne facciamo una questione di principio.\n\nSe per voi è importante, accettiamo Milano e chiudiamo.",
            ),
            Turn(
                THEM,
                "Ottimo, allora chiudiamo con Milano. Preparo la versione definitiva e ve la mando in firma digitale entro {day}.",
            ),
        ),
        "Clienti",
    ),
    Conversation(
        "Ordine {number}: ritardo nella consegna",
        (
            Turn(
                THEM,
                "Buongiorno {to},\n\npurtroppo dobbiamo comunicarvi che la consegna di {product}, prevista per {day}, slitterà di circa dieci giorni per un problema del nostro fornitore.\n\nCi scusiamo per il disagio e vi riconosciamo uno sconto del 5% sulla fornitura.",
            ),
            Turn(
                ME,
                "Buongiorno {to},\n\nprendo atto. Dieci giorni sono il massimo che possiamo permetterci: il montaggio a {city} parte subito dopo.\n\nVi chiedo di tenerci aggiornati ogni due giorni, e di avvisarci subito se la data dovesse cambiare ancora.",
            ),
            Turn(
                THEM,
                "Certamente. La merce è arrivata in dogana questa mattina, quindi confermiamo la nuova data. Vi scrivo di nuovo appena parte il camion.",
            ),
            Turn(THEM, "Aggiornamento: il carico è partito oggi alle {hour}. Arrivo previsto domattina. 🚚"),
        ),
        "Fornitori",
    ),
    Conversation(
        "Candidatura: {project}",
        (
            Turn(
                THEM,
                "Gentile dott. {to},\n\nmi permetto di inviarle la mia candidatura per la posizione pubblicata sul vostro sito. Lavoro da sei anni nel settore e ho seguito tre progetti simili a {project}.\n\nIn allegato trova il mio curriculum. Sarei lieta di incontrarla per un colloquio.",
                ("Curriculum.pdf",),
            ),
            Turn(
                ME,
                "Gentile {to},\n\ngrazie per l'interesse. Il suo profilo ci sembra molto adatto: le andrebbe un colloquio {day} alle {hour}, in sede o in videochiamata come preferisce?",
            ),
            Turn(THEM, "Volentieri, {day} va benissimo. Verrò di persona, così vedo anche la sede."),
        ),
    ),
    Conversation(
        "Verbale e prossimi passi",
        (
            Turn(
                COLLEAGUE,
                "Ciao a tutti,\n\nsintesi dell'incontro di oggi su {project}:\n\n- il cliente conferma l'interesse e chiede una demo entro fine mese\n- {product}: resta da decidere la finitura, ci pensa l'ufficio tecnico\n- il prossimo incontro è {day} alle {hour}\n\nSe ho dimenticato qualcosa correggetemi pure.",
            ),
            Turn(
                ME,
                "Tutto giusto. Aggiungo solo che hanno chiesto i riferimenti di altri due clienti: ne parlo io con loro.",
            ),
            Turn(COLLEAGUE, "Grazie, allora aggiorno il documento condiviso e lo do per approvato. 👍"),
        ),
        "Progetti",
    ),
    Conversation(
        "Pranzo di squadra?",
        (
            Turn(
                COLLEAGUE,
                "Che ne dite di un pranzo tutti insieme {day}? Hanno aperto una trattoria nuova vicino all'ufficio, dicono che il brasato sia ottimo.\n\nPrenoto per le 12.45 se siamo almeno in sei.",
            ),
            Turn(ME, "Io ci sono! Occhio che Désirée è vegetariana, chiedi se hanno qualcosa anche per lei."),
            Turn(COLLEAGUE, "Chiesto: hanno gli gnocchi alla zucca. Siamo in otto, prenotato. 🍝"),
        ),
    ),
    Conversation(
        "Documenti per il bilancio {number}",
        (
            Turn(
                THEM,
                "Buongiorno {to},\n\nper chiudere il bilancio ci mancano ancora:\n\n- l'inventario al 31 dicembre\n- gli estratti conto del quarto trimestre\n- il prospetto dei leasing\n\nRiuscite a mandarci tutto entro {day}?",
            ),
            Turn(
                ME,
                "Buongiorno {to},\n\nin allegato l'inventario e gli estratti conto. Per i leasing aspetto un documento dalla banca, dovrebbe arrivare in settimana.",
                ("Inventario.csv", "Estratti_conto.pdf"),
            ),
            Turn(THEM, "Ricevuti, grazie. Con i leasing siamo a posto: appena li abbiamo vi mandiamo la bozza."),
        ),
        "Amministrazione",
    ),
    Conversation(
        "Problema con l'accesso al portale",
        (
            Turn(
                THEM,
                "Buongiorno,\n\nda ieri non riusciamo più a entrare nel portale ordini: dopo la password compare una pagina bianca. Abbiamo provato con due computer diversi.\n\nÈ piuttosto urgente perché dobbiamo confermare l'ordine {number}.",
            ),
            Turn(
                ME,
                "Buongiorno {to},\n\nabbiamo trovato la causa: un aggiornamento fatto nella notte. Ora dovrebbe funzionare, mi conferma?\n\nNel frattempo l'ordine {number} lo abbiamo inserito noi, così non perdete la data.",
            ),
            Turn(THEM, "Confermo, ora funziona. Grazie per la rapidità!"),
        ),
        "Clienti",
    ),
    Conversation(
        "Offerta per {product}: ultimo sconto",
        (
            Turn(
                THEM,
                "Gentile {to},\n\nfacendo seguito alla telefonata, le confermo l'offerta per {product} a {amount} €, trasporto compreso, valida fino a {day2}.\n\nIn allegato la scheda tecnica con il confronto dei consumi.",
                ("Scheda_tecnica.pdf", "Consumi.png"),
            ),
            Turn(
                ME,
                "Gentile {to},\n\nl'offerta è interessante. Prima di decidere vorrei vedere la macchina al lavoro: è possibile una visita da un vostro cliente in zona {city}?",
            ),
        ),
        "Fornitori",
    ),
    Conversation(
        "Formazione: iscrizioni aperte",
        (
            Turn(
                COLLEAGUE,
                "Ciao,\n\nsono aperte le iscrizioni al corso di {day}: mezza giornata, dalle {hour}, nella sala grande. Posti disponibili: dodici.\n\nChi è interessato risponda a questo messaggio, per favore indicando anche eventuali esigenze alimentari per il pranzo.",
            ),
            Turn(ME, "Mi iscrivo, grazie. Nessuna esigenza particolare."),
        ),
    ),
    Conversation(
        "Foto del cantiere di {city}",
        (
            Turn(
                COLLEAGUE,
                "Ecco le foto di stamattina. Il solaio è finito, gli infissi arrivano {day}.\n\nSe il tempo tiene siamo in anticipo di tre giorni. ☀️",
                ("Cantiere_1.png", "Cantiere_2.png"),
            ),
            Turn(ME, "Bellissime, complimenti a tutta la squadra! Le giro subito al cliente."),
        ),
        "Progetti",
    ),
)

NOTICES: Final = (
    Notice(
        "Banca Popolare Alpina", "avvisi@bancaalpina.example", "Bonifico ricevuto: {amount} €", "Hai ricevuto un bonifico",
        ("sul tuo conto è stato accreditato un bonifico da {company}.", "Puoi vedere il dettaglio nell'area clienti."),
        "Vai all'area clienti", "#0b6b4f", (("Importo", "{amount} €"), ("Ordinante", "{company}"), ("Causale", "Saldo fattura {number}"), ("Valuta", "{day}")),
    ),
    Notice(
        "Trasporti Veloci", "tracking@trasportiveloci.example", "Il tuo pacco {number} è in consegna oggi", "In consegna oggi",
        ("il corriere passerà tra le 10 e le 14.", "Se non sei in casa puoi scegliere un altro giorno o un punto di ritiro."),
        "Segui il pacco", "#b45309", (("Spedizione", "{number}"), ("Mittente", "{company}"), ("Colli", "2")),
    ),
    Notice(
        "Ferrovie Italiche", "biglietti@ferrovieitaliche.example", "Il tuo biglietto per {city}", "Buon viaggio!",
        ("ecco il riepilogo del tuo viaggio. Mostra il codice al controllo, non serve stamparlo.",),
        "Apri il biglietto", "#9f1239", (("Treno", "FI {number}"), ("Tratta", "Milano – {city}"), ("Partenza", "{day}, {hour}"), ("Carrozza / posto", "4 / 12A"), ("Prezzo", "49,90 €")),
    ),
    Notice(
        "Caffè Torrefazione Moka ☕", "notizie@moka-torrefazione.example", "☕ Tre miscele nuove per l'autunno", "L'autunno sa di nocciola",
        ("abbiamo tostato tre miscele nuove: una dolce, una decisa, una da filtro.", "Fino a domenica la spedizione è gratuita, anche per un solo pacco.", "E se vuoi assaggiarle prima, venerdì ti aspettiamo in bottega dalle 17."),
        "Scopri le miscele", "#7c3f1d", newsletter=True, list_id="notizie.moka-torrefazione.example",
    ),
    Notice(
        "Il Giornale dell'Edilizia", "redazione@giornaleedilizia.example", "Incentivi {number}: che cosa cambia da gennaio", "La settimana in cinque notizie",
        ("Il decreto sugli incentivi è in Gazzetta: i nuovi limiti valgono per i lavori iniziati dal primo gennaio.", "Prezzi del legno in calo per il terzo mese: -4% su base annua.", "A {city} il primo quartiere riscaldato con l'acqua del metrò.", "Intervista: «Il cantiere digitale non è una moda», parla l'ingegner Ferraù."),
        "Leggi tutto", "#1d4e89", newsletter=True, list_id="settimanale.giornaleedilizia.example",
    ),
    Notice(
        "Camera di Commercio", "webinar@cameracommercio.example", "Webinar gratuito: la fattura elettronica verso l'estero", "Giovedì alle 15, in diretta",
        ("in un'ora vediamo che cosa cambia per chi vende in Francia e in Germania.", "Alla fine c'è spazio per le domande. La registrazione resta disponibile per trenta giorni."),
        "Iscriviti", "#334155", newsletter=True, list_id="eventi.cameracommercio.example",
    ),
    Notice(
        "Negozio Ufficio", "ordini@negozioufficio.example", "Conferma dell'ordine {number}", "Grazie per il tuo ordine",
        ("abbiamo ricevuto il tuo ordine e lo stiamo preparando. Ti scriviamo di nuovo alla spedizione.",),
        "Vedi l'ordine", "#2456d6", (("Carta A4, 5 risme", "24,50 €"), ("Toner nero", "79,00 €"), ("Spedizione", "gratuita"), ("Totale", "{amount} €")),
    ),
    Notice(
        "Sicurezza account", "sicurezza@fatturacloud.example", "Nuovo accesso da {city}", "Sei stato tu?",
        ("abbiamo visto un accesso al tuo account da un dispositivo nuovo.", "Se sei stato tu, non devi fare nulla. Altrimenti cambia subito la password."),
        "Controlla l'attività", "#b42318", (("Dispositivo", "Firefox su Linux"), ("Luogo", "{city}"), ("Quando", "{today}, {hour}")),
    ),
)  # fmt: skip

ITALIAN: Final = Language(
    code="it",
    conversations=CONVERSATIONS,
    notices=NOTICES,
    people=(
        ("Niccolò Ferraù", "n.ferrau", "Ferraù Ingegneria", "ferrau.example"),
        ("Désirée Blanc", "desiree.blanc", "Studio Blanc", "studioblanc.example"),
        ("Alessandra Bianchi", "a.bianchi", "Bianchi Costruzioni", "bianchicostruzioni.example"),
        ("Paolo Conti", "paolo.conti", "Conti & Figli", "contiefigli.example"),
        ("Maria Letizia D'Angelo", "ml.dangelo", "D'Angelo Legnami", "dangelolegnami.example"),
        ("Jörg Unterthiner", "j.unterthiner", "Unterthiner Fenster", "unterthiner.example"),
        ("Chiara Esposito", "chiara", "Esposito Forniture", "espositoforniture.example"),
        ("Carla Marchetti", "c.marchetti", "Marchetti Avvocati", "marchettiavvocati.example"),
        ("Luca Pellegrini", "l.pellegrini", "Comune di Valdoria", "comune.valdoria.example"),
        ("Zoë Moretti", "zoe.moretti", "Moretti Design", "morettidesign.example"),
        ("Andrea Šimić", "andrea.simic", "Adria Porti", "adriaporti.example"),
        ("Francesca Lo Monaco", "f.lomonaco", "Lo Monaco Consulenze", "lomonaco.example"),
        ("Tommaso Galli", "tommaso.galli", "Galli Trasporti", "gallitrasporti.example"),
        ("Beatrice Sartori", "beatrice", "Sartori Arredi", "sartoriarredi.example"),
    ),
    projects=(
        "la ristrutturazione della scuola media", "il nuovo magazzino", "il residence Le Betulle", "la palestra comunale",
        "l'ampliamento della sede", "il recupero dell'ex filanda", "la facciata di via Roma", "l'asilo di quartiere",
    ),
    products=("serramenti in larice", "pannelli isolanti", "la pompa di calore", "le travi lamellari", "il gruppo elettrogeno", "i corpi illuminanti"),
    cities=("Torino", "Bergamo", "Trieste", "Forlì", "Cefalù", "Vercelli", "Bolzano", "Lucca"),
    weekdays=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    months=("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    quote="Il giorno {date} {name} ha scritto:",
    reply="R: ",
    closings=("Un saluto,", "Cordiali saluti,", "A presto,", "Grazie e buon lavoro,", "Buona giornata,"),
    invitation="Invito: {what}",
    bounce_subject="Messaggio non recapitato",
    list_posts=(
        ('[soci] Assemblea annuale e rinnovo cariche', "Cari soci,\n\nvi ricordiamo che {day} alle {hour} si tiene l'assemblea annuale. All'ordine del giorno il bilancio e il rinnovo delle cariche.\n\nChi non può venire può delegare un altro socio."),
        ('[soci] Convenzione con la palestra', 'Cari soci,\n\nabbiamo ottenuto una convenzione con uno sconto del 20% per voi e per i vostri familiari. Basta mostrare la tessera.\n\nPer informazioni rispondete a questo messaggio.'),
        ('[soci] Gita a {city}: ultimi posti', 'Cari soci,\n\nrestano quattro posti per la gita di {day}. La quota è di 35 € e comprende il viaggio e il pranzo.'),
    ),
    phone="+39 011 555 01{n:02}",
)  # fmt: skip
