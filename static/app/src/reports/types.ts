// Reports, alerts and follow-ups, as the server tells of them.
import type { Id, Iso } from '../api/types';

export interface FollowUp {
  id: Id;
  account_id: Id;
  thread_id: Id;
  message_id: Id;
  /** Whose turn it is. */
  direction: 'mine' | 'theirs';
  kind: 'asked' | 'promised' | 'bounced';
  who: string;
  said: string;
  due_on: string | null;
  due_at: Iso | null;
  since: Iso;
  missed: boolean;
}

export interface Stats {
  received: number;
  sent: number;
  unread: number;
  mine: number;
  mine_missed: number;
  theirs: number;
  theirs_missed: number;
  /** Messages that agents read. */
  read: number;
  /** How many actions of agents stand how. */
  actions: Record<string, number>;
}

export interface ReportHead {
  id: Id;
  /** A day, such as 2026-03-29; the report tells of the days from `first_day` to the one before it. */
  date: string;
  first_day: string;
  zone: string;
  made_at: Iso;
  summary: string;
  stats: Stats;
}

export interface ImportantMail { message_id: Id; thread_id: Id; subject: string; name: string; address: string; at: Iso; why: string[] }
export interface ReportEvent { id: Id; key: string; title: string; location: string; start: string; end: string; all_day: boolean }
export interface ReportAction { id: Id; kind: string; why: string; state: string }

export interface Report extends ReportHead {
  stats: Stats & { senders: { address: string; name: string; count: number }[]; cut: boolean };
  suggestions: string[];
  /** Why no model said anything; empty when it did. */
  assistant: string;
  accounts: { account_id: Id; address: string; received: number; sent: number; unread: number }[];
  important: ImportantMail[];
  follow_ups: FollowUp[];
  events: ReportEvent[];
  /** Pairs of events, each named by its id and key. */
  conflicts: [string, string][];
  actions: ReportAction[];
}

export type Way = 'mail' | 'app' | 'off';
export interface Wishes { report: Way; at: string; weekdays: number[]; alerts: Way; overdue_days: number; zone: string }

export interface Alert { id: Id; kind: 'deadline' | 'overdue'; since: Iso; at: Iso; seen: boolean; mailed: boolean; follow_up: FollowUp }
