// The shapes the server speaks. Times are ISO 8601 UTC, ids are UUID strings, sizes are bytes.

import type { Approval } from '../approvals/types';
import type { Draft } from '../compose/types';
import type { Calendar, CalendarEvent } from '../calendar/types';
import type { AddressBook, Contact } from '../contacts/types';
import type { Alert, FollowUp } from '../reports/types';

export type Id = string;
export type Iso = string;

export type MailboxRole =
  | 'inbox' | 'sent' | 'drafts' | 'archive' | 'junk' | 'trash' | 'all' | 'flagged' | 'important';
export type ThreadFilter = 'unread' | 'flagged' | 'attachment' | 'snoozed';
export type Locale = 'it' | 'en';

export interface Tenant { id: Id; slug: string; name: string; plan: string }
export interface Me {
  id: Id;
  email: string;
  name: string;
  locale: Locale;
  timezone: string;
  two_step: boolean;
  tenant: Tenant;
  role: 'owner' | 'admin' | 'member';
  tenants: { slug: string; name: string; role: string }[];
}
export interface SignedIn { access: string; expires_in: number; me: Me }
export interface Challenge { challenge: string; channel?: 'email' }
export interface Session {
  id: Id;
  created_at: Iso;
  last_seen_at: Iso;
  ip: string;
  user_agent: string;
  current: boolean;
}

export type AccountStatus = 'connecting' | 'active' | 'needs_reconnect' | 'suspended' | 'disconnected';
export interface ImportProgress {
  done: number;
  total: number | null;
  /** Messages a second. */
  rate: number;
  seconds_left: number | null;
  started_at: Iso;
}
export const SURFACES = ['mail', 'calendar', 'contacts'] as const;
export type Surface = (typeof SURFACES)[number];
/** A provider whose own sign-in page connects accounts. */
export interface Provider { name: 'google' | 'microsoft'; title: string; simulated: boolean }
export interface Consent { provider: Provider['name']; surfaces: Surface[]; account?: Id; address?: string }
export interface Account {
  id: Id;
  address: string;
  display_name: string;
  provider_type: 'imap' | 'google' | 'microsoft' | 'dav';
  status: AccountStatus;
  status_reason: string;
  owner_id: Id;
  mine: boolean;
  role: 'owner' | 'reader' | 'delegate';
  as_of: Iso | null;
  reachable: boolean;
  import: ImportProgress | null;
  color: number;
  surfaces: Surface[];
  /** It lives at a simulated provider. */
  simulated: boolean;
  /** Connected by the person's company, whose administrators alone disconnect it. */
  by_company: boolean;
}

/** As everybody is told of it who may see it: what the person is to it stands in the list of accounts alone. */
export type ToldAccount = Omit<Account, 'mine' | 'role'>;

export type Security = 'tls' | 'starttls' | 'none';
export interface Host { host: string; port: number; security: Security }
export interface Discovery {
  address: string;
  provider_type: Account['provider_type'];
  source: 'preset' | 'srv' | 'autoconfig' | 'mx' | 'guess';
  imap: Host | null;
  smtp: Host | null;
  caldav: string | null;
  carddav: string | null;
  username: string;
  password_hint: string | null;
  password_works: boolean;
  confirm_hosts: boolean;
}
export type Service = 'imap' | 'smtp' | 'caldav' | 'carddav';
export type CheckStep = 'name' | 'port' | 'tls' | 'login' | 'permission';
export interface ConnectionCheck {
  service: Service;
  step: CheckStep;
  ok: boolean;
  host: string;
  port: number;
  message: string;
  said: string;
}
export interface NewAccount {
  address: string;
  password: string;
  display_name?: string;
  username?: string;
  imap?: Host;
  smtp?: Host;
  caldav?: string;
  carddav?: string;
}

export interface Mailbox {
  id: Id;
  account_id: Id;
  name: string;
  path: string[];
  role: MailboxRole | null;
  parent_id: Id | null;
  selectable: boolean;
  /** Where messages have labels: this mailbox holds every one of them, and the others are labels. */
  whole?: boolean;
  total: number;
  unread: number;
  threads: number;
  unread_threads: number;
  as_of: Iso | null;
  backfill_remaining: number | null;
  rev: number;
}

export interface Participant { name: string; address: string; me: boolean }
export interface ThreadRow {
  id: Id;
  account_id: Id;
  subject: string;
  snippet: string;
  participants: Participant[];
  count: number;
  unread: number;
  flagged: boolean;
  has_attachment: boolean;
  last_at: Iso;
  mailbox_ids: Id[];
  snoozed_until?: Iso | null;
  keywords?: string[];
  rev: number;
}
/** A row of a mailbox list: `at` is the newest message of the thread in that mailbox, which orders the list. */
export interface ListedThread extends ThreadRow { at: Iso }
/** A row of an event: `at` names that time for each mailbox that lists the thread. */
export interface PlacedThread extends ThreadRow { at?: Record<Id, Iso> | Iso }

export interface Addr { name: string; address: string }
export interface Attachment {
  id: Id;
  filename: string;
  content_type: string;
  size: number;
  inline: boolean;
  content_id: string | null;
  url: string;
}
export interface MessageFlags {
  flags: string[];
  unread: boolean;
  flagged: boolean;
  answered: boolean;
  draft: boolean;
  mailboxes: { id: Id; uid: number }[];
  rev: number;
}
export interface Message extends MessageFlags {
  id: Id;
  thread_id: Id;
  account_id: Id;
  message_id: string;
  subject: string;
  from: Addr[];
  to: Addr[];
  cc: Addr[];
  bcc: Addr[];
  reply_to: Addr[];
  date: Iso;
  date_header: Iso | null;
  received_at: Iso | null;
  snippet: string;
  size: number;
  attachments: Attachment[];
  list_id: string;
  can_unsubscribe: boolean;
  truncated: string[];
  unreadable: boolean;
  /** A command on it is on its way to the provider. */
  pending?: boolean;
  /** The draft that this message of the drafts mailbox is a copy of. */
  draft_id?: Id | null;
  delivery?: Delivery | null;
  /** It holds a calendar part. */
  invitation?: boolean;
  /** What the assistant says of it; null until it was read. */
  ai?: Read | null;
}
export interface Read {
  category: 'project' | 'meeting' | 'sales' | 'support' | 'billing' | 'legal' | 'hiring' | 'travel' | 'personal' | 'newsletter' | 'notification' | 'auto_reply' | 'bounce' | 'list' | 'phishing' | 'other' | null;
  urgency: 'low' | 'normal' | 'high' | null;
  needs_reply: boolean | null;
  language?: string | null;
  important: boolean;
}
/** What became of a sent message, from the reports that came back. */
export interface Delivery {
  state: 'failed' | 'delayed' | 'delivered';
  recipients: { address: string; state: 'failed' | 'delayed' | 'delivered'; sentence: string }[];
  at: Iso;
}
export interface Body {
  html: string;
  css: string;
  blocked_remote: number;
  trackers: number;
  /** Remote images are addressed, through our proxy, until that time; how many could be shown and are not. */
  images?: boolean;
  images_waiting?: number;
  images_until?: Iso | null;
  text: string;
  /** Offset in `text` where the quoted history starts. */
  quoted_from: number | null;
  from_html: boolean;
}
export interface Conversation { seq: number; thread: ThreadRow; messages: Message[] }

export interface Page<T> { seq: number; items: T[]; next: string | null; total: number }
export interface SearchHit extends ThreadRow { match: { message_id: Id; snippet_html: string } }
export interface SearchPage {
  seq: number;
  items: SearchHit[];
  next: string | null;
  total: number | null;
  about?: number;
  query: { terms: string[]; unknown: string[] };
}
export interface Suggestion {
  kind: 'operator' | 'person' | 'mailbox' | 'recent';
  text: string;
  insert: string;
}

export type CommandAction =
  | 'read' | 'unread' | 'star' | 'unstar' | 'add_keyword' | 'remove_keyword' | 'move' | 'archive' | 'junk' | 'not_junk' | 'trash' | 'delete'
  | 'inbox' | 'snooze' | 'unsnooze';
/** One thing a person does to mail; exactly one of `messages`, `threads`, `search` and `all_in` says to which. */
export interface CommandBody {
  action: CommandAction;
  messages?: Id[];
  threads?: Id[];
  search?: { q: string; mailbox_id?: Id; account_id?: Id };
  all_in?: Id;
  filter?: Exclude<ThreadFilter, 'snoozed'>;
  /** Where the person stands: only what lies there is moved. */
  from_mailbox_id?: Id;
  to_mailbox_id?: Id;
  keyword?: string;
  until?: Iso;
}
export interface CommandResult {
  id: Id;
  key: string;
  action: CommandAction | (string & {});
  state: 'open' | 'done';
  total: number;
  done: number;
  failed: number;
  /** Journal number with which the change is visible. */
  seq: number;
  undoable: boolean;
}
export interface CommandFailure {
  id: Id;
  key: string;
  action: string;
  code: string;
  sentence: string;
  messages?: Id[];
  threads?: Id[];
  /** Contacts or events it was about. */
  objects?: Id[];
  draft_id?: Id;
}
export type CommandProgress = Pick<CommandResult, 'id' | 'key' | 'action' | 'state' | 'total' | 'done' | 'failed'>;

// Journal frames of the event socket.
interface Frame<E extends string, D> {
  seq: number;
  prev: number;
  event: E;
  account: Id | null;
  at: Iso;
  data: D;
}
export type JournalEvent =
  | Frame<'email:new', { message: Message; thread: PlacedThread }>
  | Frame<'email:update', { message: MessageFlags & { id: Id; thread_id: Id } }>
  | Frame<'email:delete', { id: Id; thread_id: Id }>
  | Frame<'email:thread_update', { threads: PlacedThread[]; gone: Id[] }>
  | Frame<'email:unread_count_update', { mailboxes: Mailbox[]; gone: Id[]; backfill: boolean }>
  | Frame<'ai:classification_done', { message_id: Id; thread_id: Id; ai: Read }>
  | Frame<'command:failed', CommandFailure>
  | Frame<'command:update', CommandProgress>
  | Frame<'draft:update', { draft: Draft }>
  | Frame<'draft:delete', { id: Id }>
  | Frame<'calendar:event_new', { event: CalendarEvent }>
  | Frame<'calendar:event_update', { event: CalendarEvent } | { collections: Calendar[]; gone: Id[]; backfill: boolean }>
  | Frame<'calendar:event_delete', { id: Id; collection_id: Id }>
  | Frame<'contacts:new', { contact: Contact }>
  | Frame<'contacts:update', { contact: Contact } | { collections: AddressBook[]; gone: Id[]; backfill: boolean } | { linked: Id[] }>
  | Frame<'contacts:delete', { id: Id; collection_id: Id }>
  | Frame<'hitl:approval_required', { approval: Approval }>
  | Frame<'hitl:approval_decided', { approval: Approval }>
  | Frame<'report:ready', { id: Id; date: string }>
  | Frame<'alert:new', Alert>
  | Frame<'ai:followup_update', { followups: FollowUp[] }>
  | Frame<'account:status', { account: ToldAccount | null; gone: Id | null; progress: boolean }>;
export type ServerFrame =
  | { type: 'welcome'; seq: number; build: string }
  | { type: 'caught_up'; seq: number }
  | { type: 'reset' }
  | (JournalEvent & { type?: undefined });

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: Record<string, string[]>;
  checks?: ConnectionCheck[];
  /** With `changed_meanwhile`: the fields as they stand. */
  current?: Record<string, unknown>;
}
