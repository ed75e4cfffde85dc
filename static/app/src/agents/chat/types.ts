// What the chat's routes say.
import type { Id, Iso } from '../../api/types';

export interface Citation {
  name: string;
  type: 'message' | 'event' | 'contact';
  id: Id;
  account_id: Id;
  title: string;
  /** A moment, or a day without one. */
  at?: string | null;
  who?: string;
  thread_id?: Id;
  /** Which instance of its series. */
  key?: string;
}
/** What a search finds in place of an answer. */
export type Hit = Omit<Citation, 'name'>;
export interface Step { tool: string; refused: boolean }
export interface ChatFault { code: string; detail: string; retry_after?: number | null }
/** An action that was proposed; its approval answers to the same id. */
export interface Proposed { id: Id; kind: string; title: string; state: string }
export interface Turn {
  id: Id;
  session_id: Id;
  state: 'asked' | 'answered' | 'failed' | 'stopped';
  at: Iso;
  question: string;
  answer: string;
  citations: Citation[];
  steps: Step[];
  problem: ChatFault | null;
  proposed: Proposed[];
  hits?: Hit[];
}
export interface Session { id: Id; title: string; updated_at: Iso }
export interface Overview {
  sessions: Session[];
  prompts: string[];
  off: ChatFault[];
  simulated: boolean;
  /** False while no account may be read. */
  reads: boolean;
}
export type ChatEvent =
  | { type: 'begun'; session_id: Id; turn_id: Id }
  | ({ type: 'step' } & Step)
  | { type: 'words'; text: string; citations: Citation[] }
  | { type: 'again' }
  | { type: 'closed' }
  | { type: 'answer'; turn: Turn; proposed: Proposed[]; hits: Hit[] };
