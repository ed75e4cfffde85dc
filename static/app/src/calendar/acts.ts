// What a person does to events, as requests; each has one key however often it is tried.
import type { Id } from '../api/types';
import { request } from '../auth/session';
import type { Answer, EventChange, Instance, Scope } from './types';

const act = (path: string, method: 'POST' | 'PATCH' | 'DELETE', body: unknown): Promise<{ object: Id | null }> =>
  request(path, { method, key: crypto.randomUUID(), body });

type One = Pick<Instance, 'id' | 'key'>;

export const make = (calendar: Id, fields: EventChange): Promise<{ object: Id | null }> => act('events', 'POST', { ...fields, collection_id: calendar });
export const change = ({ id, key }: One, scope: Scope, fields: EventChange): Promise<unknown> => act(`events/${id}`, 'PATCH', { ...fields, scope, key });
export const remove = ({ id, key }: One, scope: Scope): Promise<unknown> => act(`events/${id}`, 'DELETE', { scope, key });
export const reply = ({ id, key }: One, status: Answer): Promise<unknown> => act(`events/${id}/answer`, 'POST', { status, key });
export const move = (event: Id, calendar: Id): Promise<unknown> => act(`events/${event}/move`, 'POST', { collection_id: calendar });
