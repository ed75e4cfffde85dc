// What a draft begins with, made here at once; the server knows better and says so a moment later.
import type { Account, Addr, Message } from '../api/types';
import { parseAddresses, sameAddress } from './address';
import type { ComposeRequest } from './open';
import { textToHtml } from './paste';
import type { DraftFields, Identity } from './types';

const ANSWERED = /^(?:re|r|rif|aw|antw|sv|vs|odp)\s*(?:\[\d{1,3}\])?\s*[::]/i;
const FORWARDED = /^(?:fwd?|i|wg|tr|rv|enc)\s*(?:\[\d{1,3}\])?\s*[::]/i;

export interface Surroundings {
  accounts: Account[];
  identities: Identity[];
  /** The account that is looked at. */
  account: string | null;
}

/** Null while no account is known that could be written from. */
export function beginning(request: ComposeRequest, message: Message | undefined, around: Surroundings): DraftFields | null {
  const account = message?.account_id ?? startingAccount(around);
  if (!account) return null;
  const own = around.identities.filter((identity) => identity.account_id === account);
  const addressed = message ? own.find(({ address }) => [...message.to, ...message.cc, ...message.from].some((one) => sameAddress(one.address, address))) : undefined;
  const identity = addressed ?? own.find(({ is_default: main }) => main) ?? own[0];
  const fields: DraftFields = {
    account_id: account,
    identity_id: identity?.id ?? null,
    mode: request.mode,
    source_message_id: request.messageId ?? null,
    to: parseAddresses(request.to ?? ''),
    cc: parseAddresses(request.cc ?? ''),
    bcc: parseAddresses(request.bcc ?? ''),
    subject: request.subject ?? '',
    html: request.body ? textToHtml(request.body) : '',
    include_quote: true,
  };
  return message ? { ...fields, ...answer(request, message, mine(around, account)) } : fields;
}

function startingAccount({ accounts, account }: Surroundings): string | undefined {
  const writable = accounts.filter(({ role }) => role !== 'reader');
  return (writable.find(({ id }) => id === account) ?? writable.find(({ mine: own }) => own) ?? writable[0])?.id;
}

function mine({ accounts, identities }: Surroundings, account: string): string[] {
  const of = accounts.find(({ id }) => id === account);
  return [...(of ? [of.address] : []), ...identities.filter(({ account_id: other }) => other === account).map(({ address }) => address)];
}

function answer({ mode }: ComposeRequest, message: Message, own: string[]): Partial<DraftFields> {
  const subject = message.subject.replace(/\s+/g, ' ').trim();
  if (mode === 'forward') return { subject: FORWARDED.test(subject) ? subject : `Fwd: ${subject}`.trimEnd() };
  const isMine = message.from.length > 0 && message.from.every(({ address }) => own.some((other) => sameAddress(address, other)));
  // Whoever answers their own message goes on writing to those they wrote to.
  const to = unlike(isMine ? message.to : message.reply_to.length > 0 ? message.reply_to : message.from, []);
  const fields: Partial<DraftFields> = { to, subject: ANSWERED.test(subject) ? subject : `Re: ${subject}`.trimEnd() };
  if (mode !== 'reply_all') return fields;
  const known = [...own, ...to.map(({ address }) => address)];
  const others = isMine ? [] : unlike(message.to, known);
  return { ...fields, to: [...to, ...others], cc: unlike(message.cc, [...known, ...others.map(({ address }) => address)]) };
}

function unlike(people: Addr[], without: string[]): Addr[] {
  const found: Addr[] = [];
  for (const { name, address } of people) {
    if (address && ![...without, ...found.map((one) => one.address)].some((other) => sameAddress(other, address))) found.push({ name, address });
  }
  return found;
}
