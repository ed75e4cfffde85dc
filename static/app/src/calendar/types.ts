// The shapes of calendars as the server speaks them.
import type { Id, Iso } from '../api/types';

export interface Calendar {
  id: Id;
  account_id: Id;
  name: string;
  /** `#rrggbb`, or empty. */
  color: string;
  description: string;
  timezone: string;
  events: boolean;
  tasks: boolean;
  writable: boolean;
  /** Its server tells guests of changes itself. */
  schedules: boolean;
  total: number;
  /** Events of the first import that are still to come. */
  remaining: number;
  as_of: Iso | null;
  rev: number;
}

export type Answer = 'ACCEPTED' | 'TENTATIVE' | 'DECLINED';
export type Scope = 'this' | 'following' | 'all';

/** One instance in a window. `start` and `end` are dates when it lasts whole days, else points in time. */
export interface Instance {
  id: Id;
  /** Which instance of its series; empty for an event that does not repeat. */
  key: string;
  account_id: Id;
  collection_id: Id;
  title: string;
  location: string;
  start: string;
  end: string;
  all_day: boolean;
  zone: string;
  status: string;
  busy: boolean;
  repeats: boolean;
  override: boolean;
  organizer: string;
  mine: '' | Answer | 'NEEDS-ACTION' | (string & {});
  pending: boolean;
  conflict: boolean;
  rev: number;
}

/** An event as lists of tasks and journal events have it. */
export interface CalendarEvent {
  id: Id;
  account_id: Id;
  collection_id: Id;
  uid: string;
  component: string;
  title: string;
  location: string;
  starts_at: Iso | null;
  ends_at: Iso | null;
  all_day: boolean;
  zone: string;
  repeats: boolean;
  status: string;
  busy: boolean;
  organizer: string;
  mine: Instance['mine'];
  due_at: Iso | null;
  done: boolean;
  pending: boolean;
  conflict: boolean;
  rev: number;
}

export interface Person { address: string; name: string; status: string; role: string; kind: string; rsvp: boolean }

/** A date for what lasts whole days, else a time of a zone; an empty zone is no place. */
export type When = { date: string } | { at: string; zone: string };

export interface Item {
  title: string;
  location: string;
  description: string;
  url: string;
  status: string;
  busy: boolean;
  start: When | null;
  end: When | null;
  rule: string;
  organizer: Person | null;
  attendees: Person[];
  alarms: number[];
  categories: string[];
  attachments: { uri: string; media_type: string; name: string; size: number }[];
}

export interface WholeEvent extends CalendarEvent {
  key: string;
  item: Item | null;
  /** Of the series, also where one instance is shown. */
  rule: string;
  /** After a conflict: what two wrote, of the series or of one date. */
  ours: { scope: 'all' | 'this'; key: string; theirs: Item; mine: Item } | null;
  problems: string[];
  writable: boolean;
  /** The address of the account that has it. */
  own: string;
  start?: string;
  end?: string;
  next?: { start: string; end: string }[];
}

/** What an edit names; what it does not name stays. */
export type EventChange = Partial<Pick<Item, 'title' | 'location' | 'description' | 'busy' | 'rule' | 'alarms'>> & {
  start?: When;
  end?: When;
  attendees?: Pick<Person, 'address' | 'name'>[];
  /** Of tasks. */
  component?: 'VTODO';
  due?: When | null;
  status?: string;
  percent?: number;
  completed?: When | null;
  /** Whether guests hear of it by mail; they do unless it says no. */
  tell?: boolean;
  /** The fields as the person saw them. */
  seen?: Partial<Item>;
};

/** An invitation, or an answer to one, as its message shows it. */
export interface Card {
  method: 'REQUEST' | 'PUBLISH' | 'CANCEL' | 'REPLY' | 'COUNTER' | 'DECLINECOUNTER' | 'REFRESH' | 'ADD';
  item: Item;
  key: string;
  problems: string[];
  /** The address under which the person is invited; empty when they are not. */
  own: string;
  organizes: boolean;
  sender: string;
  from_organizer: boolean;
  /** The calendar knows something newer. */
  outdated: boolean;
  instance: { start: string; end: string; all_day: boolean; zone: string } | null;
  /** The event in the person's calendar. */
  event: { id: Id; key: string; collection_id: Id; calendar: string; status: string; writable: boolean; pending: boolean; rev: number; /** Where the calendar has it; null of a whole series. */ start: string | null } | null;
  mine: Instance['mine'];
  may_answer: boolean;
  calendars: Pick<Calendar, 'id' | 'account_id' | 'name' | 'color'>[];
  calendar_id: Id | null;
  overlaps: Instance[];
  answer: { address: string; name: string; status: string; comment: string } | null;
}

export type CardAct =
  | { action: 'answer'; status: Answer; calendar_id: Id | null; comment: string }
  | { action: 'add'; calendar_id?: Id | null }
  | { action: 'accept' | 'refuse' };
