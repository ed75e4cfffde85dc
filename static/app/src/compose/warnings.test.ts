import { describe, expect, it } from 'vitest';
import { folded, likelyDomain, promisesAttachment, slips } from './warnings';

describe('a promised attachment', () => {
  it.each([
    'In allegato trovi il preventivo', 'Ti allego la fattura.', 'Allego quanto richiesto', 'vedi allegati', 'allegando i documenti', 'Please find attached the plan',
    'I attached it', 'see the attachment', 'Attaching the slides', 'Please find enclosed the contract', 'Ti invio il file',
  ])('%s', (text) => expect(promisesAttachment(text)).toBe(true));

  it.each([
    'Grazie per il tuo allegato', 'Thanks for your attachment', 'Ci vediamo domani', 'senza allegati, per favore', 'detached house', 'no attachments please', 'allegro',
  ])('not: %s', (text) => expect(promisesAttachment(text)).toBe(false));
});

describe('a domain that looks like a slip', () => {
  const known = new Set(['rossi-partners.example', 'okaforengineering.example']);
  it.each([
    ['a@gmial.com', 'gmail.com'], ['a@gmail.co', 'gmail.com'], ['a@hotmial.it', 'hotmail.it'], ['a@libero.ti', 'libero.it'],
    ['a@rossi-partner.example', 'rossi-partners.example'], ['a@rosi-partnes.example', 'rossi-partners.example'],
  ])('%s is meant for %s', (address, meant) => expect(likelyDomain(address, known)).toBe(meant));
  it.each(['a@gmail.com', 'a@rossi-partners.example', 'a@bianchi.example', 'a@mail.com.br'])('%s is let be', (address) => expect(likelyDomain(address, known)).toBeNull());
  it('counts a swap as one slip', () => expect(slips('gmial', 'gmail')).toBe(1));
});

it('folds accents and case', () => expect(folded('Nicolò ÀÉ')).toBe('nicolo ae'));
