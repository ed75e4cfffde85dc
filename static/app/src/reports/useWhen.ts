// How long something has waited, or when it is due, in words.
import { useTranslation } from 'react-i18next';
import { dayName, dueDay, waited } from './dates';
import type { FollowUp } from './types';

export function useWhen(): (item: FollowUp) => string {
  const { t } = useTranslation('reports');
  return (item) => {
    const due = dueDay(item);
    const days = waited(item);
    const age = days === 0 ? t('sinceToday') : t('days', { count: days });
    return [item.missed ? t('overdue') : '', due ? t('due', { day: dayName(due, false) }) : age].filter(Boolean).join(', ');
  };
}
