// The shapes of contacts as the server speaks them.
import type { Id, Iso } from '../api/types';

export interface AddressBook {
  id: Id;
  account_id: Id;
  name: string;
  writable: boolean;
  /** Its groups are contacts of a kind of their own; elsewhere they are categories of each contact. */
  groups: boolean;
  total: number;
  /** Contacts of the first import that are still to come. */
  remaining: number;
  as_of: Iso | null;
  rev: number;
}

export interface Contact {
  id: Id;
  account_id: Id;
  collection_id: Id;
  uid: string;
  kind: 'individual' | 'group' | 'org' | 'location';
  name: string;
  sort_name: string;
  organization: string;
  title: string;
  emails: string[];
  phones: string[];
  photo: string | null;
  /** A change is on its way to the provider. */
  pending: boolean;
  conflict: boolean;
  rev: number;
  /** How many more contacts the person says are the same person; only lists know. */
  linked?: number;
}

export interface Labelled { value: string; label: string; preferred: boolean }
export interface NameParts { family: string; given: string; additional: string; prefix: string; suffix: string }
export interface PartialDate { year: number | null; month: number | null; day: number | null; text: string }
export interface PostalAddress {
  box: string; extended: string; street: string; locality: string; region: string; code: string; country: string;
  label: string; preferred: boolean;
}

export interface Card {
  name: NameParts;
  full_name: string;
  nickname: string;
  organization: string;
  unit: string;
  title: string;
  role: string;
  notes: string;
  emails: Labelled[];
  phones: Labelled[];
  urls: Labelled[];
  chats: Labelled[];
  related: Labelled[];
  addresses: PostalAddress[];
  birthday: PartialDate | null;
  anniversary: PartialDate | null;
  categories: string[];
  members: string[];
}

/** `ours`: after a conflict, what the card said here. */
interface Said extends Omit<Contact, 'linked'> { card: Card; ours: Card | null; problems: string[]; writable: boolean }
/** `linked`: the other contacts that are the same person. */
export interface WholeContact extends Said { linked?: Said[] }
export interface Group { id: Id; account_id: Id; collection_id: Id; name: string; members: string[]; writable: boolean; rev: number }
export interface Reason { kind: 'email' | 'phone' | 'name'; value: string; contacts: Id[] }
export interface Likely { contacts: Contact[]; reasons: Reason[] }
export interface Merged { id: Id; contact_id: Id; name: string; others: string[]; at: Iso }
export interface ContactPage { seq: number; items: Contact[]; next: string | null; total: number }
export interface Letter { letter: string; count: number }

/** What an edit names; what it does not name stays. */
export type CardChange = Partial<Pick<Card, 'name' | 'nickname' | 'organization' | 'unit' | 'title' | 'role' | 'notes' | 'emails' | 'phones' | 'birthday' | 'anniversary' | 'full_name' | 'categories'>> & { photo?: Photo | null };
export interface Photo { media_type: string; data: string }
