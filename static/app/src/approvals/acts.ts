// What a person does about an approval, and how a refusal is told in their language.
import type { TFunction } from 'i18next';
import { Problem } from '../api/request';
import type { Id } from '../api/types';
import { request } from '../auth/session';
import { faultText } from '../ui/fault';
import { en } from './en';
import type { Approval, Undone, WholeApproval } from './types';

export const whole = (id: Id): Promise<WholeApproval> => request<WholeApproval>(`approvals/${id}`);

/** Decide on what stands under a digest; the server refuses it for anything else. */
export const decide = (seen: Approval, decision: 'approve' | 'reject', reason: string): Promise<Approval> =>
  request<Approval>(`approvals/${seen.id}/decide`, { method: 'POST', body: { decision, digest: seen.digest, reason } });

export const edit = (seen: Approval, args: Record<string, unknown>): Promise<WholeApproval> =>
  request<WholeApproval>(`approvals/${seen.id}`, { method: 'PATCH', body: { digest: seen.digest, args } });

export const delegate = (seen: Approval, person: Id): Promise<Approval> =>
  request<Approval>(`approvals/${seen.id}/delegate`, { method: 'POST', body: { user_id: person } });

export const undo = async (seen: Approval): Promise<Undone> => {
  const { items } = await request<{ items: [Undone] }>(`approvals/${seen.id}/undo`, { method: 'POST' });
  return items[0];
};

/** Everything that agents did in the last hours, the newest first. */
export const undoSince = (hours: number): Promise<{ items: Undone[]; more: boolean }> =>
  request('approvals/undo', { method: 'POST', body: { since: new Date(Date.now() - hours * 3_600_000).toISOString() } });

type Words = TFunction<'approvals'>;
type Code = keyof typeof en.fault;

/** A code of the server's as a sentence; what it says itself, when it is none of ours. */
export const sentence = (t: Words, code: string, otherwise: string): string => (code in en.fault ? t(`fault.${code as Code}`) : otherwise);

export function refusal(t: Words, common: TFunction, error: unknown): string {
  if (!(error instanceof Problem)) return faultText(common, error);
  const stands = (error.document as { approval?: Approval }).approval;
  if (error.code === 'already_decided' && stands && (stands.state === 'approved' || stands.state === 'rejected')) {
    return t(`already.${stands.state}`, { who: stands.decided_by?.name ?? t('aRule') });
  }
  return sentence(t, error.code, faultText(common, error));
}

type Named = Record<string, string>;
/** A word of a table, or the code itself for one that a later server has. */
export const word = (table: Named, code: string): string => table[code] ?? code;
