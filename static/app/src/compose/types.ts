// What writing is made of, as the server speaks of it and as this device keeps it.
import type { Addr, Attachment, Id, Iso } from '../api/types';
import type { ComposeMode } from './open';

export type DraftState = 'editing' | 'waiting' | 'scheduled' | 'sending' | 'sent' | 'failed' | 'doubt';

export interface Quote { html: string; text: string }

/** What the person can change; what a save carries. */
export interface DraftFields {
  account_id: Id;
  identity_id: Id | null;
  mode: ComposeMode;
  source_message_id: Id | null;
  to: Addr[];
  cc: Addr[];
  bcc: Addr[];
  subject: string;
  html: string;
  include_quote: boolean;
}

export interface Draft extends DraftFields {
  id: Id;
  thread_id: Id | null;
  quote: Quote | null;
  attachments: Attachment[];
  state: DraftState;
  send_at: Iso | null;
  undo_until: Iso | null;
  error: { code: string; sentence: string } | null;
  message_id: Id | null;
  rev: number;
  /** Counts its changes of state. */
  moves: number;
  updated_at: Iso;
}

/** True of what was told late: an answer and the news of it take different ways, and either may come first. */
export function isOlder(draft: Pick<Draft, 'rev' | 'moves'>, known: Pick<Draft, 'rev' | 'moves'>): boolean {
  return draft.rev < known.rev || (draft.rev === known.rev && draft.moves < known.moves);
}

export interface Prefill {
  account_id: Id;
  identity_id: Id | null;
  to: Addr[];
  cc: Addr[];
  subject: string;
  quote: Quote | null;
  attachments: Attachment[];
}

export interface Identity {
  id: Id;
  account_id: Id;
  name: string;
  address: string;
  reply_to: string;
  signature_html: string;
  is_default: boolean;
  limits: { message_bytes: number | null; recipients: number | null };
}

export interface Template { id: Id; name: string; subject: string; html: string; fields: string[] }

export type Known = Addr & { source?: string };

export interface Upload {
  id: Id;
  chunk_size: number;
  received: number;
  attachment?: Attachment | null;
}

/** When it goes out: after the time to undo (seconds), or at a moment the person chose. */
export interface SendOptions { undo_seconds: number; send_at?: Iso }
