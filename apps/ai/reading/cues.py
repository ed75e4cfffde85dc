"""Turns of phrase in English, Italian, German, French and Spanish that tell what a sentence does.

All but GREETING and TO_PROGRAMS are searched in folded text (lower case, no accents). They are general on purpose:
each is a way of speaking, none the wording of one mail.
"""

import re
from collections.abc import Mapping
from typing import Any, Final


def any_of(*phrases: str) -> re.Pattern[str]:
    """Finds one of these as whole words."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)")


# What is not the writer's own.

GREETING: Final = re.compile(
    r"\A(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|ciao|buongiorno|buonasera|salve|gentil\w+|egregi\w+"
    r"|spett\S+|car[oaie]|hallo|moin|guten (?:tag|morgen|abend)|lieber?|sehr geehrte[rs]?|bonjour|bonsoir|cher|chère"
    r"|hola|buen[oa]s \w+|estimad[oa]s?)\b[^\n,.!?:]{0,60}[,!:.]\s*",
    re.IGNORECASE,
)
CLOSING: Final = any_of(
    "(?:kind|best|warm|many)? ?(?:regards|wishes)", "best", "cheers", "sincerely", r"yours(?: \w+)?", "thanks",
    "thank you", "(?:cordiali|distinti|cari|tanti|un caro) saluti?", "cordialmente", "cordialita", "saluti",
    "un abbraccio", "grazie", "(?:mit )?(?:freundlichen|besten|lieben|viele|liebe|schone) grusse?n?", "grusse?", "lg",
    "mfg", "vg", "cordialement", "(?:bien|tres) (?:cordialement|a vous)", "bonne (?:journee|soiree)", "salutations",
    "saludos", "un (?:cordial )?saludo", "un abrazo", "atentamente",
)  # fmt: skip
DISCLAIMER: Final = any_of(
    "confidential(?:ity)?", "intended (?:only )?for the (?:addressee|recipient)", "intended recipient", "disclaimer",
    "riservat[eio]", "informazioni contenute", "per errore", "errata ricezione", "gdpr", r"p\.? ?iva", r"s\.?p\.?a",
    r"s\.?r\.?l", "vertraulich", "richtige empfanger", "gmbh", r"ust-?id\w*", "hrb", "confidentiels?", "par erreur",
    "siret", "confidencial", "por error", "consider the environment", "ambiente prima di stampare",
)  # fmt: skip
TO_PROGRAMS: Final = re.compile(
    # Bounded: a text of nothing but beginnings would be looked through once for each of them.
    r"<!--.{0,1000}?-->|\{\{.{0,500}?\}\}|\[\[.{0,500}?\]\]+|<\|.{0,100}?\|>"
    r"|<(?:script|system|instruction)[^>]{0,100}>.{0,1000}?</[^>]{0,100}>",
    re.DOTALL | re.IGNORECASE,
)
ADDRESSES_PROGRAMS: Final = re.compile(
    r"^\W*(?:system|assistant|user|ai|prompt|istruzion\w+|instruction\w*|anweisung\w*|consigne\w*)\s*[:>]"
    r"|(?:ignore|disregard|forget) (?:all |any |your |the )*(?:previous|prior|above|earlier)"
    r"|ignora\w* (?:tutte )?(?:le )?(?:istruzioni|precedenti|instrucciones)|ignoriere\w* (?:alle )?(?:vorherigen|anweisungen)"
    r"|ignore[zr]? (?:toutes )?les (?:instructions|consignes)"
    r"|(?:language model|modello linguistico|sprachmodell|modele de langage|modelo de lenguaje|cualquier modelo)"
    r"|(?:to|for|per|an|aux?|a los|a) (?:the |any |l.|gli |den |die |les? )?(?:assistants?|assistente|assistenti|assistent"
    r"|assistenten|ai|ki|ia|bots?|robots?|agents?|agenti|agenten|llms?)\b"
    r"|\b(?:needs_reply|turn|deadline|category|urgency) ?[=:]|\btool_calls?\b|\"(?:tool|action|function)\" ?:"
)

# What the head tells.

NO_REPLY: Final = re.compile(
    r"^(?:no-?_?reply|do-?not-?reply|nicht-?antworten|non-?rispondere|ne-?pas-?repondre)\b|noreply"
)
DAEMON: Final = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon)@")
AUTO_SUBJECT: Final = re.compile(
    r"^(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|risposta automatica|fuori ufficio"
    r"|abwesenheit\w*|automatische antwort|reponse automatique|absence du bureau|respuesta automatica|fuera de la oficina)"
)
FAILED_SUBJECT: Final = re.compile(
    r"undeliver\w+|delivery (?:status|failure|has failed)|returned mail|mail delivery failed|mancato recapito"
    r"|non recapitat\w+|unzustellbar|nicht zugestellt|non remis|echec de (?:la )?remise|no (?:se pudo )?entreg\w+"
)
LISTED: Final = re.compile(r"^(?:(?:re|r|aw|sv|antw): ?)?\[[\w /-]+\]")


def kind_of(sender: str, subject: str, facts: Mapping[str, Any]) -> str:
    """What sort of machine or crowd wrote it (RFC 3834, RFC 3464, RFC 2919, RFC 2369); nothing for a person.

    `subject` is folded; `facts` are those of `mail.prepare`.
    """
    auto = str(facts.get("auto_submitted", "")).lower().strip()
    precedence = str(facts.get("precedence", "")).lower().strip()
    if facts.get("bounced_message_id") or (DAEMON.match(sender) and (FAILED_SUBJECT.search(subject) or auto)):
        return "bounce"
    if FAILED_SUBJECT.search(subject) and auto and auto != "no":
        return "bounce"
    if auto.startswith("auto-replied") or (AUTO_SUBJECT.match(subject) and (auto or precedence or ":" in subject)):
        return "auto_reply"
    if facts.get("list_id") and not facts.get("list_unsubscribe"):
        return "list"
    if facts.get("list_id") and LISTED.match(subject):
        return "list"
    if facts.get("list_unsubscribe") or facts.get("list_id"):
        return "notification" if auto.startswith("auto-generated") else "newsletter"
    if precedence in ("bulk", "junk"):
        return "notification" if auto.startswith("auto") else "newsletter"
    if precedence == "list":
        return "list"
    if auto.startswith("auto-generated") or NO_REPLY.search(sender):
        return "notification"
    return ""


MASS: Final = frozenset({"bounce", "auto_reply", "list", "newsletter", "notification"})

# What a sentence does.

QUESTION: Final = re.compile(r"\?[\W_]*$|^[^?]{0,400}\?(?=\s|$)")
ASKING: Final = any_of(
    "please (?!consider|find|note|see|accept|don'?t|do not)", "(?:could|can|would|will) you", "would it be possible",
    "let (?:me|us) know", r"(?:i|we) (?:\w+ )?(?:need|require)", "(?:i|we)'?d (?:like|appreciate|be grateful)",
    r"(?:i|we) would (?:like|appreciate|be (?:\w+ )?grateful)", "be wonderful", "send (?:me|us)", "tell (?:me|us)",
    "kindly", "looking forward to (?:your|hearing)", "awaiting your", "any news", "waiting for (?:your|you)",
    "get back to (?:me|us)", "rsvp", "remind you", "which (?:one )?suits", "confirm (?:by|whether|if|that)",
    "per (?:favore|cortesia|piacere)", "potre(?:sti|ste|bbe|i avere)", "puo(?:i)?(?= )", "potete", "riesc[ei]",
    "fa(?:mmi|teci|temi|cci) sapere", "(?:mi|ci) facci(?:a|ate) (?:sapere|avere)", "farmi avere",
    "mand(?:ami|ate(?:mi|ci))", "inviami", "invi(?:ate|i)(?:mi|ci)", "dimmi", "ditemi", "mi dica",
    "(?:ti|vi|le) (?:chiedo|prego|chiederei)", r"(?:mi|ci) serv\w+", r"(?:mi|ci) occorr\w+",
    "(?:le|vi|ti) sar(?:ei|emmo)", "(?:resto|restiamo|resta|rimango|sono|siamo) in attesa", "attend(?:o|iamo)",
    r"aspett(?:o|iamo) (?:un|una|la|il|tu|vostr|su)\w*", "ho bisogno", "abbiamo bisogno", "si prega", "vi preghiamo",
    "rispond(?:imi|etemi|ete|i tu)", "conferm(?:ami|ate|atemi)", "mi conferm[ai]", "bitte(?! nicht)",
    "(?:konnt?en|wurden|konntest|konntet|wurdest|kannst|konnt) (?:sie|du|ihr)", "sagen sie",
    "sag(?:t)? (?:mir|uns|bescheid)", r"geben sie (?:mir|uns)? ?\w*", "gib(?:t)? (?:mir|uns)",
    "(?:ich|wir) (?:brauche|brauchen|benotige|benotigen|bitte|bitten|erwarte|erwarten)",
    "(?:ware|waren) (?:ich|wir) (?:ihnen|dir|euch)", "ruckmeldung", "schick(?:en sie|e? (?:mir|uns))",
    r"mocht\w+ (?:ich|wir) (?:sie|dich) bitten", "merci de", "(?:pourr(?:iez|ais)|pouvez|peux)[ -](?:vous|tu)",
    "(?:dites|dis|envoyez|envoie|faites|confirmez)[ -](?:moi|nous|le|vous)",
    "(?:je|nous) vous (?:saurais|serais|serions|prie|prions|remercie de|demande)",
    "il (?:me|nous) (?:faut|faudrait|manque)", "s'il (?:vous|te) plait", "j'attends", "nous attendons",
    "dans l'attente", "j'ai besoin", "nous avons besoin", "veuillez", "por favor", "pod(?:ria(?:s|is|n)?|eis)",
    "pued(?:e|es|en)", "avis(?:a|e|ad)(?:me|nos)", r"(?:te|le|os|les) agradec\w+", "di(?:me|ga(?:me|nos)|nos)",
    "envia(?:me|nos)", "mand(?:a|e)(?:me|nos)", "necesit(?:o|amos)",
    "(?:me|nos) (?:hace falta|hacen falta|falta|faltan)", "confirma(?:me|d(?:me|nos))?", "quedo a la espera",
    r"esper(?:o|amos) (?:tu|su|vuestr|respuesta|noticias)\w*", "ruego", "rogamos",
    r"(?:i|we)(?:'m| am|'re| are|'d be| was| were) (?:\w+ )?(?:hoping|wondering|grateful|waiting|expecting)",
    "(?:i|we) (?:hope|expect|await|look forward to)", "would (?:love|mean a lot)", "any (?:chance|update|progress)",
    "do (?:you|we) (?:have|know|want|think)",
    "your (?:feedback|thoughts|approval|signature|opinion|view) (?:on|by|is|would)",
    "(?:just )?(?:a )?(?:gentle |friendly |quick )?reminder",
    "(?:still )?(?:missing|outstanding) (?:is|are|from you)", "(?:would|could) appreciate",
    "at your earliest convenience", r"(?:need|want)s? (?:it|them|this|that|the \w+) by", "please[,:]?",
    "apply(?:ing)? for", "my (?:cv|application|resume)", "it is your turn", "over to you", "we'?d love",
    "(?:avrei|avremmo|avrebbe) bisogno",
    r"(?:vorrei|vorremmo|gradirei|gradiremmo|desidero|desideriamo)(?! ringraziar\w+)",
    "sarebbe (?:possibile|bello|utile|meglio|opportuno)",
    "se (?:puoi|potesse|potessi|poteste|puo|volesse|riesci|riesce)",
    "(?:mi|ci) (?:puo|puoi|potete|potrebbe|potresti|manda|mandi|mandate|invia|invii|inviate|giri|gira|dici|dice|dite|dai|da|date|serve|basta)",
    r"(?:ci|mi) tenga aggiornat\w+",
    r"in attesa di (?:un|una|tuo|tua|suo|sua|vostr\w+|cortese|gentile|riscontro|conferma|risposta|notizie)",
    r"(?:manca|mancano) (?:ancora )?(?:solo )?(?:il|la|i|le|lo|l') ?\w*", r"(?:sollecit\w+|ricord(?:o|iamo) che)",
    "fat(?:emi|eci) (?:sapere|avere)", "candidatura", "(?:la|vi|ti) pregherei",
    "quando (?:puoi|puo|potete|riesci|riesce)",
    r"(?:konnen|kannst|durfen|darf|mochten|wollen|wollt|willst|haben|hast|sind|bist) (?:sie|du|ihr|wir|ich)(?: \w+)* ?\?",
    r"(?:ich|wir) (?:hatte|hatten) (?:gern|gerne)\w*", "(?:ich|wir) (?:wurde|wurden) (?:mich|uns)",
    "(?:lassen sie|lass) (?:es )?(?:mich|uns)", "(?:teilen|teile) (?:sie )?(?:mir|uns)",
    "(?:warte|warten) (?:noch )?auf", "um (?:ruckmeldung|antwort|bestatigung|zusendung|prufung)", r"bewerb\w+",
    "(?:mir|uns) fehl(?:t|en)",
    "(?:fur|uber) (?:eine|ihre|deine) (?:kurze |schnelle |baldige )?(?:antwort|nachricht|zusage|bestatigung)",
    r"erinner\w+ (?:an|sie)", "(?:melden sie sich|melde dich)",
    "(?:auriez|avez|seriez|etes|voulez|souhaitez|savez|aurais|as|es|veux)[ -](?:vous|tu)", "est-ce que (?:vous|tu)",
    "(?:je|nous) (?:souhaiterais|souhaitons|voudrais|voudrions|aimerais|aimerions|compte sur)", "serait-il possible",
    r"(?:attends|attendons) (?:votre|vos|ton|un|une|le|la|de)\w*",
    "(?:me|nous) (?:dire|confirmer|envoyer|transmettre|indiquer|faire parvenir)", "candidature", "tenez-(?:moi|nous)",
    r"relance\w*", "(?:manque|reste) encore", "(?:tienes|tiene|teneis|quieres|quiere|sabes|sabe) ",
    "(?:me|nos) (?:puede|puedes|podria|podrias|podeis|dices|dice|mandas|manda|envias|envia|confirmas|confirma|pasas|pasa)",
    "(?:quisiera|querria|quisieramos|me gustaria|nos gustaria)", "seria posible",
    "si (?:puedes|puede|pudieras|pudiera|podeis)", "a la espera de", "mi (?:curriculum|candidatura|solicitud)",
    "falta(?:n)? (?:aun|todavia)? ?(?:el|la|los|las|tu|su)", "(?:recuerd(?:o|a|e)|recordatorio)",
    "cuando (?:puedas|pueda|podais)", "quedo pendiente",
)  # fmt: skip
NOT_ASKING: Final = any_of(
    "no need to (?:reply|answer|respond|do)",
    "no (?:reply|answer|response|action) (?:is )?(?:needed|necessary|required)", "don'?t (?:bother|worry)",
    "for your (?:information|records|files) only", "just (?:fyi|for your information)", "fyi only",
    "nothing (?:to do|needed)(?: from you)?", "do(?:es)? not require",
    r"(?:non|nessun\w*) (?:serve|occorre|e necessari[oa]|c'e bisogno)(?: che| di)? \w+", "nessuna risposta",
    "solo per conoscenza", "per (?:tua|sua|vostra) (?:opportuna )?(?:conoscenza|informazione)",
    "(?:keine?|nicht) (?:antwort|ruckmeldung|reaktion)? ?(?:notig|erforderlich|notwendig)",
    "(?:brauchst|brauchen|musst|mussen) (?:du|sie)? ?(?:mir )?nicht (?:zu )?antworten",
    r"nur (?:zur|fur) (?:info\w*|kenntnis\w*|deine \w+|ihre \w+|eure \w+)", r"zur kenntnis\w*",
    "pas besoin (?:de|d')", "inutile de", "ne (?:repondez|reponds) pas", "(?:aucune|pas de) reponse",
    "pour (?:votre |ton )?information seulement", "no hace falta", r"no (?:es )?neces\w+",
    "no (?:tienes|tiene) que (?:contestar|responder)", "sin necesidad de",
    "(?:only|unless) if you (?:object|disagree)", "if not,? (?:no|all)",
    "(?:no|not) (?:need|necessary) to (?:get back|do anything)",
    "(?:you )?(?:needn'?t|don'?t need to|don'?t have to) (?:reply|answer|respond|do|write|confirm)",
    "no rush,? no reply", "not expecting (?:a|an|any) (?:reply|answer)", "for info(?:rmation)?(?: only)?[.:]",
    "please do not (?:reply|respond|ask)", "i'?ll assume", "unless i hear",
    r"non (?:rispondere|rispondete|risponda|devi|deve|dovete)(?: \w+)?",
    "se non (?:ho|abbiamo) (?:tue|sue|vostre)? ?(?:notizie|obiezioni)", r"salvo (?:diverso|contrario|obiezioni)\w*",
    "silenzio assenso", "per conoscenza", "a titolo informativo", "tutto qui",
    r"(?:keine|ohne) (?:ruckmeldung|antwort) (?:gilt|bedeutet|gehe|notig|erforderlich)\w*",
    "nicht (?:darauf )?(?:zu )?(?:antworten|reagieren)",
    "(?:du|sie) (?:musst|mussen|brauchst|brauchen) (?:nichts|nicht)", r"zur info\w*",
    "(?:sonst|andernfalls) (?:gehe|gehen) (?:ich|wir)", "(?:vous n'avez|tu n'as) (?:rien|pas) (?:a|besoin)",
    "sans (?:reponse|retour|nouvelles|objection) de (?:votre|ta) part", r"pour (?:info|information)\b",
    "rien a faire", "no (?:contestes|respondas|responda|conteste|respondan)",
    r"(?:solo|es solo) para (?:informar|tu|su|que lo sepas|vuestr)\w*", "sin (?:respuesta|noticias|objeciones)",
    "no te preocupes", "a modo informativo", "si no(?: me| nos)? (?:dices|dice|decis) (?:nada|lo contrario)",
)  # fmt: skip
RHETORICAL: Final = any_of(
    "who would have thought", "who knew", r"don'?t you(?: think)?\?", r"isn'?t it\?", r"right\?",
    "what could go wrong", "how (?:cool|great|lucky|nice) is that", "guess what", "can you believe",
    "who(?:'s| is) counting", r"why (?:not|me)\?", "what (?:else|more) (?:can|could) (?:i|you|one) (?:say|want|ask)",
    "would you believe", "what can i say", r"chi (?:se )?l'?o? ?(?:aspettava|avrebbe|immaginava)\w*",
    r"chi (?:lo )?(?:avrebbe|poteva|l'avrebbe) \w+", "che (?:facevamo|avremmo fatto|vuoi|vuole|dire)",
    "come (?:si )?fa(?:rei|remmo)? senza", "e chi", "non (?:ti|vi|le) pare", r"no\?$", r"vero\?$",
    r"wer hatte (?:das )?\w+", "was will (?:man|ich) mehr", "nicht wahr", r"oder\?$", "was soll'?s",
    "wer weiss(?: das)? schon", "ist das nicht", "was soll (?:ich|man)", r"qui l'?(?:eut|aurait) \w+",
    "que demander de plus", "n'est-ce pas", r"non \?$", "qui (?:sait|aurait)", "que (?:voulez|veux)-(?:vous|tu)",
    r"quien (?:lo )?(?:iba|hubiera|diria|habria) ?\w*", "que (?:mas|le) (?:se puede|vamos)", r"verdad\?$", "no crees",
    "no te parece", "who (?:would|could|needs|cares|doesn'?t|says)", "what (?:a|would we do|are the odds|more)",
    "how (?:about that|could i forget|did we|do they|on earth|lucky|nice|lovely)",
    "(?:wouldn|isn|aren|doesn|didn|hasn|haven|won|wasn)'?t (?:it|that|they|we|she|he)",
    "remember (?:when|that|how|the)", "where does the time go", "what'?s not to (?:like|love)", "why on earth",
    "ain'?t", "when will (?:we|they|people) (?:ever )?learn", "what are friends for",
    r"chi (?:l'|lo |mai |non |avrebbe|direbbe|sa)\w*", "(?:che|cosa|dove|come) (?:si|altro|mai|vuoi di piu)",
    "come (?:dimenticare|dirlo|faremmo|avrei)", "(?:ti|vi|si) (?:ricordi|ricorda|ricordate)", "a che serve",
    "dove andremo a finire", "ma (?:si puo|ti|quando mai)", r"non e (?:meraviglios|bell|fantastic|incredibil)\w+",
    r"cosa farei(?: \w+)*", "quanto (?:tempo e passato|sono)", r"wer (?:hatte|hatt|kann da|braucht|will|weiss)\w*",
    "was (?:ware|waren|konnte|willst|will man)", "wie (?:konnte|doch|schnell)", "wo (?:ist|bleibt) (?:nur|die zeit)",
    "weisst du noch", r"(?:gell|ne|oder|nicht)\?", "ist (?:das|es) nicht (?:schon|toll|herrlich|wunderbar|verruckt)",
    r"qui (?:ne|eut|aurait|l')\w*", "que (?:dire|serait|faire)", "n'est-ce", "comment (?:oublier|ne pas)",
    "(?:tu|vous) (?:te|vous) (?:souviens|souvenez|rendez|rends)", "pas vrai", "hein", "a quoi bon", "c'est pas beau",
    r"quien (?:lo|se|no|iba|hubiera|diria|pudiera)\w*", "que (?:haria|hariamos|seria|mas|te parece si no)",
    "como (?:no|olvidar|pasa el tiempo)", "te acuerdas", r"(?:a que|verdad|eh|no)\?", "para que (?:queremos|mas)",
    r"no es (?:maravillos|increibl|precios)\w+",
)  # fmt: skip
WITHDRAWING: Final = any_of(
    "forget (?:it|about (?:it|that)|my)", "never ?mind", "no longer (?:need|necessary|required|relevant)",
    "scratch that", "ignore my", "disregard my", "not needed any ?more",
    "(?:has|have|is) (?:been )?(?:sorted|solved|resolved|cancelled|canceled)",
    "sorted(?: it)?(?: out)?(?: already| myself)?", r"found (?:it|one|the \w+)(?: myself)?", "called off",
    "we'?ll leave it", "lasci(?:a|ate|amo|i) (?:stare|perdere)", "come non detto",
    "annull(?:a|i|ate|o|iamo)(?: pure| tutto)?", "non (?:serve|occorre|mi serve|ci serve) piu",
    "ho (?:gia )?(?:risolto|trovato)", "(?:abbiamo|e stato) (?:gia )?risolto", "non (?:fa|importa)(?: piu)? niente",
    "e saltat[oa]", "(?:hat|haben) sich (?:damit )?(?:erledigt|geklart)", "vergiss (?:es|das|meine)",
    "vergessen sie (?:es|das|meine)",
    r"(?:brauche|brauchen|benotige|benotigen) (?:\w+ ){0,3}(?:doch )?(?:nicht mehr|doch nicht|keine?n? mehr)",
    "ist (?:bereits |schon )?(?:geklart|erledigt)", "doch nicht (?:mehr )?(?:notig|gebraucht)", "hinfallig",
    r"ziehe\w* .{0,40}zuruck", "oublie[zr]?(?:[ -](?:ca|la|le|cela|ma))?", "laisse[zr]? tomber",
    "(?:n'est|ce n'est) plus (?:necessaire|la peine|utile|d'actualite)", "(?:plus|pas) besoin",
    "(?:c'est|est) (?:regle|resolu|annule)e?", "j'ai trouve", "annule[zr]?", "olvid(?:a|e|ad|en)(?:lo|los|la|te|se)?",
    "dej(?:a|e|ad|en)(?:lo|las?)?(?: estar)?", r"ya no (?:hace falta|es necesario|lo necesit\w+|me hace|nos hace)",
    "ya (?:lo )?(?:he|hemos|esta) (?:resuelto|encontrado|solucionado|arreglado)", "(?:queda )?anulad[oa]",
    "no hace falta ya",
)  # fmt: skip
THANKS: Final = any_of(
    "thank(?:s| you)", "much appreciated", "perfect", "great", "brilliant", "lovely", "all good", "received",
    "got it", "well noted", "grazie", r"ringrazi\w+", "perfett[oa]", "ottimo", "benissimo", "ricevut[oaei]",
    "d'accordo", "va bene", "tutto a posto", "riparat[oa]", r"danke\w*", "besten dank", "vielen dank", "perfekt",
    "super", "prima", "passt(?: so)?", "angekommen", "erhalten", "einverstanden", "alles klar", "merci", "parfait",
    "bien recu", "c'est note", "entendu", "d'accord", "impeccable", "gracias", "perfecto", "recibid[oa]s?",
    "de acuerdo", "vale", "estupendo", "genial", "todo (?:bien|correcto)",
)  # fmt: skip
PROMISING: Final = any_of(
    "(?:i|we)(?:'ll| will| shall)(?! not| be (?:able|away|out)| leave)", "(?:i|we)(?:'m| am|'re| are) going to",
    "will do", "will be (?:with you|there|ready|done|sent)",
    "you(?:'ll| will| get| shall) (?:have|get|both|receive|find|hear)?", "you have my word", "i give you my word",
    "i promise", "promised?", "count on (?:me|us)", "leave it (?:to|with) me", "by then you", "working on it",
    "who will (?:confirm|send|call|answer|come|reply)", "on (?:its|their) way",
    "(?:te|ve|ce)? ?(?:lo|la|li|le|gliel[oaie]) (?:mando|invio|giro|porto|consegno|faccio|preparo|spedisco|confermo|dico|do|richiamo|scrivo|carico)",
    "(?:ti|vi|le|gli) (?:mando|invio|giro|porto|consegno|faccio (?:sapere|avere)|preparo|spedisco|dico|do|richiamo|chiamo|scrivo|aggiorno|rispondo|confermo|passo)",
    "(?:mander|invier|porter|preparer|consegner|spedir|far|dar|richiamer|chiamer|aggiorner|confermer|completer|scriver|risponder|passer|arriver|sapr|avr)(?:o|emo)",
    "ci penso io", "mi impegno", "promett?o", "promesso", r"sara (?:pront[oa]|da \w+|consegnat[oa]|spedit[oa])",
    r"(?:passo|arrivo|arriva|parte|partono|consegn\w+|spediamo|mandiamo|inviamo|provvedo|provvediamo)", "avrai",
    "avra", "avrete",
    "ich (?:werde|schicke|sende|melde|mache|bringe|liefere|erledige|kummere|rufe|lade|gebe|komme|prufe|binde|reiche|schreibe|uberweise)",
    "wir (?:werden|schicken|senden|melden|machen|bringen|liefern|erledigen|kommen|prufen|geben|kummern|montieren)",
    "schicke? (?:ich|dir|ihnen)", "sende ich", "lade ich", "melde mich", "bekomm(?:en|st|t) (?:sie|du|ihr)",
    "versprochen", r"versprech\w+", "haben sie (?:es|ihn|sie)", "hast du (?:es|ihn|sie)", "ist unterwegs",
    "wird (?:geliefert|erledigt|gemacht|geschickt)", r"geht (?:\w+ ){0,3}(?:raus|zu ihnen|an sie)",
    "je (?:vous|te|le|la|les|m'en|lui|leur) ?(?:l')?(?:envoie|transmets|rappelle|fais|tiens|confirme|apporte|depose|prepare|occupe|recontacte|rends|livre|reponds|dis|donne|passe)",
    r"je (?:vous|te) l'\w+", "je m'en (?:occupe|charge)", r"(?:j'|nous |je )\w+(?:erai|erons|rai|rons)",
    "nous (?:vous )?(?:envoyons|livrons|passons|enverrons|ferons|livrerons)", "(?:promis|sans faute)",
    "vous (?:l'|les )?(?:aurez|recevrez)", "tu (?:l'|les )?(?:auras|recevras)", "livraison (?:le|prevue)",
    "(?:il|elle) part",
    "(?:te|le|os|les|se) (?:lo|la|los|las)? ?(?:envio|mando|paso|llevo|entrego|hago|digo|preparo|llamo|aviso|confirmo)",
    "(?:lo|la|los|las) (?:envio|mando|redacto|entrego|entregamos|preparo|tienes|tendras|hago|termino|mandamos|enviamos)",
    "(?:enviar|mandar|llamar|har|dar|pasar|entregar|preparar|escribir|avisar|confirmar|terminar|contestar)e(?:mos)?",
    "prometo", "prometido", "sin falta", "me encargo", "cuenta con(?:migo| ello)", "(?:te|le|os) (?:llega|llegara)",
)  # fmt: skip
ATTACHING: Final = any_of(
    "attached", "attachment", "enclosed", "here (?:it is|you go|you are|they are)", "find (?:it )?(?:attached|below)",
    "in allegato", "allegat[oaie]", "allego", "ecco(?:l[oaie])?", "eccoti", "anbei", "im anhang", "angehangt",
    r"ci[- ]joint\w*", "en piece jointe", "voici", "adjunt[oa]s?", "te adjunto", r"aqui (?:lo|la|los|las)? ?\w*",
)  # fmt: skip
FORGOT: Final = any_of(
    "except", "still missing", "to follow", "the rest", "manca(?:no)?(?: ancora)?", "segue", "seguira", "folgt",
    "fehlt", "manque", "suivra", "falta",
)  # fmt: skip
SELLING: Final = any_of(
    r"\d+[ -]?min(?:ute)?s? (?:call|chat|demo)", "quick (?:question|call|chat)", "(?:top|bottom) of your inbox",
    "right person", "book a (?:demo|call|slot|meeting)", "free (?:demo|trial|audit|consultation|quote)",
    "(?:double|triple|boost|increase|grow) (?:your|their)", "our (?:platform|solution|software|agency)",
    r"we (?:help|helped|work with) (?:\w+ ){0,4}(?:companies|businesses|teams|gyms|shops|firms|brands)",
    "special offer", "limited (?:time|offer)", "leads?(?: generation)?", "seo", "unsolicited",
    "(?:ho|abbiamo) (?:analizzato|visitato|visto) il (?:vostro|suo|tuo) sito", r"(?:prima|prime) pagin\w+",
    "preventivo gratuito", "senza impegno", "offerta (?:speciale|esclusiva|riservata|lancio)",
    "una (?:breve|veloce) (?:chiamata|call|telefonata)",
    r"(?:aumenta\w*|raddoppia\w*) (?:le|i|il|la|vostr|suo|tuo)\w*", "nostr[ao] (?:piattaforma|soluzione|agenzia)",
    r"risparmi\w+ (?:fino|il|sul)", "mehr kunden", r"haben sie (?:\d+|zehn|kurz|funf) minuten", r"unverbindlich\w*",
    "kostenlos(?:e|es|er|en)? (?:beratung|demo|analyse|erstgesprach|test)", "sonderangebot",
    "unsere (?:losung|plattform|software|agentur)", "kurzes (?:telefonat|gesprach)", r"neukunden\w*",
    r"(?:doubl\w+|augment\w+|boost\w+) (?:votre|vos)", "sans engagement", r"(?:audit|devis|essai|demo) gratuit\w*",
    "notre (?:solution|plateforme|logiciel|agence)", r"(?:un|quelques) (?:bref|rapide)? ?(?:appel|echange) de \d+",
    r"\d+ minutes (?:pour|cette|a m)", "plus de clients", "offre (?:speciale|exclusive)",
    r"te (?:ahorra\w*|ahorramos)", r"ahorr\w+ (?:un|hasta)", "sin compromiso",
    r"(?:duplica\w*|aumenta\w*|multiplica\w*) (?:tus|sus|las|vuestr)\w*", "nuestra (?:solucion|plataforma|agencia)",
    "mas clientes", "(?:auditoria|demo|prueba) gratuita", "oferta (?:especial|exclusiva)",
    r"una llamada (?:rapida|de \d+)", "(?:te|le) viene bien una llamada",
)  # fmt: skip
PRESSING: Final = any_of(
    r"urgent\w*", "asap", "immediately", "as soon as possible", "right away", "overdue", "final (?:reminder|notice)",
    "deadline (?:is )?today", "blocked", "emergency", "urgente", "urgentemente", "subito", "al piu presto",
    r"immediat\w+", "scadut[oaei]", "bloccat[oaie]", "ultimo (?:sollecito|avviso)", r"dringend\w*", r"sofort\w*",
    "schnellstmoglich", "eilt", "umgehend", "letzte mahnung", "des que possible", "au plus vite", "tout de suite",
    "en retard", "cuanto antes", "lo antes posible", r"inmediat\w+",
)  # fmt: skip
DUTY: Final = any_of(
    "is due", "due (?:on|by)", r"must (?:be )?\w+ by", "payable by", "sign in to (?:file|pay)",
    "your (?:return|payment|invoice) (?:is|of)", "expires? on", "scade (?:il|oggi|domani)", "da pagare entro",
    "entro (?:il|e non oltre)", "in scadenza", "fallig (?:am|bis|zum)", "zahlbar bis", "frist bis",
    "a (?:payer|regler) (?:avant|d'ici)", "echeance", "avant le", "vence el", "a pagar antes", "fecha limite",
    "plazo",
)  # fmt: skip
DEED: Final = any_of(
    "passo", "vengo", r"arriv\w+", "porto", r"consegn\w+", r"deliver\w*", "bring", "come (?:by|over|round)",
    r"liefer\w+", r"bring\w*", r"komm\w*", r"livr\w+", "passerai", r"entreg\w+", r"llev\w+", r"mont\w+", "on site",
)  # fmt: skip
BOTH: Final = any_of(
    "both", "entramb[ie]", "tutt[ie] e due", "beide[sn]?", "les deux", "(?:los|las) dos", "amb[oa]s",
)  # fmt: skip
KNOWN_TO_BOTH: Final = any_of(
    "see you", "ci vediamo", "nos vemos", "wir sehen uns", "on se voit",
    "a (?:giovedi|lunedi|martedi|mercoledi|venerdi|sabato)",
    "bis (?:montag|dienstag|mittwoch|donnerstag|freitag|samstag)", "is good", "works for me", "va bene", "passt",
    "me va bien", "ca me va", "ok for me",
)  # fmt: skip
LIMIT: Final = any_of(
    "by", "before", "until", "no later than", "entro", r"prima del\w*", r"fino a\w*", "bis", "vor", "spatestens",
    "avant", "d'ici", r"antes de\w*", "hasta",
)  # fmt: skip
YOU: Final = any_of(
    "you", "your", "tu", "te", "ti", "vi", "voi", "lei", "tuo", "suo", r"vostr\w+", "du", "dir", "dich", "sie",
    "ihnen", r"ihr\w*", "vous", "votre", "vos", r"usted\w*", "os", r"vuestr\w+", "le",
)  # fmt: skip
