// Approvals as the API answers them and the journal carries them.
import type { Id, Iso } from '../api/types';

export interface Person { id: Id; name: string }

export interface Approval {
  id: Id;
  action_id: Id;
  account_id: Id;
  agent: string;
  /** Whose wish it is: the person's own, or one that an agent took from what others wrote. */
  origin: 'person' | 'content';
  kind: string;
  title: string;
  risk: 'low' | 'medium' | 'high';
  recipients: string[];
  state: 'open' | 'approved' | 'rejected' | 'expired';
  /** Of exactly what would happen: a decision names the one that its person saw. */
  digest: string;
  second: boolean;
  first_by: Person | null;
  delegated_to: Person | null;
  decided_by: Person | null;
  decided_at: Iso | null;
  reason: string;
  created_at: Iso;
  expires_at: Iso;
  done: 'proposed' | 'allowed' | 'refused' | 'expired' | 'done' | 'failed' | 'undone';
  done_at: Iso | null;
  error: { code: string; sentence: string } | null;
  undoable: boolean;
}

export interface Letter { sender: string; to: string[]; cc: string[]; bcc: string[]; subject: string; text: string; quote: string; sends: boolean }
export interface Field { name: string; before: string | null; after: string | null }
export interface Concerned { id: Id; subject: string; sender: string; at: Iso; where: string[] }
export interface Preview { letter: Letter | null; fields: Field[]; messages: Concerned[]; where: string; label: string; told: string[]; note: string }
/** `href`: where this application shows it; empty for a message that lies in no mailbox now. */
export interface Source { type: 'message' | 'event' | 'contact'; id: Id; title: string; href: string }
export interface Line { at: Iso; what: string; by: string; via: string; digest: string; details: { agent?: string } }
export interface Address { name: string; address: string }

export interface WholeApproval extends Approval {
  why: string;
  why_hidden: boolean;
  sources: Source[];
  preview: Preview | null;
  problem: { code: string; sentence: string } | null;
  stale: boolean;
  editable: Record<string, string | Address[]>;
  may_delegate_to: Person[];
  agents_on: boolean;
  record: Line[];
}

export interface ApprovalPage { seq: number; items: Approval[]; next: string | null; waiting: number }
export interface Undone { approval_id: Id; kind: string; title: string; outcome: 'undone' | 'impossible' | 'failed'; code: string; sentence: string }
