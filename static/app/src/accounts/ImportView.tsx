// How far a first import is: done of total, speed and the time that is left.
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { ImportProgress } from '../api/types';
import { Progress } from '../ui/Feedback';
import css from './accounts.module.css';

/** Seconds as a person says them: "40 seconds", "3 minutes", "2 hours". */
export function durationText(t: TFunction, seconds: number): string {
  if (seconds < 60) return t('time.seconds', { count: Math.max(1, Math.round(seconds / 5) * 5) });
  if (seconds < 5_400) return t('time.minutes', { count: Math.round(seconds / 60) });
  return t('time.hours', { count: Math.round(seconds / 3_600) });
}

export function ImportView({ progress }: { progress: ImportProgress }) {
  const { t } = useTranslation();
  const { done, total, rate, seconds_left: left } = progress;
  const count = total ? t('accounts.progress', { done, total }) : done > 0 ? t('accounts.progressNoTotal', { done }) : t('connect.starting');
  const speed = rate >= 1 ? t('connect.rate', { rate: Math.round(rate) }) : '';
  const wait = left !== null && done > 0 ? t('time.left', { duration: durationText(t, left) }) : '';
  return (
    <div className={css.import}>
      <Progress label={count} done={done} total={total} />
      <p data-num>{[count, speed, wait].filter(Boolean).join(' · ')}</p>
    </div>
  );
}
