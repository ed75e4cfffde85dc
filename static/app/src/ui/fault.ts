// Faults in a person's words: what happened and what next.
import type { TFunction } from 'i18next';
import { Problem, Unreachable } from '../api/request';

export function faultText(t: TFunction, error: unknown): string {
  if (error instanceof Unreachable) return t('fault.unreachable');
  if (error instanceof Problem) {
    if (error.status === 429) return error.retryAfter ? t('fault.wait', { count: error.retryAfter }) : error.message;
    return error.message || t('fault.refused', { code: error.code });
  }
  throw error;
}
