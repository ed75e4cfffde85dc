// What is asked once before a mail goes out: a promised file that is missing, an empty subject, a domain that looks
// like a slip of the keyboard. Pure.
import { domainOf } from './address';

const ATTACHMENT = new RegExp(
  [
    // Italian: allego, allegato/a/i/e, in allegato, allegando, vi allego
    String.raw`\balleg(?:o|hi|hiamo|at[oaie]|ando|are|arti|arvi|arle|argli)\b`,
    String.raw`\b(?:ti|vi|le|gli)\s+invio\s+(?:il|lo|la|i|gli|le|un|una)\s+(?:file|pdf|foto|documento|documenti)\b`,
    // English: attached, attachment(s), attaching, find enclosed
    String.raw`\battach(?:ed|ments?|ing)\b`,
    String.raw`\b(?:please\s+find|i\s+have)\s+enclosed\b`,
    String.raw`\benclosed\s+(?:please|is|are|you)\b`,
  ].join('|'),
  'iu',
);
// "in allegato alla tua mail", "your attachment": what the other one sent is not promised here
const THEIRS = /\b(?:(?:tuo|tuoi|vostro|vostri|suo|suoi)\s+allegat[oi]|your\s+attachments?|(?:no|without|senza)\s+(?:attachments?|allegat[oi]))\b/giu;

/** True when the person's own text speaks of a file. `text` holds neither the quote nor the signature. */
export const promisesAttachment = (text: string): boolean => ATTACHMENT.test(text.replace(THEIRS, ' '));

const COMMON = [
  'gmail.com', 'googlemail.com', 'outlook.com', 'outlook.it', 'hotmail.com', 'hotmail.it', 'live.com', 'live.it', 'yahoo.com', 'yahoo.it', 'icloud.com',
  'me.com', 'libero.it', 'tiscali.it', 'virgilio.it', 'alice.it', 'tin.it', 'fastwebnet.it', 'aruba.it', 'pec.it', 'legalmail.it', 'proton.me', 'protonmail.com',
  'gmx.com', 'gmx.de', 'web.de', 'aol.com', 'fastmail.com',
];

/** A domain that `address` may have been meant for, or null when its own is known or like none. */
export function likelyDomain(address: string, known: ReadonlySet<string>): string | null {
  const domain = domainOf(address);
  if (known.has(domain) || COMMON.includes(domain)) return null;
  let best: string | null = null;
  let least = Infinity;
  for (const candidate of [...known, ...COMMON]) {
    const distance = slips(domain, candidate);
    if (distance <= (candidate.length >= 10 ? 2 : 1) && distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Keys that were missed, doubled, mixed up or swapped between two words (Damerau and Levenshtein, adjacent swaps). */
export function slips(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** Text without case and accents: "nicolo" finds Nicolò. */
export const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
