// The messages and bodies of a mock thread: plain text, HTML with and without colours, inline images, quotes, odd ones.
import { ME } from './data.mjs';
import { PEOPLE, SENTENCES } from './people.mjs';

const hash = (n) => Math.imul((n ^ (n >>> 16)) + 0x9e3779b9, 0x21f0aaad) >>> 0;
const number = (id) => Number.parseInt(id.slice(-6), 16);
const messageId = (thread, i) => `3e${thread.slice(2, 8)}-${i.toString(16).padStart(4, '0')}-4000-8000-${thread.slice(-12)}`;
export const threadOfMessage = (id) => `7d${id.slice(2, 8)}-0000-4000-8000-${id.slice(-12)}`;
export const indexOfMessage = (id) => Number.parseInt(id.slice(9, 13), 16);

const FILES = [
  ['preventivo-2026.pdf', 'application/pdf', 284_113],
  ['Pianta primo piano (rev. 3).dwg', 'application/octet-stream', 3_410_220],
  ['february.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 48_904],
  ['IMG_2041.jpeg', 'image/jpeg', 2_204_118],
  ['invito.ics', 'text/calendar', 1_204],
];

export function messagesOf(world, row) {
  const n = number(row.id);
  const list = [];
  for (let i = 0; i < row.count; i++) {
    const people = row.participants.length ? row.participants : [{ name: '', address: '', me: false }];
    const from = people[i % people.length];
    const last = i === row.count - 1;
    const at = new Date(Date.parse(row.last_at) - (row.count - 1 - i) * 7_400_000).toISOString();
    const unread = row.unread > 0 && i >= row.count - row.unread;
    const files = row.has_attachment && last ? FILES.slice(n % 3, (n % 3) + 1 + (n % 2) + (n % 5 === 0 ? 2 : 0)) : [];
    const id = messageId(row.id, i);
    const attachments = files.map(([filename, content_type, size], k) => ({
      id: `a7${id.slice(2, -2)}${k.toString().padStart(2, '0')}`, filename, content_type, size, inline: false, content_id: null, url: '',
    }));
    list.push({
      id, thread_id: row.id, account_id: row.account_id, message_id: `${row.id}.${i}@mail.example`, subject: (i ? 'Re: ' : '') + row.subject,
      from: [{ name: from.name, address: from.address }],
      to: [{ name: ME.name, address: world.accounts.find((item) => item.id === row.account_id)?.address ?? ME.email }, ...(n % 4 === 0 ? PEOPLE.slice(2, 6).map(([name, address]) => ({ name, address })) : [])],
      cc: n % 3 === 0 ? [{ name: 'Sofia Marchetti', address: 'sofia.marchetti@studioferraro.example' }] : [],
      bcc: [], reply_to: n % 11 === 0 ? [{ name: '', address: 'reply@lists.example' }] : [],
      date: at, date_header: at, received_at: new Date(Date.parse(at) + 4000).toISOString(), snippet: SENTENCES[(n + i) % SENTENCES.length],
      flags: [...(unread ? [] : ['\\seen']), ...(row.flagged && last ? ['\\flagged'] : [])], unread, flagged: row.flagged && last, answered: !last && i % 2 === 1, draft: false,
      size: 4_210 + (hash(n + i) % 90_000), mailboxes: row.mailbox_ids.map((box) => ({ id: box, uid: 1000 + n })), attachments: attachments.map((item) => ({ ...item, url: `/api/v1/attachments/${item.id}` })),
      list_id: n % 13 === 0 ? 'dev.lists.example' : '', can_unsubscribe: false, truncated: n % 29 === 5 ? ['text'] : [], unreadable: n % 31 === 7, rev: row.rev,
    });
  }
  return [...list, ...(world.messages.get(row.id) ?? [])];
}

const NEWSLETTER = `<table width="100%" cellpadding="0" cellspacing="0" style="background-color:#f4efe6"><tr><td align="center" style="padding:24px">
<table width="600" cellpadding="0" cellspacing="0" style="background:#ffffff;border-radius:8px"><tr><td style="padding:32px 32px 0">
<h1 style="font:600 26px/32px Georgia,serif;color:#5b2c1d;margin:0 0 12px">Novità di marzo in libreria</h1>
<p class="lead" style="color:#444">Dodici titoli scelti da Elena, tra narrativa e saggistica. Questo mese anche tre serate con gli autori.</p>
</td></tr><tr><td style="padding:16px 32px"><table width="100%"><tr>
<td width="33%" style="background:#5b2c1d;color:#fff;padding:20px;border-radius:6px">Il mare <br>d'inverno</td><td width="12"></td>
<td width="33%" style="background:#d9a441;color:#2a1b05;padding:20px;border-radius:6px">Lettere <br>da Trieste</td><td width="12"></td>
<td width="33%" style="background:#31574b;color:#fff;padding:20px;border-radius:6px">Breve storia <br>del sale</td></tr></table></td></tr>
<tr><td style="padding:0 32px 32px"><p>Prenota il tuo posto: <a href="https://libreria-conti.example/serate?utm=mail">libreria-conti.example/serate</a>
oppure scrivi a <a href="mailto:elena.conti@libreria-conti.example">Elena</a>. <a href="https://pagamenti-sicuri.evil.example/login">www.banca.example</a></p>
<p style="font-size:12px;color:#888">Ricevi questa lettera perché sei cliente della libreria.</p></td></tr></table></td></tr></table>`;

const SIMPLE = `<p>Ciao Elisa,</p><p>ti mando il preventivo aggiornato con <b>le due varianti</b> di cui abbiamo parlato:</p>
<ul><li>variante A, con il pavimento in resina</li><li>variante B, con il parquet esistente recuperato</li></ul>
<p>Ti torna? Ho segnato in rosso le voci ancora aperte: <a href="https://docs.example/preventivo">il documento è qui</a>.</p><p>A presto,<br>Giulia</p>
<div class="gmail_quote"><div>Il giorno mar 10 mar 2026 alle 09:12 Elisa ha scritto:</div><blockquote><p>Grazie! Aspetto le due varianti, poi ne parliamo con il cliente.</p></blockquote></div>`;

const WITH_IMAGE = `<p>Here is the sketch we talked about:</p><p><img src="/api/v1/attachments/a7000000-1111-4000-8000-000000000001/inline" alt="Sketch of the entrance" width="320" height="180"></p><p>The left door stays. Tell me what you think.</p>`;

const TEXT = `Ciao,

possiamo vederci giovedì alle 10 in studio? Il materiale è qui:
https://cloud.example/s/laboratorio-2026 (serve la password che ti ho mandato).

> Hai già parlato con il geometra?
>> Non ancora, lo chiamo lunedì.

Sì, ieri: manda la pianta entro venerdì.

A presto
Marco
--${' '}
Marco De Luca · Linea Verde srl · +39 02 555 0101
`;
const QUOTED = `
Il 9 marzo 2026 Elisa Bianchi ha scritto:
> Quando ci vediamo per il sopralluogo?
> Io posso da giovedì in poi.
`;

export function bodyOf(id, images) {
  const n = number(threadOfMessage(id)) + indexOfMessage(id);
  const html = (text, extra = {}) => ({ html: text, css: '', blocked_remote: 0, trackers: 0, text: text.replace(/<[^>]+>/g, ' '), quoted_from: null, from_html: true, ...extra });
  switch (n % 6) {
    case 0: return html(SIMPLE);
    case 1: return { html: '', css: '', blocked_remote: 0, trackers: 0, text: TEXT + QUOTED, quoted_from: TEXT.length, from_html: false };
    case 2: return html(NEWSLETTER + (images ? '<p><img src="/img/abc?u=1" width="600" height="120" alt=""></p>' : ''), { css: '.lead { font-size: 16px } @import url(https://evil.example/x.css);', blocked_remote: images ? 0 : 5, trackers: images ? 0 : 1 });
    case 3: return html(WITH_IMAGE);
    case 4: return { html: '', css: '', blocked_remote: 0, trackers: 0, text: SENTENCES.slice(0, 6).join('\n\n'), quoted_from: null, from_html: false };
    default: return html(`<p>${SENTENCES[n % SENTENCES.length]}</p><p>${SENTENCES[(n + 3) % SENTENCES.length]}</p>`);
  }
}

export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAJCAIAAAC0SDtlAAAAKUlEQVR42mNoaGj4TwpmYGBgIEUDAwMDAyMjI0k2kKwBn4ZRDdTXAABHGxwB5dN9TwAAAABJRU5ErkJggg==',
  'base64',
);
