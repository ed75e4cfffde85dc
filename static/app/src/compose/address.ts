// Addresses as people type and paste them: names, comments, groups, any separator. What cannot be an address is kept
// as it stands and told apart, never dropped.
import type { Addr } from '../api/types';

export type AddressFault = 'noAt' | 'noName' | 'noDomain' | 'space' | 'dots' | 'tooLong' | 'domain' | 'character';

/** Why this cannot be an address, or null. Lenient as RFC 6531 is: other scripts are fine, quotes are not needed. */
export function addressFault(address: string): AddressFault | null {
  const at = address.lastIndexOf('@');
  if (at < 0) return 'noAt';
  const local = address.slice(0, at);
  const domain = address.slice(at + 1);
  if (!local) return 'noName';
  if (!domain) return 'noDomain';
  const quoted = /^"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*"$/u.test(local);
  if (!quoted) {
    if (/\s/.test(local)) return 'space';
    if (/^\.|\.$|\.\./.test(local)) return 'dots';
    if (/[()<>[\]:;@\\,"\p{Cc}]/u.test(local)) return 'character';
  }
  if (new TextEncoder().encode(local).length > 64 || address.length > 254) return 'tooLong';
  if (/\s/.test(domain)) return 'space';
  if (/^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[\da-f:.]+)\]$/i.test(domain)) return null;
  const labels = domain.split('.');
  if (labels.length < 2 || labels.some((label) => !/^[\p{L}\p{N}\p{M}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u.test(label) || label.length > 63)) return 'domain';
  if (/^\d+$/.test(labels.at(-1)!)) return 'domain';
  return null;
}

export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

/** Two spellings of one mailbox. Case matters to no server that people use. */
export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** As a header writes it, for editing and copying. */
export function formatAddress({ name, address }: Addr): string {
  if (!name) return address;
  const plain = /^[\p{L}\p{N}\p{M} !#$%&'*+/=?^_`{|}~-]+$/u.test(name);
  return `${plain ? name : `"${name.replace(/(["\\])/g, '\\$1')}"`} <${address}>`;
}

/**
 * Every address in a text: `Anna <a@b.c>`, `"Rossi, Anna" <a@b.c>`, `a@b.c (Anna)`, `Team: a@b.c, d@e.f;`, lists by
 * comma, semicolon, line or tab, and bare addresses with nothing but spaces between them.
 */
export function parseAddresses(text: string): Addr[] {
  return pieces(text).flatMap(readPiece);
}

/** Cut at separators that stand outside quotes, brackets and comments; a group's name and its semicolon go. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let piece = '';
  let quoted = false;
  let comment = 0;
  let angle = false;
  const end = (): void => {
    if (piece.trim()) found.push(piece.trim());
    piece = '';
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\' && (quoted || comment > 0)) piece += char + (text[++i] ?? '');
    else if (char === '"' && comment === 0 && (quoted || text.includes('"', i + 1))) {
      quoted = !quoted;
      piece += char;
    } else if (quoted) piece += char;
    else if (char === '(' && (comment > 0 || text.includes(')', i))) {
      comment++;
      piece += char;
    } else if (char === ')' && comment > 0) {
      comment--;
      piece += char;
    } else if (comment > 0) piece += char;
    else if (char === '<') {
      angle = true;
      piece += char;
    } else if (char === '>') {
      angle = false;
      piece += char;
      // "Anna <a@b> Luca <c@d>": one ends where its bracket closes
      if (/^\s*(?:[^,;\n<(]*<|$)/.test(text.slice(i + 1))) end();
    } else if (!angle && /[,;\n\r\t]/.test(char)) end();
    else if (!angle && char === ':' && !piece.includes('@') && !/^\s*mailto$/i.test(piece)) piece = ''; // a group's name
    else piece += char;
  }
  end();
  return found;
}

function readPiece(piece: string): Addr[] {
  const bracket = /^(.*?)<\s*(?:mailto:)?([^<>]*?)\s*>(.*)$/is.exec(piece);
  if (bracket) {
    const name = cleanName(bracket[1]!) || comments(bracket[3]!);
    return bracket[2] || name ? [tidy(name, bracket[2]!)] : [];
  }
  const bare = piece.replace(/\((?:[^()\\]|\\.)*\)/g, ' ').trim();
  const words = bare.split(/\s+/);
  if (words.length > 1 && words.every((word) => addressFault(word) === null)) return words.map((word) => tidy('', word));
  const last = words.at(-1)!;
  // "Anna Rossi anna@example.org", as some programs copy it
  if (words.length > 1 && addressFault(last) === null && !bare.startsWith('"')) return [tidy(cleanName(words.slice(0, -1).join(' ')), last)];
  return bare ? [tidy(comments(piece), bare)] : [];
}

const comments = (text: string): string => /\(((?:[^()\\]|\\.)*)\)/.exec(text)?.[1]?.trim() ?? '';

function cleanName(text: string): string {
  const trimmed = text.replace(/\((?:[^()\\]|\\.)*\)/g, ' ').trim();
  const quoted = /^"(.*)"$|^'(.*)'$/s.exec(trimmed);
  return (quoted ? (quoted[1] ?? quoted[2])!.replace(/\\(.)/g, '$1') : trimmed).replace(/\s+/g, ' ').trim();
}

function tidy(name: string, address: string): Addr {
  const plain = address.replace(/^mailto:/i, '').trim();
  return { name: sameAddress(name, plain) ? '' : name, address: plain };
}
