import type { AgentWords } from './en';

export const it: AgentWords = {
  title: 'Assistente',
  lead: 'Legge con te dove lo permetti: di che cosa tratta un messaggio, che cosa aspetta ancora una risposta da te o dagli altri, bozze. Non invia mai niente da solo.',
  off: {
    not_configured: 'Qui non è configurato nessun modello linguistico. Quello che dicono le semplici regole si vede lo stesso; riassunti e bozze non ci sono.',
    switched_off: 'Un amministratore della tua azienda ha spento l’assistente.',
  },
  reading: 'Leggi {{address}}',
  readingHint: 'Viene letta la posta nuova e quella delle ultime due settimane, e qui si vede che cosa è stato trovato. Il testo della posta va al modello linguistico.',
  drafting: 'Proponi risposte per {{address}}',
  draftingHint: 'Per la posta che richiede una risposta viene proposta una bozza. Decidi tu se parte.',
  erase: 'Smetti, e cancella quanto è stato ricavato da {{address}}',
  erased: 'L’assistente non legge più {{address}}, e quanto ne aveva ricavato è cancellato.',
  company: 'L’assistente lavora in questa azienda',
  companyHint: 'Spento, si ferma in pochi secondi per tutti. Usati oggi: {{used}} token su {{most}}.',
  failed: 'Le impostazioni dell’assistente non si sono potute leggere: {{reason}}',
  retry: 'Riprova',
  mark: 'Che cosa dice l’assistente di questo messaggio',
  urgent: 'Urgente',
  needsReply: 'Richiede una risposta',
  important: 'Contatto importante',
  category: {
    project: 'Progetto', meeting: 'Riunione', sales: 'Vendite', support: 'Assistenza', billing: 'Fatturazione', legal: 'Legale', hiring: 'Selezione', travel: 'Viaggi',
    personal: 'Personale', newsletter: 'Newsletter', notification: 'Notifica', auto_reply: 'Risposta automatica', bounce: 'Non recapitato', list: 'Mailing list',
    phishing: 'Sospetto', other: 'Altro',
  },
};
