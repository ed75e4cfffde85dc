// Who may be meant while a recipient is typed: those seen in mail here at once, then what the server finds.
import { Problem, Unreachable } from '../api/request';
import type { Addr } from '../api/types';
import type { Mirror } from '../store/mirror';
import { domainOf } from './address';
import { calls } from './calls';
import type { Known } from './types';
import { folded } from './warnings';

const MOST = 8;
const NO_REPLY = /^(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?)\b/i;

export class People {
  private readonly mirror: Mirror;
  /** What the server answered, newest last, by folded query. */
  private readonly answers = new Map<string, Known[]>();

  constructor(mirror: Mirror) {
    this.mirror = mirror;
  }

  /** At once: what earlier answers and the mail on this device hold. */
  near(query: string): Known[] {
    const q = folded(query.trim());
    if (!q) return this.answers.get('')?.slice(0, MOST) ?? [];
    const kept = this.answers.get(q);
    if (kept) return kept;
    const found = new Map<string, Known>();
    for (const known of [...[...this.answers.values()].toReversed().flat(), ...this.seen()]) {
      const key = known.address.toLowerCase();
      if (!found.has(key) && matches(known, q)) found.set(key, known);
      if (found.size >= MOST) break;
    }
    return [...found.values()];
  }

  /** The name that goes with an address typed in full, where mail here has told one. */
  named(person: Addr): Addr {
    if (person.name) return person;
    const name = this.near(person.address).find(({ address }) => address.toLowerCase() === person.address.toLowerCase())?.name;
    return name ? { name, address: person.address } : person;
  }

  /** The server's answer, which ranks by how often and how lately. Null when it cannot be had. */
  async ask(query: string, signal?: AbortSignal): Promise<Known[] | null> {
    const q = folded(query.trim());
    try {
      const { items } = await calls.recipients(query.trim(), signal);
      this.answers.set(q, items);
      if (this.answers.size > 100) this.answers.delete(this.answers.keys().next().value!);
      return items;
    } catch (error) {
      if (error instanceof Unreachable || error instanceof Problem || (error instanceof DOMException && error.name === 'AbortError')) return null;
      throw error;
    }
  }

  /** Domains that were written to or heard from, as far as this device knows, and whether the server knows this one. */
  async domains(asked: string[]): Promise<ReadonlySet<string>> {
    const known = new Set<string>();
    for (const { address } of this.mirror.tables.accounts.values()) known.add(domainOf(address));
    for (const items of this.answers.values()) for (const { address } of items) known.add(domainOf(address));
    for (const { address } of this.seen()) known.add(domainOf(address));
    const unknown = [...new Set(asked)].filter((domain) => !known.has(domain)).slice(0, 5);
    const answers = await Promise.all(unknown.map((domain) => this.ask(`@${domain}`)));
    for (const items of answers) for (const { address } of items ?? []) known.add(domainOf(address));
    return known;
  }

  private *seen(): Iterable<Addr> {
    const { messages, threads } = this.mirror.tables;
    // Whom a draft names nobody has written to yet.
    for (const { from, to, cc, draft } of messages.values()) if (!draft) for (const one of [...from, ...to, ...cc]) if (worth(one)) yield one;
    for (const { participants } of threads.values()) for (const one of participants) if (worth(one)) yield { name: one.name, address: one.address };
  }
}

const worth = ({ address }: Addr): boolean => address.includes('@') && !NO_REPLY.test(address);

/** Every typed word begins a word of the name or the address. */
function matches({ name, address }: Addr, query: string): boolean {
  const words = folded(`${name} ${address}`).split(/[\s.@_<>"'-]+/);
  const whole = folded(address);
  return query.split(/\s+/).every((part) => words.some((word) => word.startsWith(part)) || whole.startsWith(part) || (part.includes('@') && whole.includes(part)));
}
