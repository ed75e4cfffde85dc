// One person's conversations with the assistant: kept here while the panel is closed, so that an answer goes on.
import { Problem, Unreachable } from '../../api/request';
import type { Id } from '../../api/types';
import { authorised, request } from '../../auth/session';
import { Emitter } from '../../store/emitter';
import { eventsOf } from './events';
import { asked, fold } from './fold';
import type { Overview, Turn } from './types';

/** Looks for an answer whose line broke: so many, this far apart (milliseconds). */
const LOOKS = 30;
const APART = 2_000;

export class Talk {
  overview: Overview | null = null;
  fault: unknown = null;
  session: Id | null = null;
  turns: readonly Turn[] = [];
  /** An older session is being read. */
  opening = false;
  version = 0;
  private readonly changed = new Emitter();
  private generation = 0;

  subscribe = (listener: () => void): (() => void) => this.changed.on(listener);

  get busy(): boolean {
    return this.turns.at(-1)?.state === 'asked';
  }

  async read(): Promise<void> {
    try {
      this.overview = await request<Overview>('chat');
      this.fault = null;
    } catch (fault) {
      this.fault = fault;
    }
    this.tell();
  }

  /** Begin a conversation of its own with the next question. What is under way goes on, and is kept. */
  fresh(): void {
    this.generation++;
    this.session = null;
    this.turns = [];
    this.opening = false;
    this.fault = null;
    this.tell();
  }

  async open(id: Id): Promise<void> {
    const generation = ++this.generation;
    this.session = id;
    this.turns = [];
    this.opening = true;
    this.tell();
    try {
      const { turns } = await request<{ turns: Turn[] }>(`chat/${id}`);
      if (generation !== this.generation) return;
      this.turns = turns;
      this.fault = null;
    } catch (fault) {
      if (generation !== this.generation) return;
      this.session = null;
      this.fault = fault;
    }
    this.opening = false;
    this.tell();
    if (this.busy) void this.wait(generation, id);
  }

  async forget(id: Id): Promise<void> {
    await request(`chat/${id}`, { method: 'DELETE' });
    if (this.session === id) this.fresh();
    await this.read();
  }

  /** Ask; resolves when the answer is there, or why not. */
  async ask(question: string): Promise<void> {
    if (this.busy) return;
    const { generation } = this;
    this.fault = null;
    this.turns = [...this.turns, asked(question, this.session)];
    this.tell();
    try {
      const body = { question, stream: true, ...(this.session && { session_id: this.session }) };
      const answer = await authorised('chat', { method: 'POST', body });
      for await (const event of eventsOf(answer.body!)) {
        if (generation !== this.generation) continue; // another conversation is shown: this one is kept by the server
        if (event.type === 'begun') this.session = event.session_id;
        this.last((turn) => (turn.state === 'asked' || event.type === 'answer' ? fold(turn, event) : turn));
      }
      if (generation === this.generation && this.busy) await this.wait(generation, this.session);
    } catch (fault) {
      if (generation !== this.generation) return;
      if (this.session && this.turns.at(-1)?.id && !(fault instanceof Problem)) await this.wait(generation, this.session);
      else this.last((turn) => ({ ...turn, state: 'failed', problem: refusal(fault) }));
    }
    void this.read();
  }

  /** Want no more of what is being written. */
  async stop(): Promise<void> {
    const { session } = this;
    this.last((turn) => (turn.state === 'asked' ? { ...turn, state: 'stopped', problem: { code: 'stopped', detail: '' } } : turn));
    if (session) await request(`chat/${session}/stop`, { method: 'POST' });
  }

  /** The line broke: the server goes on, and keeps what it finds. */
  private async wait(generation: number, session: Id | null): Promise<void> {
    if (!session) return;
    for (let look = 0; look < LOOKS; look++) {
      await new Promise((resume) => setTimeout(resume, APART));
      if (generation !== this.generation || !this.busy) return;
      const held = await request<{ turns: Turn[] }>(`chat/${session}`).catch((fault: unknown) => {
        if (fault instanceof Problem) return null;
        return undefined;
      });
      if (held === null) break;
      if (held && held.turns.at(-1)?.state !== 'asked') {
        if (generation !== this.generation) return;
        this.turns = held.turns;
        return this.tell();
      }
    }
    if (generation === this.generation) this.last((turn) => ({ ...turn, state: 'failed', problem: { code: 'unreachable', detail: '' } }));
  }

  private last(change: (turn: Turn) => Turn): void {
    const turn = this.turns.at(-1);
    if (!turn) return;
    this.turns = [...this.turns.slice(0, -1), change(turn)];
    this.tell();
  }

  private tell(): void {
    this.version++;
    this.changed.emit();
  }
}

function refusal(fault: unknown): Turn['problem'] {
  if (fault instanceof Problem) return { code: fault.code, detail: fault.message, retry_after: fault.retryAfter };
  if (fault instanceof Unreachable || fault instanceof TypeError) return { code: 'unreachable', detail: '' };
  throw fault;
}

let held: { scope: string; talk: Talk } | null = null;

/** The conversations of this person; those of the one before are forgotten. */
export function talkOf(scope: string): Talk {
  if (held?.scope !== scope) held = { scope, talk: new Talk() };
  return held.talk;
}
