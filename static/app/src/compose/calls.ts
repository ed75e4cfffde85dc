// What the composer asks of the server, one function for each.
import type { Id } from '../api/types';
import { json } from '../api/request';
import { authorised, request } from '../auth/session';
import type { ComposeMode } from './open';
import type { Draft, DraftFields, Identity, Known, Prefill, SendOptions, Template, Upload } from './types';

/** Without `attachments` a new draft takes along what its original carries. */
export type SaveBody = DraftFields & { rev: number; attachments?: { id: Id }[] };

export const calls = {
  save: (id: Id, body: SaveBody, keepalive = false): Promise<Draft> => request(`drafts/${id}`, { method: 'PUT', body, keepalive }),
  draft: (id: Id): Promise<Draft> => request(`drafts/${id}`),
  drafts: (): Promise<{ items: Draft[]; seq: number }> => request('drafts'),
  discard: (id: Id): Promise<void> => request(`drafts/${id}`, { method: 'DELETE' }),
  send: (id: Id, rev: number, options: SendOptions): Promise<Draft> => request(`drafts/${id}/send`, { method: 'POST', body: { rev, ...options } }),
  unsend: (id: Id): Promise<Draft> => request(`drafts/${id}/unsend`, { method: 'POST' }),
  resolve: (id: Id, decision: 'resend' | 'was_sent'): Promise<Draft> => request(`drafts/${id}/resolve`, { method: 'POST', body: { decision } }),
  prefill: (message: Id, mode: ComposeMode): Promise<Prefill> => request(`messages/${message}/reply?mode=${mode}`),
  recipients: (q: string, signal?: AbortSignal): Promise<{ items: Known[] }> => request(`recipients?${new URLSearchParams({ q })}`, { signal }),
  identities: (): Promise<{ items: Identity[] }> => request('identities'),
  addIdentity: (body: Partial<Identity>): Promise<Identity> => request('identities', { method: 'POST', body }),
  changeIdentity: (id: Id, body: Partial<Identity>): Promise<Identity> => request(`identities/${id}`, { method: 'PATCH', body }),
  removeIdentity: (id: Id): Promise<void> => request(`identities/${id}`, { method: 'DELETE' }),
  templates: (): Promise<{ items: Template[] }> => request('templates'),
  addTemplate: (body: Partial<Template>): Promise<Template> => request('templates', { method: 'POST', body }),
  changeTemplate: (id: Id, body: Partial<Template>): Promise<Template> => request(`templates/${id}`, { method: 'PATCH', body }),
  removeTemplate: (id: Id): Promise<void> => request(`templates/${id}`, { method: 'DELETE' }),
  beginUpload: (body: { draft_id: Id; filename: string; content_type: string; size: number; inline: boolean }, signal: AbortSignal): Promise<Upload> =>
    request('uploads', { method: 'POST', body, signal }),
  dropUpload: (id: Id): Promise<void> => request(`uploads/${id}`, { method: 'DELETE' }),
  upload: async (id: Id, offset: number, piece: Blob, signal: AbortSignal): Promise<Upload> =>
    json(await authorised(`uploads/${id}?offset=${offset}`, { method: 'PUT', raw: piece, signal })),
};
export type Calls = typeof calls;
